/**
 * Services: which backends an address and port may be translated to (18).
 *
 * In:  the inventory.  Out: for a packet to a service address, or to a node port of a node, its ready backends, and
 * whether another packet goes where the translation may lead.
 * Called once a connection. Policy is applied behind the translation, so what is judged is the backend.
 */
import type { Backend, Inventory, Service, ServicePort } from '../cluster/inventory.js';
import { DPORT, DST, FAMILY, PROTOCOL } from '../packet/row.js';
import { addressWords } from '../packet/text.js';

export interface Destination {
  readonly service: Service;
  readonly backends: readonly Backend[];
  /** Of each backend: family, address in four words, port. */
  readonly ends: Int32Array;
  /** Ports that pods serve this service port on, as far as numbers are known. */
  readonly ports: ReadonlySet<number>;
}

/** Words a backend in Destination.ends. */
export const END_WORDS = 6;
export const END_ADDRESS = 1;
export const END_PORT = 5;

export interface Services {
  /** How many services there are; with none, nothing needs translation. */
  readonly count: number;
  /**
   * What the destination of the row stands for, or null where it is no service port: then the packet is judged as it is.
   * It may have no ready backends.
   * @param destination owner index of the destination address
   */
  resolve(rows: Int32Array, base: number, destination: number): Destination | null;
  /** The row goes to one of the ready backends. */
  isBackend(destination: Destination, rows: Int32Array, base: number): boolean;
  /**
   * The row goes to a pod beside the service, on a port that it serves: its backend when the packet was seen, perhaps, if
   * not when the cluster was dumped.
   * @param owner owner index of the row's destination
   */
  mayHaveBeenBackend(destination: Destination, rows: Int32Array, base: number, owner: number): boolean;
}

const PROTOCOL_NUMBER = { TCP: 6, UDP: 17, SCTP: 132 } as const;

export function createServices(inventory: Inventory): Services {
  const byServicePort = new Map<number, Map<number, Destination>>();
  const byNodePort = new Map<number, Destination>();
  for (const service of inventory.services) {
    const ports = new Map<number, Destination>();
    service.ports.forEach((port, i) => {
      const destination = destinationOf(service, port, service.backends[i] ?? []);
      ports.set(portKey(PROTOCOL_NUMBER[port.protocol], port.port), destination);
      if (port.nodePort > 0) byNodePort.set(portKey(PROTOCOL_NUMBER[port.protocol], port.nodePort), destination);
    });
    byServicePort.set(service.owner, ports);
    // An external or load balancer address may be a node's: there the service's ports count, and the node's own others.
    for (const address of service.addresses) {
      const holder = inventory.byAddress.get(address);
      if (holder?.kind !== 'node') continue;
      const onNode = byServicePort.get(holder.owner) ?? new Map<number, Destination>();
      for (const [key, destination] of ports) onNode.set(key, destination);
      byServicePort.set(holder.owner, onNode);
    }
  }
  return {
    count: inventory.services.length,
    resolve(rows, base, destination) {
      if (destination < 0) return null;
      const owner = inventory.owners[destination]!;
      if (owner.kind === 'pod') return null;
      const key = portKey(rows[base + PROTOCOL]!, rows[base + DPORT]!);
      const onAddress = byServicePort.get(destination)?.get(key);
      return onAddress ?? (owner.kind === 'node' ? byNodePort.get(key) : undefined) ?? null;
    },
    isBackend({ ends }, rows, base) {
      for (let at = 0; at < ends.length; at += END_WORDS) {
        if (ends[at + END_PORT] !== rows[base + DPORT] || ends[at] !== rows[base + FAMILY]) continue;
        let word = 0;
        while (word < 4 && ends[at + END_ADDRESS + word] === rows[base + DST + word]) word++;
        if (word === 4) return true;
      }
      return false;
    },
    mayHaveBeenBackend({ service, ports }, rows, base, owner) {
      if (owner < 0 || !ports.has(rows[base + DPORT]!)) return false;
      const pod = inventory.owners[owner]!;
      return pod.kind === 'pod' && pod.namespace === service.namespace;
    },
  };
}

function destinationOf(service: Service, { targetPort }: ServicePort, backends: readonly Backend[]): Destination {
  const ends = new Int32Array(backends.length * END_WORDS);
  const ports = new Set<number>(typeof targetPort === 'number' ? [targetPort] : []);
  backends.forEach(({ address, port }, i) => {
    const words = addressWords(address);
    if (words === null) return;
    ends[i * END_WORDS] = words.family;
    for (let word = 0; word < 4; word++) ends[i * END_WORDS + END_ADDRESS + word] = words.words[word]!;
    ends[i * END_WORDS + END_PORT] = port;
    ports.add(port);
  });
  return { service, backends, ends, ports };
}

const portKey = (protocol: number, port: number): number => protocol * 0x10000 + port;
