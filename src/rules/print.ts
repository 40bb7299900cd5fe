/**
 * Rules as text: `compile --emit rules` (cold).
 *
 * In:  a Ruleset.  Out: lines, a direction and tier at a time, in the order in which rules are tried; a rule reads from
 * source to destination whatever its direction. Long sets and long lists are cut, and what was cut is counted.
 */
import { Address6 } from 'ip-address';
import { formatV4 } from '../cluster/address.js';
import { formatPosition } from '../documents/document.js';
import { MAX_V4, MAX_V6 } from './addresses.js';
import { formatPorts } from './ports.js';
import { protocolName } from './protocols.js';
import { type AddressSet, DIRECTIONS, type Rule, type Ruleset, type Tier } from './ruleset.js';

export interface PrintLimits {
  /** Rules and isolations of a tier that are printed. */
  readonly mostRules?: number;
  /** Intervals of a set that are printed. */
  readonly mostIntervals?: number;
}

export function printRules(ruleset: Ruleset, limits: PrintLimits = {}): string {
  const { mostRules = 5000, mostIntervals = 8 } = limits;
  const lines: string[] = [];
  for (const direction of DIRECTIONS) {
    ruleset[direction].forEach((tier, t) => {
      lines.push(`${direction} tier ${t} ${JSON.stringify(tier.name)}: ${ending(tier)}`);
      for (const { subjects, origin } of tier.isolations.slice(0, mostRules)) {
        const { policy, position } = origin;
        lines.push(`  isolate  ${formatAddresses(subjects, mostIntervals)}  # ${policy} (${formatPosition(position)})`);
      }
      cutNote(tier.isolations.length, mostRules, 'isolations', lines);
      for (const rule of tier.rules.slice(0, mostRules)) lines.push(`  ${formatRule(rule, mostIntervals)}`);
      cutNote(tier.rules.length, mostRules, 'rules', lines);
    });
  }
  return lines.length === 0 ? 'no rules' : lines.join('\n');
}

function ending({ rules, isolations }: Tier): string {
  const end = isolations.length === 0 ? 'then the next tier' : 'then deny for who is isolated, else the next tier';
  return `${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}, ${end}`;
}

function cutNote(length: number, most: number, what: string, lines: string[]): void {
  if (length > most) lines.push(`  ... ${length - most} more ${what} not shown`);
}

export function formatRule(rule: Rule, mostIntervals: number): string {
  const subjects = formatAddresses(rule.subjects, mostIntervals);
  const peers = formatAddresses(rule.peers, mostIntervals);
  const [source, destination] = rule.direction === 'ingress' ? [peers, subjects] : [subjects, peers];
  const conditions: string[] = [];
  if (rule.protocol !== null) conditions.push(protocolName(rule.protocol));
  if (rule.sourcePorts !== null) conditions.push(`sport ${formatPorts(rule.sourcePorts)}`);
  if (rule.destinationPorts !== null) conditions.push(`dport ${formatPorts(rule.destinationPorts)}`);
  if (rule.icmp !== null) conditions.push(`type ${rule.icmp.type}`);
  if (rule.icmp !== null && rule.icmp.code !== null) conditions.push(`code ${rule.icmp.code}`);
  const { protocols, icmpTypes, icmpCodes } = rule.within ?? {};
  if (protocols !== undefined) conditions.push(`protocols ${formatPorts(protocols)}`);
  if (icmpTypes !== undefined) conditions.push(`types ${formatPorts(icmpTypes)}`);
  if (icmpCodes !== undefined) conditions.push(`codes ${formatPorts(icmpCodes)}`);
  const when = conditions.length === 0 ? 'any protocol' : conditions.join(' ');
  const { policy, rule: name, position } = rule.origin;
  return `${rule.index}  ${rule.action}  ${source} -> ${destination}  ${when}  # ${policy} ${name} (${formatPosition(position)})`;
}

/** `any`, `nobody`, or `{10.0.0.0/24, fd00::1, 10.0.1.3-10.0.1.9, 2 pods without an address, 4 more}`. */
export function formatAddresses({ v4, v6, unaddressed }: AddressSet, most: number): string {
  const whole4 = v4.length === 2 && v4[0] === 0 && v4[1] === MAX_V4;
  const whole6 = v6.length === 2 && v6[0] === 0n && v6[1] === MAX_V6;
  if (whole4 && whole6) return 'any';
  const parts: string[] = [];
  const total = (v4.length + v6.length) / 2;
  for (let i = 0; i < v4.length && parts.length < most; i += 2) {
    parts.push(formatInterval(BigInt(v4[i]!), BigInt(v4[i + 1]!), 32, x => formatV4(Number(x))));
  }
  for (let i = 0; i < v6.length && parts.length < most; i += 2) {
    parts.push(formatInterval(v6[i]!, v6[i + 1]!, 128, formatV6));
  }
  const hidden = total - parts.length;
  if (unaddressed.length > 0) {
    parts.push(`${unaddressed.length} ${unaddressed.length === 1 ? 'pod' : 'pods'} without an address`);
  }
  if (hidden > 0) parts.push(`${hidden} more`);
  return parts.length === 0 ? 'nobody' : parts.length === 1 ? parts[0]! : `{${parts.join(', ')}}`;
}

/** An address alone, a prefix where the interval is one, else `first-last`. */
export function formatInterval(lo: bigint, hi: bigint, width: number, format: (x: bigint) => string): string {
  if (lo === hi) return format(lo);
  const size = hi - lo + 1n;
  const isPrefix = (size & (size - 1n)) === 0n && (lo & (size - 1n)) === 0n;
  if (!isPrefix) return `${format(lo)}-${format(hi)}`;
  return `${format(lo)}/${width - (size.toString(2).length - 1)}`;
}

export { formatV4 };
export const formatV6 = (x: bigint): string => Address6.fromBigInt(x).correctForm();
