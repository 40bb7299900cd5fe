/**
 * One SCTP packet against its association (hot).
 *
 * In:  the entry, the direction, the packet's row and bytes (every chunk counts).  Out: an outcome (outcome.ts).
 * Verification tags after RFC 9260, 8.5: each direction carries the tag that its receiver chose in INIT or INIT ACK.
 */
import { END, L4, TAG } from '../packet/row.js';
import { ASSURED, META, SCTP_BITS, STATE_MASK, STATE_SHIFT, VTAG } from './entry.js';
import { KEEP, REFUSED } from './outcome.js';
import {
  SCTP_CHUNKS,
  SCTP_CLOSED,
  SCTP_ESTABLISHED,
  SCTP_NONE,
  SCTP_ROWS,
  SCTP_SHUTDOWN_ACK_SENT,
  SCTP_SHUTDOWN_SENT,
  SCTP_STATE_INVALID,
  SCTP_TRANSITIONS,
} from './sctp-states.js';
import { TIMEOUT_SCTP } from './timeouts.js';
import { INVALID_HEADER, INVALID_NO_ENTRY, INVALID_STATE } from './tracker.js';

const { init, init_ack, abort, shutdown_ack, cookie_echo, cookie_ack, shutdown_complete, heartbeat, heartbeat_ack } =
  SCTP_CHUNKS;
const DATA = 0;
const COMMON_HEADER = 12;
/** Chunk flag of ABORT and SHUTDOWN COMPLETE: the tag is the sender's own, reflected. */
const REFLECTED = 1;

/** SCTP_BITS: an INIT seen in the original (<< 1: reply) direction and not yet answered by a COOKIE ACK. */
const INIT_SEEN = 1;
/** A HEARTBEAT with an unknown tag was let through; in the reply direction. */
const HEARTBEAT_UNKNOWN = 4;
const HEARTBEAT_REPLY = 8;

const bit = (type: number): number => (type < 31 ? 1 << type : 1 << 31);
/** Packets with one of these chunks have their own rule about the tag, checked where the chunk is. */
const OWN_TAG_RULE =
  bit(init) |
  bit(shutdown_complete) |
  bit(cookie_echo) |
  bit(abort) |
  bit(shutdown_ack) |
  bit(heartbeat) |
  bit(heartbeat_ack);
/** Nothing begins with these. */
const OUT_OF_THE_BLUE = bit(abort) | bit(shutdown_complete) | bit(cookie_ack);

export const isSctpClosing = (state: number): boolean => state >= SCTP_SHUTDOWN_SENT && state <= SCTP_SHUTDOWN_ACK_SENT;

const read32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
/** Where the chunk behind this one begins. */
const after = (bytes: Uint8Array, chunk: number): number =>
  chunk + ((((bytes[chunk + 2]! << 8) | bytes[chunk + 3]!) + 3) & ~3);

/** Set of chunk types (bit); 0 where the chunks contradict RFC 9260, 6.10: lone chunks in company, lengths of zero, none. */
const chunksOf = (bytes: Uint8Array, first: number, end: number): number => {
  let set = 0;
  let lone = false;
  for (let chunk = first; chunk + 4 <= end; chunk = after(bytes, chunk)) {
    const type = bytes[chunk]!;
    if (type === init || type === init_ack || type === shutdown_complete) lone = true;
    if (chunk !== first && (lone || type === cookie_ack || type === cookie_echo)) return 0;
    if (bytes[chunk + 2] === 0 && bytes[chunk + 3] === 0) return 0;
    set |= bit(type);
  }
  return set;
};

/** The tag that an INIT or INIT ACK announces, or 0 where the chunk is cut. */
const announcedTag = (bytes: Uint8Array, chunk: number, end: number): number =>
  chunk + 20 <= end ? read32(bytes, chunk + 4) : 0;

const nextState = (direction: number, type: number, state: number): number => {
  const row = SCTP_ROWS[type]!;
  return row === 0 ? state : SCTP_TRANSITIONS[(direction * 11 + row - 1) * 9 + state]!;
};

/** @cold Fills a cleared entry from an association's first packet. @returns KEEP or REFUSED - INVALID_x. */
export const sctpBegin = (words: Int32Array, at: number, rows: Int32Array, base: number, bytes: Uint8Array): number => {
  const end = rows[base + END]!;
  const first = rows[base + L4]! + COMMON_HEADER;
  const tag = rows[base + TAG]!;
  const chunks = chunksOf(bytes, first, end);
  if (chunks === 0) return REFUSED - INVALID_HEADER;
  if ((chunks & OUT_OF_THE_BLUE) !== 0) return REFUSED - INVALID_NO_ENTRY;
  for (let chunk = first; chunk + 4 <= end; chunk = after(bytes, chunk)) {
    const type = bytes[chunk]!;
    const state = nextState(0, type, SCTP_NONE);
    if (state === SCTP_NONE || state === SCTP_STATE_INVALID) return REFUSED - INVALID_NO_ENTRY;
    if (type === init) {
      if (tag !== 0 || chunk + 20 > end) return REFUSED - INVALID_HEADER;
      words[at + VTAG + 1] = announcedTag(bytes, chunk, end);
    } else if (type === heartbeat) {
      // On a second path: the tag of this direction.
      words[at + VTAG] = tag;
    } else if (type === shutdown_ack) {
      // Out of the blue (RFC 9260, 8.4): the answer, SHUTDOWN COMPLETE, reflects the tag.
      words[at + VTAG + 1] = tag;
    }
  }
  return KEEP;
};

/** @param direction 0 original, 1 reply. @returns an outcome. */
export const sctpPacket = (
  words: Int32Array,
  at: number,
  direction: number,
  rows: Int32Array,
  base: number,
  bytes: Uint8Array,
  timeouts: Int32Array,
): number => {
  const end = rows[base + END]!;
  const first = rows[base + L4]! + COMMON_HEADER;
  const tag = rows[base + TAG]!;
  const mine = at + VTAG + direction;
  const other = at + VTAG + (direction ^ 1);
  const chunks = chunksOf(bytes, first, end);
  if (chunks === 0) return REFUSED - INVALID_HEADER;
  if ((chunks & OWN_TAG_RULE) === 0 && tag !== words[mine]) return REFUSED - INVALID_STATE;

  const confirmed = (words[at + META]! & STATE_MASK) >> STATE_SHIFT !== SCTP_NONE;
  let state = SCTP_NONE;
  let renew = true;
  for (let chunk = first; chunk + 4 <= end; chunk = after(bytes, chunk)) {
    const type = bytes[chunk]!;
    if (type === init) {
      if (tag !== 0) return REFUSED - INVALID_STATE;
    } else if (type === abort || type === shutdown_complete) {
      if (tag !== words[(bytes[chunk + 1]! & REFLECTED) !== 0 ? other : mine]) return REFUSED - INVALID_STATE;
    } else if (type === cookie_echo) {
      if (tag !== words[mine]) return REFUSED - INVALID_STATE;
    } else if (type === cookie_ack) {
      words[at + SCTP_BITS] = words[at + SCTP_BITS]! & ~(INIT_SEEN * 3);
    } else if (type === heartbeat || type === heartbeat_ack) {
      if (words[mine] === 0) {
        words[mine] = tag;
      } else if (tag !== words[mine]) {
        const bits = words[at + SCTP_BITS]!;
        if ((chunks & bit(DATA)) !== 0 || !renew) return REFUSED - INVALID_STATE;
        if (type === heartbeat) {
          // The association may have been restarted: let it through, and see whether it is answered.
          words[at + SCTP_BITS] =
            (bits & ~HEARTBEAT_REPLY) | HEARTBEAT_UNKNOWN | (direction === 1 ? HEARTBEAT_REPLY : 0);
          renew = false;
          continue;
        }
        const asked = ((bits & HEARTBEAT_REPLY) !== 0 ? 1 : 0) !== direction;
        if ((bits & HEARTBEAT_UNKNOWN) === 0 || !asked) return REFUSED - INVALID_STATE;
        words[at + SCTP_BITS] = bits & ~HEARTBEAT_UNKNOWN;
        words[mine] = tag;
        words[other] = 0;
      } else {
        words[at + SCTP_BITS] = words[at + SCTP_BITS]! & ~HEARTBEAT_UNKNOWN;
      }
    }

    const old = (words[at + META]! & STATE_MASK) >> STATE_SHIFT;
    state = nextState(direction, type, old);
    if (state === SCTP_STATE_INVALID) return REFUSED - INVALID_STATE;
    if (type === init) {
      if (chunk + 20 > end) return REFUSED - INVALID_HEADER;
      const announced = announcedTag(bytes, chunk, end);
      if (!confirmed || words[other] !== announced) {
        const bits = words[at + SCTP_BITS]!;
        const both = (bits & (INIT_SEEN * 3)) === INIT_SEEN * 3;
        // A third INIT begins a new attempt of its side alone; one with a tag known already begins none.
        words[at + SCTP_BITS] = (both ? bits & ~(INIT_SEEN << (direction ^ 1)) : bits) | (INIT_SEEN << direction);
      }
      words[other] = announced;
      // A repeated INIT does not renew: a port used over and over must not keep an old entry alive.
      if (state === SCTP_CLOSED && old === SCTP_CLOSED && confirmed) renew = false;
    } else if (type === init_ack) {
      if (chunk + 20 > end) return REFUSED - INVALID_HEADER;
      const announced = announcedTag(bytes, chunk, end);
      const bits = words[at + SCTP_BITS]!;
      const mineInit = (bits & (INIT_SEEN << direction)) !== 0;
      const otherInit = (bits & (INIT_SEEN << (direction ^ 1))) !== 0;
      const known = words[other]!;
      if (!otherInit && known !== 0 && known !== announced) return REFUSED - INVALID_STATE;
      // Colliding INITs (RFC 9260, 5.2.1): each side has chosen its tag already.
      if (mineInit && otherInit && known !== announced) return REFUSED - INVALID_STATE;
      words[other] = announced;
    }
    let meta = (words[at + META]! & ~STATE_MASK) | (state << STATE_SHIFT);
    if (state === SCTP_ESTABLISHED && old !== SCTP_ESTABLISHED) meta |= ASSURED;
    words[at + META] = meta;
  }
  return renew ? timeouts[TIMEOUT_SCTP + state]! : KEEP;
};
