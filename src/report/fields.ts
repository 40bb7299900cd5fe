/**
 * Row words as every report prints them: ports, ICMP fields and times (hot: called once a packet by the jsonl report).
 *
 * In:  words of a row, seconds and nanoseconds of a frame.  Out: numbers and strings; -1 stands for "not known".
 */
import {
  DPORT,
  END,
  FRAG_LATER,
  FRAGMENT,
  ICMP_CODE,
  ICMP_TYPE,
  L4,
  PROTOCOL,
  SPORT,
  STATUS,
  STATUS_OK,
} from '../packet/row.js';
import { hasPorts, ICMP, ICMPV6 } from '../rules/protocols.js';

export const isIcmp = (protocol: number): boolean => protocol === ICMP || protocol === ICMPV6;

/** Whether the row's ports, or its ICMP type and code, were read from the packet. */
export function transportKnown(rows: Int32Array, base: number): boolean {
  if ((rows[base + FRAGMENT]! & FRAG_LATER) !== 0) return false;
  if (rows[base + STATUS] === STATUS_OK) return true;
  const bytes = rows[base + END]! - rows[base + L4]!;
  return rows[base + L4]! > 0 && bytes >= (isIcmp(rows[base + PROTOCOL]!) ? 2 : 4);
}

/**
 * What a conversation is about, in one number: the responder's port, ICMP type * 256 + code, or -1 where the protocol
 * has neither or the packet does not hold it. `original`: the packet goes from the initiator to the responder.
 */
export function serviceOf(rows: Int32Array, base: number, original: boolean): number {
  const protocol = rows[base + PROTOCOL]!;
  if (!transportKnown(rows, base)) return -1;
  if (hasPorts(protocol)) return rows[base + (original ? DPORT : SPORT)]!;
  if (isIcmp(protocol)) return rows[base + ICMP_TYPE]! * 256 + rows[base + ICMP_CODE]!;
  return -1;
}

const NANOSECOND_DIGITS = 9;
/** The range of ECMAScript's time values, in seconds. */
const LATEST_SECOND = 8.64e12;

/** Times as `2026-01-01T00:00:00.000000000Z`. One formatter a report: it remembers the last second's text. */
export function createTimeText(): (seconds: number, nanoseconds: number) => string | null {
  let lastSecond = Number.NaN;
  let prefix = '';
  return (seconds, nanoseconds) => {
    if (seconds !== lastSecond) {
      if (!(Math.abs(seconds) <= LATEST_SECOND)) return null;
      lastSecond = seconds;
      prefix = new Date(seconds * 1000).toISOString().slice(0, -4);
    }
    return `${prefix}${String(nanoseconds).padStart(NANOSECOND_DIGITS, '0')}Z`;
  };
}
