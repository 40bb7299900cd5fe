/**
 * Openings: the packet with which a connection becomes known, and what the connection is.
 *
 * In:  a packet that connection tracking calls new, or that could not begin one.  Out (as fields, until the next call): the
 * decision, the connection's number, whether it counts, whether its initiator is the packet's destination, and more.
 * Called once a connection. In what-if mode the initiator is inferred, translated views of one connection are found, and
 * connections that the table cannot hold are remembered; in dataplane mode a packet is what it is.
 */
import type { Inventory } from '../cluster/inventory.js';
import { type Memory, OWN_MEMORY } from '../memory/memory.js';
import { DST, ICMP_CODE, ICMP_TYPE, STRIDE } from '../packet/row.js';
import type { Classifier, OwnerLookup } from '../tree/classifier.js';
import { Beginnings, MASQUERADES, TRANSLATES } from './beginnings.js';
import type { Decisions } from './decisions.js';
import { EndOwners } from './end-owners.js';
import { createEnds, type Ends, type LookAhead, Translated } from './ends.js';
import {
  BEGINS,
  createInitiatorInference,
  type InitiatorInference,
  MIDSTREAM_DESTINATION,
  reverseRow,
} from './initiator.js';
import { RecentConnections } from './recent.js';
import { createServices, type Destination, type Services } from './services.js';
import {
  INITIATOR_LOW,
  MIDSTREAM,
  STRAY_CONNECTION,
  STRAY_DECISION,
  STRAY_MARKS,
  STRAY_OPENED,
  Strays,
  TRANSLATED,
  TYPE_CODE_SHIFT,
  TYPE_SHIFT,
} from './strays.js';
import { createViews, type Views } from './views.js';

/** How connections are told apart and judged: see docs/replay.md. */
export interface OpeningParts {
  readonly classifier: Classifier;
  readonly inventory: Inventory;
  readonly decisions: Decisions;
  readonly mode: 'what-if' | 'dataplane';
  /** Without connection tracking every packet is judged on its own, as it is. */
  readonly stateless: boolean;
  /** What connections carry is judged too (layer7.ts, mesh.ts). Default false. */
  readonly looksInside?: boolean;
  /** Who is asked what becomes of a connection, in place of the classifier. */
  readonly ends?: Ends | null;
  /** Who knows the owners that a decision is about, where policies change while they judge. */
  readonly madeBy?: (decision: number) => OwnerLookup;
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
  /** It is a later packet of a connection that was known, not its first packet or another view of that. */
  isLater = false;
  /** The packet's destination is taken for the initiator. */
  reversed = false;
  midstream = false;
  /** Addressed to a service, or seen behind a translation. */
  translated = false;
  private readonly services: Services;
  private readonly ends: Ends;
  private readonly views: Views;
  private readonly translations: Translated;
  private readonly initiators: InitiatorInference;
  private readonly owners: EndOwners;
  /** What first packets that take no slow path are opened with too (known.ts). */
  readonly recent: RecentConnections;
  readonly strays: Strays;
  readonly beginnings: Beginnings;
  private readonly scratch = new Int32Array(STRIDE);

  /**
   * @param connections how many were opened so far, in its first word
   * @param before whose known connections are known here, too
   */
  constructor(
    private readonly parts: OpeningParts,
    private readonly connections: Int32Array,
    memory: Memory = OWN_MEMORY,
    before: Opening | null = null,
  ) {
    const { classifier, inventory, decisions } = parts;
    this.services = createServices(inventory);
    this.views = createViews(classifier, inventory, this.services);
    this.ends = parts.ends ?? createEnds(classifier, inventory, decisions, parts.looksInside);
    this.translations = new Translated(this.ends, this.views);
    this.initiators = createInitiatorInference(inventory, classifier, memory);
    this.recent = before?.recent ?? new RecentConnections(memory);
    this.strays = before?.strays ?? new Strays(memory);
    const standsFor = memory.int32(inventory.owners.length);
    const stands = this.services.count > 0 ? MASQUERADES | TRANSLATES : MASQUERADES;
    for (const [i, { kind }] of inventory.owners.entries()) standsFor[i] = kind === 'pod' ? 0 : stands;
    this.beginnings = new Beginnings(this.initiators.listened, standsFor);
    this.owners = new EndOwners(decisions.list, classifier, parts.madeBy);
  }

  /**
   * A packet that connection tracking calls new.
   * @param now nanoseconds on the capture's clock, which does not step back
   * @param ahead the packets behind it
   * @param seconds, nanoseconds the packet's own time
   */
  begin(
    rows: Int32Array,
    base: number,
    packet: number,
    now: number,
    ahead: readonly LookAhead[],
    seconds: number,
    nanoseconds: number,
  ): void {
    const { mode, stateless } = this.parts;
    this.reversed = false;
    this.midstream = false;
    this.translated = false;
    if (mode === 'dataplane') {
      this.open(this.ends.decide(rows, base), packet);
      return;
    }
    if (stateless) {
      this.open(this.decide(rows, base, this.destinationOf(rows, base), ahead, seconds, nanoseconds), packet);
      return;
    }
    this.inferInitiator(rows, base, now, false);
    if (this.midstream && this.findKnown(rows, base)) return;
    this.openInferred(rows, base, packet, now, ahead, seconds, nanoseconds);
  }

  /** What the policies say of the packet as it is; no connection is opened. @returns index of the decision */
  ask(rows: Int32Array, base: number): number {
    return this.ends.decide(rows, base);
  }

  /** A connection to a service. */
  isTranslated(rows: Int32Array, base: number): boolean {
    return this.destinationOf(rows, base) !== null;
  }

  /**
   * What the policies say of a connection that is known, from its initiator to its responder.
   * @param arrived a row with the destination that it reached behind a service; null where that is not known
   * @returns index of the decision
   */
  askKnown(rows: Int32Array, base: number, arrived: Int32Array | null): number {
    const to = this.parts.mode === 'dataplane' ? null : this.destinationOf(rows, base);
    if (to === null) return this.ends.decide(rows, base);
    if (arrived === null) return this.ends.decideBackends(rows, base, to);
    return this.translations.decideArrived(rows, base, arrived, 0, to.service.owner);
  }

  /** What-if: a packet that cannot begin a connection, of one that the capture did not see begin. */
  stray(rows: Int32Array, base: number, packet: number, now: number): void {
    this.inferInitiator(rows, base, now, true);
    this.midstream = true;
    this.translated = false;
    if (!this.findKnown(rows, base)) this.openInferred(rows, base, packet, now, NOTHING_AHEAD, 0, 0);
  }

  /** A connection that was known: an earlier stray of it, or its own entry in the table, which is gone. */
  private findKnown(rows: Int32Array, base: number): boolean {
    const { strays } = this;
    const found = strays.find(rows, base);
    if (found < 0) return false;
    const { records } = strays;
    const marks = records[found + STRAY_MARKS]!;
    this.known(records[found + STRAY_DECISION]!, records[found + STRAY_CONNECTION]!, records[found + STRAY_OPENED]!);
    this.isLater = true;
    this.reversed = strays.fromLow !== ((marks & INITIATOR_LOW) !== 0);
    this.midstream = (marks & MIDSTREAM) !== 0;
    this.translated = (marks & TRANSLATED) !== 0;
    return true;
  }

  /** Another view of a connection, or a connection; its initiator is inferred. */
  private openInferred(
    given: Int32Array,
    at: number,
    packet: number,
    now: number,
    ahead: readonly LookAhead[],
    seconds: number,
    nanoseconds: number,
  ): void {
    // From here on the row goes from the initiator to the responder.
    let rows = given;
    let base = at;
    if (this.reversed) {
      reverseRow(given, at, this.scratch);
      rows = this.scratch;
      base = 0;
    }
    const to = this.destinationOf(rows, base);
    const view = this.recent.findView(this.views, rows, base, now, to);
    if (view >= 0) {
      const { recent, owners } = this;
      owners.find(recent.decision[view]!, recent.rows, view * STRIDE, true);
      const decision = this.parts.decisions.withEnds(recent.decision[view]!, owners.source, owners.destination);
      this.known(decision, recent.connection[view]!, recent.opened[view]!);
      this.translated = true;
    } else {
      const behind = this.reversed ? NOTHING_AHEAD : ahead;
      this.open(this.decide(rows, base, to, behind, seconds, nanoseconds), packet);
      if (to === null) this.recent.add(rows, base, packet, now, this.connection, this.decision);
      else this.recent.addTranslated(rows, base, packet, now, this.connection, this.decision, to);
    }
    const { strays } = this;
    const added = strays.add(rows, base);
    strays.records[added + STRAY_DECISION] = this.decision;
    strays.records[added + STRAY_CONNECTION] = this.connection;
    strays.records[added + STRAY_OPENED] = this.opened;
    strays.records[added + STRAY_MARKS] =
      (strays.fromLow ? INITIATOR_LOW : 0) |
      (this.midstream ? MIDSTREAM : 0) |
      (this.translated ? TRANSLATED : 0) |
      (rows[base + ICMP_TYPE]! << TYPE_SHIFT) |
      (rows[base + ICMP_CODE]! << TYPE_CODE_SHIFT);
  }

  /** Sets `reversed` and `midstream`. */
  private inferInitiator(rows: Int32Array, base: number, now: number, untracked: boolean): void {
    const inferred = this.initiators.infer(rows, base, now, untracked);
    this.midstream = inferred !== BEGINS;
    this.reversed = inferred === MIDSTREAM_DESTINATION;
  }

  /** What the destination stands for where it is a service's. */
  private destinationOf(rows: Int32Array, base: number): Destination | null {
    if (this.services.count === 0) return null;
    return this.services.resolve(rows, base, this.parts.classifier.ownerOf(rows, base, DST));
  }

  private decide(
    rows: Int32Array,
    base: number,
    to: Destination | null,
    ahead: readonly LookAhead[],
    seconds: number,
    nanoseconds: number,
  ): number {
    if (to === null) return this.ends.decide(rows, base);
    return this.translations.decide(rows, base, to, ahead, seconds, nanoseconds);
  }

  private open(decision: number, packet: number): void {
    this.decision = decision;
    this.connection = this.connections[0]! + 1;
    this.connections[0] = this.connection;
    this.opened = packet;
    this.isFirst = true;
    this.isLater = false;
    this.translated = this.parts.decisions.list[decision]!.service >= 0;
  }

  private known(decision: number, connection: number, opened: number): void {
    this.decision = decision;
    this.connection = connection;
    this.opened = opened;
    this.isFirst = false;
    this.isLater = false;
  }
}
