/** Replays with the eBPF tables (flow/ebpf.ts): both modes, and everything around the table. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compareProfiles } from '../../src/compare.js';
import type { ConntrackKind } from '../../src/flow/kinds.js';
import { PROFILES } from '../../src/profile/index.js';
import type { ReplayOptions } from '../../src/replay.js';
import { createFastPath } from '../../src/replay-memory.js';
import { fastPathModule } from '../support/fast-path.js';
import {
  authHeader,
  batchOf,
  ethernet,
  fragment4,
  icmp,
  icmpError,
  ipv4,
  ipv6,
  sctp,
  sctpInit,
  type TcpFields,
  tcp,
  udp,
} from '../support/frames.js';
import { compileText, record, sourceOf, words } from '../support/replay.js';
import { CLUSTER, DB_CLOSED, DB_FROM_WEB } from './cluster.js';

const WEB = '10.0.1.2';
const DB = '10.0.2.3';
const OUTSIDER = '203.0.113.9';
const EBPF = ['cilium', 'calico-ebpf'] as const;

const segment = (src: string, dst: string, fields: TcpFields): Uint8Array => ethernet(ipv4({ src, dst }, tcp(fields)));
/** From web's port 40000 to db's 5432. */
const from = (flags: string, seq = 101, ack = 501): Uint8Array =>
  segment(WEB, DB, { sport: 40000, dport: 5432, flags, seq, ack });
const to = (flags: string, seq = 501, ack = 101): Uint8Array =>
  segment(DB, WEB, { sport: 5432, dport: 40000, flags, seq, ack });
const HANDSHAKE = [from('S', 100, 0), to('SA', 500, 101), from('A')];
const ping = (src: string, dst: string, type: number, id: number): Uint8Array =>
  ethernet(ipv4({ src, dst }, icmp({ type, id })));

const judge = async (
  conntrack: ConntrackKind,
  policies: string,
  frames: Uint8Array[],
  options: Partial<ReplayOptions> = {},
  seconds?: number[],
) => {
  const times = seconds?.map(s => BigInt(Math.round(s * 1e9)) + 1_700_000_000_000_000_000n);
  const source = sourceOf([batchOf(frames, times === undefined ? {} : { times }).batch]);
  return record(source, compileText(CLUSTER, policies), { conntrack, ...options });
};
const said = async (...args: Parameters<typeof judge>): Promise<string[]> => words((await judge(...args)).records);

const WEB_PINGS = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: shop }
spec: { podSelector: { matchLabels: { app: db } }, ingress: [] }
`;

describe.each(EBPF)('%s, what-if', kind => {
  it('allows by rule, then as established', async () => {
    const verdicts = await said(kind, DB_FROM_WEB, [...HANDSHAKE, to('PA'), from('FA'), to('FA'), from('A')]);
    expect(verdicts).toEqual(['allowed rule', ...Array(6).fill('allowed established')]);
  });

  it('refuses a connection whole', async () => {
    const { records } = await judge(kind, DB_CLOSED, [...HANDSHAKE, to('PA'), to('FA')]);
    expect(words(records)).toEqual(['dropped default-deny', ...Array(4).fill('dropped connection-dropped')]);
    expect(records.map(r => r.connection)).toEqual([1, 1, 1, 1, 1]);
  });

  it('judges a connection that began before the capture by who must have begun it', async () => {
    const { records, outcome } = await judge(kind, DB_FROM_WEB, [to('PA'), from('A'), to('FA'), from('R')]);
    expect(words(records)).toEqual(['allowed rule', ...Array(3).fill('allowed established')]);
    expect(records[0]!.marks).toContain('midstream');
    expect(new Set(records.map(r => r.connection)).size).toBe(1);
    expect(outcome.tracker.created).toBe(1);
    for (const flags of ['SA', 'FA', 'RA']) {
      const stray = await judge(kind, DB_CLOSED, [to(flags), from('A')]);
      expect([flags, ...words(stray.records)]).toEqual([flags, 'dropped default-deny', 'dropped connection-dropped']);
    }
  });

  it('drops the errors about a refused connection with it, and lets those about others pass', async () => {
    const quote = ipv4({ src: WEB, dst: DB }, tcp({ sport: 40000, dport: 5432, flags: 'S', seq: 100 }));
    const error = ethernet(ipv4({ src: DB, dst: WEB }, icmpError(quote, { type: 3, code: 3 })));
    expect(await said(kind, DB_CLOSED, [HANDSHAKE[0]!, error])).toEqual([
      'dropped default-deny',
      'dropped connection-dropped',
    ]);
    expect(await said(kind, DB_FROM_WEB, [HANDSHAKE[0]!, error])).toEqual(['allowed rule', 'allowed related']);
  });

  it('a refused ping is refused whole, and takes no other exchange between the two with it', async () => {
    const { records } = await judge(kind, WEB_PINGS, [
      ping(WEB, DB, 8, 1),
      ping(DB, WEB, 0, 1),
      ping(DB, WEB, 8, 2),
      ping(WEB, DB, 0, 2),
      ping(DB, WEB, 13, 3),
      ping(WEB, DB, 14, 3),
    ]);
    expect(words(records)).toEqual([
      'dropped default-deny',
      'dropped connection-dropped',
      'allowed no-policy',
      'allowed established',
      expect.stringMatching(/^allowed (no-policy|established)$/),
      'allowed established',
    ]);
  });

  it('judges fragments with their first one', async () => {
    const parts = fragment4(
      ipv4({ src: WEB, dst: DB, id: 7 }, udp({ sport: 1, dport: 2, payload: new Uint8Array(64) })),
      24,
    );
    const verdicts = await said(
      kind,
      DB_CLOSED,
      [...parts, parts[1]!].map(part => ethernet(part)),
    );
    expect(new Set(verdicts)).toEqual(new Set(['dropped default-deny']));
    expect(await said(kind, DB_CLOSED, [ethernet(parts[1]!)])).toEqual(['undecided fragment']);
  });
});

describe.each(EBPF)('%s, dataplane', kind => {
  it('leaves no entry where the first packet is refused', async () => {
    const verdicts = await said(kind, DB_CLOSED, [from('S', 100, 0), from('S', 100, 0), to('SA', 500, 101)], {
      mode: 'dataplane',
    });
    // Cilium asks the policies about the answer; Calico begins nothing with it.
    expect(verdicts).toEqual([
      'dropped default-deny',
      'dropped default-deny',
      kind === 'cilium' ? 'allowed no-policy' : 'dropped invalid-state',
    ]);
  });

  it('puts no fragments together', async () => {
    const parts = fragment4(
      ipv4({ src: WEB, dst: DB, id: 7 }, udp({ sport: 1, dport: 2, payload: new Uint8Array(64) })),
      24,
    );
    const options = { mode: 'dataplane' } as const;
    const frames = parts.map(part => ethernet(part));
    expect(new Set(await said(kind, DB_CLOSED, frames, options))).toEqual(new Set(['dropped default-deny']));
    expect(await said(kind, DB_CLOSED, frames.slice(1, 2), options)).toEqual(['undecided fragment']);
  });

  it('sees no windows', async () => {
    const frames = [...HANDSHAKE, to('PA', 501, 1_000_000), from('R', 9, 9)];
    const options = { mode: 'dataplane' } as const;
    expect((await said('linux', DB_FROM_WEB, frames, options)).slice(3)).toEqual(
      Array(2).fill('dropped invalid-state'),
    );
    expect((await said(kind, DB_FROM_WEB, frames, options)).slice(3)).toEqual(Array(2).fill('allowed established'));
  });

  it('evicts, and refuses nothing', async () => {
    const frames = Array.from({ length: 40 }, (_, i) => segment(WEB, DB, { sport: 1000 + i, dport: 5432, flags: 'S' }));
    const { records, outcome } = await judge(kind, DB_FROM_WEB, frames, { mode: 'dataplane', maxConnections: 8 });
    expect(new Set(words(records))).toEqual(new Set(['allowed rule']));
    const { live, refusedFull, earlyEvictions } = outcome.tracker;
    // One of Cilium's eight entries is what errors of web and db are related by.
    const room = kind === 'cilium' ? 7 : 8;
    expect({ live, refusedFull, earlyEvictions }).toEqual({ live: room, refusedFull: 0, earlyEvictions: 40 - room });
  });

  it('rules do not stop at an authentication header', async () => {
    const pod = `apiVersion: v1
kind: Pod
metadata: { name: six, namespace: shop, labels: { app: db } }
spec: { containers: [{ name: c, image: i }] }
status: { phase: Running, podIP: 'fd00::6', podIPs: [{ ip: 'fd00::6' }] }
`;
    const policy = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: shop }
spec: { podSelector: { matchLabels: { app: db } }, ingress: [{ ports: [{ port: 5432 }] }] }
`;
    const frame = ethernet(
      ipv6({ src: 'fd00::1', dst: 'fd00::6', extensions: [authHeader(1)] }, tcp({ dport: 5432, flags: 'S' })),
    );
    const compiled = compileText(CLUSTER, pod, policy);
    const decided = async (conntrack: ConntrackKind): Promise<string> =>
      words((await record(sourceOf([batchOf([frame]).batch]), compiled, { conntrack, mode: 'dataplane' })).records)[0]!;
    expect([await decided('linux'), await decided(kind)]).toEqual(['dropped default-deny', 'allowed rule']);
  });
});

describe('how long an entry lives', () => {
  const late = (conntrack: ConntrackKind, seconds: number, timeouts = {}): Promise<string[]> =>
    said(conntrack, DB_FROM_WEB, [...HANDSHAKE, to('PA')], { mode: 'dataplane', timeouts }, [0, 0, 0, seconds]);

  it('is the table’s, or the user’s', async () => {
    expect((await late('cilium', 7999))[3]).toBe('allowed established');
    // db may send what it likes; to Cilium it begins a connection.
    expect((await late('cilium', 8000))[3]).toBe('allowed no-policy');
    expect((await late('cilium', 100, { regular_tcp: 100 }))[3]).toBe('allowed no-policy');
    expect((await late('calico-ebpf', 3599))[3]).toBe('allowed established');
    expect((await late('calico-ebpf', 3600))[3]).toBe('dropped invalid-state');
    expect((await late('calico-ebpf', 3600, { tcp_established: 3601 }))[3]).toBe('allowed established');
  });

  it.each([
    ['cilium', 'udp_stream', 'linux'],
    ['calico-ebpf', 'regular_any', 'cilium'],
    ['none', 'udp', 'linux and calico-ebpf'],
  ] as const)('%s has no timeout %s', async (kind, name, others) => {
    await expect(judge(kind, DB_CLOSED, [], { timeouts: { [name]: 5 } })).rejects.toThrow(
      `connection tracking ${kind} has no timeout "${name}" (it is one of ${others}); its timeouts are: `,
    );
  });
});

describe('Cilium drops what it does not know', () => {
  it('whatever the policies say, and whether the capture holds all of it', async () => {
    const packet = ethernet(ipv4({ src: DB, dst: OUTSIDER }, sctp({ sport: 1, dport: 2, chunks: [sctpInit(1)] })));
    for (const mode of ['what-if', 'dataplane'] as const) {
      expect(await said('cilium', DB_FROM_WEB, [packet, packet], { mode })).toEqual(
        Array(2).fill('dropped invalid-state'),
      );
    }
    const cut = sourceOf([batchOf([packet], { snapLength: 14 + 20 + 14 }).batch]);
    const { records } = await record(cut, compileText(CLUSTER, DB_FROM_WEB), { conntrack: 'cilium' });
    expect(words(records)).toEqual(['dropped invalid-state']);
    expect(await said('calico-ebpf', DB_FROM_WEB, [packet])).toEqual(['allowed no-policy']);
  });
});

describe('the profile’s table', () => {
  const frames = [...HANDSHAKE, to('PA', 501, 1_000_000)];
  const source = () => sourceOf([batchOf(frames).batch]);
  const compiled = compileText(CLUSTER, DB_FROM_WEB);
  const asCilium = { ...compiled, profile: { ...PROFILES.upstream, conntrack: 'cilium' as const } };
  const options = { captures: ['test'], mode: 'dataplane' as const };

  it('is taken where the user names none', async () => {
    const verdict = async (it: typeof compiled, conntrack?: ConntrackKind): Promise<string> =>
      words((await record(source(), it, { ...options, conntrack })).records)[3]!;
    expect(await verdict(compiled)).toBe('dropped invalid-state');
    expect(await verdict(asCilium)).toBe('allowed established');
    expect(await verdict(asCilium, 'linux')).toBe('dropped invalid-state');
    expect(await verdict(compiled, 'cilium')).toBe('allowed established');
  });

  it('in a comparison each has its own, unless one is named for all', async () => {
    const packets = async (more: object): Promise<unknown> =>
      (await compareProfiles(source(), [compiled, asCilium], { ...options, ...more })).comparison.packets;
    expect(await packets({})).toEqual({ total: 4, different: 1 });
    expect(await packets({ conntrack: 'cilium' })).toEqual({ total: 4, different: 0 });
    expect(await packets({ conntrack: 'calico-ebpf' })).toEqual({ total: 4, different: 0 });
    // A timeout is that of the tables that have it.
    expect(await packets({ timeouts: { regular_tcp: 5, udp_stream: 5 } })).toEqual({ total: 4, different: 1 });
  });

  it('has no fast path', () => {
    expect(createFastPath(fastPathModule, {}, asCilium)).toBeNull();
    expect(createFastPath(fastPathModule, { conntrack: 'calico-ebpf' }, compiled)).toBeNull();
    expect(createFastPath(fastPathModule, { conntrack: 'linux', maxConnections: 64 }, asCilium)).not.toBeNull();
  });
});

describe('what it says of itself', () => {
  it('docs/conntrack.md has every timeout with its default', async () => {
    const page = readFileSync('docs/conntrack.md', 'utf8');
    const { EBPF_TIMEOUTS } = await import('../../src/flow/kinds.js');
    for (const kind of EBPF) {
      const section = page.slice(page.indexOf(kind === 'cilium' ? '### Cilium' : '### Calico'));
      for (const { name, seconds } of EBPF_TIMEOUTS[kind]) {
        if (!name.endsWith('fragment')) expect(section).toContain(`| \`${name}\` | ${seconds} |`);
      }
    }
  });
});
