/**
 * Services: which backends an address and port may be translated to (18).
 *
 * In:  the inventory.  Out: for a packet to a service address, or to a node port of a node, its ready backends.
 * Called once a connection. Policy is applied behind the translation, so what is judged is the backend.
 */
import type { Backend, Inventory, Service } from '../cluster/inventory.js';
import { DPORT, PROTOCOL } from '../packet/row.js';

export interface Destination {
  readonly service: Service;
  readonly backends: readonly Backend[];
}

export interface Services {
  /** How many services there are; with none, nothing needs translation. */
  readonly count: number;
  /**
   * What the destination of the row stands for, or null where it is no service port: then the packet is judged as it is.
   * @param destination owner index of the destination address
   */
  resolve(rows: Int32Array, base: number, destination: number): Destination | null;
}

const PROTOCOL_NUMBER = { TCP: 6, UDP: 17, SCTP: 132 } as const;

export function createServices(inventory: Inventory): Services {
  const byServicePort = new Map<number, Map<number, Destination>>();
  const byNodePort = new Map<number, Destination>();
  for (const service of inventory.services) {
    const ports = new Map<number, Destination>();
    service.ports.forEach((port, i) => {
      const destination = { service, backends: service.backends[i] ?? [] };
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
      const found =
        byServicePort.get(destination)?.get(key) ?? (owner.kind === 'node' ? byNodePort.get(key) : undefined);
      return found !== undefined && found.backends.length > 0 ? found : null;
    },
  };
}

const portKey = (protocol: number, port: number): number => protocol * 0x10000 + port;
