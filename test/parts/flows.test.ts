/**
 * Shares of a capture point, joined, are what one run gives: of random traffic, and of every capture in pcaps/ and examples/.
 * Nothing but what a clock says may differ.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPaths } from '../../src/cli/documents.js';
import { type Compiled, compile } from '../../src/compile.js';
import { openCaptures } from '../../src/node/captures.js';
import { undivided } from '../../src/parts/divisible.js';
import { joinParts } from '../../src/parts/join.js';
import { missingText } from '../../src/parts/missing.js';
import type { Part } from '../../src/parts/part.js';
import { readPart } from '../../src/parts/read.js';
import { assignedTo } from '../../src/parts/shard.js';
import { partSummary } from '../../src/parts/summary.js';
import { conntrackOf } from '../../src/replay-memory.js';
import { compileRules } from '../kernel/policap.js';
import { compileText } from '../support/replay.js';
import { seed } from '../support/seed.js';
import { CLUSTER, DB_FROM_WEB, WEB_TO_API } from '../verdict/cluster.js';
import { type Opener, oneRun, partOf, plain, type Settings, timeless } from './runs.js';
import { JOBS, openerOf, traffic } from './traffic.js';

/** As replay -o part: each shard's part; of points that cannot be divided the first has all. */
async function partsOf(
  openers: readonly Opener[],
  shards: number,
  compiled: Compiled,
  settings: Settings,
): Promise<Part[]> {
  const points = openers.length;
  const table = conntrackOf(settings, compiled);
  const isWhole = undivided(compiled, { ...settings, table }) !== null;
  const parts: Part[] = [];
  for (let shard = 1; shard <= shards; shard++) {
    for (const { point, index, of } of assignedTo({ index: shard, of: shards }, points)) {
      if (isWhole && index > 0) continue;
      const share = of === 1 || isWhole ? undefined : { index, of };
      const isFast = table === 'linux' && shard % 4 === 0;
      parts.push(await partOf(openers[point]!, point, points, compiled, settings, share, isFast));
    }
  }
  return parts;
}

/** As it stands in a file. */
function written(part: Part): Part {
  const read = readPart(JSON.stringify(part));
  if ('problem' in read) throw new Error(read.problem);
  return read.part;
}

/** Any two are joined until one is left. */
function joinAnyhow(parts: readonly Part[], choices: readonly number[]): Part {
  const left = [...parts];
  for (let i = 0; left.length > 1; i += 2) {
    const [one] = left.splice(choices[i % choices.length]! % left.length, 1);
    const [other] = left.splice(choices[(i + 1) % choices.length]! % left.length, 1);
    left.push(written(joinParts([one!, other!])));
  }
  return left[0]!;
}

const withoutServices = CLUSTER.slice(0, CLUSTER.indexOf('---\napiVersion: v1\nkind: Service'));
const WAYS: readonly (readonly [name: string, compiled: Compiled, settings: Settings, isDivided: boolean])[] = [
  [
    'policies, dataplane mode',
    compileText(CLUSTER, JOBS, DB_FROM_WEB, WEB_TO_API),
    { mode: 'dataplane', maxConnections: 1024 },
    true,
  ],
  [
    "policies, dataplane mode, Calico's eBPF table",
    compileText(CLUSTER, JOBS, DB_FROM_WEB, WEB_TO_API),
    { mode: 'dataplane', maxConnections: 1024, conntrack: 'calico-ebpf' },
    true,
  ],
  [
    'policies, dataplane mode, no table',
    compileText(CLUSTER, JOBS, DB_FROM_WEB, WEB_TO_API),
    { mode: 'dataplane', maxConnections: 1024, conntrack: 'none' },
    true,
  ],
  [
    'policies, what-if mode, no table, no services',
    compileText(withoutServices, JOBS, DB_FROM_WEB, WEB_TO_API),
    { mode: 'what-if', maxConnections: 1024, conntrack: 'none' },
    true,
  ],
  [
    'plain rules, dataplane mode',
    compileRules('kind: RuleList\ndefault: deny\nrules:\n- { name: a, action: allow, source: 10.0.1.0/24 }\n'),
    { mode: 'dataplane', maxConnections: 1024 },
    true,
  ],
  [
    'plain rules, dataplane mode, checksums verified',
    compileRules('kind: RuleList\ndefault: allow\nrules:\n- { name: a, action: deny, source: 10.0.0.0/24 }\n'),
    { mode: 'dataplane', maxConnections: 1024, verifyChecksums: true },
    true,
  ],
  [
    'policies, what-if mode, which is not divided',
    compileText(CLUSTER, JOBS, DB_FROM_WEB, WEB_TO_API),
    { mode: 'what-if', maxConnections: 1024 },
    false,
  ],
];

describe('shares of random traffic, joined in any order', () => {
  it.each(WAYS)('%s', async (_, compiled, settings, isDivided) => {
    const table = conntrackOf(settings, compiled);
    expect(undivided(compiled, { ...settings, table }) === null).toBe(isDivided);
    let divided = 0;
    // In what-if mode connections are known again after days: one point.
    const captures = fc.array(traffic, { minLength: 1, maxLength: isDivided ? 3 : 1 });
    await fc.assert(
      fc.asyncProperty(
        captures,
        fc.integer({ min: 2, max: 9 }),
        fc.array(fc.nat(), { minLength: 20, maxLength: 20 }),
        async (lists, shards, choices) => {
          const openers = lists.map(openerOf);
          const parts = await partsOf(openers, shards, compiled, settings);
          const expected = await oneRun(openers, compiled, settings);
          const whole = joinParts(parts);
          expect(missingText(whole)).toBe(null);
          expect(plain(partSummary(whole))).toEqual(plain(expected));
          // The same as parts that were not divided, byte for byte.
          const undividedParts = await partsOf(openers, 1, compiled, settings);
          expect(JSON.stringify(timeless(whole))).toBe(JSON.stringify(timeless(joinParts(undividedParts))));
          const anyhow = joinAnyhow(parts, choices);
          expect(timeless(anyhow)).toEqual(timeless(whole));
          // What comes again counts once; a whole point stands for its shares.
          const again = parts.filter((__, i) => choices[i]! % 2 === 0);
          expect(timeless(joinParts([...again, ...parts.toReversed()]))).toEqual(timeless(whole));
          expect(timeless(joinParts([...again, anyhow]))).toEqual(timeless(whole));
          expect(timeless(joinParts([...again, ...undividedParts]))).toEqual(timeless(whole));
          // Some of them, joined in whatever order, are some of them.
          if (again.length > 0) {
            const some = joinParts(again);
            expect(timeless(joinAnyhow(again.toReversed(), choices))).toEqual(timeless(some));
            expect(missingText(some) === null).toBe(again.length === parts.length);
            const summary = partSummary(some);
            expect(summary.packets.total).toBeLessThanOrEqual(expected.packets.total);
            const frames = summary.captures.reduce((sum, { packets }) => sum + packets, 0);
            expect(summary.packets.total).toBeLessThanOrEqual(frames);
          }
          for (const { pieces } of parts) {
            if (pieces[0]!.share !== undefined && pieces[0]!.found.packets.some(count => count > 0)) divided++;
          }
        },
      ),
      { seed, numRuns: 60 },
    );
    expect(divided > 100).toBe(isDivided);
  });
});

const CAPTURE = /\.pcap(ng)?(\.gz|\.zst)?$/;
const FOLDERS = ['pcaps', 'examples']
  .flatMap(root => readdirSync(root).map(name => join(root, name)))
  .filter(folder => existsSync(join(folder, 'cluster.yaml')) && readdirSync(folder).some(name => CAPTURE.test(name)));

describe('shares of real captures in dataplane mode', () => {
  const rules = compileRules(
    'kind: RuleList\ndefault: deny\nrules:\n- { name: a, action: allow, protocol: TCP }\n- { name: b, action: allow, destination: 10.0.0.0/8 }\n',
  );

  it.each(FOLDERS)('%s', async folder => {
    const { documents } = readPaths([join(folder, 'policies'), join(folder, 'cluster.yaml')], () => new Uint8Array());
    const { compiled } = compile(documents);
    const captures = readdirSync(folder).filter(name => CAPTURE.test(name));
    const openers = captures.map(name => () => openCaptures([join(folder, name)]));
    for (const [judging, shards] of [
      [compiled!, 3 * openers.length + 1],
      [rules, 2 * openers.length],
    ] as const) {
      const settings: Settings = { mode: 'dataplane', maxConnections: 1 << 14 };
      const expected = await oneRun(openers, judging, settings);
      const parts = await partsOf(openers, shards, judging, settings);
      expect(plain(partSummary(joinParts(parts)))).toEqual(plain(expected));
    }
  });
});
