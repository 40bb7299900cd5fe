/**
 * Openings: the packet with which a connection becomes known, and what the connection is.
 *
 * In:  a packet that connection tracking calls new, or that could not begin one.  Out (as fields, until the next call): the
 * decision, the connection's number, whether it counts, whether its initiator is the packet's destination, and more.
 * Called once a connection. In what-if mode the initiator is inferred, translated views of one connection are found, and
 * connections that the table cannot hold are remembered; in dataplane mode a packet is what it is.
 */
import type { Inventory } from '../cluster/inventory.js';
import { DST, SRC, STRIDE } from '../packet/row.js';
import type { Classifier } from '../tree/classifier.js';
import type { Decisions } from './decisions.js';
import { createEnds, type Ends, type LookAhead } from './ends.js';
import {
  BEGINS,
  createInitiatorInference,
  type InitiatorInference,
  MIDSTREAM_DESTINATION,
  reverseRow,
} from './initiator.js';
import { createRecentConnections } from './recent.js';
import { createStrays } from './strays.js';

/** How connections are told apart and judged: see docs/replay.md. */
export interface OpeningParts {
  readonly classifier: Classifier;
  readonly inventory: Inventory;
  readonly decisions: Decisions;
  readonly mode: 'what-if' | 'dataplane';
  /** Without connection tracking every packet is judged on its own, as it is. */
  readonly stateless: boolean;
}

const NOTHING_AHEAD: readonly LookAhead[] = [];

export class Opening {
  /** Index into decisions. */
  decision = -1;
  /** From 1. */
  connection = 0;
  /** Number of the packet with which the connection became known. */
  opened = 0;
  /** This packet makes it known; else it is another view, or a later packet, of a connection known already. */
  isFirst = false;
  /** The packet's destination is taken for the initiator. */
  reversed = false;
  midstream = false;
  /** Addressed to a service, or seen behind a translation. */
  translated = false;
  private connections = 0;
  private readonly ends: Ends;
  private readonly initiators: InitiatorInference;
  private readonly recent = createRecentConnections();
  private readonly strays = createStrays();
  private readonly scratch = new Int32Array(STRIDE);

  constructor(private readonly parts: OpeningParts) {
    this.ends = createEnds(parts.classifier, parts.inventory, parts.decisions);
    this.initiators = createInitiatorInference(parts.inventory);
  }

  /**
   * A packet that connection tracking calls new.
   * @param now nanoseconds, as in Tracker.track
   * @param ahead the packets behind it
   */
  begin(rows: Int32Array, base: number, packet: number, now: number, ahead: readonly LookAhead[]): void {
    const { mode, stateless, inventory } = this.parts;
    this.reversed = false;
    this.midstream = false;
    this.translated = false;
    if (mode === 'dataplane') {
      this.open(this.ends.decide(rows, base), packet);
      return;
    }
    if (stateless) {
      this.open(this.ends.decideTranslated(rows, base, ahead), packet);
      return;
    }
    const source = this.inferInitiator(rows, base, now, false);
    const stray = this.midstream ? this.strays.find(rows, base) : -1;
    if (stray >= 0) {
      this.known(this.strays.decision[stray]!, this.strays.connection[stray]!, this.strays.opened[stray]!);
      return;
    }
    const fromPod = source >= 0 && inventory.owners[source]!.kind === 'pod';
    const view = this.recent.findView(rows, base, now, source >= 0 && !fromPod);
    if (view >= 0) {
      this.known(this.recent.decision[view]!, this.recent.connection[view]!, packet);
      this.translated = true;
      return;
    }
    this.open(this.decide(rows, base, ahead), packet);
    this.recent.add(rows, base, now, this.connection, this.decision, this.translated);
  }

  /** What-if: a packet that cannot begin a connection, of one that the capture did not see begin. */
  stray(rows: Int32Array, base: number, packet: number, now: number): void {
    this.translated = false;
    this.inferInitiator(rows, base, now, true);
    this.midstream = true;
    const stray = this.strays.find(rows, base);
    if (stray >= 0) {
      this.known(this.strays.decision[stray]!, this.strays.connection[stray]!, this.strays.opened[stray]!);
      return;
    }
    this.open(this.decide(rows, base, NOTHING_AHEAD), packet);
    const added = this.strays.add(rows, base);
    this.strays.decision[added] = this.decision;
    this.strays.connection[added] = this.connection;
    this.strays.opened[added] = packet;
  }

  /** Sets `reversed` and `midstream`; the owner of the packet's source. */
  private inferInitiator(rows: Int32Array, base: number, now: number, untracked: boolean): number {
    const { classifier } = this.parts;
    const source = classifier.ownerOf(rows, base, SRC);
    const inferred = this.initiators.infer(rows, base, source, classifier.ownerOf(rows, base, DST), now, untracked);
    this.midstream = inferred !== BEGINS;
    this.reversed = inferred === MIDSTREAM_DESTINATION;
    return source;
  }

  private decide(rows: Int32Array, base: number, ahead: readonly LookAhead[]): number {
    if (!this.reversed) return this.ends.decideTranslated(rows, base, ahead);
    reverseRow(rows, base, this.scratch);
    return this.ends.decideTranslated(this.scratch, 0, NOTHING_AHEAD);
  }

  private open(decision: number, packet: number): void {
    this.decision = decision;
    this.connection = ++this.connections;
    this.opened = packet;
    this.isFirst = true;
    this.translated = this.parts.decisions.list[decision]!.service >= 0;
  }

  private known(decision: number, connection: number, opened: number): void {
    this.decision = decision;
    this.connection = connection;
    this.opened = opened;
    this.isFirst = false;
  }
}
