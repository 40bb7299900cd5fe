/**
 * What a report makes of a decision and the ends it is about, made once (hot).
 *
 * In:  a judged packet.  Out: whatever `make` makes; the same object for the same decision between the same owners.
 * A decision about ends that the cluster does not know reads the same whoever they are.
 */

import type { Decision } from '../verdict/decisions.js';
import { MARK_ORIGINAL } from '../verdict/verdict.js';
import { createOutcomes, type DecisionOutcomes } from './outcomes.js';
import type { ReplayContext } from './report.js';

/** Connections remembered; a power of two. */
const RECENT = 1 << 18;

export interface ByEnds<T> {
  /** @param connection the packet's, 0 for none: most packets have the decision and the ends of one seen not long ago */
  get(decision: number, rows: Int32Array, base: number, marks: number, connection: number): T;
}

export function createByEnds<T>(
  { compiled, decisions, ends }: ReplayContext,
  make: (decision: Decision, outcomes: DecisionOutcomes) => T,
): ByEnds<T> {
  const outcomes = createOutcomes(compiled);
  const known: Map<number, T>[] = [];
  /** Direct-mapped: a connection, its decision, and what was made of them. */
  const recent = new Int32Array(2 * RECENT);
  const recentMade: T[] = [];
  const owners = compiled.inventory.owners.length + 1;
  return {
    get(decision, rows, base, marks, connection) {
      const place = connection & (RECENT - 1);
      if (connection !== 0 && recent[2 * place] === connection && recent[2 * place + 1] === decision)
        return recentMade[place]!;
      ends.find(decision, rows, base, (marks & MARK_ORIGINAL) !== 0);
      const { source, destination } = ends;
      known[decision] ??= new Map();
      const key = (source + 1) * owners + destination + 1;
      let found = known[decision]!.get(key);
      if (found === undefined) {
        const it = decisions[decision]!;
        found = make(it, outcomes.of(it, source, destination));
        known[decision]!.set(key, found);
      }
      recent[2 * place] = connection;
      recent[2 * place + 1] = decision;
      recentMade[place] = found;
      return found;
    },
  };
}
