/**
 * Header fields that the parser takes, in words, and where they stand (cold).
 *
 * In:  a packet's row, whose offsets are those in the frame.  Out: Fields of its network header and of its transport header.
 */
import { payloadAt } from '../packet/payload.js';
import {
  DPORT,
  DST,
  END,
  FAMILY,
  FLAG_EXTENSIONS,
  FLAGS,
  FRAG_ATOMIC,
  FRAG_MORE,
  FRAGMENT,
  ICMP_CODE,
  ICMP_ID,
  ICMP_TYPE,
  IP_ID,
  L3,
  L4,
  OPTION_MALFORMED,
  OPTION_SACK,
  OPTION_SACK_PERMITTED,
  PROTOCOL,
  SPORT,
  SRC,
  TAG,
  TCP_ACK,
  TCP_FLAGS,
  TCP_OPTIONS,
  TCP_SACK,
  TCP_SEQ,
  TCP_WINDOW,
  TTL,
} from '../packet/row.js';
import { addressText, protocolText, tcpFlagText } from '../packet/text.js';
import { isIcmp, transportKnown } from '../report/fields.js';
import { hasPorts } from '../rules/protocols.js';

export interface Field {
  readonly name: string;
  readonly value: string;
  /** In the frame, in bytes; null where the parser does not say where it stood. */
  readonly offset: number | null;
  readonly length: number;
}

const ICMP = 1;
const ICMPV6 = 58;
const TCP = 6;
const UDP = 17;
const GRE = 47;
const ESP = 50;
const AH = 51;
const SCTP = 132;
const UDP_LITE = 136;
/** Headers of one length. */
const FIXED = new Map([ICMP, ICMPV6, UDP, UDP_LITE].map(protocol => [protocol, 8]));

export const networkFields = (row: Int32Array): Field[] => (row[FAMILY] === 4 ? ipv4Fields(row) : ipv6Fields(row));

function ipv4Fields(row: Int32Array): Field[] {
  const at = row[L3]!;
  const header = row[L4]! - at;
  return [
    field('version', '4', at, 1),
    field('header length', `${header} bytes`, at, 1),
    field('identification', `${row[IP_ID]}`, at + 4, 2),
    field('fragment', fragmentText(row[FRAGMENT]!), at + 6, 2),
    field('time to live', `${row[TTL]}`, at + 8, 1),
    field('protocol', protocolWords(row[PROTOCOL]!), at + 9, 1),
    field('source', addressText(row, 0, SRC), at + 12, 4),
    field('destination', addressText(row, 0, DST), at + 16, 4),
    ...((row[FLAGS]! & FLAG_EXTENSIONS) !== 0 ? [field('options', 'not taken apart', at + 20, header - 20)] : []),
  ];
}

function ipv6Fields(row: Int32Array): Field[] {
  const at = row[L3]!;
  const chain = row[L4]! - at - 40;
  const protocol = row[PROTOCOL]!;
  const hasChain = (row[FLAGS]! & FLAG_EXTENSIONS) !== 0 && chain > 0;
  return [
    field('version', '6', at, 1),
    field('hop limit', `${row[TTL]}`, at + 7, 1),
    field('source', addressText(row, 0, SRC), at + 8, 16),
    field('destination', addressText(row, 0, DST), at + 24, 16),
    ...(hasChain ? [field('extension headers', `${chain} bytes`, at + 40, chain)] : []),
    ...(row[FRAGMENT] === 0
      ? []
      : [field('fragment', `${fragmentText(row[FRAGMENT]!)}, identification ${row[IP_ID]! >>> 0}`, null, 0)]),
    // Where there is a chain, its last header names the protocol.
    field('protocol', protocol < 0 ? 'not reached' : protocolWords(protocol), hasChain ? null : at + 6, 1),
  ];
}

/** Empty where the row tells nothing of it. */
export function transportFields(row: Int32Array, bytes: Uint8Array): Field[] {
  if (!transportKnown(row, 0)) return [];
  const protocol = row[PROTOCOL]!;
  const at = row[L4]!;
  const tag = `${row[TAG]! >>> 0}`;
  const captured = row[END]! - at;
  if (protocol === GRE) return row[TAG] === 0 ? [] : [field('key', tag, null, 4)];
  if (protocol === AH && captured >= 8) return [field('security parameters index', tag, at + 4, 4)];
  if (protocol === ESP && captured >= 4) return [field('security parameters index', tag, at, 4)];
  if (isIcmp(protocol)) {
    if (captured < 8) return [];
    return [
      field('type', `${row[ICMP_TYPE]}`, at, 1),
      field('code', `${row[ICMP_CODE]}`, at + 1, 1),
      ...(row[ICMP_ID] === 0 ? [] : [field('identifier', `${row[ICMP_ID]}`, at + 4, 2)]),
    ];
  }
  if (!hasPorts(protocol) && protocol !== UDP_LITE) return [];
  return [
    field('source port', `${row[SPORT]}`, at, 2),
    field('destination port', `${row[DPORT]}`, at + 2, 2),
    ...(protocol === TCP && captured >= 20 ? tcpFields(row, at, payloadAt(bytes, row, 0) - at) : []),
    ...(protocol === SCTP && captured >= 12 ? [field('verification tag', tag, at + 4, 4)] : []),
  ];
}

function tcpFields(row: Int32Array, at: number, header: number): Field[] {
  return [
    field('sequence number', `${row[TCP_SEQ]! >>> 0}`, at + 4, 4),
    field('acknowledgement number', `${row[TCP_ACK]! >>> 0}`, at + 8, 4),
    field('header length', `${header} bytes`, at + 12, 1),
    field('flags', tcpFlagText(row[TCP_FLAGS]!), at + 13, 1),
    field('window', `${row[TCP_WINDOW]}, before scaling`, at + 14, 2),
    ...(header > 20 ? [field('options', optionText(row[TCP_OPTIONS]!, row[TCP_SACK]!), at + 20, header - 20)] : []),
  ];
}

function optionText(options: number, sack: number): string {
  const said = [
    (options & 0xff) === 0 ? '' : `window scale ${(options & 0xff) - 1}`,
    (options & OPTION_SACK_PERMITTED) === 0 ? '' : 'SACK permitted',
    (options & OPTION_SACK) === 0 ? '' : `SACK up to ${sack >>> 0}`,
    (options & OPTION_MALFORMED) === 0 ? '' : 'malformed or cut',
  ].filter(text => text !== '');
  return said.length === 0 ? 'none that is read' : said.join(', ');
}

/** Bytes of the transport header, as far as the parser knows it; 0 where there is none. */
export function transportLength(row: Int32Array, bytes: Uint8Array): number {
  const protocol = row[PROTOCOL]!;
  const captured = row[END]! - row[L4]!;
  if (!transportKnown(row, 0)) return 0;
  if (protocol === TCP && captured >= 20) return payloadAt(bytes, row, 0) - row[L4]!;
  const length = protocol === SCTP ? 12 : protocol === TCP ? 20 : (FIXED.get(protocol) ?? 0);
  return Math.min(length, captured);
}

function fragmentText(fragment: number): string {
  if (fragment === 0) return 'none';
  if ((fragment & FRAG_ATOMIC) !== 0) return 'atomic: a fragment header, yet whole';
  const more = (fragment & FRAG_MORE) !== 0 ? ', more follow' : ', the last';
  return `at byte ${(fragment >>> 4) * 8}${more}`;
}

const protocolWords = (protocol: number): string => {
  const name = protocolText(protocol);
  return name === `${protocol}` ? name : `${name} (${protocol})`;
};

const field = (name: string, value: string, offset: number | null, length: number): Field => ({
  name,
  value,
  offset,
  length,
});
