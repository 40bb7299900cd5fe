/**
 * Forward terms (cold): the tiers of plain rules as one ordered list, addresses still as sets.
 *
 * In:  tiers without `pass`.  Out: terms in the order in which they are tried, the tiers' ends among them, up to the
 * first that matches every packet: `last` stands for it. A term's place in the list is its order.
 */
import { everywhere, isEmpty, MAX_V4, MAX_V6, union } from '../rules/addresses.js';
import type { AddressSet, Tier } from '../rules/ruleset.js';
import type { Ranges } from './address-table.js';
import { OUTCOME_DEFAULT_DENY, OUTCOME_NOT_ISOLATED } from './classifier.js';
import { headerSets } from './terms.js';

export interface ForwardTerm {
  readonly order: number;
  readonly source: AddressSet;
  readonly destination: AddressSet;
  /** By dimension, as in terms.ts; the two addresses' are null. */
  readonly sets: readonly (Ranges | null)[];
}

export interface ForwardTerms {
  readonly terms: readonly ForwardTerm[];
  /** Order of what is decided where no term matches. */
  readonly last: number;
  /** Order -> outcome. */
  readonly outcomes: Int32Array;
}

const ANYWHERE = everywhere([]);
const ANY_HEADER: readonly null[] = [null, null, null, null, null];

export function forwardTerms(tiers: readonly Tier[]): ForwardTerms {
  const terms: ForwardTerm[] = [];
  const outcomes: number[] = [];
  /** Whether the term ends the list. */
  const add = (outcome: number, source: AddressSet, destination: AddressSet, header: readonly (Ranges | null)[]) => {
    const order = outcomes.length;
    outcomes.push(outcome);
    if (header.every(set => set === null) && isEverywhere(source) && isEverywhere(destination)) return true;
    if (!isEmpty(source) && !isEmpty(destination)) {
      terms.push({ order, source, destination, sets: [null, null, ...header] });
    }
    return false;
  };
  const done = (): ForwardTerms => ({ terms, last: outcomes.length - 1, outcomes: Int32Array.from(outcomes) });
  for (const [t, { rules, isolations }] of tiers.entries()) {
    for (const rule of rules) if (add(rule.index, rule.subjects, rule.peers, headerSets(rule))) return done();
    if (isolations.length === 0) continue;
    const isolated = union(isolations.map(({ subjects }) => subjects));
    if (add(OUTCOME_DEFAULT_DENY - t, isolated, ANYWHERE, ANY_HEADER)) return done();
  }
  add(OUTCOME_NOT_ISOLATED, ANYWHERE, ANYWHERE, ANY_HEADER);
  return done();
}

function isEverywhere({ v4, v6 }: AddressSet): boolean {
  return v4.length === 2 && v4[0] === 0 && v4[1] === MAX_V4 && v6.length === 2 && v6[0] === 0n && v6[1] === MAX_V6;
}
