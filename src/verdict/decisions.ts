/**
 * Decisions: what the classifier said about a connection, interned, so that a connection holds one int32.
 *
 * In:  outcomes of a direction (tree/classifier.ts) and the owners of both ends.  Out: a small whole number.
 * Called once a connection, never once a packet. Equal decisions share a number. Where the ends of a connection are who
 * its packets say they are, the decision does not name them (AS_ADDRESSED; end-owners.ts tells them): so there are as
 * many decisions as there are distinct outcomes, however many pods talk.
 */

/** Decision.source, destination: nobody is known to own the address. */
export const NOBODY = -1;
/** The owner, who is known, of the address that stands in the packets. */
export const AS_ADDRESSED = -2;

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
  /** Initiator and responder: an owner's index (after service translation), NOBODY or AS_ADDRESSED. */
  readonly source: number;
  readonly destination: number;
  /** The verdict code of a packet that is judged by it (ALLOWED_RULE, DROPPED_DEFAULT_DENY ...). */
  readonly code: number;
  /** Owner index of the service the initiator addressed, -1 where none. */
  readonly service: number;
  /** The destination port behind the translation; -1 where the packet's own is the one that was judged. */
  readonly port: number;
  readonly backends: BackendSplit | null;
  /** The destination is the first of several ready backends that all let the connection pass: which it was nobody saw. */
  readonly isOneOfSeveral?: boolean;
}

export interface Decisions {
  /** Grows; entries never change. */
  readonly list: readonly Decision[];
  /** By which policies it was made, counted from 0: those before turn() was first called, those behind that, and so on. */
  generationOf(decision: number): number;
  /** Of the policies that decide now. */
  readonly generation: number;
  /** From now on other policies decide: decisions made before keep their indices, and are not found again. */
  turn(): void;
  /** The decision's index in `list`, made where it is new. */
  intern(
    egress: number,
    ingress: number,
    forward: number,
    source: number,
    destination: number,
    code: number,
    service: number,
    port: number,
    backends: BackendSplit | null,
    isOneOfSeveral?: boolean,
  ): number;
  /** The same decision, of its generation, about these owners, whatever packets say: a packet of the connection may show
   *  other ends. */
  withEnds(decision: number, source: number, destination: number): number;
}

/** Words a decision is found by; the last ones say whether its backends differ, or are several, and its generation. */
const KEY = 10;
const GENERATION = 9;
const FIRST_SLOTS = 1024;

const mix = (hash: number, value: number): number => Math.imul(hash ^ value, 0x9e3779b1) ^ (hash >>> 15);

const hashOf = (keys: Int32Array, at: number): number => {
  let hash = 7;
  for (let word = 0; word < KEY; word++) hash = mix(hash, keys[at + word]!);
  return (hash ^ (hash >>> 13)) >>> 0;
};

const sameSplit = (a: BackendSplit | null, b: BackendSplit | null): boolean =>
  a === b || (a?.allowed.join() === b?.allowed.join() && a?.dropped.join() === b?.dropped.join());

/** Open addressing over keys in one array: nothing is allocated to find a decision again. */
export function createDecisions(): Decisions {
  const list: Decision[] = [];
  const key = new Int32Array(KEY);
  let generation = 0;
  let keys = new Int32Array((FIRST_SLOTS / 2) * KEY);
  let slots = new Int32Array(FIRST_SLOTS).fill(-1);

  const holds = (index: number, backends: BackendSplit | null): boolean => {
    const at = index * KEY;
    for (let word = 0; word < KEY; word++) if (keys[at + word] !== key[word]) return false;
    return backends === null || sameSplit(list[index]!.backends, backends);
  };

  const place = (index: number): void => {
    const mask = slots.length - 1;
    let at = hashOf(keys, index * KEY) & mask;
    while (slots[at]! >= 0) at = (at + 1) & mask;
    slots[at] = index;
  };

  const grow = (): void => {
    const wider = new Int32Array(keys.length * 2);
    wider.set(keys);
    keys = wider;
    slots = new Int32Array(slots.length * 2).fill(-1);
    for (let i = 0; i < list.length; i++) place(i);
  };

  const decisions: Decisions = {
    list,
    get generation() {
      return generation;
    },
    generationOf: decision => keys[decision * KEY + GENERATION]!,
    turn() {
      generation++;
    },
    withEnds(decision, source, destination) {
      const { egress, ingress, forward, code, service, port, backends, isOneOfSeveral } = list[decision]!;
      const ends = [source, destination] as const;
      const now = generation;
      generation = decisions.generationOf(decision);
      const found = decisions.intern(egress, ingress, forward, ...ends, code, service, port, backends, isOneOfSeveral);
      generation = now;
      return found;
    },
    intern(egress, ingress, forward, source, destination, code, service, port, backends, isOneOfSeveral = false) {
      key[0] = egress;
      key[1] = ingress;
      key[2] = forward;
      key[3] = source;
      key[4] = destination;
      key[5] = code;
      key[6] = service;
      key[7] = port;
      key[8] = backends !== null ? 1 : isOneOfSeveral ? 2 : 0;
      key[GENERATION] = generation;
      const mask = slots.length - 1;
      for (let at = hashOf(key, 0) & mask; slots[at]! >= 0; at = (at + 1) & mask) {
        if (holds(slots[at]!, backends)) return slots[at]!;
      }
      if (list.length * 2 === slots.length) grow();
      const index = list.length;
      keys.set(key, index * KEY);
      const ends = { source, destination };
      list.push({ egress, ingress, forward, ...ends, code, service, port, backends, isOneOfSeveral });
      place(index);
      return index;
    },
  };
  return decisions;
}
