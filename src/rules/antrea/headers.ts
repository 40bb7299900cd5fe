/**
 * `ports` and `protocols` of an Antrea rule -> headers of the normal form (cold).
 *
 * In:  the headers as the policy has them.  Out: single headers, which are alternatives, and the names of ports, which mean
 * what the destination pods say. Numbers (AN..) are facts of docs/dialects/antrea.md.
 */
import type { AntreaHeader } from '../../policy/antrea/model.js';
import { type PortProtocol, PROTOCOL_OF } from '../named-ports.js';
import { ICMP, ICMPV6 } from '../protocols.js';
import type { PortSet, Rule } from '../ruleset.js';

export type Header = Pick<Rule, 'protocol' | 'sourcePorts' | 'destinationPorts' | 'icmp' | 'within'>;

export interface PortName {
  readonly protocol: PortProtocol;
  readonly name: string;
  readonly sourcePorts: PortSet | null;
}

export const ANY: Header = { protocol: null, sourcePorts: null, destinationPorts: null, icmp: null };

/** Ports and names as single headers, where only the protocol is sure. */
export function anyOf(headers: readonly Header[], names: readonly PortName[]): Header[] {
  const ofNames = names.map(({ protocol, sourcePorts }) => ({ ...ANY, protocol: PROTOCOL_OF[protocol], sourcePorts }));
  return [...headers, ...ofNames];
}

/** (AN10), (AN11), (AN12): alternatives; numbers of a protocol without source ports are one set. */
export function headersOf(
  given: readonly AntreaHeader[] | null,
  shared: (flat: readonly number[]) => PortSet,
): { readonly headers: readonly Header[]; readonly names: readonly PortName[]; readonly hasIgmp: boolean } {
  if (given === null) return { headers: [ANY], names: [], hasIgmp: false };
  const headers: Header[] = [];
  const names: PortName[] = [];
  const flat = new Map<number, number[] | null>();
  for (const header of given) {
    if (header.kind === 'igmp') continue;
    if (header.kind === 'icmp') {
      // In either family, by the same numbers.
      for (const protocol of [ICMP, ICMPV6]) headers.push({ ...ANY, protocol, ...icmpOf(header) });
      continue;
    }
    const { destination, source } = header;
    const sourcePorts = source === null ? null : shared(source);
    if (typeof destination === 'string') {
      names.push({ protocol: header.protocol, name: destination, sourcePorts });
      continue;
    }
    const protocol = PROTOCOL_OF[header.protocol];
    if (sourcePorts !== null) {
      const destinationPorts = destination === null ? null : shared(destination);
      headers.push({ ...ANY, protocol, sourcePorts, destinationPorts });
      continue;
    }
    const known = flat.get(protocol);
    if (destination === null || known === null) flat.set(protocol, null);
    else flat.set(protocol, [...(known ?? []), ...destination]);
  }
  for (const [protocol, ports] of flat) {
    headers.push({ ...ANY, protocol, destinationPorts: ports === null ? null : shared(ports) });
  }
  return { headers, names, hasIgmp: given.some(({ kind }) => kind === 'igmp') };
}

function icmpOf({ type, code }: Extract<AntreaHeader, { kind: 'icmp' }>): Partial<Header> {
  if (type !== null) return { icmp: { type, code } };
  return code === null ? {} : { within: { icmpCodes: [code, code] } };
}
