/**
 * A rule taken apart: each condition of it, and whether a header meets it (cold).
 *
 * In:  a rule and a header: the ends and fields of a connection's first packet.  Out: conditions by field; the rule matches
 * exactly where all of them hold, as matchesRule() of tree/linear.ts decides it (numbers are items of docs/semantics.md).
 */
import { containsUnaddressed, containsV4, containsV6, parseV4, parseV6 } from '../rules/addresses.js';
import { containsPort } from '../rules/ports.js';
import { hasPorts, ICMP, ICMPV6 } from '../rules/protocols.js';
import type { AddressSet, PortSet, Rule } from '../rules/ruleset.js';
import type { Question } from '../tree/classifier.js';

/** A connection's first packet; an end is an address, or a pod without one. */
export type Header = Question;

/** Where an end stands; both null: a pod without an address. */
export interface Point {
  readonly owner: number;
  readonly v4: number | null;
  readonly v6: bigint | null;
}

export function pointOf({ owner, address }: Header['source']): Point {
  const v4 = address === null ? null : parseV4(address);
  return { owner, v4, v6: address === null || v4 !== null ? null : parseV6(address) };
}

export const isInside = (set: AddressSet, { owner, v4, v6 }: Point): boolean =>
  v4 !== null ? containsV4(set, v4) : v6 !== null ? containsV6(set, v6) : containsUnaddressed(set, owner);

export type PortField = 'sourcePort' | 'destinationPort' | 'icmpType' | 'icmpCode';

export type Condition =
  | { readonly field: 'subject' | 'peer'; readonly set: AddressSet; readonly holds: boolean }
  /** Only what the protocol is decides it. */
  | { readonly field: 'protocol'; readonly holds: boolean }
  | { readonly field: PortField; readonly set: PortSet; readonly holds: boolean };

export function conditionsOf(rule: Rule, subject: Point, peer: Point, header: Header): Condition[] {
  const { protocol, icmp, within = {} } = rule;
  const conditions: Condition[] = [
    { field: 'subject', set: rule.subjects, holds: isInside(rule.subjects, subject) },
    { field: 'peer', set: rule.peers, holds: isInside(rule.peers, peer) },
  ];
  // (22): a rule for one protocol says nothing about another.
  const named = protocol === null || protocol === header.protocol;
  const ranged = within.protocols === undefined || containsPort(within.protocols, header.protocol);
  if (protocol !== null || within.protocols !== undefined)
    conditions.push({ field: 'protocol', holds: named && ranged });
  const isIcmp = header.protocol === ICMP || header.protocol === ICMPV6;
  // (16): a rule with ports never matches a packet without; the same holds for types of ICMP.
  const add = (field: PortField, set: PortSet | null | undefined, has: boolean): void => {
    if (set === null || set === undefined) return;
    conditions.push({ field: 'protocol', holds: has });
    if (has) conditions.push({ field, set, holds: containsPort(set, header[field]) });
  };
  add('sourcePort', rule.sourcePorts, hasPorts(header.protocol));
  add('destinationPort', rule.destinationPorts, hasPorts(header.protocol));
  add('icmpType', icmp === null ? null : [icmp.type, icmp.type], isIcmp);
  add('icmpCode', icmp === null || icmp.code === null ? null : [icmp.code, icmp.code], isIcmp);
  add('icmpType', within.icmpTypes, isIcmp);
  add('icmpCode', within.icmpCodes, isIcmp);
  return conditions;
}

export const matchesAll = (conditions: readonly Condition[]): boolean => conditions.every(({ holds }) => holds);
