/**
 * An entry of the connection table in words (cold): for tests, explanations and comparison with the kernel's own list.
 *
 * In:  the table and the entry's slot.  Out: plain values, with the kernel's names of states.
 */
import { DPORT, DST, FAMILY, ICMP_CODE, ICMP_ID, ICMP_TYPE, PROTOCOL, SPORT, SRC, STRIDE } from '../packet/row.js';
import { addressText } from '../packet/text.js';
import {
  ASSURED,
  FROM_HIGH,
  HIGH,
  IN_TABLE,
  KIND_IPV6,
  LOW,
  META,
  PORTS,
  REPLIED,
  RETRANS_MASK,
  RETRANS_SHIFT,
  SEEN,
  SEEN_END,
  SEEN_MAXACK,
  SEEN_MAXEND,
  SEEN_MAXWIN,
  SEEN_WORDS,
  STATE_MASK,
  STATE_SHIFT,
  TAIL_WORDS,
  TCP_BITS,
  VTAG,
  WORDS,
} from './entry.js';
import { SCTP_STATE_NAMES } from './sctp-states.js';
import type { Table } from './table.js';
import { SCALE_SHIFT } from './tcp-bits.js';
import { TCP_STATE_NAMES } from './tcp-states.js';
import { ICMP, ICMPV6, SCTP, TCP, UDP, UDP_LITE } from './tuple.js';

/** What one direction has shown (TCP): sequence numbers unsigned, windows in bytes, flags as in tcp-bits.ts. */
export interface SeenDescription {
  readonly end: number;
  readonly maxEnd: number;
  readonly maxWindow: number;
  readonly maxAck: number;
  readonly scale: number;
  readonly flags: number;
}

export interface ConnectionDescription {
  readonly protocol: number;
  /** Of the connection's first packet. */
  readonly source: string;
  readonly destination: string;
  /** 0 where the protocol has none. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** ICMP and ICMPv6. */
  readonly icmp: { readonly id: number; readonly type: number; readonly code: number } | null;
  /** The kernel's name (TCP and SCTP), else ''. */
  readonly state: string;
  readonly replied: boolean;
  readonly assured: boolean;
  /** Milliseconds until it expires. */
  readonly timeoutLeft: number;
  /** TCP: original and reply direction. */
  readonly seen: readonly [SeenDescription, SeenDescription] | null;
  /** TCP: identical acknowledgements in a row, at most 3. */
  readonly retransmissions: number;
  /** SCTP: verification tags, original and reply direction. */
  readonly tags: readonly [number, number] | null;
}

/** @param left milliseconds until the entry expires. */
export const describeEntry = (table: Table, slot: number, left: number): ConnectionDescription => {
  const { words } = table;
  const at = slot * WORDS;
  const meta = words[at + META]!;
  const protocol = meta & 0xff;
  const row = new Int32Array(STRIDE);
  writeEntryEnds(table, slot, row);
  const ports = words[at + PORTS]!;
  const isIcmp = protocol === ICMP || protocol === ICMPV6;
  const fromHigh = (meta & FROM_HIGH) !== 0;
  const lowPort = isIcmp ? 0 : ports >>> 16;
  const highPort = isIcmp ? 0 : ports & 0xffff;
  const state = (meta & STATE_MASK) >> STATE_SHIFT;
  const seen = (direction: number): SeenDescription => {
    const side = at + SEEN + direction * SEEN_WORDS;
    return {
      end: words[side + SEEN_END]! >>> 0,
      maxEnd: words[side + SEEN_MAXEND]! >>> 0,
      maxWindow: words[side + SEEN_MAXWIN]! >>> 0,
      maxAck: words[side + SEEN_MAXACK]! >>> 0,
      scale: (words[at + TCP_BITS]! >>> (SCALE_SHIFT + 4 * direction)) & 15,
      flags: (words[at + TCP_BITS]! >>> (8 * direction)) & 0xff,
    };
  };
  return {
    protocol,
    source: addressText(row, 0, SRC),
    destination: addressText(row, 0, DST),
    sourcePort: fromHigh ? highPort : lowPort,
    destinationPort: fromHigh ? lowPort : highPort,
    icmp: isIcmp ? { id: ports >>> 16, type: (ports >>> 8) & 255, code: ports & 255 } : null,
    state: protocol === TCP ? TCP_STATE_NAMES[state]! : protocol === SCTP ? SCTP_STATE_NAMES[state]! : '',
    replied: (meta & REPLIED) !== 0,
    assured: (meta & ASSURED) !== 0,
    timeoutLeft: left,
    seen: protocol === TCP ? [seen(0), seen(1)] : null,
    retransmissions: protocol === TCP ? (meta & RETRANS_MASK) >> RETRANS_SHIFT : 0,
    tags: protocol === SCTP ? [words[at + VTAG]! >>> 0, words[at + VTAG + 1]! >>> 0] : null,
  };
};

/** As Tracker.writeEnds: Linux keeps all of it. @param hasType whether an entry of ICMP keeps identifier, type and code */
export function writeEntryEnds({ words, tails }: Table, slot: number, row: Int32Array, hasType = true): boolean {
  const meta = words[slot * WORDS + META]!;
  const isV6 = (meta & KIND_IPV6) !== 0;
  const [low, high] = (meta & FROM_HIGH) !== 0 ? [DST, SRC] : [SRC, DST];
  row[FAMILY] = isV6 ? 6 : 4;
  row[low] = words[slot * WORDS + LOW]!;
  row[high] = words[slot * WORDS + HIGH]!;
  for (let word = 0; word < 3; word++) {
    row[low + 1 + word] = isV6 ? tails[slot * TAIL_WORDS + word]! : 0;
    row[high + 1 + word] = isV6 ? tails[slot * TAIL_WORDS + 3 + word]! : 0;
  }
  const protocol = meta & 0xff;
  const ports = words[slot * WORDS + PORTS]!;
  const isIcmp = protocol === ICMP || protocol === ICMPV6;
  const hasKeptPorts = protocol === TCP || protocol === UDP || protocol === SCTP || protocol === UDP_LITE;
  row[PROTOCOL] = protocol;
  row[low === SRC ? SPORT : DPORT] = hasKeptPorts ? ports >>> 16 : 0;
  row[low === SRC ? DPORT : SPORT] = hasKeptPorts ? ports & 0xffff : 0;
  row[ICMP_ID] = isIcmp && hasType ? ports >>> 16 : 0;
  row[ICMP_TYPE] = isIcmp && hasType ? (ports >>> 8) & 255 : 0;
  row[ICMP_CODE] = isIcmp && hasType ? ports & 255 : 0;
  return hasKeptPorts || (isIcmp ? hasType : protocol !== DCCP);
}

/** As Tracker.next. */
export function nextEntry({ words, capacity }: Table, slot: number): number {
  for (let next = slot + 1; next <= capacity; next++) {
    if ((words[next * WORDS + META]! & IN_TABLE) !== 0) return next;
  }
  return -1;
}

/** Its ports are no part of Linux's key. */
const DCCP = 33;
