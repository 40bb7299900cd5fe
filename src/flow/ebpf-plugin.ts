/**
 * What a plugin's eBPF programs make of packets: the part of an eBPF connection table in which plugins differ (hot).
 *
 * In:  rows, and an entry's words.  Out: numbers. The rest, entries, their order and their time, is ebpf.ts.
 */
import { DPORT, DST, FAMILY, ICMP_CODE, ICMP_ID, ICMP_TYPE, PROTOCOL, SPORT, SRC } from '../packet/row.js';
import { KIND_IPV6, META, PORTS } from './entry.js';
import { compareEnds, FROM_HIGH_END, ICMP, ICMPV6, REQUEST_OF, writeEnds } from './tuple.js';

/** EbpfPlugin.classOf: has a key of its own. */
export const CLASS_CONNECTION = 0;
/** An ICMP error. */
export const CLASS_ERROR = 1;
/** Passes without policies. */
export const CLASS_UNTRACKED = 2;
/** A protocol the table does not take. */
export const CLASS_UNKNOWN = 3;
/** Dropped before it is looked up. */
export const CLASS_REFUSED = 4;

/** EbpfPlugin.asks: the packet is of its connection. */
export const ASKS_NOTHING = 0;
/** The policies are asked again, in the connection's direction. */
export const ASKS_AGAIN = 1;
/** The policies are asked as for a first packet; let through it begins the connection anew, refused the entry stays. */
export const ASKS_TO_REOPEN = 2;
/** The same, but what was known of the connection stays known. */
export const ASKS_TO_TURN = 3;

/** begin(): a packet that begins nothing. next(): the old connection is over. Other answers are timeouts (ms), or KEEP. */
export const BEGINS_NOTHING = -2;

export interface EbpfPlugin {
  /** Milliseconds by index (kinds.ts). */
  readonly timeouts: Int32Array;
  /** Whether an ICMP error is about what it quotes, or about whatever is between its own two ends. */
  readonly readsQuotes: boolean;
  /** One of CLASS_, of a row with whole headers. */
  classOf(rows: Int32Array, base: number): number;
  /** The key of the row's connection at key[0]; a CLASS_CONNECTION has one. @returns a side (tuple.ts) */
  writeKey(rows: Int32Array, base: number, bytes: Uint8Array, key: Int32Array): number;
  /** A packet without an entry; the entry's own words are 0. */
  begin(words: Int32Array, at: number, fromHigh: boolean, rows: Int32Array, base: number): number;
  /** A packet with an entry. @param reply against the direction of the first packet @param clock milliseconds, from 0 */
  next(
    words: Int32Array,
    at: number,
    fromHigh: boolean,
    reply: boolean,
    rows: Int32Array,
    base: number,
    clock: number,
  ): number;
  /** One of ASKS_, behind next(). */
  readonly asks: number;
  /** The timeout of an entry as it is. */
  timeoutOf(words: Int32Array, at: number): number;
  /** @cold The clock has been moved back by `past` milliseconds. */
  rebase(words: Int32Array, at: number, past: number): void;
}

/** An entry's own words (entry.ts: from 4 to 15). BITS belongs to the plugin, and the two words behind it. */
export const BITS = 4;
/** Of what ICMP errors are related by (Cilium): the slot of the connection it was made with, + 1; 0: the entry's tags are
 *  its own. */
export const RELATED_OF = 8;
/** Of a connection: the slot of what errors about it are related by, + 1. */
export const RELATED_AT = 9;
/** Which exchange of packets the first one was of, two words: keys may hold several. */
export const EXCHANGE = 10;
/** META: the connection was refused, and is kept for what-if mode. */
export const REFUSED_ENTRY = 1 << 15;

/** Writes the row's exchange at words[at]: the ports, or what Linux tells ICMP exchanges by. */
export const writeExchange = (
  rows: Int32Array,
  base: number,
  fromHigh: boolean,
  words: Int32Array,
  at: number,
): void => {
  const protocol = rows[base + PROTOCOL]!;
  if (protocol === ICMP || protocol === ICMPV6) {
    const type = rows[base + ICMP_TYPE]! & 255;
    const request = REQUEST_OF[(protocol === ICMPV6 ? 256 : 0) + type]! - 1;
    const isReply = request >= 0 && request !== type;
    words[at] = (rows[base + ICMP_ID]! << 16) | ((isReply ? request : type) << 8) | rows[base + ICMP_CODE]!;
    words[at + 1] = fromHigh !== isReply ? 1 : 0;
    return;
  }
  const source = rows[base + SPORT]!;
  const destination = rows[base + DPORT]!;
  words[at] = fromHigh ? (destination << 16) | source : (source << 16) | destination;
  words[at + 1] = 0;
};

/** Both ends, the lower one first, under the row's protocol. @returns a side (tuple.ts) */
export const writePortKey = (
  rows: Int32Array,
  base: number,
  sourcePort: number,
  destinationPort: number,
  key: Int32Array,
): number => {
  key[META] = rows[base + PROTOCOL]! | (rows[base + FAMILY] === 6 ? KIND_IPV6 : 0);
  const side = compareEnds(rows, base, sourcePort, destinationPort);
  if (side === FROM_HIGH_END) {
    writeEnds(rows, base + DST, base + SRC, key, 0);
    key[PORTS] = (destinationPort << 16) | sourcePort;
  } else {
    writeEnds(rows, base + SRC, base + DST, key, 0);
    key[PORTS] = (sourcePort << 16) | destinationPort;
  }
  return side;
};

/** Whether the row is ICMP in IPv4 or ICMPv6 in IPv6. */
export const isOwnIcmp = (rows: Int32Array, base: number): boolean =>
  rows[base + PROTOCOL] === (rows[base + FAMILY] === 6 ? 58 : 1);
