/**
 * Which of many address sets overlap (cold): sets -> pairs of their indices, each once, the lower one first.
 *
 * The borders of all intervals are walked in order. What opens while others are open overlaps them. Pods that the same sets
 * hold are met again and again: who is open is a state, the steps between states are remembered, and only a step that was
 * not taken before can tell a pair. So it costs the sort and the distinct steps. Sets that are one object are walked once.
 *
 * Few sets are compared two by two instead: a set of some pods is looked up in one of ten thousand without walking it.
 */
import { overlap } from './intervals.js';
import type { AddressSet } from './ruleset.js';

/** Of so many the pairs are sooner compared than the borders sorted. */
const FEW = 32;

/** null: a step that told nothing new, for who counts them. */
export function* overlappingPairs(sets: readonly AddressSet[]): Generator<readonly [number, number] | null> {
  const places = new Map<AddressSet, number[]>();
  sets.forEach((set, i) => {
    const known = places.get(set);
    if (known === undefined) places.set(set, [i]);
    else known.push(i);
  });
  for (const [set, own] of places) {
    if (set.v4.length + set.v6.length + set.unaddressed.length === 0) continue;
    for (let i = 0; i < own.length; i++) for (let j = i + 1; j < own.length; j++) yield [own[i]!, own[j]!];
  }
  const distinct = [...places.keys()];
  if (distinct.length <= FEW) {
    for (let b = 1; b < distinct.length; b++) {
      for (let a = 0; a < b; a++) {
        if (haveCommon(distinct[a]!, distinct[b]!))
          yield* pairsOf(places.get(distinct[a]!)!, places.get(distinct[b]!)!);
      }
    }
    return;
  }
  const told = new Set<number>();
  const lines = [
    () => walk(distinct.map(({ v4 }) => v4)),
    () => walk(distinct.map(({ v6 }) => v6)),
    () => walk(distinct.map(({ unaddressed }) => unaddressed.flatMap(owner => [owner, owner]))),
  ];
  for (const line of lines) {
    for (const [a, b] of line()) {
      const key = Math.min(a, b) * distinct.length + Math.max(a, b);
      if (told.has(key)) {
        yield null;
        continue;
      }
      told.add(key);
      yield* pairsOf(places.get(distinct[a]!)!, places.get(distinct[b]!)!);
    }
  }
}

function* pairsOf(a: readonly number[], b: readonly number[]): Generator<readonly [number, number]> {
  for (const i of a) for (const j of b) yield i < j ? [i, j] : [j, i];
}

function haveCommon(a: AddressSet, b: AddressSet): boolean {
  if (overlap(a.v4, b.v4) || overlap(a.v6, b.v6)) return true;
  if (a.unaddressed.length === 0 || b.unaddressed.length === 0) return false;
  const inB = new Set(b.unaddressed);
  return a.unaddressed.some(owner => inB.has(owner));
}

/** The sets that are open, ascending. */
interface State {
  readonly open: readonly number[];
  /** By the set that opens or closes. */
  readonly next: Map<number, State>;
}

interface Border<T> {
  readonly at: T;
  readonly opens: boolean;
  readonly set: number;
}

/** Pairs, some of them more than once. */
function* walk<T extends number | bigint>(sets: readonly (readonly T[])[]): Generator<readonly [number, number]> {
  const borders: Border<T>[] = [];
  sets.forEach((flat, set) => {
    for (let i = 0; i < flat.length; i++) borders.push({ at: flat[i]!, opens: i % 2 === 0, set });
  });
  // Intervals are inclusive: at one place all open before any closes.
  borders.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.opens === b.opens ? a.set - b.set : a.opens ? -1 : 1));
  const states = new Map<string, State>();
  const stateOf = (open: readonly number[]): State => {
    const key = open.join();
    let state = states.get(key);
    if (state === undefined) {
      state = { open, next: new Map() };
      states.set(key, state);
    }
    return state;
  };
  let state = stateOf([]);
  for (const { opens, set } of borders) {
    let next = state.next.get(set);
    if (next === undefined) {
      if (opens) for (const other of state.open) yield [other, set];
      const others = state.open.filter(other => other !== set);
      next = stateOf(opens ? [...others, set].sort((a, b) => a - b) : others);
      state.next.set(set, next);
    }
    state = next;
  }
}
