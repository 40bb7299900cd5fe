/**
 * A fragment as reassembly takes it: which bytes of its datagram it brings. Called for fragments only.
 *
 * In:  the row of a fragment (FRAG_MORE or FRAG_LATER) and the frame's bytes.  Out: a FragmentPart, written over by the
 * next call; its status is STATUS_OK, or says that the IP headers up to the fragment's data are cut or contradict
 * themselves. What is behind them, a transport header cut in two, is the datagram's business.
 */
import {
  END,
  FAMILY,
  FLAG_BAD_CHECKSUM,
  FLAG_CUT,
  FLAGS,
  FRAG_MORE,
  FRAGMENT,
  L3,
  L4,
  PROTOCOL,
  STATUS,
  STATUS_MALFORMED,
  STATUS_OK,
} from './row.js';

export interface FragmentPart {
  status: number;
  /** Bytes of the datagram, behind the headers that every fragment repeats: from `offset` to `end` (exclusive). */
  offset: number;
  end: number;
  more: boolean;
  /** Explicit congestion notification, 0 to 3 (RFC 3168). */
  ecn: number;
  /** Where the IP packet begins, where its data begins, and where what was captured of it ends, in the frame's bytes. */
  at: number;
  data: number;
  captured: number;
  /** IPv6: place of the byte that names the fragment header (its number there goes with it), and of the header itself. */
  naming: number;
  header: number;
  /** IPv6: a first fragment without the whole header chain, which RFC 8200, 4.5, asks for. */
  lacksHeader: boolean;
}

const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
const FRAGMENT_HEADER = 8;
const NEXT_IS_FRAGMENT = 44;
const NEXT_IS_AUTHENTICATION = 51;

const part: FragmentPart = {
  status: STATUS_OK,
  offset: 0,
  end: 0,
  more: false,
  ecn: 0,
  at: 0,
  data: 0,
  captured: 0,
  naming: 0,
  header: 0,
  lacksHeader: false,
};

/** Bytes of its header that Linux asks for, by protocol; of any other one byte. */
const HEADERS: Readonly<Record<number, number>> = { 6: 20, 17: 8, 58: 8 };
const NO_NEXT_HEADER = 59;

export function fragmentPart(rows: Int32Array, base: number, bytes: Uint8Array): FragmentPart {
  const at = rows[base + L3]!;
  part.at = at;
  part.offset = (rows[base + FRAGMENT]! >> 4) << 3;
  part.more = (rows[base + FRAGMENT]! & FRAG_MORE) !== 0;
  part.status = STATUS_OK;
  const stop = rows[base + FAMILY] === 4 ? stop4(at, bytes) : stop6(at, bytes);
  const limit = rows[base + END]!;
  part.end = part.offset + stop - part.data;
  part.captured = limit < part.data ? part.data : limit < stop ? limit : stop;
  if ((rows[base + FLAGS]! & FLAG_BAD_CHECKSUM) !== 0 || stop < part.data) part.status = STATUS_MALFORMED;
  else if (part.data > limit) part.status = rows[base + STATUS]!;
  // Beyond the captured bytes: by the snap length, or beyond the frame.
  else if (stop > limit && (rows[base + FLAGS]! & FLAG_CUT) === 0) part.status = STATUS_MALFORMED;
  const protocol = rows[base + PROTOCOL]!;
  part.lacksHeader =
    rows[base + FAMILY] === 6 &&
    part.offset === 0 &&
    protocol >= 0 &&
    protocol !== NO_NEXT_HEADER &&
    rows[base + L4]! + (HEADERS[protocol] ?? 1) > stop;
  return part;
}

/** Both return where the packet ends by its own word. */
function stop4(at: number, bytes: Uint8Array): number {
  part.data = at + Math.max((bytes[at]! & 15) << 2, IPV4_HEADER);
  part.ecn = bytes[at + 1]! & 3;
  return at + ((bytes[at + 2]! << 8) | bytes[at + 3]!);
}

function stop6(at: number, bytes: Uint8Array): number {
  part.ecn = (bytes[at + 1]! >> 4) & 3;
  // The parser has walked here: the fragment header is there, whole.
  let naming = at + 6;
  let header = at + IPV6_HEADER;
  while (bytes[naming] !== NEXT_IS_FRAGMENT) {
    const length = bytes[header + 1]!;
    const size = bytes[naming] === NEXT_IS_AUTHENTICATION ? (length + 2) << 2 : (length + 1) << 3;
    naming = header;
    header += size;
  }
  part.naming = naming;
  part.header = header;
  part.data = header + FRAGMENT_HEADER;
  return at + IPV6_HEADER + ((bytes[at + 4]! << 8) | bytes[at + 5]!);
}
