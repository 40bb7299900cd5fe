/**
 * A rule that can decide nothing: what stands before it decides all that it matches.
 *
 * Exact where it says so: every packet that the rule matches, rules before it in its tier match, or rules of tiers before
 * that end the matter there. Silent where something in between depends on names, requests, or what is not modelled, and
 * where a pass leads around a tier. NetworkPolicies among themselves have no order: of those, `redundant` tells.
 */
import { objectName } from '../../policy/dialects.js';
import type { AddressSet, Rule, Tier } from '../../rules/ruleset.js';
import type { Check, Found } from '../check.js';
import { byPolicy, policyKey } from '../others.js';
import { ANY_HEADER, type Box, Budget, BudgetSpent, boxOf, isVoid, touches, uncovered } from '../region.js';
import { createSubjectIndex } from '../walk.js';

const ONE = 200_000;
const ALL = 100_000_000;

export const shadowed: Check = {
  id: 'shadowed',
  severity: 'warning',
  title: 'a rule that can decide nothing, as rules before it decide all that it matches',
  needsCluster: true,
  kinds: ['NetworkPolicy', 'admin', 'antrea', 'calico', 'cilium'],
  find({ compiled: { ruleset }, policies, others, sets, hasWarnings }, leaveOut) {
    const found: Found[] = [];
    // One tier of NetworkPolicies alone: nothing has an order.
    if (others.length === 0) return found;
    const before = {
      egress: createBefore(ruleset.egress, sets.everyone),
      ingress: createBefore(ruleset.ingress, sets.everyone),
    };
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
      for (const rule of owned.get(policyKey({ kind, policy: name }))?.rules ?? []) {
        byName.set(rule.origin.rule, [...(byName.get(rule.origin.rule) ?? []), rule]);
      }
      for (const [rule, entries] of byName) {
        try {
          const by = shadowOf(entries, before, new Budget(ONE, all));
          if (by === null) continue;
          const message = `${rule} can decide nothing: all that it matches is decided before it, by ${[...by].slice(0, 3).join(', ')}`;
          const fix = 'remove it, or move it before what decides: by order, priority or tier';
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

/** Whose rules decide all that these match; null where something is left, or it cannot be told. */
function shadowOf(
  entries: readonly Rule[],
  before: Readonly<Record<'egress' | 'ingress', BeforeOf>>,
  budget: Budget,
): ReadonlySet<string> | null {
  const by = new Set<string>();
  let isAny = false;
  for (const rule of entries) {
    if (!isPlain(rule) || rule.direction === 'forward') return null;
    const box = boxOf(rule);
    if (isVoid(box)) continue;
    isAny = true;
    const covers = before[rule.direction](rule, box, budget);
    if (
      uncovered(
        box,
        covers.map(cover => cover.box),
        budget,
      ) !== null
    )
      return null;
    for (const { name } of covers) by.add(name);
  }
  return isAny ? by : null;
}

interface Cover {
  readonly box: Box;
  readonly name: string;
}

type BeforeOf = (rule: Rule, box: Box, budget: Budget) => Cover[];

function createBefore(tiers: readonly Tier[], everyone: AddressSet): BeforeOf {
  const indexed = tiers.map(tier => ({
    rules: createSubjectIndex(
      tier.rules.map(rule => ({ rule, box: boxOf(rule) })),
      ({ box }) => box.subjects,
    ),
    isolations: createSubjectIndex(tier.isolations, ({ subjects }) => subjects),
  }));
  return (rule, box, budget) => {
    const covers: Cover[] = [];
    for (let t = 0; t <= rule.tier; t++) {
      const near = indexed[t]!.rules(box.subjects);
      budget.spend(near.length);
      const relevant = near.filter(
        it => (t < rule.tier || it.rule.index < rule.index) && !isSame(it.rule, rule) && touches(box, it.box),
      );
      const passes = relevant.some(it => it.rule.action === 'pass');
      for (const { rule: other, box: its } of relevant) {
        // What passes in a tier before may get round all that stands behind it there.
        if (t < rule.tier && passes && other.action !== 'pass') {
          const firstPass = relevant.find(it => it.rule.action === 'pass')!.rule.index;
          if (other.index > firstPass) continue;
        }
        if (!isPlain(other) || (t < rule.tier && other.action === 'pass')) continue;
        covers.push({ box: its, name: `${other.origin.policy} ${other.origin.rule}` });
      }
      if (t === rule.tier || passes) continue;
      for (const { subjects, origin } of indexed[t]!.isolations(box.subjects)) {
        covers.push({ box: { subjects, peers: everyone, header: ANY_HEADER }, name: origin.policy });
      }
    }
    return covers;
  };
}

/** Entries of one rule do not shadow it, nor do NetworkPolicies one another. */
const isSame = (a: Rule, b: Rule): boolean =>
  a.origin.kind === b.origin.kind &&
  (a.origin.kind === 'NetworkPolicy' || (a.origin.policy === b.origin.policy && a.origin.rule === b.origin.rule));

const isPlain = ({ action, names, layer7 }: Rule): boolean =>
  (action === 'allow' || action === 'deny' || action === 'pass') && names === undefined && layer7 === undefined;
