/**
 * TCP (RFC 9293): ports, sequence numbers, flags, window, and the options a stateful filter needs.
 *
 * In:  a segment from its source port on (shape: next.ts; PAYLOAD holds the bytes behind the IP headers).
 * Out: a STATUS_ value; SPORT, DPORT, TCP_ words and PAYLOAD in the row.
 */

import { shortStatus } from './next.js';
import { ports } from './ports.js';
import {
  DPORT,
  OPTION_MALFORMED,
  OPTION_SACK,
  OPTION_SACK_PERMITTED,
  PAYLOAD,
  SPORT,
  STATUS_MALFORMED,
  STATUS_OK,
  TCP_ACK,
  TCP_FLAGS,
  TCP_OPTIONS,
  TCP_SACK,
  TCP_SEQ,
  TCP_WINDOW,
} from './row.js';

const SOURCE_PORT = 0;
const DESTINATION_PORT = 2;
const SEQUENCE = 4;
const ACKNOWLEDGEMENT = 8;
const DATA_OFFSET = 12;
const FLAG_BITS = 13;
const WINDOW = 14;
const HEADER = 20;

const OPTION_END = 0;
const OPTION_NOP = 1;
const OPTION_WINDOW_SCALE = 3;
const OPTION_SACK_OK = 4;
const OPTION_SACK_BLOCKS = 5;
/** RFC 7323 section 2.3: a larger shift counts as 14. */
const MAX_SCALE = 14;

export function tcp(view: DataView, at: number, end: number, wire: number, rows: Int32Array, base: number): number {
  if (at + HEADER > end) {
    ports(view, at, end, rows, base);
    return shortStatus(at + HEADER, wire);
  }
  rows[base + SPORT] = view.getUint16(at + SOURCE_PORT);
  rows[base + DPORT] = view.getUint16(at + DESTINATION_PORT);
  rows[base + TCP_SEQ] = view.getInt32(at + SEQUENCE);
  rows[base + TCP_ACK] = view.getInt32(at + ACKNOWLEDGEMENT);
  rows[base + TCP_FLAGS] = view.getUint8(at + FLAG_BITS);
  rows[base + TCP_WINDOW] = view.getUint16(at + WINDOW);
  const header = (view.getUint8(at + DATA_OFFSET) >>> 4) << 2;
  if (header < HEADER || at + header > wire) return STATUS_MALFORMED;
  rows[base + PAYLOAD] = rows[base + PAYLOAD]! - header;
  if (header > HEADER) {
    options(view, at + HEADER, at + header < end ? at + header : end, rows, base);
    if (at + header > end) {
      rows[base + TCP_OPTIONS] = rows[base + TCP_OPTIONS]! | OPTION_MALFORMED;
      return shortStatus(at + header, wire);
    }
  }
  return STATUS_OK;
}

/** Reads options up to the first that is not whole: what stands before it counts, as for Linux. */
export function options(view: DataView, at: number, stop: number, rows: Int32Array, base: number): void {
  let found = 0;
  let option = at;
  while (option < stop) {
    const kind = view.getUint8(option);
    if (kind === OPTION_END) break;
    if (kind === OPTION_NOP) {
      option++;
      continue;
    }
    if (option + 2 > stop) {
      found |= OPTION_MALFORMED;
      break;
    }
    const size = view.getUint8(option + 1);
    if (size < 2 || option + size > stop) {
      found |= OPTION_MALFORMED;
      break;
    }
    if (kind === OPTION_WINDOW_SCALE && size === 3) {
      const shift = view.getUint8(option + 2);
      found = (found & ~0xff) | ((shift > MAX_SCALE ? MAX_SCALE : shift) + 1);
    } else if (kind === OPTION_SACK_OK && size === 2) {
      found |= OPTION_SACK_PERMITTED;
    } else if (kind === OPTION_SACK_BLOCKS && size >= 10 && (size - 2) % 8 === 0) {
      found |= OPTION_SACK;
      rows[base + TCP_SACK] = highestEdge(view, option + 2, option + size, rows[base + TCP_ACK]!);
    }
    option += size;
  }
  rows[base + TCP_OPTIONS] = found;
}

/** The right edge furthest past the acknowledgement number; sequence numbers wrap, so distances are compared. */
function highestEdge(view: DataView, at: number, stop: number, ack: number): number {
  let best = view.getInt32(at + 4);
  for (let block = at + 8; block < stop; block += 8) {
    const edge = view.getInt32(block + 4);
    if (((edge - ack) | 0) > ((best - ack) | 0)) best = edge;
  }
  return best;
}
