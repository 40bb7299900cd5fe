/**
 * Cells: all packets between two ends, cut where some rule begins or ends (cold).
 *
 * In:  the rules that stand between them.  Out: boxes of header values within which every rule says the same of every packet,
 * so that one packet stands for all. Together they are every protocol, port, ICMP type and code, and source port.
 */
import { hasPorts, ICMP, ICMPV6, PORT_PROTOCOLS, SCTP, TCP, UDP } from '../rules/protocols.js';
import type { PortSet, Rule } from '../rules/ruleset.js';
import type { Packet } from '../tree/linear.js';

/** 0: of pods without an address, which may get one of either. */
export type Family = 0 | 4 | 6;

/** Both ends included. */
export type Range = readonly [number, number];

export interface Cell {
  /** UNNAMED: every protocol that no rule names. */
  readonly protocol: number;
  /** null where the protocol has none. */
  readonly ports: Range | null;
  readonly sourcePorts: Range | null;
  readonly icmpTypes: Range | null;
  readonly icmpCodes: Range | null;
  /** One of its packets. */
  readonly packet: Packet;
}

/** Stands for every protocol that no rule names. */
export const UNNAMED = 256;

const PORTS = 65535;
const BYTES = 255;

export function cellsOf(rules: readonly Rule[], family: Family): Cell[] {
  return protocolsIn(rules, family).flatMap((protocol): Cell[] => {
    const its = rules.filter(rule => rule.protocol === null || rule.protocol === protocol);
    const packet = { protocol, sourcePort: -1, destinationPort: -1, icmpType: -1, icmpCode: -1 };
    const none = { protocol, ports: null, sourcePorts: null, icmpTypes: null, icmpCodes: null };
    if (hasPorts(protocol)) {
      const sources = segments(its, ({ sourcePorts }) => [sourcePorts], PORTS);
      return segments(its, ({ destinationPorts }) => [destinationPorts], PORTS).flatMap(ports =>
        sources.map(sourcePorts => ({
          ...{ ...none, ports, sourcePorts },
          packet: { ...packet, destinationPort: ports[0], sourcePort: sourcePorts[0] },
        })),
      );
    }
    if (protocol === ICMP || protocol === ICMPV6) {
      const codes = segments(its, ({ icmp, within }) => [point(icmp?.code), within?.icmpCodes], BYTES);
      return segments(its, ({ icmp, within }) => [point(icmp?.type), within?.icmpTypes], BYTES).flatMap(icmpTypes =>
        codes.map(icmpCodes => ({
          ...{ ...none, icmpTypes, icmpCodes },
          packet: { ...packet, icmpType: icmpTypes[0], icmpCode: icmpCodes[0] },
        })),
      );
    }
    return [{ ...none, packet: { ...packet, protocol: protocol === UNNAMED ? unnamedProtocol(rules) : protocol } }];
  });
}

/** ICMP is that of the family; a pod without an address may get one of either. */
function protocolsIn(rules: readonly Rule[], family: Family): number[] {
  const asksPorts = rules.some(
    ({ protocol, sourcePorts, destinationPorts }) => protocol === null && (sourcePorts ?? destinationPorts) !== null,
  );
  // A rule about ports of any protocol says of those without a name what it does not say of protocols without ports.
  const all = new Set([...protocolsOf(rules), ...(asksPorts ? PORT_PROTOCOLS : [])]);
  return [...all].flatMap(protocol => {
    if (protocol !== ICMP) return [protocol];
    return family === 4 ? [ICMP] : family === 6 ? [ICMPV6] : [ICMP, ICMPV6];
  });
}

const point = (value: number | null | undefined): PortSet | null =>
  value === null || value === undefined ? null : [value, value];

function segments(
  rules: readonly Rule[],
  setsOf: (rule: Rule) => readonly (PortSet | null | undefined)[],
  highest: number,
): Range[] {
  const starts = new Set([0]);
  for (const set of rules.flatMap(setsOf)) {
    set?.forEach((bound, i) => {
      const start = i % 2 === 0 ? bound : bound + 1;
      if (start <= highest) starts.add(start);
    });
  }
  const sorted = [...starts].sort((a, b) => a - b);
  return sorted.map((lo, i): Range => [lo, (sorted[i + 1] ?? highest + 1) - 1]);
}

const ALWAYS: readonly number[] = [TCP, UDP, SCTP, ICMP];

function protocolsOf(rules: readonly Rule[]): readonly number[] {
  const named = rules
    .flatMap(({ protocol, within }) => [
      ...(protocol === null ? [] : [protocol]),
      ...bordering(within?.protocols ?? []),
    ])
    .filter(protocol => protocol !== ICMPV6);
  return [...new Set([...ALWAYS, ...named, UNNAMED])];
}

/** The protocols next to ranges of them: of "everything but TCP" that is TCP. */
const bordering = (ranges: PortSet): number[] =>
  ranges.map((bound, i) => bound + (i % 2 === 0 ? -1 : 1)).filter(protocol => protocol >= 0 && protocol <= 255);

/** A number that no rule names: from 253 down (RFC 3692 keeps 253 and 254 for experiments). */
function unnamedProtocol(rules: readonly Rule[]): number {
  const named = new Set(rules.flatMap(({ protocol, within }) => [protocol, ...bordering(within?.protocols ?? [])]));
  let number = 253;
  while (named.has(number) || hasPorts(number) || number === ICMP || number === ICMPV6) number--;
  return number;
}
