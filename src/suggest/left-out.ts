/**
 * What no policy is suggested for, and why (cold; once a connection).
 *
 * In:  connections that were not completed, or that no NetworkPolicy can allow.  Out: counts by reason, ends and protocol, those
 * with most connections first. Memory: a record a pair of entities, with some of its ports and addresses.
 */
import { protocolText, wordsText } from '../packet/text.js';
import { count, plural } from '../report/style.js';

export const REASONS = {
  unanswered: 'nobody answered',
  refused: 'refused by the other side',
  'one-way': 'seen in one direction only: --one-way includes them',
  protocol: 'NetworkPolicies know TCP, UDP and SCTP only',
  gone: 'an address in a pod range that no given pod has: dump the cluster while the capture runs',
  node: 'this network plugin has no ipBlock that matches nodes: use its own kind of policy',
  denied: 'an existing policy denies it, and no NetworkPolicy can allow it',
} as const;
export type LeftOutReason = keyof typeof REASONS;

export interface LeftOut {
  readonly reason: LeftOutReason;
  /** `shop/Deployment/web`; of several addresses outside one, and how many more. */
  readonly source: string;
  readonly destination: string;
  readonly protocol: string;
  /** Distinct ports that were tried, null where more were than are kept. */
  readonly ports: readonly number[] | null;
  readonly connections: number;
  readonly packets: number;
  /** For people. */
  readonly text: string;
}

/** An end: the name of an entity, or an address that nobody owns. */
export interface LeftOutEnd {
  readonly name: string | null;
  readonly address: string;
}

interface LeftOutRecord {
  readonly reason: LeftOutReason;
  readonly source: string | null;
  readonly destination: string | null;
  readonly protocol: number;
  readonly sources: Set<string>;
  readonly destinations: Set<string>;
  readonly ports: Set<number>;
  connections: number;
  packets: number;
}

/** Of ports and addresses of one record. */
const KEPT = 1024;
/** Distinct targets that nobody answered at, from which on a source is said to scan. */
const SCAN = 16;
const PORTS_SHOWN = 4;

export class LeftOutTally {
  private readonly records = new Map<string, LeftOutRecord>();

  add(
    reason: LeftOutReason,
    source: LeftOutEnd,
    destination: LeftOutEnd,
    protocol: number,
    port: number,
    connections: number,
    packets: number,
  ): void {
    const key = `${reason} ${protocol} ${source.name ?? ''} ${destination.name ?? ''}`;
    let record = this.records.get(key);
    if (record === undefined) {
      const sets = { sources: new Set<string>(), destinations: new Set<string>(), ports: new Set<number>() };
      const ends = { source: source.name, destination: destination.name };
      record = { reason, ...ends, protocol, ...sets, connections: 0, packets: 0 };
      this.records.set(key, record);
    }
    record.connections += connections;
    record.packets += packets;
    if (record.sources.size < KEPT) record.sources.add(source.address);
    if (record.destinations.size < KEPT) record.destinations.add(destination.address);
    if (record.ports.size < KEPT) record.ports.add(port);
  }

  /** Sources that tried many ports or hosts, and were answered at none of these. */
  scanners(): ReadonlyMap<string, number> {
    const targets = new Map<string, number>();
    for (const { reason, source, sources, destinations, ports } of this.records.values()) {
      if (reason !== 'unanswered' && reason !== 'refused') continue;
      const name = source ?? (sources.size === 1 ? [...sources][0]! : null);
      if (name !== null) targets.set(name, (targets.get(name) ?? 0) + Math.max(ports.size, destinations.size));
    }
    return new Map([...targets].filter(([, number]) => number >= SCAN));
  }

  list(): LeftOut[] {
    return [...this.records.values()]
      .map(described)
      .sort((a, b) => b.connections - a.connections || (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
  }
}

function described(record: LeftOutRecord): LeftOut {
  const { reason, connections, packets } = record;
  const source = endText(record.source, record.sources);
  const destination = endText(record.destination, record.destinations);
  const protocol = protocolText(record.protocol);
  const ports = record.ports.size >= KEPT ? null : [...record.ports].sort((a, b) => a - b);
  const on = reason === 'protocol' ? protocol : `${protocol} ${portsText(record.ports)}`;
  const text = `${source} → ${destination}  ${on}: ${plural(connections, 'connection')}, ${REASONS[reason]}`;
  return { reason, source, destination, protocol, ports, connections, packets, text };
}

function endText(name: string | null, addresses: ReadonlySet<string>): string {
  if (name !== null) return name;
  const [first, ...more] = addresses;
  return more.length === 0
    ? first!
    : `${first} and ${count(more.length)}${addresses.size >= KEPT ? ' or more' : ''} other addresses`;
}

function portsText(ports: ReadonlySet<number>): string {
  const shown = [...ports].sort((a, b) => a - b);
  if (shown.length <= PORTS_SHOWN) return shown.join(', ');
  return `${count(shown.length)}${ports.size >= KEPT ? ' or more' : ''} ports from ${shown[0]} to ${shown.at(-1)}`;
}

/** The address of a key's end. */
export const addressAt = (keys: Int32Array, at: number, family: number): string =>
  wordsText(family, [keys[at]!, keys[at + 1]!, keys[at + 2]!, keys[at + 3]!]);
