/**
 * What most packets are counted by (counters.ts, on the fast path too) counts what the tally's slow path counts, packet for
 * packet: conversations, default denials by policy, hits by rule, the pods that are named.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { replay } from '../../src/replay.js';
import { Counters } from '../../src/report/counters.js';
import type { Report } from '../../src/report/report.js';
import { createSummary, type Summary } from '../../src/report/summary.js';
import { newFastPath } from '../support/fast-path.js';
import { batchOf, ethernet, ipv4, tcp, udp } from '../support/frames.js';
import { compileText, sourceOf } from '../support/replay.js';
import { seed } from '../support/seed.js';
import { CLUSTER, DB_CLOSED, WEB_TO_API } from '../verdict/cluster.js';

const ADDRESSES = ['10.0.1.2', '10.0.2.3', '10.0.1.11', '10.0.2.11', '192.168.0.1', '203.0.113.9'];
const compiled = compileText(CLUSTER, DB_CLOSED, WEB_TO_API);

const packets = fc.array(
  fc.record({
    src: fc.constantFrom(...ADDRESSES),
    dst: fc.constantFrom(...ADDRESSES),
    sport: fc.integer({ min: 40000, max: 40003 }),
    dport: fc.constantFrom(5432, 8080, 53),
    flags: fc.constantFrom('S', 'S', 'SA', 'A', 'R', ''),
  }),
  { minLength: 100, maxLength: 400 },
);

/** @param slowly every packet takes the tally's own way */
function collect(slowly: boolean): Report & { summary(): Summary } {
  const collector = createSummary();
  let summary: Summary;
  return {
    begin(context) {
      const { classifier, inventory } = context.compiled;
      const newCounting = (conversations: number) => ({
        counters: new Counters(classifier, inventory.owners.length, conversations, 1024),
        count: (from: number) => from,
      });
      collector.begin(slowly ? { ...context, newCounting } : context);
    },
    batch: collector.batch,
    end(result) {
      summary = collector.end(result);
    },
    summary: () => JSON.parse(JSON.stringify({ ...summary, timing: null })),
  };
}

describe.each(['what-if', 'dataplane'] as const)('in %s mode', mode => {
  it.each(['plain', 'on the fast path'])('the summary is the one of the slow path (%s)', async kind => {
    let denials = 0;
    let named = 0;
    await fc.assert(
      fc.asyncProperty(packets, async list => {
        const frames = list.map(({ src, dst, sport, dport, flags }) =>
          ethernet(ipv4({ src, dst }, flags === '' ? udp({ sport, dport }) : tcp({ sport, dport, flags }))),
        );
        const summaries = [];
        for (const slowly of [true, false]) {
          const options = { mode, maxConnections: 1000, captures: ['test'] };
          const fastPath = kind === 'plain' ? null : newFastPath(options, compiled);
          const report = collect(slowly);
          await replay(sourceOf([batchOf(frames).batch]), compiled, { ...options, fastPath }, [report]);
          summaries.push(report.summary());
        }
        expect(summaries[1]).toEqual(summaries[0]);
        denials += summaries[1]!.policies.reduce((sum, { defaultDeny }) => sum + defaultDeny.packets, 0);
        named += summaries[1]!.denied.reduce((sum, { source }) => sum + source.pods.length, 0);
      }),
      { seed, numRuns: 40 },
    );
    expect(denials).toBeGreaterThan(100);
    expect(named).toBeGreaterThan(100);
  });
});
