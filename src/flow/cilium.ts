/**
 * Cilium's connection table: flag bits, no window and no states (hot). Facts CT1.. are those of docs/conntrack.md.
 *
 * In, out: ebpf-plugin.ts.  An entry knows which sides are closing, and whether anything but SYNs was seen.
 */
import {
  DPORT,
  FRAG_LATER,
  FRAG_MORE,
  FRAGMENT,
  ICMP_ID,
  ICMP_TYPE,
  PROTOCOL,
  SPORT,
  TCP_FLAGS,
} from '../packet/row.js';
import {
  ASKS_NOTHING,
  ASKS_TO_REOPEN,
  BITS,
  CLASS_CONNECTION,
  CLASS_ERROR,
  CLASS_REFUSED,
  CLASS_UNKNOWN,
  CLASS_UNTRACKED,
  type EbpfPlugin,
  isOwnIcmp,
  writePortKey,
} from './ebpf-plugin.js';
import { META } from './entry.js';
import { CILIUM_ANY, CILIUM_FIN, CILIUM_SYN, CILIUM_TCP, EBPF_TIMEOUTS } from './kinds.js';
import { KEEP } from './outcome.js';
import { timeoutTable } from './timeouts.js';
import { ICMP, ICMPV6, TCP, UDP } from './tuple.js';

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;

/** words[BITS]. */
const LOW_CLOSING = 1;
const HIGH_CLOSING = 2;
const CLOSING = LOW_CLOSING | HIGH_CLOSING;
const SEEN_NON_SYN = 4;

/** (CT10) Index: ICMP type, or 256 + ICMPv6 type. */
const CLASSES = new Uint8Array(512).fill(CLASS_CONNECTION);
for (const type of [3, 11, 12, 256 + 1, 256 + 2, 256 + 3, 256 + 4]) CLASSES[type] = CLASS_ERROR;
// (CT11) Neighbour solicitations and advertisements are answered before anything is looked up.
for (const type of [256 + 135, 256 + 136]) CLASSES[type] = CLASS_UNTRACKED;

const isEcho = (protocol: number, type: number): boolean => (protocol === ICMP ? type === 8 : type === 128);
const isEchoReply = (protocol: number, type: number): boolean => (protocol === ICMP ? type === 0 : type === 129);

export class Cilium implements EbpfPlugin {
  readonly timeouts: Int32Array;
  readonly readsQuotes = false;
  asks = ASKS_NOTHING;

  constructor(overrides: Readonly<Record<string, number>> | undefined) {
    this.timeouts = timeoutTable(overrides, EBPF_TIMEOUTS.cilium);
  }

  classOf(rows: Int32Array, base: number): number {
    const protocol = rows[base + PROTOCOL]!;
    if (protocol === TCP || protocol === UDP) return CLASS_CONNECTION;
    // (CT8)
    if (!isOwnIcmp(rows, base)) return CLASS_UNKNOWN;
    // (CT12)
    if ((rows[base + FRAGMENT]! & (FRAG_MORE | FRAG_LATER)) !== 0) return CLASS_REFUSED;
    return CLASSES[(protocol === ICMPV6 ? 256 : 0) + (rows[base + ICMP_TYPE]! & 255)]!;
  }

  /** (CT9) */
  writeKey(rows: Int32Array, base: number, _bytes: Uint8Array, key: Int32Array): number {
    const protocol = rows[base + PROTOCOL]!;
    if (protocol === TCP || protocol === UDP)
      return writePortKey(rows, base, rows[base + SPORT]!, rows[base + DPORT]!, key);
    const type = rows[base + ICMP_TYPE]!;
    const identifier = rows[base + ICMP_ID]! & 0xffff;
    const sourcePort = isEchoReply(protocol, type) ? identifier : 0;
    return writePortKey(rows, base, sourcePort, isEcho(protocol, type) ? identifier : 0, key);
  }

  /** (CT1), (CT2) Whatever its flags are. */
  begin(words: Int32Array, at: number): number {
    return this.timeouts[(words[at + META]! & 0xff) === TCP ? CILIUM_SYN : CILIUM_ANY]!;
  }

  next(words: Int32Array, at: number, fromHigh: boolean, _reply: boolean, rows: Int32Array, base: number): number {
    const { timeouts } = this;
    this.asks = ASKS_NOTHING;
    if (rows[base + PROTOCOL] !== TCP) return timeouts[CILIUM_ANY]!;
    const flags = rows[base + TCP_FLAGS]!;
    let bits = words[at + BITS]!;
    // (CT5) A closed connection is renewed by nothing but what closes it.
    const isOpen = (bits & CLOSING) !== CLOSING;
    // (CT3)
    if ((flags & SYN) === 0) bits |= SEEN_NON_SYN;
    if ((flags & (FIN | RST)) !== 0) {
      // (CT4)
      bits |= (flags & RST) !== 0 ? CLOSING : fromHigh ? HIGH_CLOSING : LOW_CLOSING;
    } else if ((flags & (SYN | ACK)) === SYN && (bits & CLOSING) !== 0) {
      // (CT6)
      words[at + BITS] = 0;
      this.asks = ASKS_TO_REOPEN;
      return timeouts[CILIUM_SYN]!;
    } else if (!isOpen) return KEEP;
    words[at + BITS] = bits;
    return this.timeoutOf(words, at);
  }

  timeoutOf(words: Int32Array, at: number): number {
    const { timeouts } = this;
    if ((words[at + META]! & 0xff) !== TCP) return timeouts[CILIUM_ANY]!;
    const bits = words[at + BITS]!;
    if ((bits & CLOSING) === CLOSING) return timeouts[CILIUM_FIN]!;
    return timeouts[(bits & SEEN_NON_SYN) !== 0 ? CILIUM_TCP : CILIUM_SYN]!;
  }

  rebase(): void {}
}
