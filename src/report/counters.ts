/**
 * Counters of a batch's verdicts (hot): all that most packets need; the tally (tally.ts) does the rest.
 *
 * In:  verdicts and rows, and the decisions' flags.  Out: packets and connections by code, decision, conversation and denied
 * owner, and the index of the first packet that needs more: an address nobody owns, a conversation not met before, marks
 * to be counted. Refused packets find their conversation by connection (direct-mapped: what is forgotten is looked up
 * again), first ones by decision, service and the workloads of both ends.
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

/** Distinct conversations kept, unless a report wants another number. */
export const MAX_CONVERSATIONS = 10_000;
/** Decisions that are counted here: the first ones. */
export const DECISIONS = 1 << 16;
/** Connections remembered at most, and words of each; the number is a power of two. */
const MOST_CONNECTIONS = 1 << 20;
const CONNECTION_WORDS = 4;
/** Services between two workloads remembered, two a place, and words of each; the number is a power of two. */
const SERVICES = 1 << 16;
const SERVICE_WORDS = 8;
const PLACE_WORDS = 2 * SERVICE_WORDS;
/** Conversation + 1 stands in memory, so that 0 says "not known". */
const NOT_KNOWN = -1;

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
  private readonly services: Int32Array;

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
    this.packetsByConversation = memory.float64(conversations + 1);
    this.connectionsByConversation = memory.float64(conversations + 1);
    this.denied = memory.float64(ownerCount * DENIED_WORDS);
    this.workloads = memory.int32(ownerCount);
    this.kept = memory.int32(conversations * 2 * OWNERS_KEPT);
    const places = Math.min(MOST_CONNECTIONS, 2 ** Math.ceil(Math.log2(connections)));
    this.connections = memory.int32(places * CONNECTION_WORDS);
    this.connectionMask = places - 1;
    this.services = memory.int32(SERVICES * SERVICE_WORDS);
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
    const { workloads } = this;
    const conversation = this.ofService(
      decision,
      serviceKey(rows, base, marks),
      workloads[source]!,
      workloads[destination]!,
    );
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
    return connection !== 0 && this.connections[at] === connection ? this.connections[at + 1]! - 1 : NOT_KNOWN;
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

  /** The conversation of a TCP or UDP port between two workloads, or -1. */
  private ofService(decision: number, service: number, source: number, destination: number): number {
    const at = servicePlace(decision, service, source, destination);
    if (this.isService(at, decision, service, source, destination)) return this.services[at + 4]! - 1;
    const other = at + SERVICE_WORDS;
    return this.isService(other, decision, service, source, destination) ? this.services[other + 4]! - 1 : NOT_KNOWN;
  }

  private isService(at: number, decision: number, service: number, source: number, destination: number): boolean {
    const { services } = this;
    return (
      services[at + 4] !== 0 &&
      services[at] === decision &&
      services[at + 1] === service &&
      services[at + 2] === source &&
      services[at + 3] === destination
    );
  }

  /** The one that stood first in the place goes to the second (cold). @param source, destination owners */
  rememberService(decision: number, service: number, source: number, destination: number, conversation: number): void {
    const { services, workloads } = this;
    const at = servicePlace(decision, service, workloads[source]!, workloads[destination]!);
    services.copyWithin(at + SERVICE_WORDS, at, at + SERVICE_WORDS);
    services[at] = decision;
    services[at + 1] = service;
    services[at + 2] = workloads[source]!;
    services[at + 3] = workloads[destination]!;
    services[at + 4] = conversation + 1;
  }
}

const servicePlace = (decision: number, service: number, source: number, destination: number): number => {
  const ends = Math.imul(source, 0xc2b2ae35) ^ Math.imul(destination, 0x27d4eb2f);
  const hash = Math.imul(decision, 0x9e3779b1) ^ Math.imul(service, 0x85ebca6b) ^ ends ^ (ends >>> 15);
  return ((hash ^ (hash >>> 15)) & ((SERVICES >> 1) - 1)) * PLACE_WORDS;
};

/** Protocol and responder's port of a TCP or UDP packet, 0 for others; what conversations are told apart by. */
export const serviceKey = (rows: Int32Array, base: number, marks: number): number => {
  const protocol = rows[base + PROTOCOL]!;
  if ((protocol !== TCP && protocol !== UDP) || (rows[base + FRAGMENT]! & FRAG_LATER) !== 0) return 0;
  return (protocol << 16) | rows[base + ((marks & MARK_ORIGINAL) !== 0 ? DPORT : SPORT)]!;
};
