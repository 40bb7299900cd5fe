/**
 * The connection table of Calico's eBPF dataplane: which of SYN, ACK, FIN and RST each side has sent (hot). Facts CE1.. are
 * those of docs/conntrack.md.
 *
 * In, out: ebpf-plugin.ts.
 */
import { DPORT, ICMP_TYPE, PROTOCOL, SPORT, TCP_ACK, TCP_FLAGS, TCP_SEQ } from '../packet/row.js';
import {
  ASKS_AGAIN,
  ASKS_NOTHING,
  ASKS_TO_TURN,
  BEGINS_NOTHING,
  BITS,
  CLASS_CONNECTION,
  CLASS_ERROR,
  CLASS_UNTRACKED,
  type EbpfPlugin,
  isOwnIcmp,
  writePortKey,
} from './ebpf-plugin.js';
import { META } from './entry.js';
import {
  CALICO_ESTABLISHED,
  CALICO_FINS_SEEN,
  CALICO_GENERIC,
  CALICO_ICMP,
  CALICO_RESET_SEEN,
  CALICO_SYN_SENT,
  CALICO_UDP,
  EBPF_TIMEOUTS,
} from './kinds.js';
import { AGAIN } from './outcome.js';
import { timeoutTable } from './timeouts.js';
import { ICMP, ICMPV6, TCP, UDP } from './tuple.js';

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;

/** words[BITS]: four bits the low side, four the high side. */
const SYN_SEEN = 1;
const ACK_SEEN = 2;
const FIN_SEEN = 4;
const RST_SEEN = 8;
const HIGH = 4;
const RST_TIMED = 1 << 8;
const BOTH_RST = RST_SEEN | (RST_SEEN << HIGH);
const BOTH_FIN = FIN_SEEN | (FIN_SEEN << HIGH);
const HANDSHAKE = SYN_SEEN | ACK_SEEN | ((SYN_SEEN | ACK_SEEN) << HIGH);
/** Sequence number of a side's SYN, low and high. */
const SEQUENCE = BITS + 1;
/** When the last RST came, in milliseconds of the table's clock, where RST_TIMED is set: not long ago. */
const RST_AT = BITS + 3;
/** (CE6) Traffic so long after a RST, in milliseconds, shows that the RST meant nothing. */
const RST_FORGOTTEN = 120_000;
/** (CE7) What an established connection has left from its last packet while the time of a RST is kept. */
const RESIDUAL = 120_000;

/** (CE9), (CE10) Index: ICMP type, or 256 + ICMPv6 type. */
const CLASSES = new Uint8Array(512).fill(CLASS_CONNECTION);
for (const type of [3, 4, 5, 11, 12]) CLASSES[type] = CLASS_ERROR;
CLASSES.fill(CLASS_ERROR, 256, 256 + 128);
for (const type of [130, 131, 132, 133, 135, 136]) CLASSES[256 + type] = CLASS_UNTRACKED;

export class CalicoEbpf implements EbpfPlugin {
  readonly timeouts: Int32Array;
  readonly readsQuotes = true;
  asks = ASKS_NOTHING;

  /** @param loose TCP connections are picked up from the middle, as if their beginning had been seen */
  constructor(
    overrides: Readonly<Record<string, number>> | undefined,
    private readonly loose: boolean,
  ) {
    this.timeouts = timeoutTable(overrides, EBPF_TIMEOUTS['calico-ebpf']);
  }

  classOf(rows: Int32Array, base: number): number {
    if (!isOwnIcmp(rows, base)) return CLASS_CONNECTION;
    return CLASSES[(rows[base + PROTOCOL] === ICMPV6 ? 256 : 0) + (rows[base + ICMP_TYPE]! & 255)]!;
  }

  /** (CE8) */
  writeKey(rows: Int32Array, base: number, _bytes: Uint8Array, key: Int32Array): number {
    const protocol = rows[base + PROTOCOL]!;
    if (protocol === TCP || protocol === UDP)
      return writePortKey(rows, base, rows[base + SPORT]!, rows[base + DPORT]!, key);
    return writePortKey(rows, base, 0, 0, key);
  }

  begin(words: Int32Array, at: number, fromHigh: boolean, rows: Int32Array, base: number): number {
    if (rows[base + PROTOCOL] !== TCP) return this.timeoutOf(words, at);
    const flags = rows[base + TCP_FLAGS]!;
    if ((flags & (SYN | ACK)) === SYN) {
      words[at + BITS] = SYN_SEEN << (fromHigh ? HIGH : 0);
      words[at + SEQUENCE + (fromHigh ? 1 : 0)] = rows[base + TCP_SEQ]!;
      return this.timeouts[CALICO_SYN_SENT]!;
    }
    // (CE1)
    if (!this.loose || (flags & (SYN | FIN | RST | ACK)) !== ACK) return BEGINS_NOTHING;
    words[at + BITS] = HANDSHAKE;
    return this.timeouts[CALICO_ESTABLISHED]!;
  }

  next(
    words: Int32Array,
    at: number,
    fromHigh: boolean,
    reply: boolean,
    rows: Int32Array,
    base: number,
    clock: number,
  ): number {
    this.asks = ASKS_NOTHING;
    if (rows[base + PROTOCOL] !== TCP) return this.timeoutOf(words, at);
    const flags = rows[base + TCP_FLAGS]!;
    const isSyn = (flags & (SYN | ACK)) === SYN;
    const before = words[at + BITS]!;
    // (CE3)
    if (isSyn && isOver(before) && isOver(before >> HIGH)) return AGAIN;
    if ((flags & RST) !== 0) {
      words[at + BITS] = before | RST_TIMED;
      words[at + RST_AT] = clock;
    } else if (clock - words[at + RST_AT]! > RST_FORGOTTEN) words[at + BITS] = before & ~RST_TIMED;
    this.mark(words, at, fromHigh, flags, rows, base);
    // (CE2)
    if (isSyn) this.asks = reply ? ASKS_TO_TURN : ASKS_AGAIN;
    return this.timeoutOf(words, at);
  }

  /** (CE4) What the packet shows; nothing here refuses it. */
  private mark(words: Int32Array, at: number, fromHigh: boolean, flags: number, rows: Int32Array, base: number): void {
    const own = fromHigh ? HIGH : 0;
    const peer = HIGH - own;
    let bits = words[at + BITS]!;
    if ((flags & RST) !== 0) bits |= RST_SEEN << own;
    if ((flags & FIN) !== 0) bits |= FIN_SEEN << own;
    const answers =
      (bits & (SYN_SEEN << peer)) !== 0 &&
      ((words[at + SEQUENCE + (fromHigh ? 0 : 1)]! + 1) | 0) === (rows[base + TCP_ACK]! | 0);
    if ((flags & (SYN | ACK)) === (SYN | ACK)) {
      if (answers) {
        bits |= (SYN_SEEN | ACK_SEEN) << own;
        words[at + SEQUENCE + (fromHigh ? 1 : 0)] = rows[base + TCP_SEQ]!;
      }
    } else if ((flags & ACK) !== 0 && (bits & ((SYN_SEEN | ACK_SEEN) << own)) === SYN_SEEN << own) {
      if (answers) bits |= ACK_SEEN << own;
    } else if ((bits & (ACK_SEEN << peer)) !== 0) {
      // (CE5) Traffic behind a RST, the RST itself included, takes the mark away; only its time is kept.
      bits &= ~BOTH_RST;
    }
    words[at + BITS] = bits;
  }

  /** (CE5), (CE6), (CE7) */
  timeoutOf(words: Int32Array, at: number): number {
    const { timeouts } = this;
    const protocol = words[at + META]! & 0xff;
    if (protocol === UDP) return timeouts[CALICO_UDP]!;
    if (protocol === ICMP || protocol === ICMPV6) return timeouts[CALICO_ICMP]!;
    if (protocol !== TCP) return timeouts[CALICO_GENERIC]!;
    const bits = words[at + BITS]!;
    let timeout = timeouts[(bits & HANDSHAKE) === HANDSHAKE ? CALICO_ESTABLISHED : CALICO_SYN_SENT]!;
    if ((bits & BOTH_RST) !== 0) timeout = Math.min(timeout, timeouts[CALICO_RESET_SEEN]!);
    if ((bits & BOTH_FIN) === BOTH_FIN) timeout = Math.min(timeout, timeouts[CALICO_FINS_SEEN]!);
    if ((bits & HANDSHAKE) === HANDSHAKE && (bits & RST_TIMED) !== 0) timeout = Math.min(timeout, RESIDUAL);
    return timeout;
  }

  rebase(words: Int32Array, at: number, past: number): void {
    if ((words[at + BITS]! & RST_TIMED) !== 0) words[at + RST_AT] = words[at + RST_AT]! - past;
  }
}

const isOver = (bits: number): boolean => (bits & (FIN_SEEN | RST_SEEN)) !== 0;
