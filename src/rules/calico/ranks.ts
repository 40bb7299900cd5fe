/**
 * Where Calico's tiers stand among the tiers of the normal form (cold).
 *
 * In:  Tier objects.  Out: a rank for each name. Tiers stand by order, then by name, one without an order last (C6); a rank
 * is the order itself, moved by the least that a number can where two tiers share one. What hosts are asked before all
 * tiers, and profiles after all (C35), have their own ranks beyond both ends. Numbers are facts of docs/dialects/calico.md.
 */
import type { Tier } from '../../policy/calico/model.js';
import { BUILT_IN_TIERS } from '../../policy/calico/sets.js';

export interface RankedTier {
  readonly name: string;
  readonly rank: number;
  /** (C8) At its end, for whoever one of its policies applies to. */
  readonly end: 'Deny' | 'Pass';
}

/** Beyond every order that anybody writes; each step below is far wider than what numbers of this size can tell apart. */
const FAR = 2 ** 1000;
const STEP = 2 ** 960;

/** Before all tiers, in the order of their numbers. */
export const RANK_BEFORE = (step: number): number => -FAR + step * STEP;
/** (C35): the profile at this place of an endpoint's list. */
export const RANK_OF_PROFILE = (place: number): number => 2 * FAR + place * STEP;
/** (C36): past all profiles. */
export const RANK_OF_END = 4 * FAR;

const named = (name: string, order: number, end: RankedTier['end']) => ({ name, order, end });

export function rankTiers(tiers: readonly Tier[]): ReadonlyMap<string, RankedTier> {
  const byName = new Map([
    ['default', named('default', BUILT_IN_TIERS['default']!, 'Deny')],
    ['kube-admin', named('kube-admin', BUILT_IN_TIERS['kube-admin']!, 'Pass')],
    ['kube-baseline', named('kube-baseline', BUILT_IN_TIERS['kube-baseline']!, 'Pass')],
  ]);
  for (const { name, order, defaultAction } of tiers) byName.set(name, named(name, order, defaultAction));
  const byOrder = new Map<number, { readonly name: string; readonly end: RankedTier['end'] }[]>();
  for (const tier of byName.values()) {
    const group = byOrder.get(tier.order);
    if (group === undefined) byOrder.set(tier.order, [tier]);
    else group.push(tier);
  }
  const ranked = new Map<string, RankedTier>();
  for (const [order, group] of byOrder) {
    group.sort((a, b) => (a.name < b.name ? -1 : 1));
    // The tiers that other kinds of policies stand in keep their very number.
    const fixed = Math.max(
      0,
      group.findIndex(({ name }) => Object.hasOwn(BUILT_IN_TIERS, name)),
    );
    group.forEach(({ name, end }, i) => {
      // The older names of the administrators' tiers are those tiers.
      const place = Object.hasOwn(BUILT_IN_TIERS, name) ? fixed : i;
      const rank = Number.isFinite(order) ? moved(order, place - fixed) : FAR + i * STEP;
      ranked.set(name, { name, rank, end });
    });
  }
  return ranked;
}

const bits = new DataView(new ArrayBuffer(8));

/** The number so many places after (before) another among those that can be told apart. */
export function moved(from: number, places: number): number {
  let value = from;
  for (let i = 0; i < Math.abs(places); i++) value = next(value, Math.sign(places));
  return value;
}

function next(value: number, way: number): number {
  if (value === 0) return way * Number.MIN_VALUE;
  bits.setFloat64(0, value);
  const outward = value > 0 === way > 0;
  bits.setBigInt64(0, bits.getBigInt64(0) + (outward ? 1n : -1n));
  return bits.getFloat64(0);
}
