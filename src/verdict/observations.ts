/**
 * Observations: what the replay noticed that a reader must know to trust the verdicts.
 *
 * In:  the ends of connections, and encrypted packets.  Out: warnings, each a sentence with a number and the next step.
 */
import type { Inventory } from '../cluster/inventory.js';
import { type Memory, OWN_MEMORY } from '../memory/memory.js';

export interface Observations {
  /** Whose connections must be told, by owner: 1, else 0. Nothing is noticed about the others. */
  readonly watched: Int32Array;
  /** @param time seconds since 1970 of the first packet of all */
  begin(time: number): void;
  /** @param source, destination owners, -1 for nobody @param time of the connection's first packet; it never steps back */
  connection(source: number, destination: number, time: number): void;
  /** Packets of encrypted tunnels, of so many bytes on the wire together. Default one. */
  dark(length: number, packets?: number): void;
  warnings(totalBytes: number): string[];
}

/** Names shown in one warning. */
const NAMED = 3;

const count = (value: number, one: string, many: string): string => `${value} ${value === 1 ? one : many}`;

export function createObservations(inventory: Inventory, memory: Memory = OWN_MEMORY): Observations {
  const { owners } = inventory;
  const watched = memory.int32(owners.length);
  let fromNodes = 0;
  let darkPackets = 0;
  let darkBytes = 0;
  const younger = new Set<number>();

  const checkAge = (owner: number, time: number): void => {
    if (owner < 0) return;
    const it = owners[owner]!;
    if (it.kind !== 'pod') return;
    if (it.started > time) younger.add(owner);
    watched[owner] = 0;
  };

  return {
    watched,
    begin(time) {
      owners.forEach((owner, i) => {
        watched[i] = owner.kind === 'node' || (owner.kind === 'pod' && owner.started > time) ? 1 : 0;
      });
    },
    connection(source, destination, time) {
      if ((source < 0 || watched[source] === 0) && (destination < 0 || watched[destination] === 0)) return;
      if (source >= 0 && owners[source]!.kind === 'node' && source !== destination) fromNodes++;
      checkAge(source, time);
      checkAge(destination, time);
    },
    dark(length, packets = 1) {
      darkPackets += packets;
      darkBytes += length;
    },
    warnings(totalBytes) {
      const warnings: string[] = [];
      if (fromNodes > 0) {
        warnings.push(
          `${count(fromNodes, 'connection comes', 'connections come')} from node addresses: a node's own, or someone else's ` +
            'behind masquerade. ' +
            "To tell them apart, capture on the pods' interfaces or on the node's `any`.",
        );
      }
      if (darkPackets > 0) {
        const share = totalBytes > 0 ? Math.round((darkBytes / totalBytes) * 100) : 0;
        warnings.push(
          `${count(darkPackets, 'packet', 'packets')} (${share}% of the bytes) of encrypted tunnels between nodes, judged as such. ` +
            "To see what is inside, capture on the pods' interfaces.",
        );
      }
      if (younger.size > 0) {
        const named = [...younger].slice(0, NAMED).map(owner => {
          const pod = owners[owner]!;
          return pod.kind === 'pod' ? `${pod.namespace}/${pod.name}` : pod.name;
        });
        const rest = younger.size > NAMED ? ` and ${younger.size - NAMED} more` : '';
        warnings.push(
          `${count(younger.size, 'pod', 'pods')} started later than the capture saw its address (${named.join(', ')}${rest}): ` +
            'at that time it may have been another pod’s. Take the cluster dump when the capture is taken.',
        );
      }
      return warnings;
    },
  };
}
