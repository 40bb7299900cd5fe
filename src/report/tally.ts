/**
 * The tally: verdicts counted as they come. What the summary is made from, in bounded memory (cold: what every packet takes
 * is in counters.ts).
 *
 * In:  batches with their rows and verdicts.  Out: counters by code, decision, interface, conversation and address.
 * A copy of a packet on a second interface (MARK_DUPLICATE) has its verdict counted, as every packet's is; decisions and
 * conversations count it once.
 */
import type { FrameBatch } from '../capture/frame.js';
import { DST, FAMILY, ICMP_TYPE, type PacketBatch, PROTOCOL, SRC, STRIDE } from '../packet/row.js';
import { addressText } from '../packet/text.js';
import type { Decision } from '../verdict/decisions.js';
import { icmpRequestOf, isIcmpReply } from '../verdict/initiator.js';
import {
  CODES,
  DROPPED_CONNECTION,
  DROPPED_DEFAULT_DENY,
  DROPPED_RULE,
  MARK_DUPLICATE,
  MARK_FIRST,
  MARK_MIDSTREAM,
  MARK_ONE_WAY,
  MARK_ORIGINAL,
  MARK_TRANSLATED,
  UNDECIDED_AMBIGUOUS,
  type VerdictBatch,
} from '../verdict/verdict.js';
import { Counters, PLAIN_ENDS, serviceKey } from './counters.js';
import { isIcmp, serviceOf } from './fields.js';
import { Groups, NO_ADDRESS } from './groups.js';

/** A conversation as its first refused packet showed it. */
export interface GroupRecord {
  readonly decision: number;
  readonly firstPacket: number;
  readonly protocol: number;
  readonly family: number;
  /** As fields.ts serviceOf: port, ICMP type * 256 + code, or -1. */
  readonly service: number;
  readonly sourceAddress: string;
  readonly destinationAddress: string;
  /** Owner indices seen at either end, at most OWNERS_KEPT. */
  readonly sources: Set<number>;
  readonly destinations: Set<number>;
}

/** Pods named for one end of a conversation. */
export const OWNERS_KEPT = 16;
const UNKNOWN_ADDRESSES = 10_000;

/** decision -> a number that is equal for decisions that read the same (summary.ts). */
export type ShapeOf = (decision: number) => number;

export class Tally {
  packets = 0;
  /** Bytes on the wire. */
  bytes = 0;
  duplicates = 0;
  oneWay = 0;
  translated = 0;
  midstreamPackets = 0;
  midstreamConnections = 0;
  firstSeconds = Number.NaN;
  firstNanoseconds = 0;
  lastSeconds = Number.NaN;
  lastNanoseconds = 0;
  readonly packetsByCode = new Float64Array(CODES);
  readonly connectionsByCode = new Float64Array(CODES);
  packetsByDecision = new Float64Array(1024);
  connectionsByDecision = new Float64Array(1024);
  packetsByInterface = new Float64Array(16);
  /** Conversations; parallel to one another. Behind the last one: those beyond the limit, together. */
  readonly records: GroupRecord[] = [];
  readonly groupPackets: Float64Array;
  readonly groupConnections: Float64Array;
  /** Addresses nobody owns, and the connections they were seen in. */
  readonly unknown: string[] = [];
  readonly unknownConnections = new Float64Array(UNKNOWN_ADDRESSES);
  unknownOthers = 0;
  private readonly counters = new Counters();
  private decisionFlags = new Uint8Array(1024);
  private described = 0;
  private readonly groups: Groups;
  private readonly addresses = new Groups(UNKNOWN_ADDRESSES);

  constructor(
    private readonly decisions: readonly Decision[],
    private readonly shapeOf: ShapeOf,
    maxConversations: number,
  ) {
    this.groups = new Groups(maxConversations);
    this.groupPackets = new Float64Array(maxConversations + 1);
    this.groupConnections = new Float64Array(maxConversations + 1);
  }

  /** Refused beyond the limit of conversations. */
  get others(): { readonly connections: number; readonly packets: number } {
    const { limit } = this.groups;
    return { connections: this.groupConnections[limit]!, packets: this.groupPackets[limit]! };
  }

  batch(frames: FrameBatch, packets: PacketBatch, verdicts: VerdictBatch, first: number): void {
    const { count, code, decision, connection, marks } = verdicts;
    const { rows } = packets;
    if (count === 0) return;
    this.packets += count;
    this.countFrames(frames, count);
    this.describeDecisions();
    let next = 0;
    for (;;) {
      next = this.counters.count(
        next,
        count,
        rows,
        code,
        decision,
        connection,
        marks,
        this.decisionFlags,
        this.packetsByCode,
        this.connectionsByCode,
        this.packetsByDecision,
        this.connectionsByDecision,
        this.groupPackets,
        this.groupConnections,
      );
      if (next === count) return;
      this.countOne(rows, next, verdicts, first + next);
      next++;
    }
  }

  /** Makes room for the decisions made meanwhile, and tells the counters which of them are plain. */
  private describeDecisions(): void {
    const { decisions } = this;
    while (decisions.length > this.packetsByDecision.length) this.grow();
    for (; this.described < decisions.length; this.described++) {
      const { source, destination, port } = decisions[this.described]!;
      this.decisionFlags[this.described] = source >= 0 && destination >= 0 && port < 0 ? PLAIN_ENDS : 0;
    }
  }

  /** What the counters leave: marked packets, addresses nobody owns, conversations not met before. */
  private countOne(rows: Int32Array, i: number, verdicts: VerdictBatch, number: number): void {
    const c = verdicts.code[i]!;
    const m = verdicts.marks[i]!;
    const d = verdicts.decision[i]!;
    this.packetsByCode[c]!++;
    if ((m & MARK_DUPLICATE) !== 0) {
      this.duplicates++;
      return;
    }
    this.countMarks(m);
    if (d < 0) return;
    this.packetsByDecision[d]!++;
    if ((m & MARK_FIRST) !== 0) {
      this.connectionsByCode[c]!++;
      this.connectionsByDecision[d]!++;
      this.countUnknown(rows, i * STRIDE, d, (m & MARK_ORIGINAL) !== 0);
    }
    if (c === DROPPED_DEFAULT_DENY || c === DROPPED_RULE || c === DROPPED_CONNECTION || c >= UNDECIDED_AMBIGUOUS) {
      this.refused(rows, i * STRIDE, d, m, verdicts.connection[i]!, number);
    }
  }

  private countFrames(frames: FrameBatch, count: number): void {
    const { original, interfaceIndex, seconds, nanoseconds } = frames;
    let bytes = 0;
    for (let i = 0; i < count; i++) {
      bytes += original[i]!;
      const at = interfaceIndex[i]!;
      if (at >= this.packetsByInterface.length) {
        const wider = new Float64Array(at * 2);
        wider.set(this.packetsByInterface);
        this.packetsByInterface = wider;
      }
      this.packetsByInterface[at]!++;
    }
    this.bytes += bytes;
    if (Number.isNaN(this.firstSeconds)) {
      this.firstSeconds = seconds[0]!;
      this.firstNanoseconds = nanoseconds[0]!;
    }
    this.lastSeconds = seconds[count - 1]!;
    this.lastNanoseconds = nanoseconds[count - 1]!;
  }

  private countMarks(marks: number): void {
    if ((marks & MARK_MIDSTREAM) !== 0) {
      this.midstreamPackets++;
      if ((marks & MARK_FIRST) !== 0) this.midstreamConnections++;
    }
    if ((marks & MARK_ONE_WAY) !== 0) this.oneWay++;
    if ((marks & MARK_TRANSLATED) !== 0) this.translated++;
  }

  private grow(): void {
    const wider = (old: Float64Array) => {
      const values = new Float64Array(old.length * 2);
      values.set(old);
      return values;
    };
    this.packetsByDecision = wider(this.packetsByDecision);
    this.connectionsByDecision = wider(this.connectionsByDecision);
    const flags = new Uint8Array(this.packetsByDecision.length);
    flags.set(this.decisionFlags);
    this.decisionFlags = flags;
  }

  private countUnknown(rows: Int32Array, base: number, decision: number, original: boolean): void {
    const { source, destination } = this.decisions[decision]!;
    if (source < 0) this.countAddress(rows, base, original ? SRC : DST);
    if (destination < 0) this.countAddress(rows, base, original ? DST : SRC);
  }

  private countAddress(rows: Int32Array, base: number, word: number): void {
    const known = this.addresses.count;
    const found = this.addresses.find(rows, rows[base + FAMILY]!, 0, 0, base + word, NO_ADDRESS);
    if (found < 0) {
      this.unknownOthers++;
      return;
    }
    if (found === known) this.unknown.push(addressText(rows, base, word));
    this.unknownConnections[found]!++;
  }

  private refused(
    rows: Int32Array,
    base: number,
    decision: number,
    marks: number,
    connection: number,
    number: number,
  ): void {
    const isFirst = (marks & MARK_FIRST) !== 0;
    let group = isFirst ? -1 : this.counters.ofConnection(connection);
    if (group < 0) group = this.groupOf(rows, base, decision, (marks & MARK_ORIGINAL) !== 0, number);
    if (group < 0) group = this.groups.limit;
    this.counters.remember(connection, group);
    const service = serviceKey(rows, base, marks);
    if (isFirst && service !== 0 && (this.decisionFlags[decision]! & PLAIN_ENDS) !== 0) {
      this.counters.rememberService(decision, service, group);
    }
    this.groupPackets[group]!++;
    if (!isFirst) return;
    this.groupConnections[group]!++;
    if (group === this.groups.limit) return;
    const { sources, destinations } = this.records[group]!;
    const { source, destination } = this.decisions[decision]!;
    if (source >= 0 && sources.size < OWNERS_KEPT) sources.add(source);
    if (destination >= 0 && destinations.size < OWNERS_KEPT) destinations.add(destination);
  }

  private groupOf(rows: Int32Array, base: number, decision: number, original: boolean, number: number): number {
    const { source, destination, port } = this.decisions[decision]!;
    const from = base + (original ? SRC : DST);
    const to = base + (original ? DST : SRC);
    const protocol = rows[base + PROTOCOL]!;
    const family = rows[base + FAMILY]!;
    // Behind a service the pod's own port was judged.
    let service = port >= 0 ? port : serviceOf(rows, base, original);
    if (isIcmp(protocol) && service >= 0 && isIcmpReply(family, rows[base + ICMP_TYPE]!)) {
      service = icmpRequestOf(family, rows[base + ICMP_TYPE]!) * 256 + (service & 255);
    }
    const known = this.groups.count;
    const group = this.groups.find(
      rows,
      this.shapeOf(decision),
      protocol,
      service,
      source < 0 ? from : NO_ADDRESS,
      destination < 0 ? to : NO_ADDRESS,
    );
    if (group === known) {
      this.records.push({
        decision,
        firstPacket: number,
        protocol,
        family,
        service,
        sourceAddress: addressText(rows, base, original ? SRC : DST),
        destinationAddress: addressText(rows, base, original ? DST : SRC),
        sources: new Set(),
        destinations: new Set(),
      });
    }
    return group;
  }
}
