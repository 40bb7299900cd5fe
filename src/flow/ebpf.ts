/**
 * Connection tracking in a plugin's eBPF programs, without Linux's (hot): Cilium, and Calico's eBPF dataplane.
 *
 * In, out and the order of calls: tracker.ts. Neither has windows or checksums; whatever has an entry passes. Inside, for
 * one packet: clock and expiry -> the packet's class -> ICMP errors -> key -> lookup -> the plugin (ebpf-plugin.ts). The table is
 * LRU: when it is full, the entry unused for longest makes room, and nothing is refused.
 * Facts CT.. and CE.. are those of docs/conntrack.md. Nothing is allocated a packet; all memory is taken at the start.
 */
import { parseQuoted } from '../packet/quoted.js';
import {
  DST,
  END,
  FAMILY,
  FRAG_LATER,
  FRAGMENT,
  L4,
  PROTOCOL,
  SRC,
  STATUS,
  STATUS_NOT_IP,
  STATUS_OK,
  STRIDE,
} from '../packet/row.js';
import { CalicoEbpf } from './calico-ebpf.js';
import { Cilium } from './cilium.js';
import { capacityOf } from './conntrack.js';
import { nextEntry, writeEntryEnds } from './describe.js';
import {
  ASKS_AGAIN,
  ASKS_NOTHING,
  ASKS_TO_TURN,
  BITS,
  CLASS_CONNECTION,
  CLASS_ERROR,
  CLASS_UNKNOWN,
  CLASS_UNTRACKED,
  type EbpfPlugin,
  EXCHANGE,
  REFUSED_ENTRY,
  RELATED_AT,
  RELATED_OF,
  writeExchange,
  writePortKey,
} from './ebpf-plugin.js';
import { FROM_HIGH, HIGH, KEY_TAIL, KIND_IPV6, LOW, META, PORTS, REPLIED, TAG, TAIL_WORDS, WORDS } from './entry.js';
import { Expiry, NEVER } from './expiry.js';
import { CILIUM_ANY, type EbpfKind } from './kinds.js';
import { AGAIN } from './outcome.js';
import { Queues } from './queues.js';
import { Table } from './table.js';
import {
  INVALID_HEADER,
  INVALID_NO_ENTRY,
  INVALID_NONE,
  INVALID_PROTOCOL,
  INVALID_UNRELATED,
  TAGS,
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
import { FROM_EITHER, FROM_HIGH_END, ICMP, ICMPV6, NO_NEXT_HEADER } from './tuple.js';

/** The clock's milliseconds stay below this, so that clock + timeout fits 31 bits. */
const CLOCK_LIMIT = 2 ** 30;
/** The one queue: who was used last stands last. */
const LRU = 1;
/** The quote of an ICMP error begins behind its type, code, checksum and one word. */
const ERROR_HEADER = 8;

/** PORTS of what ICMP errors are related by, by the side of the first packet of the connection it was made with. No ICMP
 *  message has such ports: one of its two is always 0. */
const RELATED_LOW_BEGAN = -2;
const RELATED_HIGH_BEGAN = -1;
const isRelatedEntry = (words: Int32Array, slot: number): boolean => {
  const protocol = words[slot * WORDS + META]! & 0xff;
  return (protocol === ICMP || protocol === ICMPV6) && words[slot * WORDS + PORTS]! >>> 1 === RELATED_HIGH_BEGAN >>> 1;
};

/** No slot. */
const NONE = -1;

export class EbpfTracker implements Tracker {
  slot = NONE;
  invalid = INVALID_NONE;
  readonly tag: Int32Array;
  readonly capacity: number;

  private readonly table: Table;
  private readonly expiry: Expiry;
  private readonly queue: Queues;
  private readonly quoted = new Int32Array(STRIDE);
  private readonly exchange = new Int32Array(2);
  /** Of a first packet that is neither confirmed nor discarded yet: its slot, its timeout, and the entry it would replace. */
  private pending = NONE;
  private pendingTimeout = 0;
  private replaces = NONE;
  /** Milliseconds since `epoch`, which moves on now and then so that they stay small. */
  private clock = 0;
  private epoch = 0;
  private lastNow = 0;
  /** Entries that are no connections: what ICMP errors are related by. */
  private related = 0;
  /** Entries at once, at most. */
  private most = 0;
  private created = 0;
  private expired = 0;
  private evicted = 0;

  constructor(
    private readonly plugin: EbpfPlugin,
    options: TrackerOptions,
  ) {
    this.capacity = capacityOf(options);
    this.table = new Table(this.capacity);
    this.expiry = new Expiry(this.capacity + 1);
    this.queue = new Queues(this.capacity + 1);
    this.tag = this.table.words;
  }

  prepare(): void {}

  track(rows: Int32Array, base: number, bytes: Uint8Array, now: number): number {
    this.slot = NONE;
    this.invalid = INVALID_NONE;
    this.discard();
    if (now !== this.lastNow) this.advance(now);
    if (this.expiry.earliest <= this.clock) this.expire();

    const status = rows[base + STATUS]!;
    if (status === STATUS_NOT_IP) return TRACK_UNTRACKED;
    if (
      status !== STATUS_OK ||
      rows[base + PROTOCOL] === NO_NEXT_HEADER ||
      (rows[base + FRAGMENT]! & FRAG_LATER) !== 0
    ) {
      return this.refuse(INVALID_HEADER);
    }
    const kind = this.plugin.classOf(rows, base);
    if (kind !== CLASS_CONNECTION) return this.trackOther(kind, rows, base, bytes);
    const side = this.plugin.writeKey(rows, base, bytes, this.table.key);
    const slot = this.table.find();
    if (slot >= 0) {
      if (this.isOther(slot, side, rows, base)) return this.ask(slot, side === FROM_HIGH_END, false, rows, base);
      const code = this.continue(slot, side, rows, base);
      if (code !== AGAIN) return code;
      this.slot = NONE;
    }
    return this.begin(side, rows, base);
  }

  /** Whether the entry is a refused connection's, which only what-if mode has, and the packet of another exchange. */
  private isOther(slot: number, side: number, rows: Int32Array, base: number): boolean {
    const { words } = this.table;
    const at = slot * WORDS;
    if ((words[at + META]! & REFUSED_ENTRY) === 0) return false;
    writeExchange(rows, base, side === FROM_HIGH_END, this.exchange, 0);
    return words[at + EXCHANGE] !== this.exchange[0] || words[at + EXCHANGE + 1] !== this.exchange[1];
  }

  /** A packet of a connection in the table. */
  private continue(slot: number, side: number, rows: Int32Array, base: number): number {
    const { plugin } = this;
    const { words } = this.table;
    const at = slot * WORDS;
    const before = words[at + META]!;
    const fromHigh = side === FROM_HIGH_END;
    const reply = side === FROM_EITHER || fromHigh !== ((before & FROM_HIGH) !== 0);
    const outcome = plugin.next(words, at, fromHigh, reply, rows, base, this.clock);
    if (outcome === AGAIN) {
      this.forget(slot);
      return AGAIN;
    }
    this.use(slot);
    if (outcome >= 0) this.expiry.set(slot, this.clock + outcome);
    this.slot = slot;
    if (plugin.asks > ASKS_AGAIN) return this.ask(slot, fromHigh, plugin.asks === ASKS_TO_TURN, rows, base);
    if (reply) {
      words[at + META] = before | REPLIED;
      return TRACK_REPLY;
    }
    return (before & REPLIED) !== 0 && plugin.asks === ASKS_NOTHING ? TRACK_ORIGINAL : TRACK_ORIGINAL_UNREPLIED;
  }

  /** A packet without an entry. */
  private begin(side: number, rows: Int32Array, base: number): number {
    const slot = this.write(side === FROM_HIGH_END);
    const timeout = this.plugin.begin(this.table.words, slot * WORDS, side === FROM_HIGH_END, rows, base);
    writeExchange(rows, base, side === FROM_HIGH_END, this.table.words, slot * WORDS + EXCHANGE);
    if (timeout >= 0) return this.pend(slot, timeout, NONE);
    this.queue.give(slot);
    return this.refuse(INVALID_NO_ENTRY);
  }

  /** A packet with an entry, which the policies are asked about as if it had none. @param keeps what the entry knows */
  private ask(old: number, fromHigh: boolean, keeps: boolean, rows: Int32Array, base: number): number {
    const { words } = this.table;
    const slot = this.write(fromHigh);
    const at = slot * WORDS;
    let timeout = 0;
    if (keeps) {
      for (let word = BITS; word < RELATED_OF; word++) words[at + word] = words[old * WORDS + word]!;
      timeout = this.plugin.timeoutOf(words, at);
    } else timeout = this.plugin.begin(words, at, fromHigh, rows, base);
    writeExchange(rows, base, fromHigh, words, at + EXCHANGE);
    return this.pend(slot, timeout, old);
  }

  /** A free slot with the key at hand. */
  private write(fromHigh: boolean): number {
    const slot = this.queue.take();
    this.table.write(slot);
    const at = slot * WORDS + META;
    if (fromHigh) this.table.words[at] = this.table.words[at]! | FROM_HIGH;
    return slot;
  }

  private pend(slot: number, timeout: number, replaces: number): number {
    this.pending = slot;
    this.pendingTimeout = timeout;
    this.replaces = replaces;
    return TRACK_NEW;
  }

  /** @cold */
  private trackOther(kind: number, rows: Int32Array, base: number, bytes: Uint8Array): number {
    if (kind === CLASS_UNTRACKED) return TRACK_UNTRACKED;
    if (kind === CLASS_UNKNOWN) return this.refuse(INVALID_PROTOCOL);
    if (kind !== CLASS_ERROR) return this.refuse(INVALID_HEADER);
    if (!this.plugin.readsQuotes) return this.trackByAddresses(rows, base, bytes);
    // (CE9) Whoever sends the error, to whomever; and it renews what it is about.
    const slot = this.findQuoted(rows, base, bytes);
    if (slot < 0) return this.refuse(INVALID_UNRELATED);
    this.use(slot);
    this.expiry.set(slot, this.clock + this.plugin.timeoutOf(this.table.words, slot * WORDS));
    this.slot = slot;
    return TRACK_RELATED;
  }

  /** (CT10) An error is related by its own two addresses, and only against the direction of a connection between them. */
  private trackByAddresses(rows: Int32Array, base: number, bytes: Uint8Array): number {
    const { table } = this;
    // What it quotes decides nothing, but tells which of the connections between the two it is about.
    const about = this.findQuoted(rows, base, bytes);
    if (about >= 0 && (table.words[about * WORDS + META]! & REFUSED_ENTRY) !== 0) {
      this.slot = about;
      return TRACK_RELATED;
    }
    const fromHigh = writePortKey(rows, base, 0, 0, table.key) === FROM_HIGH_END;
    table.key[PORTS] = fromHigh ? RELATED_LOW_BEGAN : RELATED_HIGH_BEGAN;
    let slot = table.find();
    const timeout = this.plugin.timeouts[CILIUM_ANY]!;
    if (slot >= 0) {
      this.use(slot);
      this.expiry.set(slot, this.clock + timeout);
      const madeWith = table.words[slot * WORDS + RELATED_OF]! - 1;
      this.slot = about >= 0 ? about : madeWith >= 0 ? madeWith : slot;
      return TRACK_RELATED;
    }
    table.key[PORTS] = fromHigh ? RELATED_HIGH_BEGAN : RELATED_LOW_BEGAN;
    slot = table.find();
    if (slot >= 0) {
      this.use(slot);
      this.expiry.set(slot, this.clock + timeout);
    }
    return this.pend(this.write(fromHigh), timeout, slot);
  }

  /** The slot of the connection an ICMP error quotes, or -1. By quote alone (Calico), or only where it goes back to the sender. */
  private findQuoted(rows: Int32Array, base: number, bytes: Uint8Array): number {
    const { quoted, plugin, table } = this;
    parseQuoted(bytes, rows[base + L4]! + ERROR_HEADER, rows[base + END]!, rows[base + FAMILY]!, quoted, 0);
    if (quoted[STATUS] !== STATUS_OK || quoted[FAMILY] !== rows[base + FAMILY]) return NONE;
    if ((quoted[FRAGMENT]! & FRAG_LATER) !== 0) return NONE;
    if (!plugin.readsQuotes) {
      if (plugin.classOf(quoted, 0) !== CLASS_CONNECTION) return NONE;
      for (let word = 0; word < 4; word++) if (quoted[SRC + word] !== rows[base + DST + word]) return NONE;
    }
    plugin.writeKey(quoted, 0, bytes, table.key);
    return table.find();
  }

  confirm(refused = false): number {
    const slot = this.pending;
    if (slot < 0) throw new Error('confirm() without a new connection');
    this.slot = slot;
    const { words } = this.table;
    const isRelated = isRelatedEntry(words, slot);
    // A refused error relates nothing: its slot is the judge's until the next packet.
    if (refused && isRelated) return slot;
    if (this.replaces >= 0) this.forget(this.replaces);
    this.replaces = NONE;
    if (refused) words[slot * WORDS + META] = words[slot * WORDS + META]! | REFUSED_ENTRY;
    else if (!this.plugin.readsQuotes && !isRelated) this.relate(slot);
    this.pending = NONE;
    this.makeRoom();
    this.insert(slot, this.pendingTimeout);
    for (let k = 0; k < TAGS; k++) words[tagPlace(slot) + k] = 0;
    if (isRelated) this.related++;
    this.created++;
    return slot;
  }

  discard(): void {
    if (this.pending < 0) return;
    this.queue.give(this.pending);
    this.pending = NONE;
    this.replaces = NONE;
  }

  /** (CT10) With every connection comes what errors about it are related by; the next one between the two renews it. */
  private relate(slot: number): void {
    const { words, tails, key } = this.table;
    const at = slot * WORDS;
    const isV6 = (words[at + META]! & KIND_IPV6) !== 0;
    const fromHigh = (words[at + META]! & FROM_HIGH) !== 0;
    key[LOW] = words[at + LOW]!;
    key[HIGH] = words[at + HIGH]!;
    key[PORTS] = fromHigh ? RELATED_HIGH_BEGAN : RELATED_LOW_BEGAN;
    key[META] = isV6 ? ICMPV6 | KIND_IPV6 : ICMP;
    if (isV6) for (let w = 0; w < TAIL_WORDS; w++) key[KEY_TAIL + w] = tails[slot * TAIL_WORDS + w]!;
    let related = this.table.find();
    if (related >= 0) {
      this.use(related);
      this.expiry.set(related, this.clock + this.pendingTimeout);
    } else {
      this.makeRoom();
      related = this.write(fromHigh);
      this.insert(related, this.pendingTimeout);
      this.related++;
    }
    words[related * WORDS + RELATED_OF] = slot + 1;
    words[at + RELATED_AT] = related + 1;
  }

  private insert(slot: number, timeout: number): void {
    this.table.insert(slot);
    if (this.table.live > this.most) this.most = this.table.live;
    this.queue.append(LRU, slot);
    this.expiry.set(slot, this.clock + timeout);
  }

  /** (CT13), (CE11) In a full table the entry unused for longest goes. */
  private makeRoom(): void {
    const { table } = this;
    if (table.live < table.capacity) return;
    const victim = this.queue.victim();
    if (!isRelatedEntry(table.words, victim)) this.evicted++;
    this.forget(victim);
  }

  private use(slot: number): void {
    this.queue.unlink(LRU, slot);
    this.queue.append(LRU, slot);
  }

  /** Takes an entry out of the table. */
  private forget(slot: number): void {
    const { words } = this.table;
    const at = slot * WORDS;
    if (isRelatedEntry(words, slot)) this.related--;
    else {
      const related = words[at + RELATED_AT]! - 1;
      // The slot may hold something else by now; what it was made with tells.
      if (related >= 0 && isRelatedEntry(words, related) && words[related * WORDS + RELATED_OF] === slot + 1) {
        words[related * WORDS + RELATED_OF] = 0;
        for (let k = 0; k < TAGS; k++) words[related * WORDS + TAG + k] = words[at + TAG + k]!;
      }
    }
    this.queue.unlink(LRU, slot);
    this.table.remove(slot);
    this.expiry.clear(slot);
    this.queue.give(slot);
  }

  writeEnds(slot: number, row: Int32Array): boolean {
    return writeEntryEnds(this.table, slot, row, false);
  }

  next(slot: number): number {
    let next = nextEntry(this.table, slot);
    while (next >= 0 && isRelatedEntry(this.table.words, next)) next = nextEntry(this.table, next);
    return next;
  }

  replied(slot: number): boolean {
    return (this.table.words[slot * WORDS + META]! & REPLIED) !== 0;
  }

  counters(): TrackerCounters {
    return {
      live: this.table.live - this.related,
      most: this.most,
      created: this.created,
      expired: this.expired,
      earlyEvictions: this.evicted,
      refusedFull: 0,
    };
  }

  /** Milliseconds until a connection expires (cold: for tests). */
  timeLeft(slot: number): number {
    return this.expiry.at[slot] === NEVER ? 0 : this.expiry.at[slot]! - this.clock;
  }

  private refuse(reason: number): number {
    this.invalid = reason;
    return TRACK_INVALID;
  }

  private expire(): void {
    for (let slot = this.expiry.due(this.clock); slot >= 0; slot = this.expiry.due(this.clock)) {
      if (!isRelatedEntry(this.table.words, slot)) this.expired++;
      this.forget(slot);
    }
  }

  private advance(now: number): void {
    this.lastNow = now;
    const clock = now - this.epoch;
    if (clock >= CLOCK_LIMIT) this.rebase();
    else this.clock = clock | 0;
  }

  /** @cold Every twelve days of capture: the clock begins anew, and all it is compared with moves along. */
  private rebase(): void {
    const past = this.lastNow - this.epoch;
    // What is due within the old clock's reach ends now; nothing else can be due, timeouts being shorter than the limit.
    this.clock = Math.min(past, NEVER - 1);
    this.expire();
    this.expiry.rebase(past);
    for (let slot = 0; slot <= this.capacity; slot++) this.plugin.rebase(this.table.words, slot * WORDS, past);
    this.epoch += past;
    this.clock = 0;
  }
}

/** @throws RangeError, TimeoutError for options out of range. */
export const createEbpfTracker = (kind: EbpfKind, options: TrackerOptions = {}): EbpfTracker =>
  new EbpfTracker(
    kind === 'cilium' ? new Cilium(options.timeouts) : new CalicoEbpf(options.timeouts, options.loose ?? true),
    options,
  );
