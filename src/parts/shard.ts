/**
 * Shards: the points of a run, divided among machines.
 *
 * In:  how many points, and `i/n`: the i-th of n shards, from 1.  Out: the points from..to-1. Shards are neighbouring points,
 * as many in each as in any other, one more or less; where there are more shards than points some are empty.
 */

export interface Shard {
  readonly index: number;
  readonly of: number;
}

export const MOST_SHARDS = 1_000_000;

/** @returns null where the text is no `i/n` */
export function parseShard(text: string): Shard | null {
  const match = /^(\d{1,7})\/(\d{1,7})$/.exec(text);
  if (match === null) return null;
  const [index, of] = [Number(match[1]), Number(match[2])];
  return index >= 1 && index <= of && of <= MOST_SHARDS ? { index, of } : null;
}

export const pointsOf = ({ index, of }: Shard, points: number): readonly [from: number, to: number] => [
  Math.floor(((index - 1) * points) / of),
  Math.floor((index * points) / of),
];
