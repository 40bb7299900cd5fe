/**
 * What the tiers of one direction say to a whole region of a group's packets (cold): whether any of it may pass.
 *
 * In:  a group (groups.ts), a box without subjects.  Out: true where some packet is allowed, or where that is not known (names,
 * requests, what is not modelled, policies that disagree); false only where every packet of the box is refused.
 */
import type { BoxedRule, Group } from './groups.js';
import { type Box, type Budget, common, isVoid, touches, without } from './region.js';

/** @throws BudgetSpent */
export const mayPass = (group: Group, box: Box, budget: Budget): boolean => inTier(group, box, 0, budget);

function inTier(group: Group, box: Box, tier: number, budget: Budget): boolean {
  if (isVoid(box)) return false;
  const here = group.tiers[tier];
  // Past the last tier: allowed.
  if (here === undefined) return true;
  return afterRule(group, box, tier, here.rules, 0, budget);
}

function afterRule(
  group: Group,
  box: Box,
  tier: number,
  rules: readonly BoxedRule[],
  from: number,
  budget: Budget,
): boolean {
  if (isVoid(box)) return false;
  let next = from;
  while (next < rules.length && !touches(box, rules[next]!.box)) next++;
  budget.spend(next - from + 1);
  const matching = rules[next];
  if (matching === undefined) {
    // (11): whom some policy isolates gets nothing more.
    return group.tiers[tier]!.isolations.length === 0 && inTier(group, box, tier + 1, budget);
  }
  const { rule, box: cover } = matching;
  const matched = common(box, cover);
  if (!isVoid(matched)) {
    const { action, names, layer7 } = rule;
    if ((action !== 'deny' && action !== 'pass') || names !== undefined || layer7 !== undefined) return true;
    if (action === 'pass' && inTier(group, matched, tier + 1, budget)) return true;
  }
  for (const part of without(box, cover)) {
    if (afterRule(group, part, tier, rules, next + 1, budget)) return true;
  }
  return false;
}
