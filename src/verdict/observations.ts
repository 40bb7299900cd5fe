/**
 * Observations: what the replay noticed that a reader must know to trust the verdicts.
 *
 * In:  the ends of connections, and encrypted packets.  Out: what noticed.ts makes sentences of.
 */
import type { Inventory } from '../cluster/inventory.js';
import { type Memory, OWN_MEMORY } from '../memory/memory.js';
import type { Observed } from './noticed.js';

export interface Observations {
  /** Whose connections must be told, by owner: 1, else 0. Nothing is noticed about the others. */
  readonly watched: Int32Array;
  /** @param time seconds since 1970 of the first packet of all */
  begin(time: number): void;
  /** @param source, destination owners, -1 for nobody @param time of the connection's first packet; it never steps back */
  connection(source: number, destination: number, time: number): void;
  /** Packets of encrypted tunnels, of so many bytes on the wire together. Default one. */
  dark(length: number, packets?: number): void;
  observed(): Observed;
}

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
    observed() {
      const names = [...younger].map(owner => {
        const pod = owners[owner]!;
        return pod.kind === 'pod' ? `${pod.namespace}/${pod.name}` : pod.name;
      });
      names.sort();
      return { fromNodes, darkPackets, darkBytes, younger: names };
    },
  };
}
