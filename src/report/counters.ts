/**
 * Counters of a batch's verdicts (hot): all that most packets need; the tally (tally.ts) does the rest.
 *
 * In:  verdicts, rows and the decisions' flags.  Out: packets and connections by code, decision and conversation, and the
 * index of the first packet that needs more: an address nobody owns, a conversation not met before, marks to be counted.
 * Refused packets find their conversation by connection (direct-mapped: what is forgotten is looked up again), first ones
 * by decision and service, which say the same where the cluster knows both ends.
 */
import { DPORT, FRAG_LATER, FRAGMENT, PROTOCOL, SPORT, STRIDE } from '../packet/row.js';
import {
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

/** Connections remembered, two words each; a power of two. */
const CONNECTIONS = 1 << 20;
/** Decisions of a service remembered, four words each; a power of two. */
const SERVICES = 1 << 16;
/** Conversation + 1 stands in memory, so that 0 says "not known". */
const NOT_KNOWN = -1;

/** Flags of a decision: the cluster knows both ends, and the packet's own port is the one that was judged. */
export const PLAIN_ENDS = 1;

const TCP = 6;
const UDP = 17;
const MARKS_COUNTED = MARK_DUPLICATE | MARK_MIDSTREAM | MARK_ONE_WAY | MARK_TRANSLATED;

/** Whether a packet with this code counts for a conversation. */
const isRefused = (code: number): boolean =>
  code === DROPPED_DEFAULT_DENY || code === DROPPED_RULE || code === DROPPED_CONNECTION || code >= UNDECIDED_AMBIGUOUS;

export class Counters {
  private readonly connections = new Int32Array(CONNECTIONS * 2);
  private readonly services = new Int32Array(SERVICES * 4);

  /** The conversation of a connection met not long ago, or -1. */
  ofConnection(connection: number): number {
    const at = (connection & (CONNECTIONS - 1)) << 1;
    return connection !== 0 && this.connections[at] === connection ? this.connections[at + 1]! - 1 : NOT_KNOWN;
  }

  remember(connection: number, conversation: number): void {
    if (connection === 0) return;
    const at = (connection & (CONNECTIONS - 1)) << 1;
    this.connections[at] = connection;
    this.connections[at + 1] = conversation + 1;
  }

  /** The conversation of a decision with PLAIN_ENDS about a TCP or UDP port, or -1. */
  private ofService(decision: number, service: number): number {
    const at = servicePlace(decision, service);
    const { services } = this;
    return services[at] === decision && services[at + 1] === service ? services[at + 2]! - 1 : NOT_KNOWN;
  }

  rememberService(decision: number, service: number, conversation: number): void {
    const at = servicePlace(decision, service);
    this.services[at] = decision;
    this.services[at + 1] = service;
    this.services[at + 2] = conversation + 1;
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
    decisionFlags: Uint8Array,
    packetsByCode: Float64Array,
    connectionsByCode: Float64Array,
    packetsByDecision: Float64Array,
    connectionsByDecision: Float64Array,
    packetsByConversation: Float64Array,
    connectionsByConversation: Float64Array,
  ): number {
    for (let i = from; i < to; i++) {
      const c = code[i]!;
      const m = marks[i]!;
      const d = decision[i]!;
      if ((m & MARKS_COUNTED) !== 0) return i;
      if (d >= 0) {
        const isFirst = (m & MARK_FIRST) !== 0;
        if (isFirst && (decisionFlags[d]! & PLAIN_ENDS) === 0) return i;
        if (isRefused(c)) {
          let conversation = NOT_KNOWN;
          if (isFirst) conversation = this.ofService(d, serviceKey(rows, i * STRIDE, m));
          else conversation = this.ofConnection(connection[i]!);
          if (conversation < 0) return i;
          if (isFirst) {
            this.remember(connection[i]!, conversation);
            connectionsByConversation[conversation] = connectionsByConversation[conversation]! + 1;
          }
          packetsByConversation[conversation] = packetsByConversation[conversation]! + 1;
        }
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
}

const servicePlace = (decision: number, service: number): number => {
  const hash = Math.imul(decision, 0x9e3779b1) ^ Math.imul(service, 0x85ebca6b);
  return ((hash ^ (hash >>> 15)) & (SERVICES - 1)) << 2;
};

/** Protocol and responder's port of a TCP or UDP packet, 0 for others; what conversations are told apart by. */
export const serviceKey = (rows: Int32Array, base: number, marks: number): number => {
  const protocol = rows[base + PROTOCOL]!;
  if ((protocol !== TCP && protocol !== UDP) || (rows[base + FRAGMENT]! & FRAG_LATER) !== 0) return 0;
  return (protocol << 16) | rows[base + ((marks & MARK_ORIGINAL) !== 0 ? DPORT : SPORT)]!;
};
