/**
 * A rule that can decide nothing: what stands before it decides all that it matches.
 *
 * Exact where it says so: every packet that the rule matches, rules before it in its tier match, or rules of tiers before
 * that end the matter there. Silent where something in between depends on names, requests, or what is not modelled, and
 * where a pass leads around a tier. NetworkPolicies among themselves have no order: of those, `redundant` tells.
 */
import { objectName } from '../../policy/dialects.js';
import { isEmpty, subtract } from '../../rules/addresses.js';
import type { AddressSet, Rule } from '../../rules/ruleset.js';
import type { Check, Found } from '../check.js';
import type { LintContext } from '../context.js';
import type { Group } from '../groups.js';
import { byPolicy, type Own, policyKey } from '../origins.js';
import { ANY_HEADER, type Box, Budget, BudgetSpent, boxOf, isVoid, touches, uncovered } from '../region.js';

const ONE = 200_000;
const ALL = 100_000_000;

export const shadowed: Check = {
  id: 'shadowed',
  severity: 'warning',
  title: 'a rule that can decide nothing, as rules before it decide all that it matches',
  needsCluster: true,
  kinds: ['NetworkPolicy', 'admin', 'antrea', 'calico', 'cilium'],
  find(context, leaveOut) {
    const {
      policies,
      others,
      hasWarnings,
      compiled: { ruleset },
    } = context;
    const found: Found[] = [];
    // One tier of NetworkPolicies alone: nothing has an order.
    if (others.length === 0) return found;
    const owned = byPolicy(ruleset);
    const all = new Budget(ALL);
    const named = [
      ...policies.map(({ namespace, name, position }) => ({
        kind: 'NetworkPolicy',
        name: `${namespace}/${name}`,
        position,
      })),
      ...others.map(({ object }) => ({ kind: object.kind, name: objectName(object), position: object.position })),
    ];
    let skipped = 0;
    for (const { kind, name, position } of named) {
      if (kind !== 'NetworkPolicy' && hasWarnings(position)) continue;
      const byName = new Map<string, Rule[]>();
      const { rules: ownRules, isolations } = owned.get(policyKey({ kind, policy: name })) ?? NOTHING;
      for (const rule of ownRules) {
        byName.set(rule.origin.rule, [...(byName.get(rule.origin.rule) ?? []), rule]);
      }
      for (const [rule, entries] of byName) {
        try {
          const by = shadowOf(entries, context, new Budget(ONE, all));
          if (by === null) continue;
          const message = `${rule} can decide nothing: all that it matches is decided before it, by ${[...by].slice(0, 3).join(', ')}`;
          // Without it the policy may isolate nobody any more, and what was refused would pass.
          const isIsolating = isolations.some(it => it.direction === entries[0]!.direction);
          const remove = isIsolating ? 'remove it if its policy isolates the same pods without it' : 'remove it';
          const fix = `${remove}, or move it before what decides: by order, priority or tier`;
          found.push({ position: entries[0]!.origin.position, about: `${kind} ${name}`, message, fix });
        } catch (error) {
          if (!(error instanceof BudgetSpent)) throw error;
          skipped++;
        }
      }
    }
    if (skipped > 0) leaveOut(`${skipped} rules overlap with too many others to be compared`);
    return found;
  },
};

const NOTHING: Own = { rules: [], isolations: [] };

/** Whose rules decide all that these match; null where something is left, or it cannot be told. */
function shadowOf(
  entries: readonly Rule[],
  { groups, sets, selection }: LintContext,
  budget: Budget,
): ReadonlySet<string> | null {
  const by = new Set<string>();
  let isAny = false;
  for (const rule of entries) {
    if (!isPlain(rule) || rule.direction === 'forward') return null;
    const { peers, header, ...box } = boxOf(rule);
    if (isVoid({ peers, header, ...box })) continue;
    // Nodes are in no group.
    if (!isEmpty(subtract(rule.subjects, sets.of(selection.all)))) return null;
    isAny = true;
    for (const group of groups[rule.direction].holding(rule.subjects)) {
      const own = group.box(peers, header);
      const covers = coversOf(rule, group, own, sets.everyone, budget);
      if (
        uncovered(
          own,
          covers.map(cover => cover.box),
          budget,
        ) !== null
      )
        return null;
      for (const { name } of covers) by.add(name);
    }
  }
  return isAny ? by : null;
}

interface Cover {
  readonly box: Box;
  readonly name: string;
}

/** What surely ends the matter before the rule is asked. */
function coversOf(rule: Rule, group: Group, box: Box, everyone: AddressSet, budget: Budget): Cover[] {
  const covers: Cover[] = [];
  for (let t = 0; t <= rule.tier; t++) {
    const isOwn = t === rule.tier;
    const { rules, isolations } = group.tiers[t]!;
    budget.spend(rules.length);
    const near = rules.filter(
      it => (!isOwn || it.rule.index < rule.index) && !isSame(it.rule, rule) && touches(box, it.box),
    );
    // What passes in a tier before, or may, gets round all that stands behind it there.
    const pass = isOwn ? -1 : near.findIndex(({ rule: { action } }) => action !== 'allow' && action !== 'deny');
    for (const { rule: other, box: its } of pass < 0 ? near : near.slice(0, pass)) {
      if (isPlain(other)) covers.push({ box: its, name: `${other.origin.policy} ${other.origin.rule}` });
    }
    const [isolation] = isolations;
    if (isOwn || pass >= 0 || isolation === undefined) continue;
    covers.push({ box: group.box(everyone, ANY_HEADER), name: isolation.origin.policy });
  }
  return covers;
}

/** Entries of one rule do not shadow it, nor do NetworkPolicies one another. */
const isSame = (a: Rule, b: Rule): boolean =>
  a.origin.kind === b.origin.kind &&
  (a.origin.kind === 'NetworkPolicy' || (a.origin.policy === b.origin.policy && a.origin.rule === b.origin.rule));

const isPlain = ({ action, names, layer7 }: Rule): boolean =>
  (action === 'allow' || action === 'deny' || action === 'pass') && names === undefined && layer7 === undefined;
