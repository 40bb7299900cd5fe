/**
 * Why each rule of the policies that were asked did, or did not, decide (cold).
 *
 * In:  a direction, a header, and what the linear engine says of it.  Out: the rules about the subject in the order in which
 * they are tried, each with why it does not match. What one rule of a policy became in the normal form (a rule a protocol and
 * set of ports) is one again here.
 */

import type { Owner } from '../cluster/inventory.js';
import type { Compiled } from '../compile.js';
import { formatPosition } from '../documents/document.js';
import { protocolText } from '../packet/text.js';
import { union } from '../rules/addresses.js';
import { formatPorts } from '../rules/ports.js';
import { formatAddresses } from '../rules/print.js';
import { hasPorts, ICMP, ICMPV6, protocolName } from '../rules/protocols.js';
import type { Direction, Rule, Tier } from '../rules/ruleset.js';
import { OUTCOME_DEFAULT_DENY, OUTCOME_NOT_ISOLATED } from '../tree/classifier.js';
import { type Condition, conditionsOf, type Header, isInside, matchesAll, type Point, pointOf } from './conditions.js';
import { peerReasons } from './selectors.js';

export interface RuleExplanation {
  readonly tier: string;
  readonly policy: string;
  readonly rule: string;
  readonly source: string;
  readonly action: Rule['action'];
  /** `decides`; `passes`: matches, and leaves it to the next tier; `no-match`; `not-reached`: an earlier one had decided. */
  readonly result: 'decides' | 'passes' | 'no-match' | 'not-reached';
  /** Of `no-match`: what about the header it does not want. */
  readonly reasons: readonly string[];
}

export interface RulesExplanation {
  readonly rules: readonly RuleExplanation[];
  /** Beyond those that are told. */
  readonly others: number;
}

const MOST_RULES = 100;
/** Intervals of a peer's addresses that are named. */
const INTERVALS = 3;

type Explained = Pick<Compiled, 'ruleset' | 'inventory' | 'policies'>;

export function explainRules(
  compiled: Explained,
  direction: Direction,
  header: Header,
  outcome: number,
): RulesExplanation {
  const isIngress = direction === 'ingress';
  const subject = pointOf(isIngress ? header.destination : header.source);
  const peer = pointOf(isIngress ? header.source : header.destination);
  const groups =
    outcome >= 0 || outcome === OUTCOME_NOT_ISOLATED || outcome <= OUTCOME_DEFAULT_DENY
      ? compiled.ruleset[direction]
          .slice(0, lastTier(compiled, outcome) + 1)
          .flatMap(tier => groupsOf(tier, direction === 'forward' ? null : subject))
      : [];
  const rules: RuleExplanation[] = [];
  let decidedIn: Tier | null = null;
  for (const { tier, variants } of groups.slice(0, MOST_RULES)) {
    const { origin, action } = variants[0]!;
    const { policy, rule, position } = origin;
    const common = { tier: tier.name, policy, rule, source: formatPosition(position), action };
    if (decidedIn === tier) {
      rules.push({ ...common, result: 'not-reached', reasons: [] });
      continue;
    }
    const tried = variants.map(variant => conditionsOf(variant, subject, peer, header));
    const matching = variants.find((_, i) => matchesAll(tried[i]!));
    if (matching !== undefined) {
      decidedIn = tier;
      rules.push({
        ...common,
        action: matching.action,
        result: matching.action === 'pass' ? 'passes' : 'decides',
        reasons: [],
      });
    } else {
      const end = isIngress ? header.source : header.destination;
      rules.push({
        ...common,
        result: 'no-match',
        reasons: reasonsOf(compiled, direction, variants, tried, header, end),
      });
    }
  }
  return { rules, others: Math.max(0, groups.length - MOST_RULES) };
}

/** Behind the tier that decided nothing was asked. */
function lastTier({ ruleset }: Explained, outcome: number): number {
  if (outcome >= 0) return ruleset.rules[outcome]!.tier;
  return outcome <= OUTCOME_DEFAULT_DENY ? OUTCOME_DEFAULT_DENY - outcome : Number.MAX_SAFE_INTEGER;
}

interface Group {
  readonly tier: Tier;
  readonly variants: Rule[];
}

/** The rules that are about the subject, or all; neighbours that one rule of a policy became are one group. */
function groupsOf(tier: Tier, subject: Point | null): Group[] {
  const groups: Group[] = [];
  for (const rule of tier.rules) {
    if (subject !== null && !isInside(rule.subjects, subject)) continue;
    const before = groups.at(-1)?.variants[0]?.origin;
    const isSame = before?.policy === rule.origin.policy && before.rule === rule.origin.rule;
    if (isSame) groups.at(-1)!.variants.push(rule);
    else groups.push({ tier, variants: [rule] });
  }
  return groups;
}

function reasonsOf(
  compiled: Explained,
  direction: Direction,
  variants: readonly Rule[],
  tried: readonly (readonly Condition[])[],
  header: Header,
  end: Header['source'],
): string[] {
  const fails = (conditions: readonly Condition[], part: 'subject' | 'peer' | 'service'): boolean =>
    conditions.some(
      ({ field, holds }) => !holds && (field === 'subject' || field === 'peer' ? field : 'service') === part,
    );
  const reasons: string[] = [];
  // Only plain rules are tried for sources that they are not about.
  if (tried.every(conditions => fails(conditions, 'subject'))) {
    const sources = formatAddresses(union(variants.map(({ subjects }) => subjects)), INTERVALS);
    reasons.push(`its sources are ${sources}, and this is ${header.source.address}`);
  }
  if (tried.every(conditions => fails(conditions, 'peer'))) {
    reasons.push(...peersOf(compiled, direction, variants, end));
  }
  // Of the variants that want this peer, none wants what it carries.
  const wanting = variants.filter((_, i) => reasons.length > 0 || !fails(tried[i]!, 'peer'));
  const places = wanting.map(variant => tried[variants.indexOf(variant)]!);
  if (places.length > 0 && places.every(conditions => fails(conditions, 'service'))) {
    reasons.push(
      `it is about ${[...new Set(wanting.map(serviceOf))].join(', ')}, and this is ${headerService(header)}`,
    );
  }
  return reasons;
}

/** In the policy's own terms where it is a NetworkPolicy, else as the addresses that its peers have. */
function peersOf(
  { policies, inventory }: Explained,
  direction: Direction,
  variants: readonly Rule[],
  end: Header['source'],
): string[] {
  const { origin } = variants[0]!;
  const said = /^(ingress|egress)\[(\d+)\]$/.exec(origin.rule);
  if (origin.kind === 'NetworkPolicy' && said?.[1] === direction) {
    const policy = policies.find(({ namespace, name }) => `${namespace}/${name}` === origin.policy);
    const rule = policy?.[direction as 'ingress' | 'egress'][Number(said[2])];
    if (policy !== undefined && rule?.peers) {
      return peerReasons(
        policy,
        rule.peers,
        ownerOf(inventory.owners, inventory.byAddress, end),
        end.address,
        inventory,
      );
    }
  }
  const what = direction === 'ingress' ? 'sources' : 'destinations';
  return [
    `its ${what} are ${formatAddresses(union(variants.map(({ peers }) => peers)), INTERVALS)}, and this is ${end.address ?? 'a pod without an address'}`,
  ];
}

const ownerOf = (
  owners: readonly Owner[],
  byAddress: ReadonlyMap<string, Owner>,
  { owner, address }: Header['source'],
): Owner | undefined => (owner >= 0 ? owners[owner] : address === null ? undefined : byAddress.get(address));

/** `TCP 80,443`, `any protocol`. */
function serviceOf({ protocol, sourcePorts, destinationPorts, icmp, within }: Rule): string {
  const parts = [
    protocol === null
      ? within?.protocols === undefined
        ? ''
        : `protocols ${formatPorts(within.protocols)}`
      : protocolName(protocol),
    destinationPorts === null ? '' : formatPorts(destinationPorts),
    sourcePorts === null ? '' : `from port ${formatPorts(sourcePorts)}`,
    icmp === null ? '' : `type ${icmp.type}${icmp.code === null ? '' : ` code ${icmp.code}`}`,
    within?.icmpTypes === undefined ? '' : `types ${formatPorts(within.icmpTypes)}`,
    within?.icmpCodes === undefined ? '' : `codes ${formatPorts(within.icmpCodes)}`,
  ].filter(part => part !== '');
  return parts.length === 0 ? 'any protocol' : parts.join(' ');
}

export function headerService({ protocol, destinationPort, icmpType, icmpCode }: Header): string {
  const name = protocol < 0 ? 'a protocol that cannot be read' : protocolText(protocol);
  if (hasPorts(protocol)) return destinationPort < 0 ? `${name} without a port` : `${name} ${destinationPort}`;
  if (protocol !== ICMP && protocol !== ICMPV6) return name;
  return icmpType < 0 ? name : `${name} type ${icmpType}${icmpCode < 0 ? '' : ` code ${icmpCode}`}`;
}
