/**
 * The marked capture and jsonl, byte for byte: the fast path, plain JavaScript, and the slow oracles (marked.ts, lines.ts).
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FrameSource } from '../../src/capture/frame.js';
import { onFastPath } from '../../src/capture/loops.js';
import type { Compiled } from '../../src/compile.js';
import { openCaptures } from '../../src/node/captures.js';
import { type ReplayOptions, replay } from '../../src/replay.js';
import { createJsonlReport } from '../../src/report/jsonl.js';
import { createPcapngReport } from '../../src/report/pcapng.js';
import type { Output } from '../../src/report/report.js';
import type { Decision } from '../../src/verdict/decisions.js';
import {
  ALLOWED_ESTABLISHED,
  DROPPED_CONNECTION,
  UNDECIDED_AMBIGUOUS,
  type Verdict,
} from '../../src/verdict/verdict.js';
import { generate } from '../kernel/generate.js';
import { ruleListText } from '../kernel/plain-nft.js';
import { compileRules, RAW } from '../kernel/policap.js';
import { CAPTURES } from '../kernel/shipped.js';
import { compileCase } from '../support/cases.js';
import { newFastPath } from '../support/fast-path.js';
import { ethernet, ipv4, sourceOf, tcp } from '../support/frames.js';
import { seed } from '../support/seed.js';
import { batchesOf, DECISIONS, run } from './fixture.js';
import { createLinesOracle } from './lines.js';
import { createMarkedOracle } from './marked.js';

/** Chunks are copied, since their memory is used again. */
function keep(): Output & { bytes(): Buffer } {
  const chunks: Buffer[] = [];
  return { write: chunk => void chunks.push(Buffer.from(chunk)), bytes: () => Buffer.concat(chunks) };
}

const firstDifference = (a: Buffer, b: Buffer): number => {
  if (a.equals(b)) return -1;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return at;
};

const VERDICTS = [undefined, 'allowed', 'dropped', 'undecided'] as const;
const TWO = [undefined, 'dropped'] as const;

const FORMATS = [
  {
    create: createPcapngReport,
    createOracle(only?: Verdict) {
      const oracle = createMarkedOracle(only);
      return { oracle, bytes: () => oracle.bytes() };
    },
  },
  {
    create: createJsonlReport,
    createOracle(only?: Verdict) {
      const oracle = createLinesOracle(only);
      return { oracle, bytes: () => Buffer.from(oracle.text()) };
    },
  },
];

/** The first of two equal reports that asks writes on the fast path, the other in plain JavaScript. */
async function expectEqual(
  open: (options: ReturnType<typeof onFastPath>) => FrameSource | Promise<FrameSource>,
  compiled: Compiled,
  options: Omit<ReplayOptions, 'captures'>,
  verdicts: readonly (Verdict | undefined)[] = VERDICTS,
): Promise<number> {
  let bytes = 0;
  for (const { create, createOracle } of FORMATS) {
    for (const only of verdicts) {
      const fastPath = newFastPath(options, compiled);
      const [fast, plain, slow] = [keep(), keep(), createOracle(only)];
      const source = await open(onFastPath(fastPath));
      const reports = [create(fast, { only }), create(plain, { only }), slow.oracle];
      await replay(source, compiled, { ...options, captures: ['test'], fastPath }, reports);
      source.close();
      expect(firstDifference(fast.bytes(), slow.bytes())).toBe(-1);
      expect(firstDifference(plain.bytes(), slow.bytes())).toBe(-1);
      bytes += fast.bytes().length;
    }
  }
  return bytes;
}

describe.each(['what-if', 'dataplane'] as const)('what is written a packet, in %s mode', mode => {
  it.each(CAPTURES.map(folder => [folder.name, folder] as const))('of %s is the oracle’s', async (_name, folder) => {
    const paths = folder.captures.map(capture => join(folder.path, capture));
    const open = (options: ReturnType<typeof onFastPath>) => openCaptures(paths, options) as Promise<FrameSource>;
    expect(await expectEqual(open, compileCase(folder), { mode, maxConnections: 1000 }, TWO)).toBeGreaterThan(1000);
  });

  it.each([1, 2, 3])(`of random traffic is the oracle’s (seed ${seed} + %i)`, async more => {
    const { packets, rules, options } = generate(seed + more, 2000);
    const compiled = compileRules(ruleListText(rules));
    const frames = packets.map(({ bytes }) => bytes);
    const times = packets.map(({ time }) => 1_700_000_000_000_000_000n + BigInt(Math.round(time * 1e6)) * 1000n);
    const open = () => sourceOf(frames, { linkType: RAW, times }, 65);
    await expectEqual(open, compiled, { ...options, mode, maxConnections: 40, duplicates: false });
  });

  it('of frames longer than any buffer is the oracle’s', async () => {
    const compiled = compileRules('kind: RuleList\ndefault: deny\nrules: []\n');
    const frame = (length: number): Uint8Array => {
      const whole = new Uint8Array(length).map((_, i) => i);
      whole.set(ethernet(ipv4({ src: '10.0.0.1', dst: '10.0.0.2' }, tcp({ sport: length & 0xffff, dport: 80 }))));
      return whole;
    };
    const lengths = [60, 131_071, 131_072, 131_073, 61, 300_001, 262_144, 62, 200_000];
    await expectEqual(() => sourceOf(lengths.map(frame), {}, 3), compiled, { mode, maxConnections: 40 });
  });
});

describe('texts', () => {
  /** As many decisions as make comments of `length` bytes and more than are kept at a time. */
  const many = (length: number, count: number): Decision[] =>
    Array.from({ length: count }, (_, i) => ({
      ...DECISIONS[4]!,
      backends: { allowed: [`${'é'.repeat(length / 2)}${i}`], dropped: [`shop/${i}`] },
    }));

  async function expectMarked(decisions: readonly Decision[], only?: Verdict): Promise<void> {
    const frame = ethernet(ipv4({ src: '10.0.1.7', dst: '10.0.2.9' }, tcp({})));
    const codes = [UNDECIDED_AMBIGUOUS, DROPPED_CONNECTION, ALLOWED_ESTABLISHED];
    const judged = Array.from({ length: 3 * decisions.length }, (_, i) => ({
      frame,
      code: codes[i % codes.length]!,
      decision: (i * 7) % decisions.length,
      connection: 1 + ((i * 7) % decisions.length),
      packet: i % 3 === 1 ? [1, 999_999_999, 1_000_000_000, 4_294_967_296, 2 ** 53 - 1][i % 5]! : 0,
    }));
    const batches = batchesOf(
      judged,
      judged.map((_, i) => BigInt(i) * 700_000_000n),
      judged.map(() => frame.length),
    );
    for (const { create, createOracle } of FORMATS) {
      const [out, slow] = [keep(), createOracle(only)];
      await run(create(out, { only }), { batches, decisions });
      await run(slow.oracle, { batches, decisions });
      expect(firstDifference(out.bytes(), slow.bytes())).toBe(-1);
    }
  }

  it('are right when more come than are kept', () => expectMarked(many(60_000, 500)));
  it('are cut, in whole characters, where an option holds no more', () => expectMarked(many(65_500, 40)));
  it('of every length are padded', () => expectMarked(Array.from({ length: 40 }, (_, i) => many(2 * i, 1)[0]!)));
});
