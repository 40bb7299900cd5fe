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
import { addressWords } from '../packet/text.js';
import { type Classifier, EGRESS, FORWARD, INGRESS, OUTCOMES } from '../tree/classifier.js';
import type { BackendSplit, Decisions } from './decisions.js';
import { combine } from './outcome.js';
import { isTranslated } from './recent.js';
import { createServices, type Destination, type Services } from './services.js';
import { DROPPED_DEFAULT_DENY, UNDECIDED_AMBIGUOUS, UNDECIDED_TRUNCATED } from './verdict.js';

/** Packets behind this one, in which its translated view may be found: up to `count` rows from `from` on. */
export interface LookAhead {
  rows: Int32Array;
  from: number;
  count: number;
}

export interface Ends {
  readonly services: Services;
  /** The decision on a connection from SRC to DST of the row; an index into decisions. */
  decide(rows: Int32Array, base: number): number;
  /** The same, after service translation of the destination where it is a service. */
  decideTranslated(rows: Int32Array, base: number, ahead: readonly LookAhead[]): number;
}

export function createEnds(classifier: Classifier, inventory: Inventory, decisions: Decisions): Ends {
  const services = createServices(inventory);
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
    const [egress, ingress, forward] = [out[EGRESS]!, out[INGRESS]!, out[FORWARD]!];
    return decisions.intern({ egress, ingress, forward, source, destination, code, service, port, backends });
  }

  const judged = (): number => combine(out[EGRESS]!, out[INGRESS]!, out[FORWARD]!, classifier.ruleset.rules);

  function decide(rows: Int32Array, base: number): number {
    classifier.classify(rows, base, out, 0);
    const source = classifier.ownerOf(rows, base, SRC);
    return record(source, classifier.ownerOf(rows, base, DST), judged());
  }

  /** The packet as it was sent, to where it arrived. */
  function decideView(rows: Int32Array, base: number, view: Int32Array, at: number, service: number): number {
    scratch.set(rows.subarray(base, base + STRIDE));
    for (let word = 0; word < 4; word++) scratch[DST + word] = view[at + DST + word]!;
    scratch[DPORT] = view[at + DPORT]!;
    classifier.classify(scratch, 0, out, 0);
    const source = classifier.ownerOf(rows, base, SRC);
    return record(source, classifier.ownerOf(view, at, DST), judged(), service, scratch[DPORT]!);
  }

  function decideBackends(rows: Int32Array, base: number, { service, backends }: Destination): number {
    const source = classifier.ownerOf(rows, base, SRC);
    const allowed: string[] = [];
    const dropped: string[] = [];
    let decided = -1;
    let decidedDropped = -1;
    for (const backend of backends) {
      const words = addressWords(backend.address);
      if (words === null || words.family !== rows[base + FAMILY]) continue;
      scratch.set(rows.subarray(base, base + STRIDE));
      for (let word = 0; word < 4; word++) scratch[DST + word] = words.words[word]!;
      scratch[DPORT] = backend.port;
      classifier.classify(scratch, 0, out, 0);
      const code = judged();
      if (code >= UNDECIDED_TRUNCATED) return record(source, backend.pod, code, service.owner, backend.port);
      const isDropped = code >= DROPPED_DEFAULT_DENY;
      const name = backend.pod >= 0 ? podName(inventory, backend.pod) : backend.address;
      (isDropped ? dropped : allowed).push(name);
      const decision = record(source, backend.pod, code, service.owner, backend.port);
      if (isDropped && decidedDropped < 0) decidedDropped = decision;
      if (decided < 0) decided = decision;
    }
    if (decided < 0) return decide(rows, base);
    if (allowed.length === 0 || dropped.length === 0) return decided;
    const { egress, ingress, forward } = decisions.list[decidedDropped]!;
    out[EGRESS] = egress;
    out[INGRESS] = ingress;
    out[FORWARD] = forward;
    return record(source, service.owner, UNDECIDED_AMBIGUOUS, service.owner, -1, { allowed, dropped });
  }

  return {
    services,
    decide,
    decideTranslated(rows, base, ahead) {
      const destination = services.resolve(rows, base, classifier.ownerOf(rows, base, DST));
      if (destination === null) return decide(rows, base);
      for (const { rows: later, from, count } of ahead) {
        for (let i = from; i < from + count; i++) {
          if (isBackendView(rows, base, later, i * STRIDE, destination, classifier)) {
            return decideView(rows, base, later, i * STRIDE, destination.service.owner);
          }
        }
      }
      return decideBackends(rows, base, destination);
    },
  };
}

function isBackendView(
  rows: Int32Array,
  base: number,
  view: Int32Array,
  at: number,
  { backends }: Destination,
  classifier: Classifier,
): boolean {
  if (!isTranslated(rows, base, view, at)) return false;
  const pod = classifier.ownerOf(view, at, DST);
  return pod >= 0 && backends.some(backend => backend.pod === pod && backend.port === view[at + DPORT]);
}

function podName(inventory: Inventory, owner: number): string {
  const pod = inventory.owners[owner]!;
  return pod.kind === 'pod' ? `${pod.namespace}/${pod.name}` : pod.name;
}
