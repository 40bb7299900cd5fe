/**
 * Reassembly: fragments -> datagrams, as Linux does before connection tracking and rules see anything (dataplane mode).
 *
 * In:  fragments in capture order.  Out: a FATE_ a fragment; the row and bytes of a datagram that is whole; packet numbers
 * whose fate a call has settled: those that `share` that datagram, and those that are `lost`, as their datagram never
 * will be whole. Called for fragments only, and when `deadline` has come.
 *
 * A datagram is (source, destination, identification, and in IPv4 the protocol). It is given up 30 (IPv4) or 60 (IPv6)
 * seconds after its first fragment came; when a fragment contradicts it (datagram.ts); and in IPv4 when more than 64
 * fragments of its source came between two of its own (ipfrag_max_dist): then it begins anew. At most MOST_BYTES are held:
 * a datagram that would begin beyond is refused.
 */
import { hasBadChecksum } from '../packet/checksum.js';
import { type FragmentPart, fragmentPart } from '../packet/fragment.js';
import { KIND_BY_VERSION } from '../packet/next.js';
import { clearRow, packet } from '../packet/packet.js';
import {
  DST,
  FAMILY,
  FLAG_BAD_CHECKSUM,
  FLAGS,
  IP_ID,
  PROTOCOL,
  SRC,
  STATUS,
  STATUS_OK,
  STATUS_TRUNCATED,
  STRIDE,
} from '../packet/row.js';
import { Datagram, FRAGMENT_DUPLICATE, FRAGMENT_FATAL, FRAGMENT_PASSES, FRAGMENT_REFUSED } from './datagram.js';
import { TIMEOUT_IP_FRAGMENT, TIMEOUT_IP6_FRAGMENT, timeoutTable } from './timeouts.js';

/** It waits for the others; or it was one too many, and it is among the lost. */
export const FATE_WAITS = 0;
/** Its datagram is whole: `rows` (one row) and `bytes` hold it, `share` its packets, this one included. */
export const FATE_WHOLE = 1;
/** No fragment to Linux: `rows` and `bytes` hold the packet as it is judged by itself. */
export const FATE_PASSES = 2;
/** Its own IP headers are cut by the capture, or contradict themselves: nothing was done with it. */
export const FATE_TRUNCATED = 3;
export const FATE_MALFORMED = 4;

export interface ReassemblyOptions {
  /** Seconds by name: ip_fragment, ip6_fragment (flow/timeouts.ts). */
  readonly timeouts?: Readonly<Record<string, number>>;
  readonly verifyChecksums?: boolean;
}

/** ipfrag_high_thresh and nf_conntrack_frag6_high_thresh. */
const MOST_BYTES = 4 << 20;
/** ipfrag_max_dist. */
const MOST_BETWEEN = 64;

export class Reassembly {
  /** Nanoseconds at which expire() has something to do. */
  deadline = Number.POSITIVE_INFINITY;
  readonly rows = new Int32Array(STRIDE);
  bytes: Uint8Array = new Uint8Array(0);
  /** Hold until the next call. */
  share: readonly number[] = [];
  lost: number[] = [];
  /** FATE_WHOLE: packet number of the fragment with the transport header. */
  first = 0;
  /** IPv4's and IPv6's, by key, in the order in which they end: all of a family wait equally long. */
  private readonly waiting: readonly [Map<string, Datagram>, Map<string, Datagram>] = [new Map(), new Map()];
  /** IPv4: fragments that a source has sent while datagrams of it waited, and how many wait. */
  private readonly sources = new Map<number, { sent: number; waiting: number }>();
  private readonly lifetimes: readonly [number, number];
  private readonly verify: boolean;
  private held = 0;

  /** @throws TimeoutError for options out of range. */
  constructor(options: ReassemblyOptions = {}) {
    const timeouts = timeoutTable(options.timeouts);
    this.lifetimes = [timeouts[TIMEOUT_IP_FRAGMENT]! * 1e6, timeouts[TIMEOUT_IP6_FRAGMENT]! * 1e6];
    this.verify = options.verifyChecksums === true;
  }

  /** Whether fragments wait for the datagram of this row. */
  awaits(rows: Int32Array, base: number): boolean {
    return this.of(rows[base + FAMILY]!).has(keyOf(rows, base));
  }

  /**
   * @param rows a row with FRAG_MORE or FRAG_LATER, or an atomic fragment whose datagram is awaited
   * @param now nanoseconds, as everywhere in the judge; expire() was called for it
   * @param number the packet's
   */
  add(rows: Int32Array, base: number, bytes: Uint8Array, now: number, number: number): number {
    this.lost = [];
    const part = fragmentPart(rows, base, bytes);
    if (part.status !== STATUS_OK) return part.status === STATUS_TRUNCATED ? FATE_TRUNCATED : FATE_MALFORMED;
    if (part.lacksHeader) return this.pass(part, bytes);
    const datagram = this.datagramOf(rows, base, now);
    if (datagram === null) {
      this.lost.push(number);
      return FATE_WAITS;
    }
    const before = datagram.bytes;
    const said = datagram.add(part, bytes, number);
    this.held += datagram.bytes - before;
    switch (said) {
      case FRAGMENT_PASSES:
        this.lose(datagram);
        return this.pass(part, bytes);
      case FRAGMENT_REFUSED:
        this.lost.push(number);
        return FATE_WAITS;
      case FRAGMENT_FATAL:
        this.lose(datagram);
        this.lost.push(number);
        return FATE_WAITS;
    }
    datagram.numbers.push(number);
    if (said === FRAGMENT_DUPLICATE || !datagram.isWhole) return FATE_WAITS;
    if (datagram.isRefused) {
      this.lose(datagram);
      return FATE_WAITS;
    }
    this.forget(datagram);
    const { packet: whole, length } = datagram.assemble();
    this.share = datagram.numbers;
    this.first = datagram.first;
    this.read(whole, length);
    return FATE_WHOLE;
  }

  /** Gives up the datagrams whose time has come. */
  expire(now: number): void {
    this.lost = [];
    for (const waiting of this.waiting) {
      for (const datagram of waiting.values()) {
        if (datagram.until > now) break;
        this.lose(datagram);
      }
    }
  }

  /** A packet that shares the verdict of another one, if that still waits. */
  addCopy(of: number, number: number): boolean {
    for (const { numbers } of this.all()) {
      if (!numbers.includes(of)) continue;
      numbers.push(number);
      return true;
    }
    return false;
  }

  /** The lowest number of a packet that waits; Infinity where none does. */
  oldest(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { numbers } of this.all()) for (const number of numbers) oldest = Math.min(oldest, number);
    return oldest;
  }

  /** Takes the packets up to `number` from their datagrams, as nobody waits for their verdicts any more. */
  release(number: number): number[] {
    return this.all().flatMap(({ numbers }) => {
      const released = numbers.filter(each => each <= number);
      numbers.splice(0, numbers.length, ...numbers.filter(each => each > number));
      return released;
    });
  }

  private all(): Datagram[] {
    return this.waiting.flatMap(waiting => [...waiting.values()]);
  }

  private of(family: number): Map<string, Datagram> {
    return this.waiting[family === 6 ? 1 : 0];
  }

  /** The datagram that waits, or a new one; null where there is no room for one. */
  private datagramOf(rows: Int32Array, base: number, now: number): Datagram | null {
    const family = rows[base + FAMILY]!;
    const key = keyOf(rows, base);
    const known = this.of(family).get(key);
    if (known === undefined && this.held >= MOST_BYTES) return null;
    const until = now + this.lifetimes[family === 6 ? 1 : 0];
    const source = rows[base + SRC]!;
    const open = (): Datagram => this.open(new Datagram(key, family, source, until));
    if (family === 6) return known ?? open();

    let datagram = known ?? open();
    const sent = ++this.sources.get(source)!.sent;
    if (!datagram.isEmpty && sent - datagram.sent > MOST_BETWEEN) {
      this.lose(datagram);
      datagram = open();
      this.sources.get(source)!.sent = sent;
    }
    datagram.sent = sent;
    return datagram;
  }

  private open(datagram: Datagram): Datagram {
    const { key, family, source } = datagram;
    this.of(family).set(key, datagram);
    if (family === 4) {
      const known = this.sources.get(source);
      if (known === undefined) this.sources.set(source, { sent: 0, waiting: 1 });
      else known.waiting++;
    }
    this.setDeadline();
    return datagram;
  }

  private forget({ key, family, source, bytes }: Datagram): void {
    this.of(family).delete(key);
    this.held -= bytes;
    if (family === 4) {
      const known = this.sources.get(source)!;
      if (--known.waiting === 0) this.sources.delete(source);
    }
    this.setDeadline();
  }

  private lose(datagram: Datagram): void {
    this.forget(datagram);
    this.lost.push(...datagram.numbers);
  }

  private setDeadline(): void {
    this.deadline = Number.POSITIVE_INFINITY;
    for (const waiting of this.waiting) {
      for (const { until } of waiting.values()) {
        this.deadline = Math.min(this.deadline, until);
        break;
      }
    }
  }

  private pass(part: FragmentPart, bytes: Uint8Array): number {
    this.read(alone(part, bytes), part.end - part.offset + part.data - part.at);
    return FATE_PASSES;
  }

  private read(whole: Uint8Array, length: number): void {
    const { rows } = this;
    const view = new DataView(whole.buffer, whole.byteOffset, whole.byteLength);
    this.bytes = whole;
    clearRow(rows, 0);
    packet(KIND_BY_VERSION, view, 0, whole.length, length, rows, 0);
    if (this.verify && rows[STATUS] === STATUS_OK && hasBadChecksum(view, rows, 0)) rows[FLAGS]! |= FLAG_BAD_CHECKSUM;
  }
}

/** A first fragment as a packet of its own: the same headers, and nothing to follow. A later one stays what it is. */
function alone({ at, captured, header }: FragmentPart, bytes: Uint8Array): Uint8Array {
  const packet = bytes.slice(at, captured);
  packet[header - at + 3] = packet[header - at + 3]! & ~1;
  return packet;
}

function keyOf(rows: Int32Array, base: number): string {
  // IPv6 (RFC 8200, 4.5) leaves the protocol out: later fragments need not repeat the first one's.
  const protocol = rows[base + FAMILY] === 6 ? -1 : rows[base + PROTOCOL]!;
  return `${rows.subarray(base + SRC, base + DST + 4).join()},${rows[base + IP_ID]},${protocol}`;
}
