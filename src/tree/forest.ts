/**
 * Split forests, the hot half: first match among terms that are too tangled for pair tables. Nothing is allocated.
 *
 * Layout (built by tree/split.ts): `nodes`, four words a node: [dimension, threshold, child if value <= threshold, child
 * if above]; a child below zero is ~offset into `lists`: [count, place ...], places rising. A place is a term's offset in
 * `program`, which holds the terms in their order: [outcome, constraints, then for each: dimension, ranges, lo, hi ...].
 * So a term costs one cache line where its first constraint fails, and places compare as the terms' order does.
 */

/** No term of the stage matched. */
export const NO_MATCH = 0x7fffffff;

/** The first place that matches in the trees roots[from]..roots[to - 1], or NO_MATCH. `key` is the point. */
export function firstMatch(
  nodes: Int32Array,
  lists: Int32Array,
  program: Int32Array,
  roots: Int32Array,
  from: number,
  to: number,
  key: Int32Array,
): number {
  let best = NO_MATCH;
  for (let tree = from; tree < to; tree++) {
    let at = roots[tree]!;
    while (at >= 0) at = key[nodes[at]!]! <= nodes[at + 1]! ? nodes[at + 2]! : nodes[at + 3]!;
    let item = ~at;
    for (const last = item + lists[item]!; item < last; ) {
      const place = lists[++item]!;
      // Lists rise: behind the best place of another tree nothing here can be first.
      if (place >= best) break;
      if (matchesAt(program, place, key)) {
        best = place;
        break;
      }
    }
  }
  return best;
}

function matchesAt(program: Int32Array, term: number, key: Int32Array): boolean {
  let at = term + 2;
  for (let constraints = program[term + 1]!; constraints > 0; constraints--) {
    const value = key[program[at]!]!;
    const end = at + 2 + program[at + 1]! * 2;
    let inside = false;
    for (at += 2; at < end; at += 2) {
      if (value >= program[at]! && value <= program[at + 1]!) {
        inside = true;
        break;
      }
    }
    if (!inside) return false;
    at = end;
  }
  return true;
}
