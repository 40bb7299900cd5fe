import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DST, SRC, STRIDE } from '../../src/packet/row.js';
import { Counters } from '../../src/report/counters.js';
import { Groups, NO_ADDRESS } from '../../src/report/groups.js';
import { createJsonReport } from '../../src/report/json.js';
import { createSummary, type Summary, type SummaryOptions } from '../../src/report/summary.js';
import { DROPPED_DEFAULT_DENY, MARK_FIRST, MARK_ORIGINAL } from '../../src/verdict/verdict.js';
import { ethernet, ipv4, tcp } from '../support/frames.js';
import { batchesOf, collect, PACKETS, type RunOptions, run } from './fixture.js';

async function summarize(options: RunOptions = {}, summaryOptions: SummaryOptions = {}): Promise<Summary> {
  const collector = createSummary(summaryOptions);
  let summary: Summary | null = null;
  await run(
    {
      begin: collector.begin,
      batch: collector.batch,
      end(result) {
        summary = collector.end(result);
      },
    },
    options,
  );
  return summary!;
}

describe('summary', () => {
  it('counts packets, connections and reasons', async () => {
    const { packets, connections, reasons, connectionReasons, observed } = await summarize();
    expect(packets).toEqual({ total: 14, allowed: 3, dropped: 9, undecided: 2 });
    expect(connections).toEqual({ total: 7, allowed: 1, dropped: 5, undecided: 1 });
    expect(reasons).toEqual({
      rule: 1,
      established: 1,
      'not-ip': 1,
      'default-deny': 6,
      'connection-dropped': 2,
      'invalid-state': 1,
      truncated: 1,
      'ambiguous-policy': 1,
    });
    expect(connectionReasons).toEqual({ rule: 1, 'default-deny': 5, 'ambiguous-policy': 1 });
    expect(observed).toMatchObject({ midstreamConnections: 1, midstreamPackets: 1, duplicatePackets: 1 });
  });

  it('groups refused conversations by workload, service and outcome, most frequent first', async () => {
    const { denied } = await summarize();
    const brief = denied.map(it => [
      it.source.workload ?? it.source.address,
      it.destination.workload ?? it.destination.address,
      it.protocol,
      it.port ?? `${it.icmpType}/${it.icmpCode}`,
      it.connections,
      it.packets,
      it.firstPacket,
      it.side,
    ]);
    expect(brief).toEqual([
      ['shop/Deployment/web', 'shop/StatefulSet/db', 'TCP', 6379, 2, 3, 3, 'ingress'],
      ['203.0.113.9', 'shop/StatefulSet/db', 'ICMP', '8/0', 1, 2, 8, 'ingress'],
      ['203.0.113.9', 'shop/StatefulSet/db', 'TCP', 22, 1, 1, 6, 'ingress'],
      // The first packet seen came from the responder: still named from its initiator.
      ['10.0.1.99', 'shop/StatefulSet/db', 'TCP', 22, 1, 1, 7, 'ingress'],
    ]);
    expect(denied[0]!.source).toEqual({
      workload: 'shop/Deployment/web',
      pods: ['shop/web-0', 'shop/web-1'],
      address: '10.0.1.7',
    });
    expect(denied[0]!.ingress).toMatchObject({ policies: ['shop/db'], source: 'policies.yaml:4:3' });
  });

  it('keeps undecided conversations apart, with the backends that disagree', async () => {
    const { undecided } = await summarize();
    expect(undecided).toHaveLength(1);
    expect(undecided[0]).toMatchObject({
      verdict: 'undecided',
      reason: 'ambiguous-policy',
      service: 'shop/service/db',
      port: 80,
      side: null,
      backends: { allowed: ['shop/db-1'], dropped: ['shop/db-0'] },
    });
  });

  it('counts hits at the rule that matched, or at the policies that isolate; a copy counts once', async () => {
    const { policies } = await summarize();
    const [db, old] = policies;
    expect(policies.map(({ policy }) => policy)).toEqual(['shop/db', 'shop/old']);
    expect(JSON.parse(JSON.stringify(db!.rules))).toEqual([
      { rule: 'ingress[0]', source: 'policies.yaml:12:3', hits: { connections: 1, packets: 2 } },
      { rule: 'ingress[1]', source: 'policies.yaml:16:3', hits: { connections: 0, packets: 0 } },
    ]);
    expect(db!.defaultDeny).toEqual({ connections: 5, packets: 7 });
    expect(db!.hits).toEqual({ connections: 6, packets: 9 });
    expect(old).toMatchObject({ source: 'policies.yaml:30:3', hits: { connections: 0, packets: 0 }, rules: [] });
  });

  it('names addresses that nobody owns, and what was damaged', async () => {
    const { unknownAddresses, captures, warnings, timing, time } = await summarize({ damaged: true });
    expect(unknownAddresses).toEqual([
      { address: '203.0.113.9', connections: 2 },
      { address: '10.0.1.99', connections: 1 },
    ]);
    const message = 'shop.pcap: at byte 1234: expected a packet of 60 bytes, found the end of the file';
    expect(captures).toEqual([{ name: 'shop.pcap', packets: 14, error: { offset: 1234, message } }]);
    expect(warnings).toEqual(['3 packets are dark.', message]);
    expect(timing).toEqual({ compileMs: 12.5, replayMs: 2, packetsPerSecond: 7000 });
    expect(time).toEqual({
      first: '2026-01-01T00:00:00.000000000Z',
      last: '2026-01-01T00:00:06.500000013Z',
      seconds: 6.500000013,
    });
  });

  it('holds at most so many conversations, and counts the others', async () => {
    const { denied, deniedOthers } = await summarize({}, { maxConversations: 2 });
    expect(denied.map(({ port }) => port)).toEqual([6379, 22]);
    expect(deniedOthers).toEqual({ connections: 3, packets: 4 });
  });

  it('is one JSON document that names its schema first', async () => {
    const out = collect();
    await run(createJsonReport(out));
    const document = JSON.parse(out.text());
    expect(Object.keys(document)[0]).toBe('schema');
    expect(document).toMatchObject({ schema: 'policap.summary/1', packets: { total: 14 }, denied: { length: 4 } });
    expect(document).toEqual(JSON.parse(JSON.stringify(await summarize())));
  });

  it('says nothing of a capture without packets', async () => {
    const empty = await summarize({ batches: batchesOf([], [], []) });
    expect(empty.packets.total).toBe(0);
    expect(empty.time).toEqual({ first: null, last: null, seconds: 0 });
    expect(empty.denied).toEqual([]);
    expect(empty.timing.packetsPerSecond).toBe(0);
  });

  it('counts what stands beyond the 10,000 addresses it can name', async () => {
    const frames = Array.from({ length: 10_050 }, (_, i) =>
      ethernet(ipv4({ src: `11.${i >> 8}.${i & 255}.7`, dst: '10.0.2.9' }, tcp({ dport: 22 }))),
    );
    const judged = frames.map((frame, i) => ({
      frame,
      code: DROPPED_DEFAULT_DENY,
      decision: 3,
      connection: i + 1,
      marks: MARK_FIRST | MARK_ORIGINAL,
    }));
    const batches = batchesOf(
      judged,
      frames.map(() => 0n),
      frames.map(({ length }) => length),
    );
    const { unknownAddresses, unknownOthers, denied, deniedOthers } = await summarize({ batches });
    expect([unknownAddresses.length, unknownOthers]).toEqual([10_000, 50]);
    expect([denied.length, deniedOthers.connections, deniedOthers.packets]).toEqual([10_000, 50, 50]);
  });
});

describe('groups', () => {
  it('are told apart by exactly their key, as a Map of keys tells', () => {
    const small = fc.integer({ min: 0, max: 2 });
    const word = fc.constantFrom(0, 1, -1, 0x0a000107);
    const key = fc.tuple(small, small, small, word, word, fc.boolean());
    fc.assert(
      fc.property(fc.array(key, { maxLength: 200 }), fc.integer({ min: 1, max: 40 }), (keys, limit) => {
        const groups = new Groups(limit);
        const rows = new Int32Array(STRIDE);
        const model = new Map<string, number>();
        for (const [shape, workload, service, source, destination, named] of keys) {
          rows[SRC] = source;
          rows[DST + 3] = destination;
          // An end without address has zeros there: it never meets 0.0.0.0, since who has an owner has another shape.
          const text = JSON.stringify([shape, workload, service, named ? 0 : source, destination]);
          const isKnown = model.has(text);
          if (!isKnown && model.size < limit) model.set(text, model.size);
          const found = groups.find(rows, shape, workload, 7, 6, service, named ? NO_ADDRESS : SRC, DST);
          expect(found).toBe(isKnown ? model.get(text) : -1);
          if (found < 0) expect(groups.add()).toBe(model.get(text) ?? -1);
        }
      }),
    );
  });
});

describe('counters', () => {
  it('find a connection again until another takes its place', () => {
    const counters = new Counters({ ownerOf: () => -1 }, 0, 4, 1000);
    counters.remember(7, 2, 0, 0);
    counters.remember(0, 3, 0, 0);
    expect([counters.ofConnection(7), counters.ofConnection(0), counters.ofConnection(8)]).toEqual([2, -1, -1]);
    counters.remember(7 + 1024, 1, 0, 0);
    expect([counters.ofConnection(7), counters.ofConnection(7 + 1024)]).toEqual([-1, 1]);
  });
});

describe('the fixture', () => {
  it('holds a packet of each kind', () => {
    expect(new Set(PACKETS.map(({ code }) => code)).size).toBe(8);
  });
});
