/**
 * Addresses, protocols and TCP flags as text, and back. Cold: reports and documents, never a packet's way.
 *
 * In:  words of a row (row.ts), or text.  Out: canonical text (RFC 5952 for IPv6), or words.
 */
import { FAMILY } from './row.js';

export interface AddressWords {
  readonly family: 4 | 6;
  /** Four signed 32-bit words as a row holds them; IPv4 in the first, the others 0. */
  readonly words: readonly [number, number, number, number];
}

/** The address at word SRC or DST of a row; '' where the row has no family. */
export function addressText(rows: Int32Array, base: number, word: number): string {
  const at = base + word;
  return wordsText(rows[base + FAMILY]!, [rows[at]!, rows[at + 1]!, rows[at + 2]!, rows[at + 3]!]);
}

/** Four words of an address as a row holds them; '' where the family is none. */
export function wordsText(family: number, [a, b, c, d]: AddressWords['words']): string {
  if (family === 4) return ipv4Text(a);
  return family === 6 ? ipv6Text(a, b, c, d) : '';
}

/** 0x0a000102 -> '10.0.1.2'. */
export const ipv4Text = (word: number): string =>
  `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;

/** Four words, most significant first -> RFC 5952 section 4 text; IPv4-mapped addresses as section 5 recommends. */
export function ipv6Text(a: number, b: number, c: number, d: number): string {
  if (a === 0 && b === 0 && c === 0xffff) return `::ffff:${ipv4Text(d)}`;
  const groups = [a, b, c, d].flatMap(word => [word >>> 16, word & 0xffff]);
  // 4.2.2 and 4.2.3: the longest run of at least two zero groups is left out, the first of several.
  let start = -1;
  let longest = 1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && groups[i + run] === 0) run++;
    if (run > longest) {
      longest = run;
      start = i;
    }
    i += run;
  }
  const hex = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map(group => group.toString(16))
      .join(':');
  return start < 0 ? hex(0, 8) : `${hex(0, start)}::${hex(start + longest, 8)}`;
}

/**
 * An address in text -> words, or null where it is none. Strict: four decimal numbers without leading zeros for IPv4;
 * RFC 4291 section 2.2 for IPv6, an embedded IPv4 tail included, a zone (`%eth0`) or prefix length not.
 */
export function addressWords(text: string): AddressWords | null {
  if (!text.includes(':')) {
    const word = ipv4Word(text);
    return word === null ? null : { family: 4, words: [word, 0, 0, 0] };
  }
  const groups = ipv6Groups(text);
  if (groups === null) return null;
  const word = (i: number): number => (groups[i]! << 16) | groups[i + 1]!;
  return { family: 6, words: [word(0), word(2), word(4), word(6)] };
}

const DECIMAL = /^(0|[1-9][0-9]{0,2})$/;
function ipv4Word(text: string): number | null {
  const parts = text.split('.', 5);
  if (parts.length !== 4) return null;
  let word = 0;
  for (const part of parts) {
    if (!DECIMAL.test(part) || Number(part) > 255) return null;
    word = (word << 8) | Number(part);
  }
  return word;
}

const GROUP = /^[0-9a-fA-F]{1,4}$/;
function ipv6Groups(text: string): number[] | null {
  // The longest address has 45 characters; nothing longer is looked into.
  if (text.length > 45) return null;
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const left = groupList(halves[0]!, halves.length === 1);
  const right = halves.length === 2 ? groupList(halves[1]!, true) : [];
  if (left === null || right === null) return null;
  const missing = 8 - left.length - right.length;
  // '::' stands for at least one group.
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  return [...left, ...Array<number>(missing).fill(0), ...right];
}

function groupList(text: string, last: boolean): number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (last && i === parts.length - 1 && part.includes('.')) {
      const word = ipv4Word(part);
      if (word === null) return null;
      groups.push(word >>> 16, word & 0xffff);
    } else if (GROUP.test(part)) groups.push(Number.parseInt(part, 16));
    else return null;
  }
  return groups;
}

/** The names Kubernetes and its dialects use, by IANA number; the first name of a number is the one printed. */
const PROTOCOLS: readonly (readonly [number, string])[] = [
  [1, 'ICMP'],
  [6, 'TCP'],
  [17, 'UDP'],
  [47, 'GRE'],
  [50, 'ESP'],
  [51, 'AH'],
  [58, 'ICMPv6'],
  [132, 'SCTP'],
  [136, 'UDPLite'],
];
const NAME_OF = new Map(PROTOCOLS);
const NUMBER_OF = new Map(PROTOCOLS.map(([number, name]) => [name.toLowerCase(), number]));

/** 6 -> 'TCP', 89 -> '89'; '' for -1 (a protocol that could not be read). */
export const protocolText = (protocol: number): string =>
  protocol < 0 ? '' : (NAME_OF.get(protocol) ?? `${protocol}`);

/** 'TCP', 'tcp', '6', 'UDP-Lite' -> the number, or null. */
export function protocolNumber(text: string): number | null {
  if (DECIMAL.test(text)) return Number(text) <= 255 ? Number(text) : null;
  return NUMBER_OF.get(text.toLowerCase().replace('-', '')) ?? null;
}

const FLAG_NAMES = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'];

/** 0x12 -> 'SYN,ACK'; 'none' for 0. */
export function tcpFlagText(flags: number): string {
  const names = FLAG_NAMES.filter((_, bit) => (flags >>> bit) & 1);
  return names.length === 0 ? 'none' : names.join(',');
}
