/**
 * One rule of a Calico policy -> rules of the normal form (cold).
 *
 * In:  a rule, whom it is about.  Out: ContributedRules that together match what the rule does, each with its action; where
 * the facts are silent, `unsupported` at what it could match. Numbers are facts of docs/dialects/calico.md.
 */
import type { CalicoRule, Icmp } from '../../policy/calico/model.js';
import { isEmpty, NOWHERE } from '../addresses.js';
import type { ContributedRule } from '../contribution.js';
import { NO_PORTS, subtractPorts } from '../ports.js';
import { ICMP, ICMPV6 } from '../protocols.js';
import type { HeaderRanges, Origin, PortSet, Rule } from '../ruleset.js';
import { mayBeOfOtherFamily, type Piece, type Side, type Sides, type Subject } from './sides.js';

export interface RuleOwner {
  readonly kind: string;
  /** "shop/web". */
  readonly policy: string;
  /** '' where it is cluster-scoped. */
  readonly namespace: string;
}

/** What an action becomes; null: the rule is left out. */
export type ActionOf = (rule: CalicoRule) => Rule['action'] | null;

/** (C9): Log decides nothing, and the next rule is asked. */
export const actionOf: ActionOf = ({ action }) =>
  action === 'Log' ? null : action === 'Allow' ? 'allow' : action === 'Deny' ? 'deny' : 'pass';

const OCTET: PortSet = [0, 255];
const allBut = (value: number): PortSet => subtractPorts(OCTET, [value, value]);

export type RuleMatches = (
  direction: 'egress' | 'ingress',
  rule: CalicoRule,
  owner: RuleOwner,
  subject: Subject,
  action?: ActionOf,
) => ContributedRule[];

export function createRuleMatches(sides: Sides): RuleMatches {
  return (direction, rule, owner, subject, chosen = actionOf) => {
    const wanted = chosen(rule);
    if (wanted === null) return [];
    const { kind, policy, namespace } = owner;
    const origin: Origin = { kind, policy, rule: rule.name, position: rule.position };
    const source = sides.of(rule, 'source', namespace, direction === 'egress' ? subject : null);
    const destination = sides.of(rule, 'destination', namespace, direction === 'ingress' ? subject : null);
    const isSilent = rule.unsupported.length + source.unknown.length + destination.unknown.length > 0;
    const action = isSilent ? 'unsupported' : wanted;
    const headers = headersOf(rule);
    const rules: ContributedRule[] = [];
    const add = (from: Piece, to: Piece, as: Rule['action']): void => {
      const [subjects, peers] =
        direction === 'egress' ? [from.addresses, to.addresses] : [to.addresses, from.addresses];
      if (isEmpty(subjects) || isEmpty(peers)) return;
      const protocol = to.protocol ?? rule.protocol;
      // (C23): a service's protocol, beside the rule's own.
      if (rule.protocol !== null && protocol !== rule.protocol) return;
      const ports = { sourcePorts: from.ports, destinationPorts: to.ports };
      for (const { icmp, within } of headers) {
        rules.push({ subjects, peers, protocol, ...ports, icmp, ...(within && { within }), action: as, origin });
      }
    };
    if (mayBeOfOtherFamily(rule)) {
      const bare = (piece: Piece): Piece => ({ ...piece, addresses: { ...piece.addresses, v4: [], v6: [] } });
      for (const from of source.pieces) for (const to of destination.pieces) add(bare(from), bare(to), 'unsupported');
    }
    for (const from of source.pieces) for (const to of destination.pieces) add(from, to, action);
    for (const [from, to] of unsureOf(source, destination)) add(from, to, 'unsupported');
    if (rules.length > 0) return rules;
    // It matches nothing, and stays visible to `compile --emit rules`.
    const nothing = { subjects: subject.addresses, peers: NOWHERE, protocol: rule.protocol, sourcePorts: null };
    return [{ ...nothing, destinationPorts: rule.protocol === null ? null : NO_PORTS, icmp: null, action, origin }];
  };
}

/** Pairs of pieces in which a pod without an address stands on either side. */
function unsureOf(source: Side, destination: Side): [Piece, Piece][] {
  if (source.unsure === null && destination.unsure === null) return [];
  const only = ({ unsure }: Side): readonly Piece[] => (unsure === null ? [] : [unsure]);
  const all = (side: Side): readonly Piece[] => [...side.pieces, ...only(side)];
  return [
    ...only(source).flatMap(a => all(destination).map((b): [Piece, Piece] => [a, b])),
    ...only(destination).flatMap(b => source.pieces.map((a): [Piece, Piece] => [a, b])),
  ];
}

interface Headers {
  readonly icmp: Rule['icmp'];
  readonly within?: HeaderRanges;
}

/** (C25), (C28): protocols and ICMP types, everything but one included. Any of them may match. */
function headersOf({ notProtocol, icmp, notICMP, protocol }: CalicoRule): Headers[] {
  const protocols = notProtocol === null ? {} : { protocols: allBut(notProtocol) };
  const isIcmp = protocol === ICMP || protocol === ICMPV6;
  const withRanges = (ranges: HeaderRanges, type: Icmp | null = icmp): Headers => {
    const within = { ...protocols, ...ranges };
    return Object.keys(within).length === 0 ? { icmp: type } : { icmp: type, within };
  };
  if (notICMP === null || !isIcmp) return [withRanges({})];
  const otherTypes = { icmpTypes: allBut(notICMP.type) };
  if (notICMP.code === null) return [withRanges(otherTypes)];
  // Another type, or this one with another code.
  const sameType = { icmpTypes: [notICMP.type, notICMP.type], icmpCodes: allBut(notICMP.code) };
  return [withRanges(otherTypes), withRanges(sameType)];
}
