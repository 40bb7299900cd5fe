import { describe, expect, it } from 'vitest';
import { createJsonlReport } from '../../src/report/jsonl.js';
import { ALLOWED_NO_POLICY } from '../../src/verdict/verdict.js';
import { ethernet, icmpv6, ipv4, ipv6, segment, tcp, vxlan } from '../support/frames.js';
import { batchesOf, collect, PACKETS, run } from './fixture.js';

async function lines(options = {}, replay = {}): Promise<Record<string, unknown>[]> {
  const out = collect();
  await run(createJsonlReport(out, options), replay);
  expect(out.text().endsWith('}\n')).toBe(true);
  return out
    .text()
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line));
}

const BASE = ['packet', 'time', 'src', 'dst', 'protocol', 'sport', 'dport', 'verdict', 'reason', 'connection'];

/** Frames that were allowed without any decision. */
const undecidedFrames = (frames: Uint8Array[], times?: bigint[], original?: number[]) =>
  batchesOf(
    frames.map(frame => ({ frame, code: ALLOWED_NO_POLICY })),
    times ?? frames.map(() => 0n),
    original ?? frames.map(frame => frame.length),
  );

describe('jsonl', () => {
  it('prints the documented line, byte for byte', async () => {
    const out = collect();
    await run(createJsonlReport(out));
    expect(out.text().split('\n')[2]).toBe(
      '{"packet":3,"time":"2026-01-01T00:00:01.000000002Z","src":"10.0.1.7","dst":"10.0.2.9","protocol":"TCP",' +
        '"sport":40001,"dport":6379,"verdict":"dropped","reason":"default-deny","connection":2,' +
        '"egress":{"subject":"shop/web-0","isolated":false,"verdict":"allowed","reason":"no-policy","policies":[],' +
        '"policy":null,"rule":null,"source":null},' +
        '"ingress":{"subject":"shop/db-0","isolated":true,"verdict":"dropped","reason":"default-deny",' +
        '"policies":["shop/db"],"policy":null,"rule":null,"source":"policies.yaml:4:3"}}',
    );
  });

  it('prints a line a packet in order, and names its schema on the first', async () => {
    const records = await lines();
    expect(records.map(({ packet }) => packet)).toEqual(PACKETS.map((_, i) => i + 1));
    expect(records.map(({ schema }) => schema)).toEqual(['policap.packet/1', ...PACKETS.slice(1).map(() => undefined)]);
    expect(Object.keys(records[1]!)).toEqual([...BASE, 'egress', 'ingress']);
  });

  it('adds keys only where they apply', async () => {
    const records = await lines();
    const extra = records.map(record =>
      Object.keys(record).filter(key => ![...BASE, 'egress', 'ingress', 'schema'].includes(key)),
    );
    expect(extra.map(keys => keys.join(' '))).toEqual([
      '',
      '',
      '',
      'refusedAt',
      '',
      '',
      'midstream',
      'icmpType icmpCode',
      'icmpType icmpCode refusedAt',
      'service backends',
      '',
      '',
      '',
      'duplicateOf',
    ]);
    expect(records[3]).toMatchObject({ reason: 'connection-dropped', refusedAt: 3 });
    expect(records[6]).toMatchObject({ midstream: true, egress: null });
    expect(records[9]).toMatchObject({
      verdict: 'undecided',
      service: 'shop/service/db',
      backends: { allowed: ['shop/db-1'], dropped: ['shop/db-0'] },
    });
    expect(records[13]).toMatchObject({ duplicateOf: 3 });
  });

  it('says null where the packet does not tell', async () => {
    const records = await lines();
    const nothing = { src: null, dst: null, protocol: null, sport: null, dport: null, connection: null };
    expect(records[10]).toMatchObject({
      ...nothing,
      verdict: 'allowed',
      reason: 'not-ip',
      egress: null,
      ingress: null,
    });
    expect(records[12]).toMatchObject({ ...nothing, verdict: 'undecided', reason: 'truncated' });
  });

  it('says ports only where they were captured, and only of protocols that have them', async () => {
    const whole = ethernet(ipv4({ src: '10.0.0.1', dst: '10.0.0.2' }, tcp({ sport: 7, dport: 9 })));
    const gre = ethernet(ipv4({ src: '10.0.0.1', dst: '10.0.0.2' }, segment(89, new Uint8Array(24))));
    const ping = ethernet(ipv6({ src: 'fd00::1', dst: 'fd00::2' }, icmpv6({ type: 128 })));
    const frames = [whole.subarray(0, 14 + 20 + 4), whole.subarray(0, 14 + 20 + 3), gre, ping];
    const original = [whole.length, whole.length, gre.length, ping.length];
    const records = await lines({}, { batches: undecidedFrames(frames, undefined, original) });
    expect(records[0]).toMatchObject({ protocol: 'TCP', sport: 7, dport: 9 });
    expect(records[1]).toMatchObject({ protocol: 'TCP', sport: null, dport: null });
    expect(records[2]).toMatchObject({ protocol: '89', sport: null, dport: null });
    expect(records[3]).toMatchObject({ src: 'fd00::1', protocol: 'ICMPv6', icmpType: 128, icmpCode: 0 });
    expect(records[3]).not.toHaveProperty('sport');
  });

  it('keeps every nanosecond, before 1970 and beyond the years of ISO 8601', async () => {
    const frame = ethernet(ipv4({ src: '10.0.0.1', dst: '10.0.0.2' }, tcp()));
    const batches = undecidedFrames([frame, frame, frame, frame], [0n, 1n, 999_999_999n, 1_000_000_000n]);
    batches.frames.seconds.set([-1], 3);
    expect((await lines({}, { batches })).map(({ time }) => time)).toEqual([
      '1970-01-01T00:00:00.000000000Z',
      '1970-01-01T00:00:00.000000001Z',
      '1970-01-01T00:00:00.999999999Z',
      '1969-12-31T23:59:59.000000000Z',
    ]);
    batches.frames.seconds.set([1.8e19, 8.64e12, 8.64e12 + 1, Number.POSITIVE_INFINITY]);
    const [first, second, third, fourth] = (await lines({}, { batches })).map(({ time }) => time);
    expect([first, third, fourth]).toEqual([null, null, null]);
    expect(second).toBe('+275760-09-13T00:00:00.000000001Z');
  });

  it('shows the outer packet of a tunnel', async () => {
    const inner = ethernet(ipv4({ src: '10.0.1.7', dst: '10.0.2.9' }, tcp({ dport: 80 })));
    const frame = ethernet(ipv4({ src: '192.168.0.1', dst: '192.168.0.2' }, vxlan(inner, { vni: 42 })));
    const [record] = await lines({}, { batches: undecidedFrames([frame]) });
    expect(record).toMatchObject({
      src: '10.0.1.7',
      dport: 80,
      outer: { src: '192.168.0.1', dst: '192.168.0.2', tunnel: 'VXLAN', vni: 42 },
    });
  });

  it('leaves out other verdicts when asked, and keeps packet numbers', async () => {
    const records = await lines({ only: 'undecided' });
    expect(records.map(({ packet }) => packet)).toEqual([10, 13]);
    expect(records[0]).toHaveProperty('schema');
  });

  it('never mixes up addresses that share a place in the cache', async () => {
    const sources = Array.from({ length: 9000 }, (_, i) => `10.${i >> 8}.${i & 255}.1`);
    const frames = sources.map(src => ethernet(ipv4({ src, dst: '10.0.0.1' }, tcp())));
    const six = sources.map((_, i) => `fd00::${(i + 1).toString(16)}:0:1`);
    const frames6 = six.map(src => ethernet(ipv6({ src, dst: 'fd00::1' }, tcp())));
    expect((await lines({}, { batches: undecidedFrames(frames) })).map(({ src }) => src)).toEqual(sources);
    expect((await lines({}, { batches: undecidedFrames(frames6) })).map(({ src }) => src)).toEqual(six);
  });
});
