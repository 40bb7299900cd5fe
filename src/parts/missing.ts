/**
 * Which points of a run a part does not hold, and which shares of points.
 *
 * In:  a Part.  Out: ranges of points, from 0, the end not among them; none where the part is the whole run. As a sentence for
 * people, with the shares that are missing of points of which others are there.
 */
import { groupBy } from './group.js';
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
  const texts = missingShares(part);
  if (ranges.length > 0) {
    const isOne = ranges.length === 1 && ranges[0]![1] === ranges[0]![0] + 1;
    const points = `capture ${isOne ? 'point' : 'points'} ${pointsText(ranges)} of ${part.of}`;
    texts.unshift(`${points} ${isOne ? 'is' : 'are'} missing`);
  }
  return texts.length === 0 ? null : texts.join('; ');
}

/** A sentence a point of which some shares are there, and not all. */
function missingShares({ pieces }: Pick<Part, 'pieces'>): string[] {
  const texts: string[] = [];
  for (const [point, group] of groupBy(pieces, ({ from }) => from)) {
    const shares = group.flatMap(({ share }) => share ?? []);
    if (shares.length === 0) continue;
    const { of } = shares[0]!;
    const missing: number[] = [];
    for (let index = 0; index < of; index++) {
      if (!shares.some(share => share.index === index)) missing.push(index + 1);
    }
    const isOne = missing.length === 1;
    texts.push(
      `${isOne ? 'share' : 'shares'} ${missing.join(', ')} of ${of} of capture point ${point + 1} ${isOne ? 'is' : 'are'} missing`,
    );
  }
  return texts;
}

/** `3, 5 to 9`, counted from 1. */
export const pointsText = (ranges: readonly (readonly [number, number])[]): string =>
  ranges.map(([from, to]) => (to === from + 1 ? `${to}` : `${from + 1} to ${to}`)).join(', ');
