/**
 * What was cut out of a text, as a unified diff (cold): what `patch` and people read.
 *
 * In:  a text, and cuts of it in order.  Out: lines, each without its end; with three lines around each change.
 */
import type { Cut } from './fix.js';

const AROUND = 3;

interface Change {
  /** Lines of the old text, the last one not included. */
  readonly from: number;
  to: number;
  cuts: Cut[];
}

export function patchLines(file: string, text: string, cuts: readonly Cut[]): string[] {
  const lines = text.split('\n');
  const starts: number[] = [];
  let offset = 0;
  for (const line of lines) {
    starts.push(offset);
    offset += line.length + 1;
  }
  const lineAt = (at: number): number => starts.findLastIndex(start => start <= at);
  const changes: Change[] = [];
  for (const cut of cuts) {
    const from = lineAt(cut.start);
    const to = lineAt(Math.max(cut.end - 1, cut.start)) + 1;
    const last = changes.at(-1);
    if (last !== undefined && from < last.to) {
      last.to = Math.max(last.to, to);
      last.cuts.push(cut);
    } else changes.push({ from, to, cuts: [cut] });
  }
  /** What is left of the changed lines. */
  const leftOf = ({ from, to, cuts: own }: Change): string[] => {
    const start = starts[from]!;
    const end = to < lines.length ? starts[to]! : text.length;
    const left = own
      .toReversed()
      .reduce((it, cut) => it.slice(0, cut.start - start) + it.slice(cut.end - start), text.slice(start, end));
    const parts = left.split('\n');
    if (to < lines.length || left === '') parts.pop();
    return parts;
  };
  const out = [`--- ${file}`, `+++ ${file}`];
  let shift = 0;
  for (const hunk of hunksOf(changes)) {
    const [first, last] = [hunk[0]!, hunk.at(-1)!];
    const from = Math.max(0, first.from - AROUND);
    // The text behind the last line end is no line.
    const to = Math.min(lines.at(-1) === '' ? lines.length - 1 : lines.length, last.to + AROUND);
    const body: string[] = [];
    let at = from;
    let added = 0;
    let removed = 0;
    for (const change of hunk) {
      for (; at < change.from; at++) body.push(` ${lines[at]}`);
      for (; at < change.to; at++) body.push(`-${lines[at]}`);
      const left = leftOf(change);
      for (const line of left) body.push(`+${line}`);
      removed += change.to - change.from;
      added += left.length;
    }
    for (; at < to; at++) body.push(` ${lines[at]}`);
    const length = to - from;
    out.push(`@@ -${from + 1},${length} +${from + 1 + shift},${length - removed + added} @@`, ...body);
    shift += added - removed;
  }
  return out;
}

/** Changes whose surroundings touch are one hunk. */
function hunksOf(changes: readonly Change[]): Change[][] {
  const hunks: Change[][] = [];
  for (const change of changes) {
    const last = hunks.at(-1);
    if (last !== undefined && change.from - last.at(-1)!.to <= 2 * AROUND) last.push(change);
    else hunks.push([change]);
  }
  return hunks;
}
