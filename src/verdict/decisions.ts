/**
 * Decisions: what the classifier said about a connection, interned, so that a connection holds one int32.
 *
 * In:  outcomes of a direction (tree/classifier.ts) and the owners of both ends.  Out: a small whole number.
 * Called once a connection, never once a packet. Equal decisions share a number, so memory follows the number of
 * distinct (owners, outcomes), not the length of the capture.
 */

/** Ready backends that disagree, where the capture does not tell which was chosen. */
export interface BackendSplit {
  readonly allowed: readonly string[];
  readonly dropped: readonly string[];
}

export interface Decision {
  /** Outcomes as in tree/classifier.ts. */
  readonly egress: number;
  readonly ingress: number;
  readonly forward: number;
  /** Owner indices of the initiator and the responder (after service translation), -1 where unknown. */
  readonly source: number;
  readonly destination: number;
  /** The verdict code of a packet that is judged by it (ALLOWED_RULE, DROPPED_DEFAULT_DENY ...). */
  readonly code: number;
  /** Owner index of the service the initiator addressed, -1 where none. */
  readonly service: number;
  /** The destination port behind the translation; -1 where the packet's own is the one that was judged. */
  readonly port: number;
  readonly backends: BackendSplit | null;
}

export interface Decisions {
  /** Grows; entries never change. */
  readonly list: readonly Decision[];
  /** The decision's index in `list`. */
  intern(decision: Decision): number;
}

const mix = (hash: number, value: number): number => Math.imul(hash ^ value, 0x9e3779b1) ^ (hash >>> 15);

const hashOf = (d: Decision): number => {
  const ends = mix(mix(mix(mix(7, d.source), d.destination), d.service), d.port);
  const hash = mix(mix(mix(ends, d.egress), d.ingress), d.forward);
  return (hash ^ (hash >>> 13)) >>> 0;
};

const same = (a: Decision, b: Decision): boolean =>
  a.egress === b.egress &&
  a.ingress === b.ingress &&
  a.forward === b.forward &&
  a.source === b.source &&
  a.destination === b.destination &&
  a.service === b.service &&
  a.port === b.port &&
  a.code === b.code &&
  a.backends?.allowed.join() === b.backends?.allowed.join() &&
  a.backends?.dropped.join() === b.backends?.dropped.join();

/** Open addressing over indices into the list: no string is built to find a decision again. */
export function createDecisions(): Decisions {
  const list: Decision[] = [];
  let slots = new Int32Array(1024).fill(-1);

  const place = (index: number): void => {
    const mask = slots.length - 1;
    let at = hashOf(list[index]!) & mask;
    while (slots[at]! >= 0) at = (at + 1) & mask;
    slots[at] = index;
  };

  return {
    list,
    intern(decision) {
      const mask = slots.length - 1;
      for (let at = hashOf(decision) & mask; slots[at]! >= 0; at = (at + 1) & mask) {
        if (same(list[slots[at]!]!, decision)) return slots[at]!;
      }
      list.push({ ...decision });
      if (list.length * 2 > slots.length) {
        slots = new Int32Array(slots.length * 2).fill(-1);
        for (let i = 0; i < list.length; i++) place(i);
      } else {
        place(list.length - 1);
      }
      return list.length - 1;
    },
  };
}
