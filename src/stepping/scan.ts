/**
 * What the same decision costs without a tree: rules tried one after the other (cold).
 *
 * In:  the tiers of one direction and a header.  Out: how many rules are tried until one decides, and how many of their conditions are
 * looked at, each rule up to the first that fails.
 */
import { conditionsOf, type Header, matchesAll, pointOf } from '../explain/conditions.js';
import type { Direction, Ruleset } from '../rules/ruleset.js';
import { OUTCOME_DEFAULT_DENY } from '../tree/classifier.js';

export interface Scan {
  readonly rules: number;
  readonly comparisons: number;
  /** Index of the rule that decides; null where none does. */
  readonly decides: number | null;
}

/** @param outcome what was decided, as tree/classifier.ts has it */
export function scanOf(ruleset: Ruleset, direction: Direction, header: Header, outcome: number): Scan {
  const isIngress = direction === 'ingress';
  const subject = pointOf(isIngress ? header.destination : header.source);
  const peer = pointOf(isIngress ? header.source : header.destination);
  const tiers = ruleset[direction];
  let rules = 0;
  let comparisons = 0;
  for (const [t, tier] of tiers.entries()) {
    for (const rule of tier.rules) {
      const conditions = conditionsOf(rule, subject, peer, header);
      const failing = conditions.findIndex(({ holds }) => !holds);
      rules++;
      comparisons += failing < 0 ? conditions.length : failing + 1;
      if (!matchesAll(conditions)) continue;
      if (rule.action !== 'pass') return { rules, comparisons, decides: rule.index };
      break;
    }
    if (outcome === OUTCOME_DEFAULT_DENY - t) break;
  }
  return { rules, comparisons, decides: null };
}
