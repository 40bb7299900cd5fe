/**
 * Regions of packets: boxes of addresses and header values, and what is left of one when others are taken away (cold).
 *
 * In:  rules of the normal form.  Out: exact answers to "does anything remain". A box is a set of subjects, a set of peers, and
 * for each header field a set of values; -1 stands for what a packet does not have or what cannot be read, so a rule that
 * asks nothing of a field has more values there than one that lists all numbers, as the engines have it (16).
 *
 * How. A box minus a cover is, field by field, the part of it outside of the cover in that field. Going down the first
 * part that is left, cover by cover, ends either where no cover touches it (that part is the witness) or nowhere. Work is
 * counted in steps, and a Budget ends it: nothing is then said.
 */
import * as addresses from '../rules/addresses.js';
import { BIGINTS, intersect, NUMBERS, overlap, subtract } from '../rules/intervals.js';
import { ICMP, ICMPV6, PORT_PROTOCOLS } from '../rules/protocols.js';
import type { AddressSet, Rule } from '../rules/ruleset.js';

type Values = readonly number[];

/** Protocol, source ports, destination ports, ICMP type, ICMP code. */
export type Header = readonly [Values, Values, Values, Values, Values];

export interface Box {
  readonly subjects: AddressSet;
  readonly peers: AddressSet;
  readonly header: Header;
}

export class Budget {
  /** @param whole what is spent here is spent there, too */
  constructor(
    private left: number,
    private readonly whole: Budget | null = null,
  ) {}

  /** @throws BudgetSpent */
  spend(steps = 1): void {
    this.left -= steps;
    if (this.left < 0) throw new BudgetSpent();
    this.whole?.spend(steps);
  }
}

/** More work than was granted: whoever granted it says so. */
export class BudgetSpent extends Error {
  override readonly name = 'BudgetSpent';
}

const ANY_PROTOCOL: Values = [-1, 255];
const ANY_PORT: Values = [-1, 65535];
const ANY_CODE: Values = [-1, 255];
const WITH_PORTS: Values = [...PORT_PROTOCOLS].sort((a, b) => a - b).flatMap(it => [it, it]);
const WITH_TYPES: Values = [ICMP, ICMP, ICMPV6, ICMPV6];

export const ANY_HEADER: Header = [ANY_PROTOCOL, ANY_PORT, ANY_PORT, ANY_CODE, ANY_CODE];

export const boxOf = (rule: Rule): Box => ({ subjects: rule.subjects, peers: rule.peers, header: headerOf(rule) });

function headerOf({ protocol, sourcePorts, destinationPorts, icmp, within }: Rule): Header {
  let protocols: Values = protocol === null ? ANY_PROTOCOL : [protocol, protocol];
  let types = ANY_CODE;
  let codes = ANY_CODE;
  if (sourcePorts !== null || destinationPorts !== null) protocols = intersect(protocols, WITH_PORTS);
  if (icmp !== null) {
    types = [icmp.type, icmp.type];
    if (icmp.code !== null) codes = [icmp.code, icmp.code];
  }
  if (within?.protocols !== undefined) protocols = intersect(protocols, within.protocols);
  if (within?.icmpTypes !== undefined) types = intersect(types, within.icmpTypes);
  if (within?.icmpCodes !== undefined) codes = intersect(codes, within.icmpCodes);
  if (types !== ANY_CODE || codes !== ANY_CODE) protocols = intersect(protocols, WITH_TYPES);
  return [protocols, sourcePorts ?? ANY_PORT, destinationPorts ?? ANY_PORT, types, codes];
}

/** No packet is in it: a side, or a header field, is empty, or the sides have no family in common. */
export function isVoid({ subjects, peers, header }: Box): boolean {
  if (header.some(values => values.length === 0)) return true;
  if (addresses.isEmpty(subjects) || addresses.isEmpty(peers)) return true;
  return (
    subjects.unaddressed.length === 0 &&
    peers.unaddressed.length === 0 &&
    !(subjects.v4.length > 0 && peers.v4.length > 0) &&
    !(subjects.v6.length > 0 && peers.v6.length > 0)
  );
}

export function touches(a: Box, b: Box): boolean {
  return (
    a.header.every((values, i) => overlap(values, b.header[i]!)) &&
    haveCommon(a.subjects, b.subjects) &&
    haveCommon(a.peers, b.peers)
  );
}

export function haveCommon(a: AddressSet, b: AddressSet): boolean {
  if (a === b) return !addresses.isEmpty(a);
  if (overlap(a.v4, b.v4) || overlap(a.v6, b.v6)) return true;
  if (a.unaddressed.length === 0 || b.unaddressed.length === 0) return false;
  const inB = new Set(b.unaddressed);
  return a.unaddressed.some(owner => inB.has(owner));
}

/** What of `box` the other one holds. */
export const common = (box: Box, other: Box): Box => ({
  subjects: both(box.subjects, other.subjects),
  peers: both(box.peers, other.peers),
  header: box.header.map((values, i) => intersect(values, other.header[i]!)) as unknown as Header,
});

/** What of `box` the cover does not hold, in parts that have nothing in common. */
export function* without(box: Box, cover: Box): Generator<Box> {
  const subjects = less(box.subjects, cover.subjects);
  if (subjects !== null) yield { ...box, subjects };
  const inSubjects = both(box.subjects, cover.subjects);
  const peers = less(box.peers, cover.peers);
  if (peers !== null) yield { subjects: inSubjects, peers, header: box.header };
  const inPeers = both(box.peers, cover.peers);
  const header: Values[] = [...box.header];
  for (let field = 0; field < header.length; field++) {
    const left = subtract(header[field]!, cover.header[field]!, NUMBERS);
    if (left.length > 0) {
      const part = [...header];
      part[field] = left;
      yield { subjects: inSubjects, peers: inPeers, header: part as unknown as Header };
    }
    header[field] = intersect(header[field]!, cover.header[field]!);
  }
}

/** A part of the box that no cover holds; null where there is none. @throws BudgetSpent */
export function uncovered(box: Box, covers: readonly Box[], budget: Budget): Box | null {
  if (isVoid(box)) return null;
  budget.spend(covers.length + 1);
  const near = covers.filter(cover => touches(box, cover));
  const [first, ...rest] = near;
  if (first === undefined) return box;
  for (const part of without(box, first)) {
    const witness = uncovered(part, rest, budget);
    if (witness !== null) return witness;
  }
  return null;
}

/** Sets that are shared are compared once by being the same. */
const both = (a: AddressSet, b: AddressSet): AddressSet => (a === b ? a : addresses.intersect(a, b));

/** a without b, null where nothing is left. */
function less(a: AddressSet, b: AddressSet): AddressSet | null {
  if (a === b) return null;
  const v4 = subtract(a.v4, b.v4, NUMBERS);
  const v6 = subtract(a.v6, b.v6, BIGINTS);
  const inB = a.unaddressed.length === 0 ? null : new Set(b.unaddressed);
  const unaddressed = inB === null ? a.unaddressed : a.unaddressed.filter(owner => !inB.has(owner));
  return v4.length + v6.length + unaddressed.length === 0 ? null : { v4, v6, unaddressed };
}
