/**
 * What a connection is judged as: its real ends, behind whatever translation stands between the packet and the policy.
 *
 * In:  the first packet of a connection (initiator to responder) and the packets that follow it in the capture.
 * Out: a decision. Called once a connection (cold beside the per-packet loop, but without strings).
 *
 * Policy is applied behind the service translation. So a packet to a service is judged with its real ends: the source that
 * sent it, and the backend that its translated copy goes to, where the capture holds that copy (a masquerade on the way
 * changes nothing). Where it does not, every ready backend is asked; backends that disagree leave the packet
 * `undecided: ambiguous-policy` (18).
 */
import type { Inventory } from '../cluster/inventory.js';
import { DPORT, DST, FAMILY, SRC, STRIDE } from '../packet/row.js';
import { type Classifier, EGRESS, FORWARD, INGRESS, OUTCOMES } from '../tree/classifier.js';
import { AS_ADDRESSED, type BackendSplit, type Decisions, NOBODY } from './decisions.js';
import { combine } from './outcome.js';
import { type Destination, END_ADDRESS, END_PORT, END_WORDS } from './services.js';
import { DROPPED_DEFAULT_DENY, UNDECIDED_AMBIGUOUS, UNDECIDED_TRUNCATED } from './verdict.js';
import { sameEnd, VIEW_WINDOW_NS, type Views } from './views.js';

/**
 * How many packets behind a packet its translated view is looked for, and within VIEW_WINDOW_NS: never fewer while the
 * capture has more, so that verdicts do not depend on how it is cut into batches (replay.ts).
 */
export const LOOK_AHEAD = 256;

/** Packets behind this one, in which its translated view may be found: up to `count` rows from `from` on. */
export interface LookAhead {
  rows: Int32Array;
  seconds: Float64Array;
  nanoseconds: Int32Array;
  from: number;
  count: number;
}

/** Decisions remembered, a power of two, and words of each. */
const MET = 1 << 13;
const MET_WORDS = 8;

const placeOf = (egress: number, ingress: number, forward: number, ends: number): number => {
  const hash = Math.imul(Math.imul(egress, 0xc2b2ae35) ^ Math.imul(ingress, 0x27d4eb2f) ^ forward ^ ends, 0x9e3779b1);
  return ((hash ^ (hash >>> 15)) & (MET - 1)) * MET_WORDS;
};

export const newLookAhead = (): LookAhead => ({
  rows: new Int32Array(0),
  seconds: new Float64Array(0),
  nanoseconds: new Int32Array(0),
  from: 0,
  count: 0,
});

/** Who is asked what becomes of a connection; every answer is an index into decisions. */
export interface Ends {
  /** A connection from SRC to DST of the row. */
  decide(rows: Int32Array, base: number): number;
  /** A connection to a service, its destination as it arrived there. @param service its owner index */
  decideArrived(rows: Int32Array, base: number, service: number): number;
  /** A connection to a service, of which nobody saw where it arrived. @param destination what DST stands for */
  decideBackends(rows: Int32Array, base: number, destination: Destination): number;
}

/** @param looksInside whether somebody judges what connections carry: then it counts which backends there are */
export function createEnds(
  classifier: Classifier,
  inventory: Inventory,
  decisions: Decisions,
  looksInside = false,
): Ends {
  const out = new Int32Array(OUTCOMES);
  const scratch = new Int32Array(STRIDE);

  function record(
    source: number,
    destination: number,
    code: number,
    service = -1,
    port = -1,
    backends: BackendSplit | null = null,
  ): number {
    return decisions.intern(
      out[EGRESS]!,
      out[INGRESS]!,
      out[FORWARD]!,
      source,
      destination,
      code,
      service,
      port,
      backends,
    );
  }

  const judged = (): number => combine(out[EGRESS]!, out[INGRESS]!, out[FORWARD]!, classifier.ruleset.rules);

  const asAddressed = (rows: Int32Array, base: number, word: number): number =>
    classifier.ownerOf(rows, base, word) < 0 ? NOBODY : AS_ADDRESSED;

  /** Decisions met before, direct-mapped: the outcomes and the ends, and the decision + 1. */
  const met = new Int32Array(MET * MET_WORDS);

  function decide(rows: Int32Array, base: number): number {
    classifier.classify(rows, base, out, 0);
    const source = asAddressed(rows, base, SRC);
    const destination = asAddressed(rows, base, DST);
    const egress = out[EGRESS]!;
    const ingress = out[INGRESS]!;
    const forward = out[FORWARD]!;
    const ends = source * 4 + destination;
    const at = placeOf(egress, ingress, forward, ends);
    if (
      met[at + 4] === 0 ||
      met[at] !== egress ||
      met[at + 1] !== ingress ||
      met[at + 2] !== forward ||
      met[at + 3] !== ends
    ) {
      met[at] = egress;
      met[at + 1] = ingress;
      met[at + 2] = forward;
      met[at + 3] = ends;
      met[at + 4] = record(source, destination, judged()) + 1;
    }
    return met[at + 4]! - 1;
  }

  function decideArrived(rows: Int32Array, base: number, service: number): number {
    classifier.classify(rows, base, out, 0);
    const source = classifier.ownerOf(rows, base, SRC);
    return record(source, classifier.ownerOf(rows, base, DST), judged(), service, rows[base + DPORT]!);
  }

  function decideBackends(rows: Int32Array, base: number, { service, backends, ends }: Destination): number {
    const source = classifier.ownerOf(rows, base, SRC);
    const allowed: string[] = [];
    const dropped: string[] = [];
    let decided = -1;
    let decidedDropped = -1;
    for (let i = 0; i < backends.length; i++) {
      const at = i * END_WORDS;
      if (ends[at] !== rows[base + FAMILY]) continue;
      scratch.set(rows.subarray(base, base + STRIDE));
      for (let word = 0; word < 4; word++) scratch[DST + word] = ends[at + END_ADDRESS + word]!;
      scratch[DPORT] = ends[at + END_PORT]!;
      classifier.classify(scratch, 0, out, 0);
      const code = judged();
      const backend = classifier.ownerOf(scratch, 0, DST);
      const decision = record(source, backend, code, service.owner, scratch[DPORT]!);
      if (code >= UNDECIDED_TRUNCATED) return decision;
      const isDropped = code >= DROPPED_DEFAULT_DENY;
      (isDropped ? dropped : allowed).push(backend >= 0 ? nameOf(inventory, backend) : backends[i]!.address);
      if (isDropped && decidedDropped < 0) decidedDropped = decision;
      if (decided < 0) decided = decision;
    }
    if (decided < 0) return decide(rows, base);
    if (looksInside && dropped.length === 0 && allowed.length > 1) return ofSeveral(decided);
    if (allowed.length === 0 || dropped.length === 0) return decided;
    const { egress, ingress, forward } = decisions.list[decidedDropped]!;
    out[EGRESS] = egress;
    out[INGRESS] = ingress;
    out[FORWARD] = forward;
    return record(source, service.owner, UNDECIDED_AMBIGUOUS, service.owner, -1, { allowed, dropped });
  }

  function ofSeveral(decision: number): number {
    const { egress, ingress, forward, source, destination, code, service, port } = decisions.list[decision]!;
    return decisions.intern(egress, ingress, forward, source, destination, code, service, port, null, true);
  }

  return { decide, decideArrived, decideBackends };
}

function nameOf(inventory: Inventory, owner: number): string {
  const it = inventory.owners[owner]!;
  return it.kind === 'pod' ? `${it.namespace}/${it.name}` : it.name;
}

/** The decision on a packet to a service: on its translated view, where one follows it. */
export class Translated {
  private readonly arrived = new Int32Array(STRIDE);

  constructor(
    private readonly ends: Ends,
    private readonly views: Views,
  ) {}

  /**
   * @param destination what DST stands for
   * @param seconds, nanoseconds since 1970 of the packet, from which VIEW_WINDOW_NS counts
   */
  decide(
    rows: Int32Array,
    base: number,
    destination: Destination,
    ahead: readonly LookAhead[],
    seconds: number,
    nanoseconds: number,
  ): number {
    let left = LOOK_AHEAD;
    for (const later of ahead) {
      const end = later.from + Math.min(later.count, left);
      left -= end - later.from;
      for (let i = later.from; i < end; i++) {
        const at = i * STRIDE;
        const apart = (later.seconds[i]! - seconds) * 1e9 + later.nanoseconds[i]! - nanoseconds;
        if (Math.abs(apart) > VIEW_WINDOW_NS) continue;
        if (!this.views.isView(rows, base, destination, later.rows, at, null)) continue;
        // A view of which only the source was translated tells no backend.
        if (sameEnd(rows, base, later.rows, at, DST, DPORT)) continue;
        return this.decideArrived(rows, base, later.rows, at, destination.service.owner);
      }
    }
    return this.ends.decideBackends(rows, base, destination);
  }

  /** The packet as it was sent, to where it arrived. */
  decideArrived(rows: Int32Array, base: number, view: Int32Array, at: number, service: number): number {
    const { arrived } = this;
    arrived.set(rows.subarray(base, base + STRIDE));
    for (let word = 0; word < 4; word++) arrived[DST + word] = view[at + DST + word]!;
    arrived[DPORT] = view[at + DPORT]!;
    return this.ends.decideArrived(arrived, 0, service);
  }
}
