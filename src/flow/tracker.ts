/**
 * Connection tracking: packet -> the state a stateful filter sees, as Linux's nf_conntrack or a plugin's eBPF table decides.
 *
 * In:  rows (packet/row.ts), the frame's bytes, and the capture's time.  Out: one TRACK_ code a packet, and the
 * connection's slot.  Hot: nothing is allocated a packet; all memory is taken at the start (maxConnections).
 *
 * Order of calls for every packet, in capture order:
 *   now and then: tracker.prepare(rows, bytes, from, to), for packets that come next
 *   code = tracker.track(rows, base, bytes, now)
 *   if code is TRACK_NEW: judge it, then exactly one of confirm() (the packet was let through; or what-if keeps refused
 *   connections too) and discard() (a dropped first packet leaves no entry).
 */
import { TAG, WORDS } from './entry.js';

/** First packet of a connection that is not in the table (or that replaces a closed one). */
export const TRACK_NEW = 0;
/** Belongs to a connection, in the direction of its first packet / against it. Either is ESTABLISHED for the rules when
 *  the connection has seen a reply; `slot` tells which. TRACK_ORIGINAL_UNREPLIED: original direction, no reply seen yet
 *  (Linux: ctstate NEW again, so the rules judge it again). */
export const TRACK_ORIGINAL = 1;
export const TRACK_REPLY = 2;
export const TRACK_ORIGINAL_UNREPLIED = 3;
/** An ICMP error about a connection: `slot` is that connection. */
export const TRACK_RELATED = 4;
/** Linux calls it INVALID: no entry is made or changed for the better; `slot` is the entry it failed against, or -1. */
export const TRACK_INVALID = 5;
/** Neighbour discovery, MLD and router messages: not tracked, and not invalid. */
export const TRACK_UNTRACKED = 6;
/** A new connection, but the table is full of connections that may not be evicted. */
export const TRACK_FULL = 7;

/** Why TRACK_INVALID (for reports and for the what-if mode). */
export const INVALID_NONE = 0;
/** No transport header, bad checksum, illegal flags, unknown ICMP type. */
export const INVALID_HEADER = 1;
/** The state table does not allow it (and the entry, if any, saw the other side). */
export const INVALID_STATE = 2;
/** Sequence or acknowledgement number out of the window. */
export const INVALID_WINDOW = 3;
/** Mid-stream packet without an entry that Linux does not pick up (SYN-ACK, FIN, RST; reply types of ICMP; SCTP data). */
export const INVALID_NO_ENTRY = 4;
/** An ICMP error about no known connection, or not about what it quotes. */
export const INVALID_UNRELATED = 5;
/** A protocol that the table does not take, whatever is in the packet (Cilium: all but TCP, UDP and ICMP). */
export const INVALID_PROTOCOL = 6;

export interface TrackerOptions {
  /** Entries of the table, fixed at the start. Default 1,048,576. */
  readonly maxConnections?: number;
  /** Seconds by name (flow/timeouts.ts, flow/kinds.ts), overriding the defaults. */
  readonly timeouts?: Readonly<Record<string, number>>;
  /** nf_conntrack_tcp_be_liberal: out-of-window packets are not invalid. */
  readonly liberal?: boolean;
  /** nf_conntrack_tcp_loose: pick up connections mid-stream. Default true. */
  readonly loose?: boolean;
  /** Per-kernel differences (docs/conntrack.md). */
  readonly kernel?: '6.12' | '6.18';
}

export interface TrackerCounters {
  readonly live: number;
  /** Connections in the table at once, at most. */
  readonly most: number;
  readonly created: number;
  readonly expired: number;
  /** Connections that went to make room: unreplied ones (Linux), those unused for longest (eBPF). */
  readonly earlyEvictions: number;
  readonly refusedFull: number;
}

export interface Tracker {
  /**
   * Makes the keys of the rows from..to-1 (at most AHEAD) and fetches their entries into the cache, all at once: one after
   * the other, each would wait for memory. Changes no answer; the rows must stay as they are until they are tracked.
   */
  prepare(rows: Int32Array, bytes: Uint8Array, from: number, to: number): void;
  /**
   * @param now milliseconds since the replay's time base, a whole number, never smaller than before (the caller clamps).
   * @param prepared index of the row among those of the last prepare(), from 0; -1 or absent where it was not prepared.
   * @returns a TRACK_ code. `slot` and `invalid` are set as a side effect and hold until the next call.
   */
  track(rows: Int32Array, base: number, bytes: Uint8Array, now: number, prepared?: number): number;
  /** The connection's place in the table, or -1. */
  readonly slot: number;
  /** One of INVALID_, where track() returned TRACK_INVALID. */
  readonly invalid: number;
  /**
   * TRACK_NEW only: keep the connection; returns its slot.
   * @param refused it was not let through, and is kept for what-if's sake alone: tables whose keys hold more than one
   * exchange of packets must not let others share its fate
   */
  confirm(refused?: boolean): number;
  /** TRACK_NEW only: forget it. */
  discard(): void;
  /**
   * Words that belong to whoever judges: per slot, zeroed by confirm(). tag[tagPlace(slot) + k], k below TAGS. They lie in
   * the connection's entry: an array of their own would be one more miss of the cache a packet.
   * The replay keeps the decision, the connection's number and its first packet's number there.
   */
  readonly tag: Int32Array;
  /**
   * Writes what is known of the connection's first packet into a row: FAMILY, SRC, DST, PROTOCOL, and of what has them SPORT and
   * DPORT, or ICMP_TYPE, ICMP_CODE and ICMP_ID.
   * @returns whether that is all that tells its connection apart to a policy: some tables keep no type of ICMP messages
   */
  writeEnds(slot: number, row: Int32Array): boolean;
  /** The next slot behind this one that holds a connection, -1 where none does; from -1 on all of them (cold). */
  next(slot: number): number;
  /** Whether the slot's connection has seen a packet in the reply direction. */
  replied(slot: number): boolean;
  counters(): TrackerCounters;
}

/** Words a connection that belong to whoever judges, and where they stand in Tracker.tag. */
export const TAGS = 4;
export const tagPlace = (slot: number): number => slot * WORDS + TAG;
/** Packets prepared at once at most: what they touch stays in the first-level cache. */
export const AHEAD = 64;
