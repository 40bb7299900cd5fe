/**
 * Packets whose own headers are whole, but which connection tracking would have to read on, where the snap length cut.
 *
 * In:  a row that connection tracking calls invalid.  Out: whether that may be the cut's fault: then the packet is
 * `undecided: truncated`, for the capture does not tell what the host saw. Called for invalid packets only.
 */
import { parseQuoted } from '../packet/quoted.js';
import { END, FAMILY, FLAG_CUT, FLAGS, L4, PROTOCOL, STATUS, STATUS_TRUNCATED, STRIDE } from '../packet/row.js';

const ICMP = 1;
const ICMPV6 = 58;
const SCTP = 132;
/** What an ICMP error quotes begins behind its type, code, checksum and one word. */
const ERROR_HEADER = 8;

const quoted = new Int32Array(STRIDE);

export function mayBeCutShort(rows: Int32Array, base: number, bytes: Uint8Array): boolean {
  if ((rows[base + FLAGS]! & FLAG_CUT) === 0) return false;
  const protocol = rows[base + PROTOCOL]!;
  // Which chunks an SCTP packet holds decides whether it may begin a connection or continue one.
  if (protocol === SCTP) return true;
  if (protocol !== ICMP && protocol !== ICMPV6) return false;
  parseQuoted(bytes, rows[base + L4]! + ERROR_HEADER, rows[base + END]!, rows[base + FAMILY]!, quoted, 0);
  return quoted[STATUS] === STATUS_TRUNCATED;
}
