/**
 * One TCP segment against its connection (hot).
 *
 * In:  the entry (words at `at`), the direction, the packet's row.  Out: an outcome (outcome.ts); the entry's words follow.
 * The table of tcp-states.ts decides first; then the cases it cannot express, each named where it stands; then the window.
 */

import { FRAG_MORE, FRAGMENT, TCP_ACK, TCP_FLAGS, TCP_OPTIONS, TCP_SEQ, TCP_WINDOW } from '../packet/row.js';
import {
  ASSURED,
  LAST_ACK_WORD,
  LAST_END,
  LAST_KIND_MASK,
  LAST_KIND_SHIFT,
  LAST_REPLY,
  LAST_WINDOW,
  META,
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
  TCP_BITS,
} from './entry.js';
import { AGAIN, GONE, KEEP, REFUSED, REFUSED_CLOSING } from './outcome.js';
import {
  FLAG_CLOSE_INIT,
  FLAG_LIBERAL,
  FLAG_MAXACK_SET,
  FLAG_SACK_PERMITTED,
  FLAG_UNACKNOWLEDGED,
  FLAG_WINDOW_SCALE,
  FLAGS_BITS,
  LAST_CHALLENGE,
  LAST_FLAGS,
  LAST_SACK_PERMITTED,
  LAST_SCALE_SHIFT,
  LAST_SIMULTANEOUS,
  LAST_WINDOW_SCALE,
  SCALE_SHIFT,
} from './tcp-bits.js';
import {
  CLOSE,
  ESTABLISHED,
  FIN_WAIT,
  KIND_ACK,
  KIND_FIN,
  KIND_NONE,
  KIND_RST,
  KIND_SYN,
  KIND_SYNACK,
  KINDS,
  LAST_ACK,
  LEGAL_FLAGS,
  NONE,
  STATE_IGNORE,
  STATE_INVALID,
  SYN_RECV,
  SYN_SENT,
  SYN_SENT2,
  TIME_WAIT,
  TRANSITIONS,
} from './tcp-states.js';
import {
  checkWindow,
  endOf,
  learnOptions,
  MOST_RETRANS,
  markCloseInit,
  optionFlags,
  scaleOf,
  WINDOW_ACCEPT,
  WINDOW_IGNORE,
} from './tcp-window.js';
import { TIMEOUT_MAX_RETRANS, TIMEOUT_TCP, TIMEOUT_UNACKNOWLEDGED } from './timeouts.js';
import { INVALID_HEADER, INVALID_NO_ENTRY, INVALID_STATE, INVALID_WINDOW } from './tracker.js';

/** What the user chose for TCP. */
export interface TcpSettings {
  /** No packet is invalid for its window. */
  readonly liberal: boolean;
  /** Connections are picked up mid-stream. */
  readonly loose: boolean;
  /** Index of the timeout after a reset that is in the window but not exact (kernels differ: docs/conntrack.md). */
  readonly inexactReset: number;
  /** Milliseconds by index (timeouts.ts). */
  readonly timeouts: Int32Array;
}

/** States in which a connection is ending: Linux lets such entries go under pressure. */
export const isClosing = (state: number): boolean => state >= FIN_WAIT && state <= CLOSE;

/** Flags that are possible in TCP at all. */
export const legalFlags = (flags: number): boolean => LEGAL_FLAGS[flags & 63] === 1;

/**
 * Fills a cleared entry from a connection's first packet.
 * @returns KEEP, or REFUSED - INVALID_x where no connection begins with it.
 */
export const tcpBegin = (
  words: Int32Array,
  at: number,
  rows: Int32Array,
  base: number,
  bytes: Uint8Array,
  settings: TcpSettings,
): number => {
  const flags = rows[base + TCP_FLAGS]!;
  if (!legalFlags(flags)) return REFUSED - INVALID_HEADER;
  const first = TRANSITIONS[KINDS[flags & 63]! * 10 + NONE]!;
  if (first >= STATE_INVALID || (first !== SYN_SENT && !settings.loose)) return REFUSED - INVALID_NO_ENTRY;
  const end = endOf(rows, base);
  const window = rows[base + TCP_WINDOW]! || 1;
  words[at + SEEN + SEEN_END] = end;
  words[at + SEEN + SEEN_MAXWIN] = window;
  if (first === SYN_SENT) {
    words[at + SEEN + SEEN_MAXEND] = end;
    words[at + TCP_BITS] = learnOptions(0, 0, rows, base, bytes);
  } else {
    // Picked up mid-stream: the scales are unknown, so no window is checked for the rest of its life.
    words[at + SEEN + SEEN_MAXEND] = (end + window) | 0;
    words[at + TCP_BITS] = (FLAG_SACK_PERMITTED | FLAG_LIBERAL) * 0x101;
  }
  words[at + META] = words[at + META]! | (KIND_NONE << LAST_KIND_SHIFT);
  return KEEP;
};

/** @param direction 0 original, 1 reply. @returns an outcome. */
export const tcpPacket = (
  words: Int32Array,
  at: number,
  direction: number,
  rows: Int32Array,
  base: number,
  bytes: Uint8Array,
  settings: TcpSettings,
): number => {
  const flags = rows[base + TCP_FLAGS]!;
  if (!legalFlags(flags)) return REFUSED - INVALID_HEADER;
  // The length of a segment in IP fragments is not known from its first one: no window checks from here on.
  if ((rows[base + FRAGMENT]! & FRAG_MORE) !== 0) words[at + TCP_BITS] = words[at + TCP_BITS]! | (FLAG_LIBERAL * 0x101);
  const kind = KINDS[flags & 63]!;
  const meta = words[at + META]!;
  let oldState = (meta & STATE_MASK) >> STATE_SHIFT;
  let newState: number = TRANSITIONS[(direction * 6 + kind) * 10 + oldState]!;
  const lastKind = (meta & LAST_KIND_MASK) >> LAST_KIND_SHIFT;
  const lastSame = ((meta & LAST_REPLY) !== 0 ? 1 : 0) === direction;
  let checked = false;

  if (newState === STATE_INVALID) return REFUSED - INVALID_STATE;
  // A SYN reopens a closed connection where either side had begun to close it, or this side had reset it.
  if (newState === SYN_SENT && oldState >= TIME_WAIT) {
    const bits = words[at + TCP_BITS]!;
    if (((bits | (bits >> 8)) & FLAG_CLOSE_INIT) !== 0 || (lastSame && lastKind === KIND_RST)) return AGAIN;
    newState = STATE_IGNORE;
  }
  if (newState === STATE_IGNORE) {
    // A SYN/ACK that acknowledges a SYN ignored before: both ends agree, and only the table was behind.
    if (kind === KIND_SYNACK && lastKind === KIND_SYN && !lastSame && rows[base + TCP_ACK] === words[at + LAST_END]) {
      resynchronise(words, at, direction);
      oldState = SYN_SENT;
      newState = SYN_RECV;
    } else {
      ignore(words, at, direction, kind, oldState, rows, base);
      return KEEP;
    }
  } else if (newState === TIME_WAIT) {
    // A challenge ACK to a SYN that was let through (RFC 5961, 4.2) does not acknowledge the last FIN.
    const challenge = words[at + TCP_BITS]! & LAST_CHALLENGE;
    if (oldState === LAST_ACK && kind === KIND_ACK && !lastSame && lastKind === KIND_SYN && challenge !== 0) {
      words[at + TCP_BITS] = words[at + TCP_BITS]! & ~LAST_CHALLENGE;
      return KEEP;
    }
  } else if (newState === SYN_SENT2) {
    words[at + TCP_BITS] = words[at + TCP_BITS]! | LAST_SIMULTANEOUS;
  } else if (newState === SYN_RECV) {
    // After a simultaneous open the reply direction's ACK completes the handshake.
    if (direction === 1 && kind === KIND_ACK && (words[at + TCP_BITS]! & LAST_SIMULTANEOUS) !== 0)
      newState = ESTABLISHED;
  } else if (newState === CLOSE && kind === KIND_RST) {
    const reset = judgeReset(words, at, direction, oldState, lastKind, lastSame, rows, base);
    if (reset === RESET_INVALID) return REFUSED - INVALID_WINDOW;
    if (reset === RESET_INEXACT || reset === RESET_INEXACT_UNCHECKED) newState = oldState;
    checked = reset === RESET_UNCHECKED || reset === RESET_INEXACT_UNCHECKED;
  }

  if (!checked) {
    const result = checkWindow(words, at, direction, kind, rows, base, bytes, settings.liberal);
    if (result === WINDOW_IGNORE) return KEEP;
    if (result !== WINDOW_ACCEPT) return refuse(words, at, direction, kind);
  }
  return accept(words, at, direction, kind, oldState, newState, settings);
};

/** Accepted and in the window: the new state, what was last seen, and the timeout. */
const accept = (
  words: Int32Array,
  at: number,
  direction: number,
  kind: number,
  oldState: number,
  newState: number,
  settings: TcpSettings,
): number => {
  const { timeouts } = settings;
  let meta =
    (words[at + META]! & ~(STATE_MASK | LAST_KIND_MASK | LAST_REPLY)) |
    (newState << STATE_SHIFT) |
    (kind << LAST_KIND_SHIFT) |
    (direction === 1 ? LAST_REPLY : 0);
  let bits = words[at + TCP_BITS]!;
  if (oldState !== newState && newState === FIN_WAIT) {
    bits = markCloseInit(bits, direction);
    words[at + TCP_BITS] = bits;
  }

  const ofState = timeouts[TIMEOUT_TCP + newState]!;
  const unacknowledged = timeouts[TIMEOUT_UNACKNOWLEDGED]!;
  const retransmitting = timeouts[TIMEOUT_MAX_RETRANS]!;
  let timeout = ofState;
  if ((meta & RETRANS_MASK) >> RETRANS_SHIFT >= MOST_RETRANS && ofState > retransmitting) {
    timeout = retransmitting;
  } else if (kind === KIND_RST) {
    if (newState !== CLOSE) timeout = Math.min(ofState, timeouts[settings.inexactReset]!);
  } else if (((bits | (bits >> 8)) & FLAG_UNACKNOWLEDGED) !== 0 && ofState > unacknowledged) {
    timeout = unacknowledged;
  } else if ((words[at + LAST_WINDOW]! & 0xffff) === 0 && ofState > retransmitting) {
    timeout = retransmitting;
  }

  if ((meta & REPLIED) === 0) {
    if (kind === KIND_RST) {
      words[at + META] = meta;
      return GONE;
    }
    // A repeated SYN does not renew: a port used over and over must not keep an old entry alive.
    if (kind === KIND_SYN && oldState === SYN_SENT) timeout = KEEP;
    else if (newState === ESTABLISHED && timeout > unacknowledged) timeout = unacknowledged;
  } else if (newState === ESTABLISHED && (oldState === SYN_RECV || oldState === ESTABLISHED)) {
    meta |= ASSURED;
  }
  words[at + META] = meta;
  return timeout;
};

/** Remembers an ignored packet: the two ends may be in agreement where the table is not. */
const ignore = (
  words: Int32Array,
  at: number,
  direction: number,
  kind: number,
  state: number,
  rows: Int32Array,
  base: number,
): void => {
  const end = endOf(rows, base);
  words[at + META] =
    (words[at + META]! & ~(LAST_KIND_MASK | LAST_REPLY)) |
    (kind << LAST_KIND_SHIFT) |
    (direction === 1 ? LAST_REPLY : 0);
  words[at + LAST_END] = end;
  words[at + LAST_WINDOW] = rows[base + TCP_WINDOW]! | ((end - rows[base + TCP_SEQ]!) << 16);
  if (kind === KIND_SYN && direction === 0) {
    const options = rows[base + TCP_OPTIONS]!;
    const offered = optionFlags(options);
    words[at + TCP_BITS] =
      (words[at + TCP_BITS]! & ~(LAST_FLAGS | (15 << LAST_SCALE_SHIFT))) |
      ((offered & FLAG_WINDOW_SCALE) !== 0 ? LAST_WINDOW_SCALE : 0) |
      ((offered & FLAG_SACK_PERMITTED) !== 0 ? LAST_SACK_PERMITTED : 0) |
      (state === LAST_ACK ? LAST_CHALLENGE : 0) |
      (scaleOf(options) << LAST_SCALE_SHIFT);
  }
  if (state === SYN_SENT && kind === KIND_ACK && direction === 1) words[at + LAST_ACK_WORD] = rows[base + TCP_ACK]!;
};

/** Takes the remembered SYN for the opening of the connection; `direction` is that of the SYN/ACK answering it. */
const resynchronise = (words: Int32Array, at: number, direction: number): void => {
  const opener = direction ^ 1;
  const side = at + SEEN + opener * SEEN_WORDS;
  const other = at + SEEN + direction * SEEN_WORDS;
  const end = words[at + LAST_END]!;
  words[side + SEEN_END] = end;
  words[side + SEEN_MAXEND] = end;
  words[side + SEEN_MAXWIN] = words[at + LAST_WINDOW]! & 0xffff || 1;
  words[other + SEEN_END] = 0;
  words[other + SEEN_MAXEND] = 0;
  words[other + SEEN_MAXWIN] = 0;
  words[other + SEEN_MAXACK] = 0;
  const old = words[at + TCP_BITS]!;
  const offered =
    ((old & LAST_WINDOW_SCALE) !== 0 ? FLAG_WINDOW_SCALE : 0) |
    ((old & LAST_SACK_PERMITTED) !== 0 ? FLAG_SACK_PERMITTED : 0);
  words[at + TCP_BITS] =
    (old & (LAST_FLAGS | (15 << LAST_SCALE_SHIFT)) & ~LAST_CHALLENGE) |
    (old & (FLAG_LIBERAL << (direction << 3))) |
    ((offered & FLAGS_BITS) << (opener << 3)) |
    ((old >>> LAST_SCALE_SHIFT) << (SCALE_SHIFT + (opener << 2)));
};

const RESET_CHECKED = 0;
/** Closes, without a look at the window. */
const RESET_UNCHECKED = 1;
const RESET_INVALID = 2;
/** The state stays: the other end may answer with a challenge ACK (RFC 5961, 3.2). */
const RESET_INEXACT = 3;
const RESET_INEXACT_UNCHECKED = 4;

/** Whether a reset closes the connection (RFC 5961, 3.2). */
const judgeReset = (
  words: Int32Array,
  at: number,
  direction: number,
  state: number,
  lastKind: number,
  lastSame: boolean,
  rows: Int32Array,
  base: number,
): number => {
  // Closing: the tuple may have been used again already, and what is known of its windows is old.
  if (isClosing(state)) return RESET_UNCHECKED;
  const meta = words[at + META]!;
  const seq = rows[base + TCP_SEQ]!;
  let inexact = false;
  const known = (words[at + TCP_BITS]! & (FLAG_MAXACK_SET << ((direction ^ 1) << 3))) !== 0;
  if (known && lastKind !== KIND_SYN) {
    const expected = words[at + SEEN + (direction ^ 1) * SEEN_WORDS + SEEN_MAXACK]!;
    const established = state === ESTABLISHED && (meta & ASSURED) !== 0;
    if (seq === 0 && !established) return RESET_CHECKED;
    if (((seq - expected) | 0) < 0) return RESET_INVALID;
    if (!established || seq === expected) return RESET_CHECKED;
    // Right behind the same side's own data.
    if (lastKind === KIND_ACK && lastSame && seq === words[at + LAST_END]) return RESET_CHECKED;
    inexact = true;
  }
  const ack = rows[base + TCP_ACK]!;
  // The other side's answer to an invalid SYN, or to an ACK of a half-open connection, that was let through.
  const answersIgnored =
    ((meta & REPLIED) !== 0 && lastKind === KIND_SYN) || ((meta & ASSURED) === 0 && lastKind === KIND_ACK);
  if (answersIgnored && !lastSame && ack === words[at + LAST_END])
    return inexact ? RESET_INEXACT_UNCHECKED : RESET_UNCHECKED;
  // The answer to a challenge ACK of the server.
  if (state === SYN_SENT && lastKind === KIND_ACK && (meta & LAST_REPLY) !== 0 && seq === words[at + LAST_ACK_WORD]) {
    return RESET_UNCHECKED;
  }
  return inexact ? RESET_INEXACT : RESET_CHECKED;
};

/** Out of the window. A refused FIN or RST is remembered; one of the other side behind it means both ends are done. */
const refuse = (words: Int32Array, at: number, direction: number, kind: number): number => {
  const meta = words[at + META]!;
  if ((meta & ASSURED) === 0 || (kind !== KIND_RST && kind !== KIND_FIN)) return REFUSED - INVALID_WINDOW;
  const lastKind = (meta & LAST_KIND_MASK) >> LAST_KIND_SHIFT;
  const lastSame = ((meta & LAST_REPLY) !== 0 ? 1 : 0) === direction;
  if (!lastSame && (lastKind === KIND_FIN || lastKind === KIND_RST)) return REFUSED_CLOSING;
  words[at + META] =
    (meta & ~(LAST_KIND_MASK | LAST_REPLY)) | (kind << LAST_KIND_SHIFT) | (direction === 1 ? LAST_REPLY : 0);
  return REFUSED - INVALID_WINDOW;
};
