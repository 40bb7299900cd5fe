/**
 * Connection tracking as Linux's nf_conntrack decides it (hot): the tracker the replay asks for every packet.
 *
 * In, out and the order of calls: tracker.ts. Inside, for one packet: clock and expiry -> ICMP errors -> key -> lookup ->
 * the protocol's tracker -> the state the rules see. A first packet's entry is built in a free slot and enters the table
 * with confirm(). After a packet that ends its connection, `slot` still names the old entry until the next call.
 */

import type { FastPathParts } from '../memory/fast-path.js';
import { type Float, type Memory, OWN_MEMORY } from '../memory/memory.js';
import {
  FAMILY,
  FLAG_BAD_CHECKSUM,
  FLAGS,
  FRAG_LATER,
  FRAGMENT,
  ICMP_TYPE,
  PROTOCOL,
  STATUS,
  STATUS_NOT_IP,
  STATUS_OK,
} from '../packet/row.js';
import { prepareKeys } from './ahead.js';
import { type ConnectionDescription, describeEntry, nextEntry, writeEntryEnds } from './describe.js';
import {
  ASSURED,
  FROM_HIGH,
  META,
  QUEUE_MASK,
  QUEUE_SHIFT,
  REPLIED,
  STATE_MASK,
  STATE_SHIFT,
  STREAM_AT,
  WORDS,
} from './entry.js';
import { Expiry, NEVER } from './expiry.js';
import { ICMP_REDIRECT6, ICMP_UNKNOWN, ICMP_UNTRACKED, icmpClass } from './icmp.js';
import { AGAIN, GONE, KEEP, REFUSED, REFUSED_CLOSING } from './outcome.js';
import { protocolPacket } from './protocols.js';
import { QUEUE_NONE, QUEUE_SETTLED, QUEUE_UNREPLIED, Queues } from './queues.js';
import { findRedirected, findRelated } from './related.js';
import { isSctpClosing, sctpBegin } from './sctp.js';
import { hashKey, KEY_HASH, KEY_SIDE, KEY_WORDS, Table } from './table.js';
import { isClosing, type TcpSettings, tcpBegin, tcpPacket } from './tcp.js';
import { CLOSE } from './tcp-states.js';
import { TIMEOUT_TCP, TIMEOUT_UNACKNOWLEDGED, timeoutTable } from './timeouts.js';
import {
  INVALID_HEADER,
  INVALID_NO_ENTRY,
  INVALID_NONE,
  INVALID_UNRELATED,
  INVALID_WINDOW,
  TAGS,
  TRACK_FULL,
  TRACK_INVALID,
  TRACK_NEW,
  TRACK_ORIGINAL,
  TRACK_ORIGINAL_UNREPLIED,
  TRACK_RELATED,
  TRACK_REPLY,
  TRACK_UNTRACKED,
  type Tracker,
  type TrackerCounters,
  type TrackerOptions,
  tagPlace,
} from './tracker.js';
import {
  FROM_EITHER,
  FROM_HIGH_END,
  ICMP,
  ICMPV6,
  isRequest,
  NO_NEXT_HEADER,
  NO_TUPLE,
  SCTP,
  TCP,
  UDP,
  writeKey,
} from './tuple.js';
import { udpBegin, udpPacket } from './udp.js';

export const DEFAULT_CONNECTIONS = 1_048_576;
/** Connections a table may hold at most: its words must fit one typed array. */
export const MOST_CONNECTIONS = 2 ** 25;

/** The clock's milliseconds stay below this, so that clock + timeout fits 31 bits. */
const CLOCK_LIMIT = 2 ** 30;
/** What decides in which queue an entry stands. */
const QUEUED_BY = STATE_MASK | REPLIED | ASSURED;
/** A refused FIN or RST lowers the timeout only where at least this much of it is left (ms). */
const LOWER_FROM = 120_000;

/** What changes, in ConnectionTracker.state. */
const SLOT = 0;
const INVALID = 1;
/** The slot of a first packet that is neither confirmed nor discarded yet, and its timeout. */
const PENDING = 2;
const PENDING_TIMEOUT = 3;
/** Milliseconds since `epoch`, which moves on now and then so that they stay small. */
const CLOCK = 4;
/** Counters; of a capture with more than 2^31 of them the low bits. */
const CREATED = 5;
const EXPIRED = 6;
const EARLY_EVICTIONS = 7;
const REFUSED_FULL = 8;
/** Connections in the table at once, at most. */
const MOST = 9;
const STATE = 10;
/** ConnectionTracker.times: milliseconds of the caller's clock at which CLOCK was 0; and at the last packet. */
const EPOCH = 0;
const LAST_NOW = 1;

export class ConnectionTracker implements Tracker {
  readonly tag: Int32Array;

  private readonly table: Table;
  private readonly expiry: Expiry;
  private readonly queues: Queues;
  private readonly timeouts: Int32Array;
  private readonly tcp: TcpSettings;
  private readonly state: Int32Array;
  private readonly times: Float64Array;

  constructor(options: TrackerOptions, memory: Memory = OWN_MEMORY) {
    const capacity = capacityOf(options);
    this.table = new Table(capacity, memory);
    this.expiry = new Expiry(capacity + 1, memory);
    this.queues = new Queues(capacity + 1, memory);
    const timeouts = timeoutTable(options.timeouts);
    this.timeouts = memory.int32(timeouts.length);
    if (this.timeouts.length > 0) this.timeouts.set(timeouts);
    this.tcp = {
      liberal: options.liberal ?? false,
      loose: options.loose ?? true,
      inexactReset: options.kernel === '6.12' ? TIMEOUT_UNACKNOWLEDGED : TIMEOUT_TCP + CLOSE,
      timeouts: this.timeouts,
    };
    this.tag = this.table.words;
    this.state = memory.int32(STATE);
    this.times = memory.float64(2);
    this.state[SLOT] = -1;
    this.state[PENDING] = -1;
    this.state[INVALID] = INVALID_NONE;
  }

  get slot(): number {
    return this.state[SLOT]!;
  }

  get capacity(): number {
    return this.table.capacity;
  }

  get invalid(): number {
    return this.state[INVALID]!;
  }

  prepare(rows: Int32Array, bytes: Uint8Array, from: number, to: number): void {
    const count = prepareKeys(this.table, rows, bytes, from, to);
    this.table.touch(count);
    this.expiry.touch(this.table.candidates, count);
    this.queues.touch(this.table.words, this.table.candidates, count);
  }

  track(rows: Int32Array, base: number, bytes: Uint8Array, now: Float, prepared = -1): number {
    const { state } = this;
    state[SLOT] = -1;
    state[INVALID] = INVALID_NONE;
    if (state[PENDING]! >= 0) this.discard();
    if (now !== this.times[LAST_NOW]) this.advance(now);
    if (this.expiry.earliest <= state[CLOCK]!) this.expire();

    const status = rows[base + STATUS]!;
    if (status === STATUS_NOT_IP) return TRACK_UNTRACKED;
    const protocol = rows[base + PROTOCOL]!;
    if (
      status !== STATUS_OK ||
      protocol === NO_NEXT_HEADER ||
      (rows[base + FRAGMENT]! & FRAG_LATER) !== 0 ||
      (rows[base + FLAGS]! & FLAG_BAD_CHECKSUM) !== 0
    ) {
      return this.refuse(INVALID_HEADER);
    }
    if (protocol === ICMPV6 ? rows[base + FAMILY] === 6 : protocol === ICMP && rows[base + FAMILY] === 4) {
      const kind = icmpClass(protocol, rows[base + ICMP_TYPE]!);
      if (kind !== 0) return this.trackMessage(kind, rows, base, bytes);
    }
    const { table } = this;
    const of = (prepared + 1) * KEY_WORDS;
    if (prepared < 0) this.prepareOne(rows, base, bytes);
    const side = table.key[of + KEY_SIDE]!;
    if (side === NO_TUPLE) return this.refuse(INVALID_HEADER);
    let slot = prepared < 0 ? table.search(of) : table.searchTouched(of, prepared);
    while (slot >= 0) {
      const code = this.continue(slot, protocol, side, rows, base, bytes);
      if (code !== AGAIN) return code;
      state[SLOT] = -1;
      slot = table.search(of);
    }
    return this.begin(of, protocol, side, rows, base, bytes);
  }

  /** The first key: that of a packet that was not prepared. */
  private prepareOne(rows: Int32Array, base: number, bytes: Uint8Array): void {
    const { key } = this.table;
    key[KEY_SIDE] = writeKey(rows, base, bytes, key, 0);
    key[KEY_HASH] = hashKey(key, 0);
  }

  /** A packet of a connection in the table. */
  private continue(
    slot: number,
    protocol: number,
    side: number,
    rows: Int32Array,
    base: number,
    bytes: Uint8Array,
  ): number {
    const { words } = this.table;
    const at = slot * WORDS;
    const before = words[at + META]!;
    // Where both ends are the same, Linux finds the reply direction first.
    const direction =
      side === FROM_EITHER ? 1 : (side === FROM_HIGH_END ? 1 : 0) ^ ((before & FROM_HIGH) !== 0 ? 1 : 0);
    const outcome =
      protocol === TCP
        ? tcpPacket(words, at, direction, rows, base, bytes, this.tcp)
        : protocol === UDP
          ? udpPacket(words, at, this.state[CLOCK]!, this.timeouts)
          : protocolPacket(protocol, words, at, direction, rows, base, bytes, this.timeouts);
    this.state[SLOT] = slot;
    if (outcome >= 0) this.expiry.set(slot, this.state[CLOCK]! + outcome);
    else if (outcome === AGAIN) {
      this.forget(slot);
      return AGAIN;
    } else if (outcome <= REFUSED) {
      if (outcome === REFUSED_CLOSING) {
        this.lowerTimeout(slot);
        return this.refuse(INVALID_WINDOW);
      }
      return this.refuse(REFUSED - outcome);
    }
    if (direction === 1) words[at + META] = words[at + META]! | REPLIED;
    if (outcome === GONE) this.forget(slot);
    else if (((words[at + META]! ^ before) & QUEUED_BY) !== 0) this.requeue(slot, at, protocol);
    if (direction === 1) return TRACK_REPLY;
    return (before & REPLIED) !== 0 ? TRACK_ORIGINAL : TRACK_ORIGINAL_UNREPLIED;
  }

  /** A packet without an entry: a connection's first, or invalid. */
  private begin(of: number, protocol: number, side: number, rows: Int32Array, base: number, bytes: Uint8Array): number {
    const { table } = this;
    const { words } = table;
    if ((protocol === ICMP || protocol === ICMPV6) && !isRequest(protocol, rows[base + ICMP_TYPE]!)) {
      return this.refuse(INVALID_NO_ENTRY);
    }
    const slot = this.queues.take();
    const at = slot * WORDS;
    table.write(slot, of);
    if (side === FROM_HIGH_END) words[at + META] = words[at + META]! | FROM_HIGH;
    let outcome = KEEP;
    if (protocol === TCP) {
      outcome = tcpBegin(words, at, rows, base, bytes, this.tcp);
      if (outcome === KEEP) outcome = tcpPacket(words, at, 0, rows, base, bytes, this.tcp);
    } else {
      if (protocol === UDP) {
        udpBegin(words, at, this.state[CLOCK]!);
        outcome = udpPacket(words, at, this.state[CLOCK]!, this.timeouts);
      } else if (protocol === SCTP) outcome = sctpBegin(words, at, rows, base, bytes);
      if (outcome === KEEP) outcome = protocolPacket(protocol, words, at, 0, rows, base, bytes, this.timeouts);
    }
    if (outcome < 0) {
      this.queues.give(slot);
      return this.refuse(outcome <= REFUSED ? REFUSED - outcome : INVALID_NO_ENTRY);
    }
    if (table.live === table.capacity && this.queues.victim() < 0) {
      this.queues.give(slot);
      this.state[REFUSED_FULL] = this.state[REFUSED_FULL]! + 1;
      return TRACK_FULL;
    }
    this.state[PENDING] = slot;
    this.state[PENDING_TIMEOUT] = outcome;
    return TRACK_NEW;
  }

  /** @cold ICMP messages that are neither requests nor replies. */
  private trackMessage(kind: number, rows: Int32Array, base: number, bytes: Uint8Array): number {
    if (kind === ICMP_UNTRACKED) return TRACK_UNTRACKED;
    if (kind === ICMP_UNKNOWN) return this.refuse(INVALID_HEADER);
    const slot =
      kind === ICMP_REDIRECT6
        ? findRedirected(this.table, rows, base, bytes)
        : findRelated(this.table, rows, base, bytes);
    if (slot < 0) return this.refuse(INVALID_UNRELATED);
    this.state[SLOT] = slot;
    return TRACK_RELATED;
  }

  confirm(): number {
    const slot = this.state[PENDING]!;
    if (slot < 0) throw new Error('confirm() without a new connection');
    const { table, tag } = this;
    if (table.live === table.capacity) {
      this.forget(this.queues.victim());
      this.state[EARLY_EVICTIONS] = this.state[EARLY_EVICTIONS]! + 1;
    }
    this.state[PENDING] = -1;
    table.insert(slot);
    if (table.live > this.state[MOST]!) this.state[MOST] = table.live;
    this.queues.append(QUEUE_UNREPLIED, slot);
    const at = slot * WORDS;
    table.words[at + META] = table.words[at + META]! | (QUEUE_UNREPLIED << QUEUE_SHIFT);
    this.expiry.set(slot, this.state[CLOCK]! + this.state[PENDING_TIMEOUT]!);
    for (let k = 0; k < TAGS; k++) tag[tagPlace(slot) + k] = 0;
    this.state[CREATED] = this.state[CREATED]! + 1;
    this.state[SLOT] = slot;
    return slot;
  }

  discard(): void {
    const { state } = this;
    if (state[PENDING]! < 0) return;
    this.queues.give(state[PENDING]!);
    state[PENDING] = -1;
  }

  writeEnds(slot: number, row: Int32Array): boolean {
    return writeEntryEnds(this.table, slot, row);
  }

  next(slot: number): number {
    return nextEntry(this.table, slot);
  }

  replied(slot: number): boolean {
    return (this.table.words[slot * WORDS + META]! & REPLIED) !== 0;
  }

  counters(): TrackerCounters {
    const { state } = this;
    return {
      live: this.table.live,
      most: state[MOST]!,
      created: state[CREATED]! >>> 0,
      expired: state[EXPIRED]! >>> 0,
      earlyEvictions: state[EARLY_EVICTIONS]! >>> 0,
      refusedFull: state[REFUSED_FULL]! >>> 0,
    };
  }

  /** What is known of a connection, in the kernel's terms (cold: for tests and explanations). */
  describe(slot: number): ConnectionDescription {
    const left = this.expiry.at[slot] === NEVER ? 0 : this.expiry.at[slot]! - this.state[CLOCK]!;
    return describeEntry(this.table, slot, left);
  }

  /** The slot that the packet finds as the table stands, -1 for none; changes nothing that is kept (cold: for explanations). */
  lookup(rows: Int32Array, base: number, bytes: Uint8Array): number {
    this.prepareOne(rows, base, bytes);
    return this.table.key[KEY_SIDE] === NO_TUPLE ? -1 : this.table.search(0);
  }

  /** What the fast path works on (memory/fast-path.ts). */
  fastPathParts(): FastPathParts {
    return {
      ConnectionTracker: this,
      Table: this.table,
      Expiry: this.expiry,
      Queues: this.queues,
      TcpSettings: this.tcp,
      flow_protocols_protocolPacket: protocolPacket,
      flow_sctp_sctpBegin: sctpBegin,
    };
  }

  /** The table's entries and expiries as they are (cold: for tests). */
  snapshot(): Readonly<Record<'words' | 'tails' | 'expiry', Int32Array>> {
    return { words: this.table.words, tails: this.table.tails, expiry: this.expiry.at };
  }

  /** Bytes of memory, all taken at the start. */
  get bytes(): number {
    return this.table.bytes + this.expiry.bytes + this.queues.bytes;
  }

  private refuse(reason: number): number {
    this.state[INVALID] = reason;
    return TRACK_INVALID;
  }

  /** Moves the entry to the queue its state belongs to. */
  private requeue(slot: number, at: number, protocol: number): void {
    const { words } = this.table;
    const meta = words[at + META]!;
    const state = (meta & STATE_MASK) >> STATE_SHIFT;
    let queue = QUEUE_UNREPLIED;
    if ((meta & REPLIED) !== 0) {
      const closing = protocol === TCP ? isClosing(state) : protocol === SCTP && isSctpClosing(state);
      queue = (meta & ASSURED) === 0 || closing ? QUEUE_SETTLED : QUEUE_NONE;
    }
    const old = (meta & QUEUE_MASK) >> QUEUE_SHIFT;
    if (queue === old) return;
    if (old !== QUEUE_NONE) this.queues.unlink(old, slot);
    if (queue !== QUEUE_NONE) this.queues.append(queue, slot);
    words[at + META] = (meta & ~QUEUE_MASK) | (queue << QUEUE_SHIFT);
  }

  /** Takes a connection out of the table. */
  private forget(slot: number): void {
    const queue = (this.table.words[slot * WORDS + META]! & QUEUE_MASK) >> QUEUE_SHIFT;
    if (queue !== QUEUE_NONE) this.queues.unlink(queue, slot);
    this.table.remove(slot);
    this.expiry.clear(slot);
    this.queues.give(slot);
  }

  private expire(): void {
    for (let slot = this.expiry.due(this.state[CLOCK]!); slot >= 0; slot = this.expiry.due(this.state[CLOCK]!)) {
      this.forget(slot);
      this.state[EXPIRED] = this.state[EXPIRED]! + 1;
    }
  }

  private lowerTimeout(slot: number): void {
    const left = this.expiry.at[slot]! - this.state[CLOCK]!;
    const lower = this.timeouts[TIMEOUT_UNACKNOWLEDGED]!;
    if (left >= LOWER_FROM && left > lower) this.expiry.set(slot, this.state[CLOCK]! + lower);
  }

  private advance(now: Float): void {
    this.times[LAST_NOW] = now;
    const clock = now - this.times[EPOCH]!;
    if (clock >= CLOCK_LIMIT) this.rebase();
    else this.state[CLOCK] = clock | 0;
  }

  /** @cold Every twelve days of capture: the clock begins anew, and all it is compared with moves along. */
  private rebase(): void {
    const past = this.times[LAST_NOW]! - this.times[EPOCH]!;
    // What is due within the old clock's reach ends now; nothing else can be due, timeouts being shorter than the limit.
    this.state[CLOCK] = Math.min(past, NEVER - 1);
    this.expire();
    this.expiry.rebase(past);
    const { words } = this.table;
    for (let slot = 0; slot <= this.table.capacity; slot++) {
      const at = slot * WORDS;
      if ((words[at + META]! & 0xff) === UDP) words[at + STREAM_AT] = Math.max(0, words[at + STREAM_AT]! - past);
    }
    this.times[EPOCH] = this.times[EPOCH]! + past;
    this.state[CLOCK] = 0;
  }
}

/** @throws RangeError */
export function capacityOf({ maxConnections = DEFAULT_CONNECTIONS }: TrackerOptions): number {
  if (!Number.isInteger(maxConnections) || maxConnections < 1 || maxConnections > MOST_CONNECTIONS) {
    throw new RangeError(`maxConnections: ${maxConnections} is not a whole number from 1 to ${MOST_CONNECTIONS}`);
  }
  return maxConnections;
}

/** Linux's connection tracking. @throws RangeError, TimeoutError for options out of range. */
export const createTracker = (options: TrackerOptions = {}, memory: Memory = OWN_MEMORY): ConnectionTracker =>
  new ConnectionTracker(options, memory);
