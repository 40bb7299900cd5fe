/**
 * What the tiers of one direction say to a whole region (cold): whether any packet of it may pass.
 *
 * In:  a direction's tiers, a box.  Out: true where some packet is allowed, or where that is not known (names, requests,
 * what is not modelled, policies that disagree); false only where every packet of the box is refused.
 */
import { isEmpty } from '../rules/addresses.js';
import type { AddressSet, Isolation, Rule, Tier } from '../rules/ruleset.js';
import { ANY_HEADER, type Box, type Budget, boxOf, common, haveCommon, isVoid, touches, without } from './region.js';

export interface Walk {
  /** @throws BudgetSpent */
  mayPass(box: Box, budget: Budget): boolean;
}

interface BoxedRule {
  readonly rule: Rule;
  readonly box: Box;
}

interface IndexedTier {
  readonly rules: SubjectIndex<BoxedRule>;
  readonly isolations: SubjectIndex<Isolation>;
}

export function createWalk(tiers: readonly Tier[]): Walk {
  const indexed = tiers.map(
    (tier): IndexedTier => ({
      rules: createSubjectIndex(
        tier.rules.map(rule => ({ rule, box: boxOf(rule) })),
        ({ box }) => box.subjects,
      ),
      isolations: createSubjectIndex(tier.isolations, ({ subjects }) => subjects),
    }),
  );

  function mayPass(box: Box, tier: number, budget: Budget): boolean {
    if (isVoid(box)) return false;
    const here = indexed[tier];
    if (here === undefined) return true;
    const rules = here.rules(box.subjects).filter(it => touches(box, it.box));
    budget.spend(rules.length + 1);
    return rest(box, tier, rules, 0, budget);
  }

  function rest(box: Box, tier: number, rules: readonly BoxedRule[], from: number, budget: Budget): boolean {
    budget.spend();
    if (isVoid(box)) return false;
    let next = from;
    while (next < rules.length && !touches(box, rules[next]!.box)) next++;
    budget.spend(next - from);
    const matching = rules[next];
    if (matching === undefined) return atEnd(box, tier, budget);
    const { rule, box: cover } = matching;
    const matched = common(box, cover);
    if (!isVoid(matched)) {
      if (rule.action !== 'deny' && rule.action !== 'pass') return true;
      if (rule.names !== undefined || rule.layer7 !== undefined) return true;
      if (rule.action === 'pass' && mayPass(matched, tier + 1, budget)) return true;
    }
    for (const part of without(box, cover)) if (rest(part, tier, rules, next + 1, budget)) return true;
    return false;
  }

  /** (11): whom some policy isolates gets nothing more. */
  function atEnd(box: Box, tier: number, budget: Budget): boolean {
    let left: Box[] = [box];
    for (const { subjects } of indexed[tier]!.isolations(box.subjects)) {
      budget.spend(left.length);
      const isolated: Box = { subjects, peers: box.peers, header: ANY_HEADER };
      left = left.flatMap(part => (haveCommon(part.subjects, subjects) ? [...without(part, isolated)] : [part]));
      if (left.length === 0) return false;
    }
    return left.some(part => mayPass(part, tier + 1, budget));
  }

  return { mayPass: (box, budget) => mayPass(box, 0, budget) };
}

type SubjectIndex<T> = (subjects: AddressSet) => readonly T[];

/** What is about any of the subjects, in order. Equal sets are asked about once. */
export function createSubjectIndex<T>(all: readonly T[], subjectsOf: (it: T) => AddressSet): SubjectIndex<T> {
  const bySet = new Map<AddressSet, number[]>();
  all.forEach((it, i) => {
    const set = subjectsOf(it);
    if (isEmpty(set)) return;
    const known = bySet.get(set);
    if (known === undefined) bySet.set(set, [i]);
    else known.push(i);
  });
  const known = new WeakMap<AddressSet, readonly T[]>();
  return subjects => {
    let found = known.get(subjects);
    if (found === undefined) {
      const indices: number[] = [];
      for (const [set, own] of bySet) if (haveCommon(set, subjects)) indices.push(...own);
      found = indices.sort((a, b) => a - b).map(i => all[i]!);
      known.set(subjects, found);
    }
    return found;
  };
}
