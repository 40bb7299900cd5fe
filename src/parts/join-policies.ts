/**
 * Hits of policies that changed -> one list (cold).
 *
 * In:  hits by policy and rule, of several compilations.  Out: policies and rules of the first as they stand there, with what all
 * of them counted by that name added up; behind them what others have by other names, as far as it decided something.
 */
import type { Hits, PolicyHits, RuleHits } from '../report/hits.js';

export function joinPolicies([first = [], ...others]: readonly (readonly PolicyHits[])[]): PolicyHits[] {
  const known = new Map<string, PolicyHits>(first.map(policy => [keyOf(policy), policy]));
  for (const policy of others.flat()) {
    const before = known.get(keyOf(policy));
    if (before === undefined && policy.hits.packets === 0) continue;
    known.set(keyOf(policy), before === undefined ? withRulesHit(policy) : joinTwo(before, policy));
  }
  return [...known.values()];
}

const keyOf = ({ kind, policy }: PolicyHits): string => `${kind}\n${policy}`;

const isHit = ({ hits }: RuleHits): boolean => hits.packets > 0;

const withRulesHit = (policy: PolicyHits): PolicyHits => ({ ...plain(policy), rules: policy.rules.filter(isHit) });

function joinTwo(before: PolicyHits, after: PolicyHits): PolicyHits {
  const rules = new Map(before.rules.map(it => [it.rule, it]));
  for (const { rule, source, hits } of after.rules) {
    const known = rules.get(rule);
    if (known !== undefined) rules.set(rule, { rule, source: known.source, hits: add(known.hits, hits) });
    else if (hits.packets > 0) rules.set(rule, { rule, source, hits });
  }
  return {
    ...plain(before),
    hits: add(before.hits, after.hits),
    defaultDeny: add(before.defaultDeny, after.defaultDeny),
    rules: [...rules.values()],
  };
}

/** Its fields, some of which are found when they are asked for. */
const plain = ({ kind, policy, source, hits, defaultDeny, rules }: PolicyHits): PolicyHits => ({
  kind,
  policy,
  source,
  hits,
  defaultDeny,
  rules,
});

const add = (a: Hits, b: Hits): Hits => ({
  connections: a.connections + b.connections,
  packets: a.packets + b.packets,
});
