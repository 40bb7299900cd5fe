/**
 * What-if mode: fragments take the verdict of their datagram's first one (hot).
 *
 * In:  rows of fragments, and the verdict of a first one at i of a batch.  Out: the same verdict at a later fragment's
 * place; `undecided: fragment` where its first one was not seen. How they find each other: flow/fragments.ts.
 */
import type { Fragments } from '../flow/fragments.js';
import { MARK_FIRST, UNDECIDED_FRAGMENT, type VerdictBatch } from './verdict.js';

/** @param now nanoseconds on the capture's clock */
export function judgeLaterFragment(
  fragments: Fragments,
  rows: Int32Array,
  base: number,
  now: number,
  i: number,
  out: VerdictBatch,
): void {
  const found = fragments.find(rows, base, now);
  if (found < 0) {
    out.code[i] = UNDECIDED_FRAGMENT;
    return;
  }
  const { record } = fragments;
  const at = found * fragments.words;
  out.code[i] = record[at]!;
  out.decision[i] = record[at + 1]!;
  out.connection[i] = record[at + 2]!;
  out.packet[i] = record[at + 3]! >>> 0;
  out.marks[i] = record[at + 4]!;
}

export function rememberFragment(
  fragments: Fragments,
  rows: Int32Array,
  base: number,
  now: number,
  i: number,
  out: VerdictBatch,
): void {
  const { record } = fragments;
  const at = fragments.remember(rows, base, now) * fragments.words;
  record[at] = out.code[i]!;
  record[at + 1] = out.decision[i]!;
  record[at + 2] = out.connection[i]!;
  record[at + 3] = out.packet[i]!;
  record[at + 4] = out.marks[i]! & ~MARK_FIRST;
}
