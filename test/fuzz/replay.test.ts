/**
 * Damaged captures through the whole replay: every shipped capture, mutated, against its own policies.
 *
 * No mutant may throw; every frame that can be read gets a verdict; what stands before the damage is judged as in the
 * whole capture. POLICAP_MUTANTS sets how many over all captures, POLICAP_SEED the first seed of each (npm run fuzz runs
 * millions); the seed of a failure is in its message.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCapture } from '../../src/capture/open.js';
import type { Compiled } from '../../src/compile.js';
import { DST, FRAG_LATER, FRAG_MORE, FRAGMENT, IP_ID, SRC, STRIDE } from '../../src/packet/row.js';
import { replay } from '../../src/replay.js';
import type { Report } from '../../src/report/report.js';
import { allCases, compileCase, plainCapture } from '../support/cases.js';
import { memory } from './memory.js';
import { mutate } from './mutate.js';

const MUTANTS = Number(process.env['POLICAP_MUTANTS'] ?? 40_000);
const FIRST_SEED = Number(process.env['POLICAP_SEED'] ?? 1);

/** Bytes at most before the first record (section header, interface descriptions), and around a frame in its record. */
const HEADS = 1024;
const RECORD = 64;

interface Judged {
  codes: number[];
  /** Bytes of the capture that were surely read when the packet was delivered: the sum of the packets before it. */
  ends: number[];
  /** Index of the last packet that the verdict is about: of a fragment the last one of its datagram, else the packet. */
  last: number[];
}

async function judge(
  bytes: Uint8Array,
  compiled: Compiled,
  mode: 'what-if' | 'dataplane',
): Promise<Judged & { damaged: boolean }> {
  const codes: number[] = [];
  const ends: number[] = [];
  const last: number[] = [];
  const datagrams = new Map<string, number[]>();
  let end = 0;
  const keep: Report = {
    begin() {},
    batch(frames, { rows }, verdicts) {
      for (let i = 0; i < verdicts.count; i++) {
        if ((rows[i * STRIDE + FRAGMENT]! & (FRAG_MORE | FRAG_LATER)) !== 0) {
          const key = `${rows.subarray(i * STRIDE + SRC, i * STRIDE + DST + 4)} ${rows[i * STRIDE + IP_ID]}`;
          const known = datagrams.get(key);
          if (known === undefined) datagrams.set(key, [codes.length]);
          else known.push(codes.length);
        }
        last.push(codes.length);
        codes.push(verdicts.code[i]!);
        end += frames.captured[i]!;
        ends.push(end);
      }
    },
    end() {},
  };
  const source = openCapture(memory(bytes), { bufferLength: 16 * 1024 });
  const options = { captures: ['mutant'], mode, maxConnections: 1024 };
  const outcome = await replay(source, compiled, options, [keep]);
  expect(outcome.packets).toBe(codes.length);
  for (const members of datagrams.values()) for (const member of members) last[member] = members.at(-1)!;
  return { codes, ends, last, damaged: outcome.errors.length > 0 };
}

const cases = allCases().flatMap(folder => folder.captures.map(capture => ({ folder, capture })));

describe('mutants of every shipped capture', () => {
  it('there are captures to mutate', () => expect(cases.length).toBeGreaterThan(10));

  const each = Math.ceil(MUTANTS / cases.length);
  it.each(cases)('$folder.name $capture', { timeout: 3_600_000 }, async ({ folder, capture }) => {
    const compiled = compileCase(folder);
    const whole = plainCapture(readFileSync(`${folder.path}/${capture}`));
    const reference = await judge(whole, compiled, 'dataplane');
    expect(reference.damaged, basename(capture)).toBe(false);
    // Long captures are cut down, so that every capture gets its share of mutants in the same time.
    const sample = whole.length > 60_000 ? whole.subarray(0, 60_000) : whole;
    let untouched = 0;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + each; seed++) {
      const { bytes, firstChanged } = mutate(sample, seed);
      const mode = seed % 2 === 0 ? 'dataplane' : 'what-if';
      let judged: Judged;
      try {
        judged = await judge(bytes, compiled, mode);
      } catch (error) {
        throw new Error(`POLICAP_SEED=${seed} POLICAP_MUTANTS=1: ${mode}`, { cause: error });
      }
      if (mode === 'what-if') continue;
      // Heads and records are no longer than this: packets that end before the change even so were not touched.
      let same = 0;
      while (same < reference.ends.length && HEADS + reference.ends[same]! + (same + 1) * RECORD <= firstChanged)
        same++;
      untouched += same;
      // A datagram in fragments is judged when it is whole.
      const settled = (codes: readonly number[]): number[] => codes.filter((_, i) => reference.last[i]! < same);
      expect(settled(judged.codes.slice(0, same)), `POLICAP_SEED=${seed} POLICAP_MUTANTS=1`).toEqual(
        settled(reference.codes.slice(0, same)),
      );
    }
    // A few mutants may all begin to differ at the front.
    if (each >= 100) expect(untouched).toBeGreaterThan(0);
  });
});
