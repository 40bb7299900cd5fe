/**
 * Terms (cold): the rules of one direction over small whole numbers instead of addresses, ready to be cut into trees.
 *
 * In:  tiers and the address table.  Out: terms in the order in which they are tried: the rules of each tier, and behind
 * them the tier's end, a deny for the classes that are isolated in it. A term is a conjunction: for each of DIMENSIONS a
 * set of ranges, null = any. Packets are points: [subject class, peer class, protocol, source port, destination port,
 * ICMP type, ICMP code].
 */
import { intersectPorts } from '../rules/ports.js';
import { ICMP, ICMPV6, PORT_PROTOCOLS } from '../rules/protocols.js';
import type { AddressSet, Direction, Ruleset, Tier } from '../rules/ruleset.js';
import type { AddressTable, Ranges, SideSets } from './address-table.js';
import { OUTCOME_DEFAULT_DENY, OUTCOME_NOT_ISOLATED } from './classifier.js';
import type { Header, HeaderOfRule } from './header-shapes.js';
import * as column from './lookup.js';

export const SUBJECT_DIM = 0;
export const PEER_DIM = 1;
export const PROTOCOL_DIM = 2;
export const SOURCE_PORT_DIM = 3;
export const DESTINATION_PORT_DIM = 4;
export const ICMP_TYPE_DIM = 5;
export const ICMP_CODE_DIM = 6;
export const DIMENSIONS = 7;

/** Where packets can stand: -1 is a protocol that could not be read, and no rule names it. */
export const HEADER_LOW: readonly number[] = [0, 0, -1, 0, 0, 0, 0];
export const HEADER_HIGH: readonly number[] = [0, 0, 255, 65535, 65535, 255, 255];

export interface Term {
  /** Place in the order. */
  readonly order: number;
  readonly tier: number;
  /** Leave the tier without a decision. */
  readonly pass: boolean;
  readonly outcome: number;
  readonly sets: readonly (Ranges | null)[];
}

/** A term whose header is known: its sets are not put together, as pair tables do not ask for them (termOf()). */
export interface PairedTerm extends Omit<Term, 'sets'> {
  readonly header: Header;
  /** null = any. */
  readonly subject: Ranges | null;
  readonly peer: Ranges | null;
}

export function termOf({ order, tier, pass, outcome, header, subject, peer }: PairedTerm): Term {
  const [, , protocol, sourcePort, destinationPort, type, code] = header.sets;
  return { order, tier, pass, outcome, sets: [subject, peer, protocol!, sourcePort!, destinationPort!, type!, code!] };
}

export interface Columns {
  readonly subject: number;
  readonly peer: number;
}

export const COLUMNS: Readonly<Record<Direction, Columns>> = {
  egress: { subject: column.EGRESS_SUBJECT, peer: column.EGRESS_PEER },
  ingress: { subject: column.INGRESS_SUBJECT, peer: column.INGRESS_PEER },
  forward: { subject: column.FORWARD_SUBJECT, peer: column.FORWARD_PEER },
};

/** The address sets of both sides of each direction, in the order in which buildTerms() asks for their classes. */
export function collectSides(ruleset: Ruleset, directions: readonly Direction[]): Map<number, SideSets> {
  const sides = new Map<number, SideSets>();
  for (const direction of directions) {
    const subjects: AddressSet[] = [];
    const peers: AddressSet[] = [];
    for (const { rules, isolations } of ruleset[direction]) {
      for (const rule of rules) {
        subjects.push(rule.subjects);
        peers.push(rule.peers);
      }
      for (const isolation of isolations) subjects.push(isolation.subjects);
    }
    const { subject, peer } = COLUMNS[direction];
    sides.set(subject, subjects);
    sides.set(peer, peers);
  }
  return sides;
}

/** Ends with the term that matches everything: past the last tier a packet is allowed. */
export function buildTerms(
  tiers: readonly Tier[],
  columns: Columns,
  table: AddressTable,
  headerOf: (rule: HeaderOfRule) => Header,
): PairedTerm[] {
  const terms: PairedTerm[] = [];
  const subjects = table.rangesOf(columns.subject);
  const peers = table.rangesOf(columns.peer);
  let nextSubject = 0;
  let nextPeer = 0;
  const add = (
    tier: number,
    outcome: number,
    pass: boolean,
    header: Header,
    subject: Ranges | null,
    peer: Ranges | null,
  ) => {
    terms.push({ order: terms.length, tier, pass, outcome, header, subject, peer });
  };
  const anyHeader = headerOf({ protocol: null, sourcePorts: null, destinationPorts: null, icmp: null });
  tiers.forEach((tier, t) => {
    for (const rule of tier.rules) {
      add(t, rule.index, rule.action === 'pass', headerOf(rule), subjects[nextSubject++]!, peers[nextPeer++]!);
    }
    if (tier.isolations.length === 0) return;
    const last = nextSubject + tier.isolations.length;
    const isolated = unionOf(subjects.slice(nextSubject, last), table.classes(columns.subject));
    nextSubject = last;
    add(t, OUTCOME_DEFAULT_DENY - t, false, anyHeader, isolated, null);
  });
  add(tiers.length, OUTCOME_NOT_ISOLATED, false, anyHeader, null, null);
  return terms;
}

/** Ranges of class numbers, of which there are `count`. */
function unionOf(sets: readonly Ranges[], count: number): Ranges {
  const inside = new Uint8Array(count);
  for (const set of sets) for (let i = 0; i < set.length; i += 2) inside.fill(1, set[i]!, set[i + 1]! + 1);
  const out: number[] = [];
  for (let cls = 0; cls < count; cls++) {
    if (inside[cls] === 0) continue;
    if (out.length > 0 && out[out.length - 1] === cls - 1) out[out.length - 1] = cls;
    else out.push(cls, cls);
  }
  return out;
}

/** From PROTOCOL_DIM on. */
export function headerSets({ protocol, sourcePorts, destinationPorts, icmp, within }: HeaderOfRule): (Ranges | null)[] {
  const single: Ranges | null = protocol === null ? null : [protocol, protocol];
  const { protocols: some = null, icmpTypes = null, icmpCodes = null } = within ?? {};
  let protocols = both(single, some);
  // (16): a rule with ports never matches a protocol without; the same holds for types of ICMP.
  if (sourcePorts !== null || destinationPorts !== null) protocols = restrict(protocols, PORT_PROTOCOLS);
  if (icmp !== null || icmpTypes !== null || icmpCodes !== null) protocols = restrict(protocols, [ICMP, ICMPV6]);
  const type = icmp === null ? null : [icmp.type, icmp.type];
  const code = icmp === null || icmp.code === null ? null : [icmp.code, icmp.code];
  return [protocols, sourcePorts, destinationPorts, both(type, icmpTypes), both(code, icmpCodes)];
}

/** What is in both; null is everything. */
function both(a: Ranges | null, b: Ranges | null): Ranges | null {
  return a === null ? b : b === null ? a : intersectPorts(a, b);
}

function restrict(protocols: Ranges | null, to: readonly number[]): Ranges {
  const kept = protocols === null ? to : to.filter(p => contains(protocols, p));
  return mergeRanges(kept.map(p => [p, p]));
}

function contains(ranges: Ranges, x: number): boolean {
  for (let i = 0; i < ranges.length; i += 2) if (ranges[i]! <= x && x <= ranges[i + 1]!) return true;
  return false;
}

function mergeRanges(sets: readonly Ranges[]): Ranges {
  const pairs: [number, number][] = [];
  for (const set of sets) for (let i = 0; i < set.length; i += 2) pairs.push([set[i]!, set[i + 1]!]);
  pairs.sort((a, b) => a[0] - b[0]);
  const out: number[] = [];
  for (const [lo, hi] of pairs) {
    const last = out.length - 1;
    if (last > 0 && lo <= out[last]! + 1) out[last] = Math.max(out[last]!, hi);
    else out.push(lo, hi);
  }
  return out;
}
