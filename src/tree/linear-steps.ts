/**
 * Rules that the linear scan tries (cold): what the tree's steps (steps.ts) are held against.
 *
 * In:  a ruleset and its linear classifier, and a packet's row.  Out: of each direction the rules up to the one that matched,
 * or all of them where none did.
 */
import { DIRECTIONS, type Ruleset } from '../rules/ruleset.js';
import {
  type Classifier,
  EGRESS,
  FORWARD,
  INGRESS,
  OUTCOME_DEFAULT_DENY,
  OUTCOME_NOT_ISOLATED,
  OUTCOMES,
} from './classifier.js';

export function createLinearSteps(ruleset: Ruleset, linear: Classifier): (rows: Int32Array, base: number) => number {
  const places = new Map<number, number>();
  const lengths = DIRECTIONS.map(direction => {
    const rules = ruleset[direction].flatMap(tier => tier.rules);
    rules.forEach((rule, place) => {
      places.set(rule.index, place + 1);
    });
    return rules.length;
  });
  const out = new Int32Array(OUTCOMES);
  return (rows, base) => {
    linear.classify(rows, base, out, 0);
    let steps = 0;
    for (const direction of [EGRESS, INGRESS, FORWARD]) {
      const outcome = out[direction]!;
      if (outcome >= 0) steps += places.get(outcome)!;
      else if (outcome === OUTCOME_NOT_ISOLATED || outcome <= OUTCOME_DEFAULT_DENY) steps += lengths[direction]!;
    }
    return steps;
  };
}
