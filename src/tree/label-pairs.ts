/**
 * Pairs of labels (cold): terms by their source's and destination's sets -> a sparse matrix of header lists.
 *
 * In:  terms with the numbers of their sets.  Out: for each source set a row, for each destination set a column; an entry's
 * value is where the headers of the pair's terms stand in the image (header-lists.ts).
 */
import type { SparseMatrix } from './displacement.js';
import type { ForwardTerm } from './forward-terms.js';
import { boxesOf } from './header-codes.js';
import { type HeaderBox, writeHeaders } from './header-lists.js';
import type { Image } from './image.js';

export interface LabelPairs {
  readonly matrix: SparseMatrix;
  /** Destination set -> column, -1 where no term has it. */
  readonly columns: Int32Array;
}

/** @param chosen places in `terms`, rising  @param from source set of each term  @param to destination set of each term */
export function pairLabels(
  terms: readonly ForwardTerm[],
  chosen: Int32Array,
  from: Int32Array,
  to: Int32Array,
  sources: number,
  destinations: number,
  image: Image,
): LabelPairs {
  const columns = numberColumns(chosen, from, to, sources, destinations);
  const byColumn = sortBy(chosen, t => columns[to[t]!]!, destinations);
  const sorted = sortBy(byColumn, t => from[t]!, sources);
  const starts = new Int32Array(sources + 1);
  const own = new Int32Array(chosen.length);
  const values = new Int32Array(chosen.length);
  let pairs = 0;
  let i = 0;
  for (let row = 0; row < sources; row++) {
    starts[row] = pairs;
    while (i < sorted.length && from[sorted[i]!] === row) {
      const set = to[sorted[i]!]!;
      const boxes: HeaderBox[] = boxesOf(terms[sorted[i]!]!);
      for (i++; i < sorted.length && from[sorted[i]!] === row && to[sorted[i]!] === set; i++) {
        for (const box of boxesOf(terms[sorted[i]!]!)) boxes.push(box);
      }
      own[pairs] = columns[set]!;
      values[pairs++] = writeHeaders(boxes, image);
    }
  }
  starts[sources] = pairs;
  return { matrix: { starts, columns: own.subarray(0, pairs), values: values.subarray(0, pairs) }, columns };
}

/** Sets of crowded rows get neighbouring columns: they fill without holes. */
function numberColumns(chosen: Int32Array, from: Int32Array, to: Int32Array, sources: number, destinations: number) {
  const crowd = new Int32Array(sources);
  for (const t of chosen) crowd[from[t]!]!++;
  const columns = new Int32Array(destinations).fill(-1);
  const most = crowd.reduce((a, b) => Math.max(a, b), 0);
  const bySource = sortBy(chosen, t => from[t]!, sources);
  let next = 0;
  for (const t of sortBy(bySource, t => most - crowd[from[t]!]!, most + 1)) {
    if (columns[to[t]!] === -1) columns[to[t]!] = next++;
  }
  return columns;
}

/** Stable: by keys from 0 to `keys` - 1. */
function sortBy(list: Int32Array, keyOf: (item: number) => number, keys: number): Int32Array {
  const next = new Int32Array(keys + 1);
  for (let i = 0; i < list.length; i++) next[keyOf(list[i]!) + 1]!++;
  for (let key = 0; key < keys; key++) next[key + 1]! += next[key]!;
  const sorted = new Int32Array(list.length);
  for (let i = 0; i < list.length; i++) sorted[next[keyOf(list[i]!)]!++] = list[i]!;
  return sorted;
}
