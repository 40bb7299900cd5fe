/**
 * The fast path is the TypeScript it was compiled from: verdicts, decisions, connections, marks, counters and the whole
 * connection table are equal, in both modes, in batches of all sizes and with tables that overflow.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FrameSource } from '../../src/capture/frame.js';
import type { Compiled } from '../../src/compile.js';
import { createFragments } from '../../src/flow/fragments.js';
import { Reassembly } from '../../src/flow/reassembly.js';
import type { TrackerOptions } from '../../src/flow/tracker.js';
import type { FastPath } from '../../src/memory/fast-path.js';
import { openCaptures } from '../../src/node/captures.js';
import { createParser, newPacketBatch, type ParserOptions } from '../../src/packet/parse.js';
import { createReplayMemory } from '../../src/replay-memory.js';
import { writeLate } from '../../src/verdict/datagrams.js';
import { createDecisions, type Decision } from '../../src/verdict/decisions.js';
import { Judge } from '../../src/verdict/judge.js';
import { generate } from '../kernel/generate.js';
import { ruleListText } from '../kernel/plain-nft.js';
import { compileRules, RAW } from '../kernel/policap.js';
import { CAPTURES } from '../kernel/shipped.js';
import { compileCase } from '../support/cases.js';
import { newFastPath } from '../support/fast-path.js';
import { sourceOf } from '../support/frames.js';
import { seed } from '../support/seed.js';

const EACH = 3000;
const ARRAYS = ['code', 'decision', 'connection', 'packet', 'marks'] as const;

interface Judged {
  readonly verdicts: Record<(typeof ARRAYS)[number], number[]>;
  readonly counters: object;
  readonly decisions: readonly Decision[];
  /** Entries, tags and expiries of all slots. */
  readonly table: readonly number[];
}

type Options = TrackerOptions & ParserOptions & { readonly mode: 'what-if' | 'dataplane' };

async function judgeAll(
  source: FrameSource,
  compiled: Compiled,
  options: Options,
  fastPath: FastPath | null,
): Promise<Judged> {
  const { tracker, packets, verdicts, flat, adopt } = createReplayMemory(options, compiled, fastPath);
  const decisions = createDecisions();
  const { mode } = options;
  const reassembly = mode === 'dataplane' ? new Reassembly(options) : null;
  const fragments = createFragments();
  const parts = { ...compiled, tracker, fragments, reassembly, decisions, mode, stateless: false, flat };
  const judge = new Judge(parts, fastPath);
  const parser = createParser(options, fastPath);
  const found: Judged['verdicts'] = { code: [], decision: [], connection: [], packet: [], marks: [] };
  for (let given = await source.next(); given !== null; given = await source.next()) {
    const frames = adopt(given);
    if (fastPath !== null) expect(frames.bytes.buffer).toBe(fastPath.buffer);
    parser.parse(frames, source.interfaces, packets);
    judge.judge(frames, packets, null, verdicts);
    for (const name of ARRAYS) found[name].push(...verdicts[name].subarray(0, verdicts.count));
    // Which batch a fragment's verdict comes with depends on where batches end.
    for (const late of judge.datagrams?.takeLate() ?? []) writeLate(late, found, late.number - 1);
  }
  source.close();
  const { words, tails, expiry } = tracker.snapshot();
  const table = [...words, ...tails, ...expiry];
  return { verdicts: found, counters: tracker.counters(), decisions: decisions.list, table };
}

async function expectEqual(open: () => FrameSource | Promise<FrameSource>, compiled: Compiled, options: Options) {
  const plain = await judgeAll(await open(), compiled, options, null);
  const fast = await judgeAll(await open(), compiled, options, newFastPath(options, compiled));
  for (const name of ARRAYS) expect(fast.verdicts[name], name).toEqual(plain.verdicts[name]);
  expect(fast.counters).toEqual(plain.counters);
  expect(fast.decisions).toEqual(plain.decisions);
  expect(fast.table.length).toBe(plain.table.length);
  expect(fast.table.findIndex((word, i) => word !== plain.table[i])).toBe(-1);
  return plain;
}

describe.each(['dataplane', 'what-if'] as const)('in %s mode', mode => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(`random traffic is judged alike (seed ${seed} + %i)`, async more => {
    const { packets, rules, options } = generate(seed + more, EACH);
    const compiled = compileRules(ruleListText(rules));
    const frames = packets.map(({ bytes }) => bytes);
    const times = packets.map(({ time }) => 1_700_000_000_000_000_000n + BigInt(Math.round(time * 1e6)) * 1000n);
    for (const [maxConnections, batch] of [
      [4096, 500],
      [3, 64],
      [1, 1],
      [40, 65],
    ] as const) {
      const open = () => sourceOf(frames, { linkType: RAW, times }, batch);
      const { counters } = await expectEqual(open, compiled, { ...options, mode, maxConnections, duplicates: false });
      expect(counters).toMatchObject({ live: expect.any(Number) });
    }
  });

  it.each(CAPTURES.map(folder => [folder.name, folder] as const))('%s is judged alike', async (_name, folder) => {
    const open = () => openCaptures(folder.captures.map(capture => join(folder.path, capture)));
    for (const tunnels of [true, false]) {
      await expectEqual(open, compileCase(folder), { mode, maxConnections: 1000, tunnels });
    }
  });
});

describe('a fast path', () => {
  it('refuses arrays that it cannot see', () => {
    const fastPath = newFastPath({ maxConnections: 8 }, compileRules('kind: RuleList\ndefault: deny\nrules: []\n'));
    fastPath.entry<(rows: Int32Array) => void>('JudgeLoop_run');
    expect(() => fastPath.entry<(rows: Int32Array) => void>('JudgeLoop_run')(newPacketBatch(1).rows)).toThrow(
      "not of the fast path's memory",
    );
  });
});
