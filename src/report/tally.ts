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
import { type AddressWords, addressText } from '../packet/text.js';
import { OUTCOME_DEFAULT_DENY } from '../tree/classifier.js';
import { AS_ADDRESSED, type Decision } from '../verdict/decisions.js';
import type { EndOwners } from '../verdict/end-owners.js';
import { icmpRequestOf, isIcmpReply } from '../verdict/initiator.js';
import {
  MARK_DUPLICATE,
  MARK_FIRST,
  MARK_MIDSTREAM,
  MARK_ONE_WAY,
  MARK_ORIGINAL,
  MARK_TRANSLATED,
  PENDING,
  type VerdictBatch,
} from '../verdict/verdict.js';
import { type Counters, DECISIONS, DENIES_EGRESS, DENIES_INGRESS, isRefused, PLAIN_ENDS } from './counters.js';
import { isIcmp, serviceOf } from './fields.js';
import { Groups, NO_ADDRESS } from './groups.js';
import type { Counting, ReplayContext } from './report.js';
import { createShapes, type Shapes } from './shapes.js';

/** A conversation as its first refused packet showed it. */
export interface GroupRecord {
  readonly decision: number;
  /** Owners of the first packet's ends, -1 for nobody. */
  readonly source: number;
  readonly destination: number;
  readonly firstPacket: number;
  readonly protocol: number;
  readonly family: number;
  /** As fields.ts serviceOf: port, ICMP type * 256 + code, or -1. */
  readonly service: number;
  /** As they stand in a row. */
  readonly sourceAddress: AddressWords['words'];
  readonly destinationAddress: AddressWords['words'];
}

const wordsAt = (rows: Int32Array, at: number): AddressWords['words'] => [
  rows[at]!,
  rows[at + 1]!,
  rows[at + 2]!,
  rows[at + 3]!,
];

export const UNKNOWN_ADDRESSES = 10_000;

const flagsOf = ({ egress, ingress, source, destination, port }: Decision): number =>
  (source === AS_ADDRESSED && destination === AS_ADDRESSED && port < 0 ? PLAIN_ENDS : 0) |
  (egress <= OUTCOME_DEFAULT_DENY ? DENIES_EGRESS : 0) |
  (ingress <= OUTCOME_DEFAULT_DENY ? DENIES_INGRESS : 0);

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
  readonly counters: Counters;
  packetsByInterface = new Float64Array(16);
  /** Conversations, by their number. */
  readonly records: GroupRecord[] = [];
  /** Addresses nobody owns, and the connections they were seen in. */
  readonly unknown: string[] = [];
  /** Where each was seen first: twice the packet's number, and one more where it is the destination. */
  readonly unknownSince: number[] = [];
  readonly unknownConnections = new Float64Array(UNKNOWN_ADDRESSES);
  unknownOthers = 0;
  /** Decisions beyond those that counters.ts counts. */
  private readonly beyond = new Map<number, { connections: number; packets: number }>();
  private readonly counting: Counting;
  private described = 0;
  private readonly decisions: readonly Decision[];
  private readonly ends: EndOwners;
  private readonly shapes: Shapes;
  private readonly groups: Groups;
  private readonly addresses = new Groups(UNKNOWN_ADDRESSES);

  constructor(
    private readonly context: ReplayContext,
    maxConversations: number,
  ) {
    this.decisions = context.decisions;
    this.ends = context.ends;
    this.counting = context.newCounting(maxConversations);
    this.counters = this.counting.counters;
    this.shapes = createShapes(context);
    this.groups = this.counters.groups;
    const { workloads } = this.counters;
    for (let owner = 0; owner < workloads.length; owner++) workloads[owner] = this.shapes.ofWorkload(owner);
  }

  /** Refused beyond the limit of conversations. */
  get others(): { readonly connections: number; readonly packets: number } {
    const { limit } = this.groups;
    const { connectionsByConversation, packetsByConversation } = this.counters;
    return { connections: connectionsByConversation[limit]!, packets: packetsByConversation[limit]! };
  }

  /** What was counted of a decision. */
  ofDecision(decision: number): { readonly connections: number; readonly packets: number } {
    const { connectionsByDecision, packetsByDecision } = this.counters;
    if (decision >= DECISIONS) return this.beyond.get(decision) ?? { connections: 0, packets: 0 };
    return { connections: connectionsByDecision[decision]!, packets: packetsByDecision[decision]! };
  }

  batch(frames: FrameBatch, packets: PacketBatch, verdicts: VerdictBatch, first: number): void {
    const { count } = verdicts;
    const { rows } = packets;
    if (count === 0) return;
    this.packets += count;
    this.bytes += packets.wireBytes;
    this.countFrames(frames, count);
    this.describeDecisions();
    const rest = (from: number): void => this.countFrom(from, rows, verdicts, first);
    if (!this.counting.later?.later(verdicts, rest)) rest(0);
  }

  /** Returns when every batch is counted. */
  settle(): void {
    this.counting.later?.settle();
  }

  private countFrom(from: number, rows: Int32Array, verdicts: VerdictBatch, first: number): void {
    const { count, code, decision, connection, marks } = verdicts;
    let next = from;
    for (;;) {
      next = this.counting.count(next, count, rows, code, decision, connection, marks);
      if (next === count) return;
      this.countOne(rows, next, verdicts, first + next);
      next++;
    }
  }

  /** Tells the counters of the decisions made meanwhile. */
  private describeDecisions(): void {
    const { decisions, counters } = this;
    const end = Math.min(decisions.length, DECISIONS);
    for (; this.described < end; this.described++) {
      // Decisions of other policies are not counted here.
      if (!this.context.isOwn(this.described)) continue;
      counters.decisionFlags[this.described] = flagsOf(decisions[this.described]!);
      counters.shapes[this.described] = this.shapes.ofDecision(this.described);
    }
  }

  /** What the counters leave: marked packets, addresses nobody owns, conversations not met before. */
  private countOne(rows: Int32Array, i: number, verdicts: VerdictBatch, number: number): void {
    const c = verdicts.code[i]!;
    const m = verdicts.marks[i]!;
    const d = verdicts.decision[i]!;
    const { packetsByCode, connectionsByCode } = this.counters;
    packetsByCode[c]!++;
    // Of another share.
    if (c === PENDING) return;
    if ((m & MARK_DUPLICATE) !== 0) {
      this.duplicates++;
      return;
    }
    this.countMarks(m);
    if (d < 0) return;
    const isFirst = (m & MARK_FIRST) !== 0;
    this.countDecision(d, isFirst);
    const isRefusal = isRefused(c);
    if (!isFirst && !isRefusal) return;
    this.ends.find(d, rows, i * STRIDE, (m & MARK_ORIGINAL) !== 0);
    if (isFirst) {
      connectionsByCode[c]!++;
      this.countUnknown(rows, i * STRIDE, (m & MARK_ORIGINAL) !== 0, number);
    }
    if (isRefusal) this.refused(rows, i * STRIDE, d, m, verdicts.connection[i]!, number);
  }

  private countDecision(decision: number, isFirst: boolean): void {
    if (decision < DECISIONS) {
      this.counters.packetsByDecision[decision]!++;
      if (isFirst) this.counters.connectionsByDecision[decision]!++;
      return;
    }
    const { connections, packets } = this.ofDecision(decision);
    this.beyond.set(decision, { connections: connections + (isFirst ? 1 : 0), packets: packets + 1 });
  }

  private countFrames({ interfaceIndex, seconds, nanoseconds }: FrameBatch, count: number): void {
    for (let i = 0; i < count; i++) {
      const at = interfaceIndex[i]!;
      if (at >= this.packetsByInterface.length) {
        const wider = new Float64Array(at * 2);
        wider.set(this.packetsByInterface);
        this.packetsByInterface = wider;
      }
      this.packetsByInterface[at]!++;
    }
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

  private countUnknown(rows: Int32Array, base: number, original: boolean, number: number): void {
    const { source, destination } = this.ends;
    if (source < 0) this.countAddress(rows, base, original ? SRC : DST, 2 * number);
    if (destination < 0) this.countAddress(rows, base, original ? DST : SRC, 2 * number + 1);
  }

  private countAddress(rows: Int32Array, base: number, word: number, since: number): void {
    let found = this.addresses.find(rows, rows[base + FAMILY]!, 0, 0, 0, 0, base + word, NO_ADDRESS);
    if (found < 0) {
      found = this.addresses.add();
      if (found >= 0) {
        this.unknown.push(addressText(rows, base, word));
        this.unknownSince.push(since);
      }
    }
    if (found < 0) {
      this.unknownOthers++;
      return;
    }
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
    const { counters, groups } = this;
    const { source, destination } = this.ends;
    const isFirst = (marks & MARK_FIRST) !== 0;
    let group = isFirst ? -1 : counters.ofConnection(connection);
    if (group < 0) group = this.groupOf(rows, base, decision, (marks & MARK_ORIGINAL) !== 0, number);
    if (group < 0) group = groups.limit;
    counters.remember(connection, group, source, destination);
    counters.add(flagsOf(this.decisions[decision]!), group, source, destination, isFirst);
    if (isFirst) counters.keep(group, source, destination);
  }

  private groupOf(rows: Int32Array, base: number, decision: number, original: boolean, number: number): number {
    const { source, destination } = this.ends;
    const { port } = this.decisions[decision]!;
    const from = base + (original ? SRC : DST);
    const to = base + (original ? DST : SRC);
    const protocol = rows[base + PROTOCOL]!;
    const family = rows[base + FAMILY]!;
    // Behind a service the pod's own port was judged.
    let service = port >= 0 ? port : serviceOf(rows, base, original);
    if (isIcmp(protocol) && service >= 0 && isIcmpReply(family, rows[base + ICMP_TYPE]!)) {
      service = icmpRequestOf(family, rows[base + ICMP_TYPE]!) * 256 + (service & 255);
    }
    const found = this.groups.find(
      rows,
      this.shapes.ofDecision(decision),
      this.shapes.ofWorkload(source),
      this.shapes.ofWorkload(destination),
      protocol,
      service,
      source < 0 ? from : NO_ADDRESS,
      destination < 0 ? to : NO_ADDRESS,
    );
    if (found >= 0) return found;
    const group = this.groups.add();
    if (group >= 0) {
      this.records.push({
        decision,
        source,
        destination,
        firstPacket: number,
        protocol,
        family,
        service,
        sourceAddress: wordsAt(rows, from),
        destinationAddress: wordsAt(rows, to),
      });
    }
    return group;
  }
}
