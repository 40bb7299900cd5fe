/**
 * Which connections were completed: packets with their connection's number -> one call a connection (hot).
 *
 * In:  batches of a what-if replay.  Out: opened() with a connection's first packet, and ended() once, at the capture's end or
 * when RECENT newer connections have begun: what was seen of it.
 * - TCP: the responder's SYN-ACK and the initiator's ACK behind it; of a connection that began before the capture, an ACK
 *   (with or without data) of each side, no RST. That is what established connections send, and scans do not get.
 * - SCTP: an answer other than ABORT, and the initiator's next packet.
 * - Everything else: an answer.
 * Memory: the RECENT newest connections, one slot each. What comes late is counted, and the caller says so.
 * Contract: what opened() and ended() are given is a slot; its fields stay until the slot is taken by a newer connection.
 */
import type { FrameBatch } from '../capture/frame.js';
import {
  DPORT,
  DST,
  END,
  FAMILY,
  FRAG_LATER,
  FRAGMENT,
  ICMP_TYPE,
  L4,
  PAYLOAD,
  type PacketBatch,
  PROTOCOL,
  SPORT,
  SRC,
  STRIDE,
  TCP_FLAGS,
} from '../packet/row.js';
import {
  MARK_DUPLICATE,
  MARK_MIDSTREAM,
  MARK_ORIGINAL,
  UNDECIDED_TRUNCATED,
  type VerdictBatch,
} from '../verdict/verdict.js';

/** Slots: connections that are waited for at once. A power of two. */
export const RECENT = 1 << 17;

/** What was seen of a connection. */
export const FORWARD = 1;
export const BACKWARD = 2;
/** TCP, SCTP: the responder has agreed (SYN-ACK, or an ACK of a connection that began earlier). */
const AGREED = 4;
/** The responder reset or aborted it. */
export const REFUSED = 8;
/** An ICMP error came about it. */
export const UNREACHABLE = 16;
/** TCP: data, in either direction. */
export const DATA = 32;
export const COMPLETED = 64;
/** It began before the capture, and who began it is inferred. */
export const INFERRED = 128;
/** TCP: the initiator sent an ACK. */
const ACKED = 256;

const SYN = 2;
const RST = 4;
const ACK = 16;
const TCP = 6;
const SCTP = 132;
const ICMP = 1;
const ICMPV6 = 58;
const SCTP_ABORT = 6;
/** Before the first chunk. */
const SCTP_HEADER = 12;

/** Words of a slot's key. */
export const KEY_SOURCE = 0;
export const KEY_DESTINATION = 4;
export const KEY_PORT = 8;
export const KEY_PROTOCOL = 9;
export const KEY_FAMILY = 10;
export const KEY_WORDS = 11;

export interface ConnectionListener {
  /** A connection's first packet, at index i of the batch, which goes from the initiator where `original`. */
  opened(slot: number, i: number, original: boolean): void;
  ended(slot: number): void;
}

export class Completion {
  /** Initiator's and responder's addresses, the responder's port, protocol, family. */
  readonly keys: Int32Array;
  readonly seen: Uint16Array;
  readonly packets: Uint32Array;
  /** Packets of connections older than the RECENT newest: they are not counted. */
  late = 0;
  /** Connections that were not completed when newer ones took their place. */
  givenUp = 0;
  /** Packets of no connection whose verdict is undecided: cut short, or later fragments alone. */
  unread = 0;
  private readonly numbers: Int32Array;

  constructor(
    private readonly listener: ConnectionListener,
    private readonly slots = RECENT,
  ) {
    this.keys = new Int32Array(slots * KEY_WORDS);
    this.seen = new Uint16Array(slots);
    this.packets = new Uint32Array(slots);
    this.numbers = new Int32Array(slots);
  }

  batch({ bytes }: FrameBatch, { rows }: PacketBatch, { connection, code, marks, count }: VerdictBatch): void {
    const { numbers, seen, packets, slots } = this;
    for (let i = 0; i < count; i++) {
      const number = connection[i]!;
      if ((marks[i]! & MARK_DUPLICATE) !== 0) continue;
      if (number === 0) {
        if (code[i]! >= UNDECIDED_TRUNCATED) this.unread++;
        continue;
      }
      const slot = number & (slots - 1);
      if (numbers[slot] !== number) {
        if (numbers[slot]! > number) {
          this.late++;
          continue;
        }
        if (numbers[slot]! !== 0) this.giveUp(slot);
        this.open(slot, number, rows, i, marks[i]!);
      }
      packets[slot] = packets[slot]! + 1;
      seen[slot] = seen[slot]! | this.see(slot, bytes, rows, i * STRIDE, (marks[i]! & MARK_ORIGINAL) !== 0);
    }
  }

  /** The capture is over. */
  end(): void {
    const { numbers, slots } = this;
    for (let slot = 0; slot < slots; slot++) if (numbers[slot] !== 0) this.listener.ended(slot);
  }

  private giveUp(slot: number): void {
    if ((this.seen[slot]! & COMPLETED) === 0) this.givenUp++;
    this.listener.ended(slot);
  }

  private open(slot: number, number: number, rows: Int32Array, i: number, marks: number): void {
    const { keys } = this;
    const base = i * STRIDE;
    const original = (marks & MARK_ORIGINAL) !== 0;
    const at = slot * KEY_WORDS;
    const from = base + (original ? SRC : DST);
    const to = base + (original ? DST : SRC);
    for (let word = 0; word < 4; word++) {
      keys[at + KEY_SOURCE + word] = rows[from + word]!;
      keys[at + KEY_DESTINATION + word] = rows[to + word]!;
    }
    const protocol = rows[base + PROTOCOL]!;
    keys[at + KEY_PORT] = protocol === ICMP || protocol === ICMPV6 ? 0 : rows[base + (original ? DPORT : SPORT)]!;
    keys[at + KEY_PROTOCOL] = protocol;
    keys[at + KEY_FAMILY] = rows[base + FAMILY]!;
    this.numbers[slot] = number;
    this.packets[slot] = 0;
    // A SYN or SYN-ACK tells for sure who began.
    const isTold = protocol === TCP && (rows[base + TCP_FLAGS]! & SYN) !== 0;
    this.seen[slot] = (marks & MARK_MIDSTREAM) !== 0 && !isTold ? INFERRED : 0;
    this.listener.opened(slot, i, original);
  }

  /** What one more packet tells. */
  private see(slot: number, bytes: Uint8Array, rows: Int32Array, base: number, original: boolean): number {
    const before = this.seen[slot]!;
    const protocol = this.keys[slot * KEY_WORDS + KEY_PROTOCOL]!;
    const own = rows[base + PROTOCOL]!;
    if ((own === ICMP || own === ICMPV6) && isError(own, rows[base + ICMP_TYPE]!)) return UNREACHABLE;
    const way = original ? FORWARD : BACKWARD;
    if (own !== protocol) return 0;
    if (protocol === TCP) {
      if ((rows[base + FRAGMENT]! & FRAG_LATER) !== 0) return way;
      return way | seeTcp(before, rows[base + TCP_FLAGS]!, rows[base + PAYLOAD]!, original);
    }
    if (protocol === SCTP) {
      const chunk = rows[base + L4]! + SCTP_HEADER;
      const isAbort = chunk < rows[base + END]! && bytes[chunk] === SCTP_ABORT;
      if (isAbort) return way | (original ? 0 : REFUSED);
      if (!original) return way | AGREED;
      return way | ((before & AGREED) !== 0 ? COMPLETED : 0);
    }
    return original ? way : way | COMPLETED;
  }
}

function seeTcp(before: number, flags: number, payload: number, original: boolean): number {
  if ((flags & RST) !== 0) return original ? 0 : REFUSED;
  if ((flags & ACK) === 0) return 0;
  const data = payload > 0 ? DATA : 0;
  if (!original) return data | AGREED | ((before & ACKED) !== 0 ? COMPLETED : 0);
  return (flags & SYN) !== 0 ? data : data | ACKED | ((before & AGREED) !== 0 ? COMPLETED : 0);
}

/** Destination unreachable, source quench, redirect, time exceeded, parameter problem; ICMPv6's errors are below 128. */
const isError = (protocol: number, type: number): boolean =>
  protocol === ICMPV6 ? type < 128 : type === 3 || type === 4 || type === 5 || type === 11 || type === 12;
