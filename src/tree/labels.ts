/**
 * Labels (cold): the address sets of one side -> layers of disjoint sets, and address classes as one label a layer.
 *
 * In:  distinct address sets.  Out: the elementary intervals of the side, a class for each, and for each class the sets
 * that hold it: at most one of every layer, so that a class is a row of labels.
 *
 * Prefixes are nested or disjoint, and prefixes of real rule sets nest four to eight deep: sets sorted by size, each in
 * the first layer where it overlaps nothing, need as many layers as the deepest nest has sets. Sets of any other shape
 * are laid out by the same rule. Single addresses have the first layer for themselves: lists are mostly written with the
 * narrow rules in front, so what stands there decides for most packets before anything else is asked. A set that fits in none of MOST_LAYERS is loose: it splits classes and has no label.
 */
import { MAX_V4, MAX_V6 } from '../rules/addresses.js';
import type { AddressSet } from '../rules/ruleset.js';
import type { Ranges } from './address-table.js';
import { lastNotAbove } from './intervals-v4.js';

export const MOST_LAYERS = 12;

export interface Side {
  /** Interval starts of both families, the first of each 0; IPv6 intervals are numbered behind the IPv4 ones. */
  readonly starts4: Float64Array;
  readonly starts6: readonly bigint[];
  /** Interval -> class. */
  readonly classOf: Int32Array;
  readonly classes: number;
  readonly layers: number;
  /** classes x layers: index of the set, or -1. */
  readonly chains: Int32Array;
  /** Set -> layer, -1 where it is loose. */
  readonly layerOf: Int32Array;
  /** The classes that a set is made of. */
  classesOf(set: AddressSet): Ranges;
}

export function buildSide(sets: readonly AddressSet[]): Side {
  const starts4 = collectStarts4(sets);
  const starts6 = collectStarts6(sets);
  const count = starts4.length + starts6.length;
  const intervals = sets.map(set => intervalsOf(set, starts4, starts6));
  const { layerOf, owners } = layOut(intervals, sets.map(isHost), count);
  const labels = owners.length;
  const loose = intervals.filter((_, set) => layerOf[set]! < 0);
  if (loose.length > 0) owners.push(splitByLoose(loose, count));
  const { classOf, classes, rows } = internRows(owners, count);
  const chains = new Int32Array(classes * labels);
  for (let c = 0; c < classes; c++) {
    for (let l = 0; l < labels; l++) chains[c * labels + l] = rows[c * owners.length + l]! - 1;
  }
  return {
    starts4,
    starts6,
    classOf,
    classes,
    layers: labels,
    chains,
    layerOf,
    classesOf(set) {
      const ranges = intervalsOf(set, starts4, starts6);
      const inside = new Set<number>();
      for (let i = 0; i < ranges.length; i += 2) {
        for (let at = ranges[i]!; at <= ranges[i + 1]!; at++) inside.add(classOf[at]!);
      }
      const out: number[] = [];
      for (const c of [...inside].sort((a, b) => a - b)) {
        if (out.length > 0 && out[out.length - 1] === c - 1) out[out.length - 1] = c;
        else out.push(c, c);
      }
      return out;
    },
  };
}

function collectStarts4(sets: readonly AddressSet[]): Float64Array {
  let size = 1;
  for (const { v4 } of sets) size += v4.length;
  const starts = new Float64Array(size);
  let used = 1;
  for (const { v4 } of sets) {
    for (let i = 0; i < v4.length; i += 2) {
      starts[used++] = v4[i]!;
      starts[used++] = v4[i + 1]! === MAX_V4 ? 0 : v4[i + 1]! + 1;
    }
  }
  starts.sort();
  let kept = 0;
  for (let i = 0; i < starts.length; i++) if (i === 0 || starts[i] !== starts[kept - 1]) starts[kept++] = starts[i]!;
  return starts.slice(0, kept);
}

function collectStarts6(sets: readonly AddressSet[]): bigint[] {
  const starts = new Set<bigint>([0n]);
  for (const { v6 } of sets) {
    for (let i = 0; i < v6.length; i += 2) {
      starts.add(v6[i]!);
      if (v6[i + 1]! < MAX_V6) starts.add(v6[i + 1]! + 1n);
    }
  }
  return [...starts].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Ranges of interval numbers; borders of the set are starts of intervals. */
function intervalsOf({ v4, v6 }: AddressSet, starts4: Float64Array, starts6: readonly bigint[]): number[] {
  const ranges: number[] = [];
  for (const border of v4) ranges.push(lastNotAbove(starts4, border));
  for (const border of v6) ranges.push(starts4.length + lastNotAbove(starts6, border));
  return ranges;
}

const isHost = ({ v4, v6 }: AddressSet): boolean =>
  v4.length + v6.length === 2 && (v4.length === 2 ? v4[0] === v4[1] : v6[0] === v6[1]);

/** owners[layer][interval]: 1 + the set of the layer that holds the interval, or 0. */
function layOut(
  intervals: readonly number[][],
  areHosts: readonly boolean[],
  count: number,
): { layerOf: Int32Array; owners: Int32Array[] } {
  const sizes = intervals.map(ranges => {
    let size = 0;
    for (let i = 0; i < ranges.length; i += 2) size += ranges[i + 1]! - ranges[i]! + 1;
    return size;
  });
  const bySize = intervals.map((_, set) => set).sort((a, b) => sizes[b]! - sizes[a]!);
  const layerOf = new Int32Array(intervals.length).fill(-1);
  const owners: Int32Array[] = [];
  const hosts = areHosts.includes(true) ? 1 : 0;
  if (hosts === 1) owners.push(new Int32Array(count));
  for (const set of bySize) {
    const ranges = intervals[set]!;
    let layer = areHosts[set] ? 0 : hosts;
    while (layer < owners.length && !isFree(owners[layer]!, ranges)) layer++;
    if (layer === MOST_LAYERS) continue;
    if (layer === owners.length) owners.push(new Int32Array(count));
    for (let i = 0; i < ranges.length; i += 2) owners[layer]!.fill(set + 1, ranges[i]!, ranges[i + 1]! + 1);
    layerOf[set] = layer;
  }
  return { layerOf, owners };
}

/** The ends first: of nested sets they tell already. */
function isFree(owner: Int32Array, ranges: readonly number[]): boolean {
  for (const border of ranges) if (owner[border] !== 0) return false;
  for (let i = 0; i < ranges.length; i += 2) {
    for (let at = ranges[i]! + 1; at < ranges[i + 1]!; at++) if (owner[at] !== 0) return false;
  }
  return true;
}

/** A number an interval, equal exactly where the loose sets do not tell intervals apart. */
function splitByLoose(loose: readonly number[][], count: number): Int32Array {
  const label = new Int32Array(count);
  let next = 1;
  for (const ranges of loose) {
    const renamed = new Map<number, number>();
    for (let i = 0; i < ranges.length; i += 2) {
      for (let at = ranges[i]!; at <= ranges[i + 1]!; at++) {
        let fresh = renamed.get(label[at]!);
        if (fresh === undefined) {
          fresh = next++;
          renamed.set(label[at]!, fresh);
        }
        label[at] = fresh;
      }
    }
  }
  return label;
}

/** Equal columns of the layers are one class; classes are numbered by their first interval. */
function internRows(layers: readonly Int32Array[], count: number) {
  const classOf = new Int32Array(count);
  const width = layers.length;
  const rows = new Int32Array(count * width);
  const mask = 2 ** Math.ceil(Math.log2(count * 2 + 2)) - 1;
  const table = new Int32Array(mask + 1);
  let classes = 0;
  for (let interval = 0; interval < count; interval++) {
    let hash = 0;
    for (let l = 0; l < width; l++) {
      const label = layers[l]![interval]!;
      rows[classes * width + l] = label;
      hash = Math.imul(hash ^ label, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    let slot = hash & mask;
    while (table[slot] !== 0 && !sameRow(rows, table[slot]! - 1, classes, width)) slot = (slot + 1) & mask;
    if (table[slot] === 0) table[slot] = ++classes;
    classOf[interval] = table[slot]! - 1;
  }
  return { classOf, classes, rows };
}

function sameRow(rows: Int32Array, a: number, b: number, width: number): boolean {
  for (let l = 0; l < width; l++) if (rows[a * width + l] !== rows[b * width + l]) return false;
  return true;
}
