/**
 * Who began a connection whose beginning the capture does not hold (what-if mode).
 *
 * In:  the first packet seen of a connection, as a row.  Out: whether its source began it, and whether that is inferred.
 * Called once a connection. In the order of what is known best: SYN and SYN-ACK (RFC 9293), a request or its reply
 * (ICMP, SCTP INIT), the ports that the cluster's containers and services listen on, the service port convention.
 */
import type { Inventory } from '../cluster/inventory.js';
import { type Memory, OWN_MEMORY } from '../memory/memory.js';
import { DPORT, DST, FAMILY, ICMP_TYPE, PROTOCOL, SPORT, SRC, STRIDE, TCP_FLAGS } from '../packet/row.js';
import type { OwnerLookup } from '../tree/classifier.js';
import { BEFORE_CAPTURE_NS, EPHEMERAL, PORT_WORDS, PRIVILEGED } from './beginnings.js';

/** The source began it, and this is its first packet. */
export const BEGINS = 0;
/** It began before the capture (or out of its sight); the source, or the destination, is inferred to be the initiator. */
export const MIDSTREAM_SOURCE = 1;
export const MIDSTREAM_DESTINATION = 2;

const TCP = 6;
const UDP = 17;
const SCTP = 132;
const ICMP = 1;
const ICMP6 = 58;
const SYN = 2;
const ACK = 16;
const PROTOCOL_NUMBER = { TCP, UDP, SCTP } as const;

/** Whether an ICMP type answers a query (RFC 792, 950; ICMPv6 RFC 4443). */
export const isIcmpReply = (family: number, type: number): boolean =>
  family === 6 ? type === 129 : type === 0 || type === 14 || type === 16 || type === 18;

/** The query that a reply type answers. */
export const icmpRequestOf = (family: number, type: number): number => (family === 6 ? 128 : type === 0 ? 8 : type - 1);

export interface InitiatorInference {
  /** One bit a UDP port: somebody listens there. */
  readonly listened: Int32Array;
  /**
   * @param now nanoseconds since the capture's first packet
   * @param untracked connection tracking would not begin a connection with this packet
   */
  infer(rows: Int32Array, base: number, now: number, untracked: boolean): number;
}

export function createInitiatorInference(
  inventory: Inventory,
  owners: OwnerLookup,
  memory: Memory = OWN_MEMORY,
): InitiatorInference {
  const listening = listeningPorts(inventory);
  const nodePorts = nodePortsOf(inventory);
  const listened = memory.int32(PORT_WORDS);
  for (const ports of [listening, nodePorts]) {
    for (const key of ports) {
      const port = key % 0x10000;
      if (Math.floor(key / 0x10000) % 0x100 === UDP) listened[port >>> 5]! |= 1 << (port & 31);
    }
  }
  const listens = (owner: number, protocol: number, port: number): boolean =>
    owner >= 0 &&
    (listening.has(owner * 0x1000000 + protocol * 0x10000 + port) ||
      (nodePorts.has(protocol * 0x10000 + port) && inventory.owners[owner]!.kind === 'node'));

  /** Positive: the destination is the server; negative: the source is; 0: the ports do not tell. */
  function byPorts(rows: Int32Array, base: number, protocol: number): number {
    const sport = rows[base + SPORT]!;
    const dport = rows[base + DPORT]!;
    const sourceListens = listens(owners.ownerOf(rows, base, SRC), protocol, sport);
    const destinationListens = listens(owners.ownerOf(rows, base, DST), protocol, dport);
    if (sourceListens !== destinationListens) return destinationListens ? 1 : -1;
    if (sport < PRIVILEGED !== dport < PRIVILEGED) return dport < PRIVILEGED ? 1 : -1;
    if (sport >= EPHEMERAL !== dport >= EPHEMERAL) return sport >= EPHEMERAL ? 1 : -1;
    return 0;
  }

  return {
    listened,
    infer(rows, base, now, untracked) {
      const protocol = rows[base + PROTOCOL]!;
      if (protocol === TCP) {
        const flags = rows[base + TCP_FLAGS]!;
        if ((flags & (SYN | ACK)) === SYN) return BEGINS;
        if ((flags & SYN) !== 0) return MIDSTREAM_DESTINATION;
        const told = byPorts(rows, base, protocol);
        if (told !== 0) return told > 0 ? MIDSTREAM_SOURCE : MIDSTREAM_DESTINATION;
        return rows[base + DPORT]! <= rows[base + SPORT]! ? MIDSTREAM_SOURCE : MIDSTREAM_DESTINATION;
      }
      if (protocol === SCTP && untracked) {
        return byPorts(rows, base, protocol) < 0 ? MIDSTREAM_DESTINATION : MIDSTREAM_SOURCE;
      }
      if (protocol === UDP && now <= BEFORE_CAPTURE_NS) {
        return byPorts(rows, base, protocol) < 0 ? MIDSTREAM_DESTINATION : BEGINS;
      }
      if (protocol === ICMP || protocol === ICMP6) {
        return isIcmpReply(rows[base + FAMILY]!, rows[base + ICMP_TYPE]!) ? MIDSTREAM_DESTINATION : BEGINS;
      }
      return BEGINS;
    },
  };
}

/** owner, protocol, port -> one number a listening port. Containers' ports, and services' on their own addresses. */
function listeningPorts(inventory: Inventory): ReadonlySet<number> {
  const ports = new Set<number>();
  const add = (owner: number, protocol: keyof typeof PROTOCOL_NUMBER, port: number): void => {
    ports.add(owner * 0x1000000 + PROTOCOL_NUMBER[protocol] * 0x10000 + port);
  };
  for (const pod of inventory.pods) {
    for (const { protocol, port } of pod.ports) add(pod.owner, protocol, port);
  }
  for (const service of inventory.services) {
    service.ports.forEach(({ protocol, port }, i) => {
      add(service.owner, protocol, port);
      for (const backend of service.backends[i] ?? []) {
        if (backend.pod >= 0) add(backend.pod, protocol, backend.port);
      }
    });
  }
  return ports;
}

/** Services' ports on every node: protocol, port -> one number. */
function nodePortsOf(inventory: Inventory): ReadonlySet<number> {
  const ports = new Set<number>();
  for (const service of inventory.services) {
    for (const { protocol, nodePort } of service.ports) {
      if (nodePort > 0) ports.add(PROTOCOL_NUMBER[protocol] * 0x10000 + nodePort);
    }
  }
  return ports;
}

/** Copies a row with its two ends exchanged, and an ICMP reply turned into its request, into `out[0, STRIDE)`. */
export function reverseRow(rows: Int32Array, base: number, out: Int32Array): void {
  for (let word = 0; word < STRIDE; word++) out[word] = rows[base + word]!;
  for (let word = 0; word < 4; word++) {
    out[SRC + word] = rows[base + DST + word]!;
    out[DST + word] = rows[base + SRC + word]!;
  }
  out[SPORT] = rows[base + DPORT]!;
  out[DPORT] = rows[base + SPORT]!;
  const protocol = rows[base + PROTOCOL]!;
  if (protocol === ICMP || protocol === ICMP6) {
    const family = rows[base + FAMILY]!;
    const type = rows[base + ICMP_TYPE]!;
    if (isIcmpReply(family, type)) out[ICMP_TYPE] = icmpRequestOf(family, type);
  }
}
