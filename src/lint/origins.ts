/**
 * The normal form by where it comes from (cold): what a policy, or a rule of it, became.
 *
 * In:  a ruleset.  Out: maps by the names that origins have.
 */
import { DIRECTIONS, type Isolation, type Origin, type Rule, type Ruleset } from '../rules/ruleset.js';

export const policyKey = ({ kind, policy }: Pick<Origin, 'kind' | 'policy'>): string => `${kind} ${policy}`;

/** What of a ruleset comes from a policy, in the order of the ruleset. */
export interface Own {
  readonly rules: Rule[];
  readonly isolations: Isolation[];
}

export function byPolicy(ruleset: Ruleset): ReadonlyMap<string, Own> {
  const found = new Map<string, Own>();
  const ownOf = ({ origin }: Rule | Isolation): Own => {
    const key = policyKey(origin);
    let own = found.get(key);
    if (own === undefined) {
      own = { rules: [], isolations: [] };
      found.set(key, own);
    }
    return own;
  };
  for (const rule of ruleset.rules) if (rule.origin.kind !== 'Profile') ownOf(rule).rules.push(rule);
  for (const { isolations } of DIRECTIONS.flatMap(direction => ruleset[direction])) {
    for (const isolation of isolations) ownOf(isolation).isolations.push(isolation);
  }
  return found;
}

/** The entries of the normal form by the rule of a NetworkPolicy that they come from, of the rule's own direction. */
export function rulesByOrigin(ruleset: Ruleset): ReadonlyMap<string, readonly Rule[]> {
  const found = new Map<string, Rule[]>();
  for (const rule of ruleset.rules) {
    const { kind, policy, rule: name } = rule.origin;
    if (kind !== 'NetworkPolicy' || !name.startsWith(`${rule.direction}[`)) continue;
    const key = `${policy} ${name}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, [rule]);
    else known.push(rule);
  }
  return found;
}
