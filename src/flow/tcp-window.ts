/**
 * Is a TCP segment inside the window? (hot)
 *
 * After Guido van Rooij, "Real stateful TCP packet filtering in IP Filter" (2000), as Linux does it since 5.15. For the
 * sender of the segment and its receiver, all sequence numbers modulo 2^32:
 *   I    seq  <= sender.maxend                          what the receiver's window allows
 *   II   end  >= sender.end - receiver.maxwin           not older than one window
 *   III  sack <= receiver.end                           acknowledges only what was sent
 *   IV   sack >= receiver.end - max(66000, sender.maxwin)
 * where sack is the highest right edge of the SACK blocks, or the acknowledgement number. III and a large overshoot of I
 * are invalid. II, IV and a small overshoot of I are ignored: accepted, but nothing is learnt and no timeout renewed.
 */

import {
  L4,
  OPTION_SACK,
  OPTION_SACK_PERMITTED,
  PAYLOAD,
  TCP_ACK,
  TCP_FLAGS,
  TCP_OPTIONS,
  TCP_SACK,
  TCP_SEQ,
  TCP_WINDOW,
} from '../packet/row.js';
import {
  LAST_ACK_WORD,
  LAST_END,
  LAST_REPLY,
  LAST_WINDOW,
  META,
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
import {
  ACK_FLAG,
  FLAG_CLOSE_INIT,
  FLAG_LIBERAL,
  FLAG_MAXACK_SET,
  FLAG_SACK_PERMITTED,
  FLAG_UNACKNOWLEDGED,
  FLAG_WINDOW_SCALE,
  FLAGS_BITS,
  RST_FLAG,
  SCALE_SHIFT,
  SYN_FLAG,
} from './tcp-bits.js';
import { KIND_ACK, SYN_RECV, SYN_SENT } from './tcp-states.js';

export const WINDOW_ACCEPT = 0;
export const WINDOW_IGNORE = 1;
export const WINDOW_INVALID = 2;

/** Acknowledgements may lag this far behind even where windows are small (bytes). */
const LARGEST_LAG = 66000;
/** RFC 7323, 2.3. */
const LARGEST_SCALE = 14;
/** Identical acknowledgements are counted up to Linux's tcp_max_retrans. */
export const MOST_RETRANS = 3;

/** a < b, modulo 2^32. */
const before = (a: number, b: number): boolean => ((a - b) | 0) < 0;

/** Sequence number behind the segment: its payload, and one each for SYN and FIN. */
export const endOf = (rows: Int32Array, base: number): number => {
  const flags = rows[base + TCP_FLAGS]!;
  return (rows[base + TCP_SEQ]! + rows[base + PAYLOAD]! + ((flags >> 1) & 1) + (flags & 1)) | 0;
};

/** Window scale of the packet's options (0..14), and FLAG_WINDOW_SCALE, FLAG_SACK_PERMITTED as they say. */
export const scaleOf = (options: number): number => {
  const scale = (options & 0xff) - 1;
  return scale < 0 ? 0 : scale > LARGEST_SCALE ? LARGEST_SCALE : scale;
};
export const optionFlags = (options: number): number =>
  ((options & 0xff) !== 0 ? FLAG_WINDOW_SCALE : 0) |
  ((options & OPTION_SACK_PERMITTED) !== 0 ? FLAG_SACK_PERMITTED : 0);

/** TCP_BITS after `direction` has announced its options; a header without any changes nothing. */
export const learnOptions = (
  bits: number,
  direction: number,
  rows: Int32Array,
  base: number,
  bytes: Uint8Array,
): number => {
  const options = rows[base + TCP_OPTIONS]!;
  if (options === 0 && bytes[rows[base + L4]! + 12]! >> 4 === 5) return bits;
  const shift = direction << 3;
  const kept = bits & ~((FLAGS_BITS & ~FLAG_LIBERAL) << shift) & ~(15 << (SCALE_SHIFT + (direction << 2)));
  return kept | (optionFlags(options) << shift) | (scaleOf(options) << (SCALE_SHIFT + (direction << 2)));
};

/** The sender's side as its SYN or SYN/ACK describes it. */
const beginSender = (
  words: Int32Array,
  at: number,
  direction: number,
  end: number,
  rows: Int32Array,
  base: number,
  bytes: Uint8Array,
): void => {
  const sender = at + SEEN + direction * SEEN_WORDS;
  words[sender + SEEN_END] = end;
  words[sender + SEEN_MAXEND] = end;
  words[sender + SEEN_MAXWIN] = rows[base + TCP_WINDOW]! || 1;
  let bits = learnOptions(words[at + TCP_BITS]!, direction, rows, base, bytes);
  // RFC 7323, 2.2: scaling holds only where both sides offered it.
  if (direction === 1 && (bits & (bits >> 8) & FLAG_WINDOW_SCALE) === 0) bits &= ~(0xff << SCALE_SHIFT);
  words[at + TCP_BITS] = bits;
};

/**
 * Judges a segment against the connection, and where it is accepted learns from it.
 * @param direction 0 original, 1 reply.
 * @param liberal accept whatever the window (what is invalid or ignored then teaches nothing).
 */
export const checkWindow = (
  words: Int32Array,
  at: number,
  direction: number,
  kind: number,
  rows: Int32Array,
  base: number,
  bytes: Uint8Array,
  liberal: boolean,
): number => {
  const flags = rows[base + TCP_FLAGS]!;
  const window = rows[base + TCP_WINDOW]!;
  const hasAck = (flags & ACK_FLAG) !== 0;
  const isSyn = (flags & SYN_FLAG) !== 0;
  const state = (words[at + META]! & STATE_MASK) >> STATE_SHIFT;
  const sender = at + SEEN + direction * SEEN_WORDS;
  const receiver = at + SEEN + (direction ^ 1) * SEEN_WORDS;
  const senderShift = direction << 3;
  const receiverShift = 8 - senderShift;
  let seq = rows[base + TCP_SEQ]!;
  let end = endOf(rows, base);
  let ack = rows[base + TCP_ACK]!;
  let sack = ack;
  if (
    (rows[base + TCP_OPTIONS]! & OPTION_SACK) !== 0 &&
    (words[at + TCP_BITS]! & (FLAG_SACK_PERMITTED << receiverShift)) !== 0 &&
    before(ack, rows[base + TCP_SACK]!)
  ) {
    sack = rows[base + TCP_SACK]!;
  }

  if (words[sender + SEEN_MAXWIN] === 0) {
    if (isSyn) {
      beginSender(words, at, direction, end, rows, base, bytes);
      // Simultaneous open: nothing to hold it against yet.
      if (!hasAck) return WINDOW_ACCEPT;
    } else {
      // The middle of a connection: this segment is all that is known of its sender.
      const scale = (words[at + TCP_BITS]! >>> (SCALE_SHIFT + (direction << 2))) & 15;
      const scaled = (window << scale) | 0;
      words[sender + SEEN_END] = end;
      words[sender + SEEN_MAXWIN] = scaled === 0 ? 1 : scaled;
      words[sender + SEEN_MAXEND] = (end + words[sender + SEEN_MAXWIN]!) | 0;
      if (words[receiver + SEEN_MAXWIN] === 0) {
        words[receiver + SEEN_END] = sack;
        words[receiver + SEEN_MAXEND] = sack;
      } else if (sack === ((words[receiver + SEEN_END]! + 1) | 0)) {
        // The answer to a keep-alive, whose one byte lies beyond what was counted.
        words[receiver + SEEN_END] = sack;
      }
    }
  } else if (isSyn && before(words[sender + SEEN_END]!, end) && (state === SYN_SENT || state === SYN_RECV)) {
    // A new attempt from the same port, with a higher sequence number.
    beginSender(words, at, direction, end, rows, base, bytes);
    if (direction === 1 && !hasAck) return WINDOW_ACCEPT;
  }

  const receiverEnd = words[receiver + SEEN_END]!;
  if (!hasAck || ((flags & RST_FLAG) !== 0 && ack === 0)) {
    ack = receiverEnd;
    sack = receiverEnd;
  }
  // A reset that answers a SYN may carry sequence number 0.
  if ((flags & RST_FLAG) !== 0 && seq === 0 && state === SYN_SENT) {
    seq = words[sender + SEEN_END]!;
    end = seq;
  }

  const senderBits = words[at + TCP_BITS]! >> senderShift;
  const lax = liberal || (senderBits & FLAG_LIBERAL) !== 0;
  const receiverWindow = words[receiver + SEEN_MAXWIN]! >>> 0;
  const senderWindow = words[sender + SEEN_MAXWIN]! >>> 0;
  const senderMaxEnd = words[sender + SEEN_MAXEND]!;
  const lag = senderWindow > LARGEST_LAG ? senderWindow : LARGEST_LAG;
  const recentAck = before((receiverEnd - lag - 1) | 0, sack);
  const recentEnd = before((words[sender + SEEN_END]! - receiverWindow - 1) | 0, end);
  const seenAck = before(sack, (receiverEnd + 1) | 0);

  if (!before(seq, (senderMaxEnd + 1) | 0)) {
    const overshoot = (end - senderMaxEnd + 1) >>> 0;
    if (receiverWindow !== 0 && recentEnd && recentAck && seenAck && overshoot <= receiverWindow) {
      // The receiver may take the surplus all the same; its acknowledgement must then not look like one of unsent data.
      words[sender + SEEN_END] = end;
      words[at + TCP_BITS] = words[at + TCP_BITS]! | (FLAG_UNACKNOWLEDGED << senderShift);
      return lax ? WINDOW_ACCEPT : WINDOW_IGNORE;
    }
    return lax ? WINDOW_ACCEPT : WINDOW_INVALID;
  }
  if (!seenAck) return lax ? WINDOW_ACCEPT : WINDOW_INVALID;
  if (receiverWindow !== 0 && !recentEnd) return lax ? WINDOW_ACCEPT : WINDOW_IGNORE;
  if (!recentAck) return lax ? WINDOW_ACCEPT : WINDOW_IGNORE;

  const scale = isSyn ? 0 : (words[at + TCP_BITS]! >>> (SCALE_SHIFT + (direction << 2))) & 15;
  const offered = (window << scale) | 0;
  let bits = words[at + TCP_BITS]!;
  const advertised = (offered + ((sack - ack) | 0)) >>> 0;
  if (senderWindow < advertised) words[sender + SEEN_MAXWIN] = advertised | 0;
  if (before(words[sender + SEEN_END]!, end)) {
    words[sender + SEEN_END] = end;
    bits |= FLAG_UNACKNOWLEDGED << senderShift;
  }
  if (hasAck) {
    if ((bits & (FLAG_MAXACK_SET << senderShift)) === 0) {
      words[sender + SEEN_MAXACK] = ack;
      bits |= FLAG_MAXACK_SET << senderShift;
    } else if (before(words[sender + SEEN_MAXACK]!, ack)) {
      words[sender + SEEN_MAXACK] = ack;
    }
  }
  if (receiverWindow !== 0 && before(senderMaxEnd, end)) {
    words[receiver + SEEN_MAXWIN] = (receiverWindow + ((end - senderMaxEnd) | 0)) | 0;
  }
  const allowed = (sack + offered) | 0;
  if (!before(allowed, words[receiver + SEEN_MAXEND]!)) {
    words[receiver + SEEN_MAXEND] = offered === 0 ? (allowed + 1) | 0 : allowed;
  }
  if (ack === receiverEnd) bits &= ~(FLAG_UNACKNOWLEDGED << receiverShift);
  words[at + TCP_BITS] = bits;

  if (kind === KIND_ACK) noteRepetition(words, at, direction, seq, end, ack, window);
  return WINDOW_ACCEPT;
};

/** Counts how often the same acknowledgement came again: a sign that the other side is no longer there. */
const noteRepetition = (
  words: Int32Array,
  at: number,
  direction: number,
  seq: number,
  end: number,
  ack: number,
  window: number,
): void => {
  const meta = words[at + META]!;
  const windowAndLength = window | ((end - seq) << 16);
  if (
    (meta & LAST_REPLY) === (direction === 1 ? LAST_REPLY : 0) &&
    words[at + LAST_ACK_WORD] === ack &&
    words[at + LAST_END] === end &&
    words[at + LAST_WINDOW] === windowAndLength
  ) {
    const count = (meta & RETRANS_MASK) >> RETRANS_SHIFT;
    if (count < MOST_RETRANS) words[at + META] = meta + (1 << RETRANS_SHIFT);
  } else {
    words[at + META] = (meta & ~(RETRANS_MASK | LAST_REPLY)) | (direction === 1 ? LAST_REPLY : 0);
    words[at + LAST_ACK_WORD] = ack;
    words[at + LAST_END] = end;
    words[at + LAST_WINDOW] = windowAndLength;
  }
};

/** A FIN_WAIT's beginner may reopen the connection later. */
export const markCloseInit = (bits: number, direction: number): number => bits | (FLAG_CLOSE_INIT << (direction << 3));
