/**
 * Counters of a batch's verdicts (hot): all that most packets need; the tally (tally.ts) does the rest.
 *
 * In:  verdicts and rows, and the decisions' flags.  Out: packets and connections by code, decision, conversation and denied
 * owner, and the index of the first packet that needs more: an address nobody owns, a conversation not met before, marks
 * to be counted. Refused packets find their conversation by connection (direct-mapped: what is forgotten is looked up
 * again), first ones among the groups (groups.ts).
 */
import { type Memory, OWN_MEMORY } from '../memory/memory.js';
import { DPORT, DST, FRAG_LATER, FRAGMENT, PROTOCOL, SPORT, SRC, STRIDE } from '../packet/row.js';
import type { OwnerLookup } from '../tree/classifier.js';
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
} from '../verdict/verdict.js';
import { Groups, NO_ADDRESS } from './groups.js';

/** Distinct conversations kept, unless a report wants another number. */
export const MAX_CONVERSATIONS = 10_000;
/** Decisions that are counted here: the first ones. */
export const DECISIONS = 1 << 16;
/** Connections remembered at most, and words of each; the number is a power of two. */
const MOST_CONNECTIONS = 1 << 20;
const CONNECTION_WORDS = 4;

/** Flags of a decision: the packets' own addresses and ports were judged, and the cluster knows both ends. */
export const PLAIN_ENDS = 1;
/** A default deny of the source's egress, of the destination's ingress. */
export const DENIES_EGRESS = 2;
export const DENIES_INGRESS = 4;

/** Owners named for one end of a conversation. */
export const OWNERS_KEPT = 16;

/** Words an owner in Counters.denied, of packets; connections stand one word on. */
export const DENIED_WORDS = 4;
export const DENIED_EGRESS = 0;
export const DENIED_INGRESS = 2;

const TCP = 6;
const UDP = 17;
const MARKS_COUNTED = MARK_DUPLICATE | MARK_MIDSTREAM | MARK_ONE_WAY | MARK_TRANSLATED;

/** Whether a packet with this code counts for a conversation. */
export const isRefused = (code: number): boolean =>
  code === DROPPED_DEFAULT_DENY || code === DROPPED_RULE || code === DROPPED_CONNECTION || code >= UNDECIDED_AMBIGUOUS;

export class Counters {
  readonly packetsByCode: Float64Array;
  readonly connectionsByCode: Float64Array;
  readonly packetsByDecision: Float64Array;
  readonly connectionsByDecision: Float64Array;
  readonly decisionFlags: Uint8Array;
  /** By decision, the number of its outcomes (shapes.ts): whoever counts sets it with the flags. */
  readonly shapes: Int32Array;
  /** Behind the last conversation: those beyond the limit, together. */
  readonly packetsByConversation: Float64Array;
  readonly connectionsByConversation: Float64Array;
  readonly denied: Float64Array;
  /** By owner, the number of its workload: whoever counts sets them first. */
  readonly workloads: Int32Array;
  /** By conversation OWNERS_KEPT owners of its sources, then of its destinations, as they came: owner + 1, 0 for none. */
  private readonly kept: Int32Array;
  private readonly connections: Int32Array;
  private readonly connectionMask: number;

  /** Connections that are remembered. */
  get places(): number {
    return this.connectionMask + 1;
  }
  /** The conversations met so far. */
  readonly groups: Groups;

  /**
   * @param ownerCount how many owners there are
   * @param conversations the limit
   * @param connections of the connection table: so many are remembered, up to MOST_CONNECTIONS
   */
  constructor(
    private readonly owners: OwnerLookup,
    ownerCount: number,
    readonly conversations: number,
    connections: number,
    memory: Memory = OWN_MEMORY,
  ) {
    this.packetsByCode = memory.float64(CODES);
    this.connectionsByCode = memory.float64(CODES);
    this.packetsByDecision = memory.float64(DECISIONS);
    this.connectionsByDecision = memory.float64(DECISIONS);
    this.decisionFlags = memory.uint8(DECISIONS);
    this.shapes = memory.int32(DECISIONS);
    this.packetsByConversation = memory.float64(conversations + 1);
    this.connectionsByConversation = memory.float64(conversations + 1);
    this.denied = memory.float64(ownerCount * DENIED_WORDS);
    this.workloads = memory.int32(ownerCount);
    this.kept = memory.int32(conversations * 2 * OWNERS_KEPT);
    const places = Math.min(MOST_CONNECTIONS, 2 ** Math.ceil(Math.log2(connections)));
    this.connections = memory.int32(places * CONNECTION_WORDS);
    this.connectionMask = places - 1;
    this.groups = new Groups(conversations, memory);
  }

  /** Counts packets from..to-1. @returns the first that was not counted, or `to`. */
  count(
    from: number,
    to: number,
    rows: Int32Array,
    code: Uint8Array,
    decision: Int32Array,
    connection: Int32Array,
    marks: Uint8Array,
  ): number {
    const { packetsByCode, connectionsByCode, packetsByDecision, connectionsByDecision, decisionFlags } = this;
    for (let i = from; i < to; i++) {
      const c = code[i]!;
      const m = marks[i]!;
      const d = decision[i]!;
      if ((m & MARKS_COUNTED) !== 0 || d >= DECISIONS) return i;
      if (d >= 0) {
        const isFirst = (m & MARK_FIRST) !== 0;
        if (isFirst && (decisionFlags[d]! & PLAIN_ENDS) === 0) return i;
        if (isRefused(c) && !this.countRefused(rows, i * STRIDE, d, connection[i]!, m)) return i;
        packetsByDecision[d] = packetsByDecision[d]! + 1;
        if (isFirst) {
          connectionsByCode[c] = connectionsByCode[c]! + 1;
          connectionsByDecision[d] = connectionsByDecision[d]! + 1;
        }
      }
      packetsByCode[c] = packetsByCode[c]! + 1;
    }
    return to;
  }

  /** @returns whether its conversation was known, and counts it. */
  private countRefused(rows: Int32Array, base: number, decision: number, connection: number, marks: number): boolean {
    const flags = this.decisionFlags[decision]!;
    if ((marks & MARK_FIRST) === 0) {
      const at = this.connectionPlace(connection);
      if (connection === 0 || this.connections[at] !== connection) return false;
      const conversation = this.connections[at + 1]! - 1;
      this.add(flags, conversation, this.connections[at + 2]!, this.connections[at + 3]!, false);
      return true;
    }
    const original = (marks & MARK_ORIGINAL) !== 0;
    const source = this.owners.ownerOf(rows, base, original ? SRC : DST);
    const destination = this.owners.ownerOf(rows, base, original ? DST : SRC);
    const service = serviceKey(rows, base, marks);
    if (service === 0) return false;
    const { workloads, shapes } = this;
    const conversation = this.groupOf(rows, shapes[decision]!, workloads[source]!, workloads[destination]!, service);
    if (conversation < 0) return false;
    this.remember(connection, conversation, source, destination);
    this.add(flags, conversation, source, destination, true);
    this.keep(conversation, source, destination);
    return true;
  }

  /** Names the owners among those of the conversation, while there is room. */
  keep(conversation: number, source: number, destination: number): void {
    if (conversation === this.conversations) return;
    if (source >= 0) this.keepOne(conversation * 2 * OWNERS_KEPT, source + 1);
    if (destination >= 0) this.keepOne((conversation * 2 + 1) * OWNERS_KEPT, destination + 1);
  }

  private keepOne(from: number, owner: number): void {
    const { kept } = this;
    for (let at = from; at < from + OWNERS_KEPT; at++) {
      if (kept[at] === owner) return;
      if (kept[at] === 0) {
        kept[at] = owner;
        return;
      }
    }
  }

  /** The owners kept of a conversation's sources, or of its destinations (cold). */
  keptOf(conversation: number, isDestination: boolean): number[] {
    const from = (conversation * 2 + (isDestination ? 1 : 0)) * OWNERS_KEPT;
    const owners: number[] = [];
    for (let at = from; at < from + OWNERS_KEPT && this.kept[at] !== 0; at++) owners.push(this.kept[at]! - 1);
    return owners;
  }

  /** A refused packet of the conversation. @param flags of its decision @param source, destination owners, -1 for nobody */
  add(flags: number, conversation: number, source: number, destination: number, isFirst: boolean): void {
    const { packetsByConversation, connectionsByConversation, denied } = this;
    packetsByConversation[conversation] = packetsByConversation[conversation]! + 1;
    if (isFirst) connectionsByConversation[conversation] = connectionsByConversation[conversation]! + 1;
    if ((flags & DENIES_EGRESS) !== 0 && source >= 0) {
      const at = source * DENIED_WORDS + DENIED_EGRESS;
      denied[at] = denied[at]! + 1;
      if (isFirst) denied[at + 1] = denied[at + 1]! + 1;
    }
    if ((flags & DENIES_INGRESS) !== 0 && destination >= 0) {
      const at = destination * DENIED_WORDS + DENIED_INGRESS;
      denied[at] = denied[at]! + 1;
      if (isFirst) denied[at + 1] = denied[at + 1]! + 1;
    }
  }

  private connectionPlace(connection: number): number {
    return (connection & this.connectionMask) * CONNECTION_WORDS;
  }

  /** The conversation of a connection met not long ago, or -1. */
  ofConnection(connection: number): number {
    const at = this.connectionPlace(connection);
    return connection !== 0 && this.connections[at] === connection ? this.connections[at + 1]! - 1 : -1;
  }

  remember(connection: number, conversation: number, source: number, destination: number): void {
    if (connection === 0) return;
    const { connections } = this;
    const at = this.connectionPlace(connection);
    connections[at] = connection;
    connections[at + 1] = conversation + 1;
    connections[at + 2] = source;
    connections[at + 3] = destination;
  }

  /** The conversation of a TCP or UDP port between two workloads: one met before, all others together, or -1. */
  private groupOf(rows: Int32Array, shape: number, source: number, destination: number, service: number): number {
    const { groups } = this;
    const protocol = service >> 16;
    const port = service & 0xffff;
    const found = groups.find(rows, shape, source, destination, protocol, port, NO_ADDRESS, NO_ADDRESS);
    return found < 0 && groups.isFull ? this.conversations : found;
  }
}

/** Protocol and responder's port of a TCP or UDP packet, 0 for others; what conversations are told apart by. */
export const serviceKey = (rows: Int32Array, base: number, marks: number): number => {
  const protocol = rows[base + PROTOCOL]!;
  if ((protocol !== TCP && protocol !== UDP) || (rows[base + FRAGMENT]! & FRAG_LATER) !== 0) return 0;
  return (protocol << 16) | rows[base + ((marks & MARK_ORIGINAL) !== 0 ? DPORT : SPORT)]!;
};
