/**
 * A policy, or a rule, without which every answer is the same: other policies isolate the same pods and allow the same.
 *
 * Exact: a rule is called redundant where every packet that it allows, other NetworkPolicies' rules of the direction allow
 * too; a policy, where all of its rules are, and others isolate all that it isolates. Whatever stands around NetworkPolicies
 * (tiers, other kinds) then sees the same. Judged from the last to the first, each without those that were called redundant
 * before: all of them can go at once. Of today's pods, that is: with other labels it may be otherwise.
 */
import type { NetworkPolicy } from '../../policy/policy.js';
import { isEmpty } from '../../rules/addresses.js';
import type { Isolation, Rule } from '../../rules/ruleset.js';
import type { Check, Found } from '../check.js';
import { type LintContext, policyName, type Side } from '../context.js';
import { byPolicy, policyKey } from '../origins.js';
import { Budget, BudgetSpent, boxOf, isVoid, uncovered } from '../region.js';

const ONE = 200_000;
const ALL = 200_000_000;

export const redundant: Check = {
  id: 'redundant',
  severity: 'note',
  title: 'a policy or rule without which every answer is the same',
  needsCluster: true,
  kinds: ['NetworkPolicy'],
  find(context, leaveOut) {
    const found: Found[] = [];
    const { ruleset } = context.compiled;
    const covers = createCovers(context);
    const owned = byPolicy(ruleset);
    const all = new Budget(ALL);
    let skipped = 0;
    for (const policy of context.policies.toReversed()) {
      const own = owned.get(policyKey({ kind: 'NetworkPolicy', policy: `${policy.namespace}/${policy.name}` }));
      // What selects nobody, or matches nobody, is another check's.
      if (own === undefined || !own.isolations.some(({ subjects }) => !isEmpty(subjects))) continue;
      try {
        const finding = covers.policy(policy, own.rules, own.isolations, all);
        if (finding !== null) found.push(finding);
        else found.push(...covers.rules(policy, own.rules, all, context));
      } catch (error) {
        if (!(error instanceof BudgetSpent)) throw error;
        skipped++;
      }
    }
    if (skipped > 0)
      leaveOut(`${skipped} of ${context.policies.length} policies overlap with too many others to be compared`);
    return found;
  },
};

function createCovers({ groups }: LintContext) {
  const gone = new Set<Rule | Isolation>();
  const isLeft = (it: Rule | Isolation, without: ReadonlySet<Rule | Isolation>): boolean =>
    !without.has(it) && !gone.has(it);

  /** Of every pod that the rule is about, the others allow all that it allows. */
  function isCoveredRule(rule: Rule, without: ReadonlySet<Rule | Isolation>, budget: Budget): boolean {
    const { peers, header } = boxOf(rule);
    return groups[rule.direction as Side].holding(rule.subjects).every(group => {
      const { rules } = group.tiers[rule.tier]!;
      budget.spend(rules.length);
      const others = rules.filter(it => it.rule.origin.kind === 'NetworkPolicy' && isPlainAllow(it.rule));
      const covers = others.filter(it => isLeft(it.rule, without)).map(({ box }) => box);
      return uncovered(group.box(peers, header), covers, budget) === null;
    });
  }

  function isCoveredIsolation(isolation: Isolation, without: ReadonlySet<Rule | Isolation>, budget: Budget): boolean {
    return groups[isolation.direction as Side].holding(isolation.subjects).every(group => {
      const { isolations } = group.tiers[isolation.tier]!;
      budget.spend(isolations.length);
      return isolations.some(it => isLeft(it, without));
    });
  }

  return {
    policy(policy: NetworkPolicy, rules: readonly Rule[], isolations: readonly Isolation[], all: Budget): Found | null {
      // What selects every pod is there for those to come.
      const isForAll =
        Object.keys(policy.podSelector.matchLabels).length + policy.podSelector.matchExpressions.length === 0;
      if (isForAll || !rules.every(isPlainAllow)) return null;
      const own = new Set<Rule | Isolation>([...rules, ...isolations]);
      const budget = limited(all);
      if (!isolations.every(it => isCoveredIsolation(it, own, budget))) return null;
      if (!rules.every(it => isCoveredRule(it, own, budget))) return null;
      for (const it of own) gone.add(it);
      const message =
        'is redundant: of the pods there are, other policies isolate all that it isolates, and allow all that it allows';
      const fix = 'remove it, unless it is there for pods that are yet to come';
      return { position: policy.position, about: policyName(policy), message, fix };
    },
    *rules(policy: NetworkPolicy, rules: readonly Rule[], all: Budget, context: LintContext): Generator<Found> {
      const left = { ingress: policy.ingress.length, egress: policy.egress.length };
      const byName = new Map<string, Rule[]>();
      for (const rule of rules) byName.set(rule.origin.rule, [...(byName.get(rule.origin.rule) ?? []), rule]);
      for (const [name, own] of [...byName].reverse()) {
        if (!own.every(isPlainAllow) || own.every(rule => isVoid(boxOf(rule)))) continue;
        const { direction } = own[0]! as { readonly direction: Side };
        if (left[direction] === 1 && isByRules(policy, direction, context)) continue;
        const without = new Set<Rule>(own);
        const budget = limited(all);
        if (!own.every(rule => isCoveredRule(rule, without, budget))) continue;
        for (const rule of own) gone.add(rule);
        left[direction]--;
        const message = `${name} is redundant: of the pods there are, other rules allow all that it allows`;
        const fix = 'remove it, unless it is there for pods that are yet to come';
        yield { position: own[0]!.origin.position, about: policyName(policy), message, fix };
      }
    },
  };
}

/** (1): without any rule of the direction the policy would not isolate it: no policyTypes say so. */
function isByRules(policy: NetworkPolicy, direction: Side, context: LintContext): boolean {
  const spec = context.document(policy)?.object['spec'] as { readonly policyTypes?: unknown } | undefined;
  const types: readonly unknown[] = Array.isArray(spec?.policyTypes) ? spec.policyTypes : [];
  return types.length === 0 ? direction === 'egress' : !types.includes(TYPES[direction]);
}

const TYPES = { ingress: 'Ingress', egress: 'Egress' } as const;

const isPlainAllow = ({ action, names, layer7 }: Rule): boolean =>
  action === 'allow' && names === undefined && layer7 === undefined;

const limited = (all: Budget): Budget => new Budget(ONE, all);
