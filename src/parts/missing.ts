/**
 * Which points of a run a part does not hold.
 *
 * In:  a Part.  Out: ranges of points, from 0, the end not among them; none where the part is the whole run.
 */
import type { Part } from './part.js';

export function missingPoints({ of, pieces }: Pick<Part, 'of' | 'pieces'>): (readonly [from: number, to: number])[] {
  const missing: [number, number][] = [];
  let end = 0;
  for (const { from, to } of pieces) {
    if (from > end) missing.push([end, from]);
    end = to;
  }
  if (end < of) missing.push([end, of]);
  return missing;
}

/** For people: `capture points 3, 5 to 9 of 12 are missing`; null where none is. */
export function missingText(part: Pick<Part, 'of' | 'pieces'>): string | null {
  const ranges = missingPoints(part);
  if (ranges.length === 0) return null;
  const isOne = ranges.length === 1 && ranges[0]![1] === ranges[0]![0] + 1;
  return `capture ${isOne ? 'point' : 'points'} ${pointsText(ranges)} of ${part.of} ${isOne ? 'is' : 'are'} missing`;
}

/** `3, 5 to 9`, counted from 1. */
export const pointsText = (ranges: readonly (readonly [number, number])[]): string =>
  ranges.map(([from, to]) => (to === from + 1 ? `${to}` : `${from + 1} to ${to}`)).join(', ');
