/**
 * Header traces of a rule set (cold): rules, how many, a seed -> headers that the rules are asked for.
 *
 * As ClassBench draws them: a rule by chance, a header inside it by chance, and each header again as often as a Pareto
 * distribution of shape `skew` says. Without skew a header is drawn once: a trace without locality, which no cache helps.
 */
import { hasPorts, ICMP, ICMPV6 } from '../rules/protocols.js';
import type { AddressSet, PortSet, Rule } from '../rules/ruleset.js';
import { createRandom, type Random } from './random.js';

export interface Header {
  /** One word for IPv4, four for IPv6, unsigned. */
  readonly source: readonly number[];
  readonly destination: readonly number[];
  /** 0 where the protocol has no ports. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly protocol: number;
}

export interface TraceOptions {
  readonly headers: number;
  readonly seed: number;
  /** 0 = no repetition; 1 = the common ones a hundred times and more. */
  readonly skew: number;
}

const MOST_REPEATED = 1000;
/** What stands for any protocol. */
const PROTOCOLS: readonly number[] = [6, 17, 47];

/** Headers of the rules; none where no rule has one. */
export function generateTrace(rules: readonly Rule[], { headers, seed, skew }: TraceOptions): Header[] {
  const random = createRandom(seed ^ 0x5bd1e995);
  const usable = rules.filter(rule => familiesOf(rule).length > 0);
  const trace: Header[] = [];
  while (trace.length < headers && usable.length > 0) {
    const header = inside(random.pick(usable), random);
    const times = skew === 0 ? 1 : Math.ceil(Math.min(MOST_REPEATED, (1 - random.unit()) ** -skew));
    for (let i = 0; i < times && trace.length < headers; i++) trace.push(header);
  }
  return trace;
}

function familiesOf({ subjects, peers }: Rule): (4 | 6)[] {
  const families: (4 | 6)[] = [];
  if (subjects.v4.length > 0 && peers.v4.length > 0) families.push(4);
  if (subjects.v6.length > 0 && peers.v6.length > 0) families.push(6);
  return families;
}

function inside(rule: Rule, random: Random): Header {
  const family = random.pick(familiesOf(rule));
  const wanted = rule.sourcePorts !== null || rule.destinationPorts !== null ? PROTOCOLS.slice(0, 2) : PROTOCOLS;
  const icmp = rule.icmp !== null ? (family === 4 ? ICMP : ICMPV6) : null;
  const protocol = rule.protocol ?? icmp ?? random.pick(wanted);
  const port = (set: PortSet | null): number => (hasPorts(protocol) ? numberIn(set ?? [0, 65535], random) : 0);
  return {
    source: addressIn(rule.subjects, family, random),
    destination: addressIn(rule.peers, family, random),
    sourcePort: port(rule.sourcePorts),
    destinationPort: port(rule.destinationPorts),
    protocol,
  };
}

function numberIn(ranges: readonly number[], random: Random): number {
  const at = 2 * random.below(ranges.length / 2);
  return ranges[at]! + random.below(ranges[at + 1]! - ranges[at]! + 1);
}

function addressIn({ v4, v6 }: AddressSet, family: 4 | 6, random: Random): number[] {
  if (family === 4) return [numberIn(v4, random)];
  const at = 2 * random.below(v6.length / 2);
  let offset = 0n;
  for (let word = 0; word < 4; word++) offset = (offset << 32n) | BigInt(random.below(2 ** 32));
  const address = v6[at]! + (offset % (v6[at + 1]! - v6[at]! + 1n));
  return [96n, 64n, 32n, 0n].map(shift => Number((address >> shift) & 0xffffffffn));
}
