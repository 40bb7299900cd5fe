/**
 * Shards: the points of a run, divided among machines.
 *
 * In:  how many points, and `i/n`: the i-th of n shards, from 1.  Out: the points from..to-1, or a share of one point. Shards
 * are neighbouring points, as many in each as in any other, one more or less. Where there are more shards than points, every
 * point is divided among neighbouring shards, as many a point, one more or less: so no shard is without work.
 */

export interface Shard {
  readonly index: number;
  readonly of: number;
}

/** A point, or its share `index` of `of`, from 0; `first` is the shard that has the first of them, from 1. */
export interface Assigned {
  readonly point: number;
  readonly index: number;
  readonly of: number;
  readonly first: number;
}

export const MOST_SHARDS = 1_000_000;

/** @returns null where the text is no `i/n` */
export function parseShard(text: string): Shard | null {
  const match = /^(\d{1,7})\/(\d{1,7})$/.exec(text);
  if (match === null) return null;
  const [index, of] = [Number(match[1]), Number(match[2])];
  return index >= 1 && index <= of && of <= MOST_SHARDS ? { index, of } : null;
}

export function assignedTo({ index, of }: Shard, points: number): Assigned[] {
  if (points === 0) return [];
  if (of <= points) {
    const [from, to] = [Math.floor(((index - 1) * points) / of), Math.floor((index * points) / of)];
    return Array.from({ length: to - from }, (_, i) => ({ point: from + i, index: 0, of: 1, first: index }));
  }
  const point = Math.floor((index * points - 1) / of);
  const from = Math.floor((point * of) / points);
  const to = Math.floor(((point + 1) * of) / points);
  return [{ point, index: index - 1 - from, of: to - from, first: from + 1 }];
}
