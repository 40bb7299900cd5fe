/**
 * Addresses and blocks in documents: text -> canonical text (cold; never a packet's).
 *
 * Canonical: dotted decimal for IPv4, RFC 5952 for IPv6. IPv4-mapped IPv6 (::ffff:10.0.0.1) is the IPv4 address, as
 * Go's net package and therefore Kubernetes read it. Leading zeros (010.0.0.1) are read as decimal, as old API servers
 * do, and are marked: newer ones refuse them.
 */
import { Address4, Address6 } from 'ip-address';

export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
  /** Canonical. */
  readonly text: string;
  /** Leading zeros or an IPv4-mapped form: read leniently. */
  readonly lenient: boolean;
}

export interface Block {
  readonly family: 4 | 6;
  /** The first address; host bits are cleared. */
  readonly first: bigint;
  readonly length: number;
  /** Canonical, with host bits cleared. */
  readonly text: string;
  /** The address before the slash, canonical: differs from the block's where host bits were set. */
  readonly address: string;
  readonly hostBits: boolean;
  readonly lenient: boolean;
}

/** Bits of an address. */
export const WIDTH = { 4: 32, 6: 128 } as const;
const MAPPED = 0xffffn << 32n;

/** Dotted quad -> 0..2^32-1; null for anything else, leading zeros included. */
export function parseV4(text: string): number | null {
  if (text.length < 7 || text.length > 15) return null;
  let value = 0;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 46) {
      if (digits === 0 || ++dots > 3) return null;
      value = value * 256 + octet;
      octet = 0;
      digits = 0;
    } else {
      if (c < 48 || c > 57 || (digits > 0 && octet === 0)) return null;
      octet = octet * 10 + c - 48;
      digits++;
      if (octet > 255) return null;
    }
  }
  return dots === 3 && digits > 0 ? value * 256 + octet : null;
}

export const formatV4 = (value: number): string =>
  `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;

/** @returns null where the text is no IP address; zones (%eth0) are none of a document's business */
export function parseAddress(text: string): Address | null {
  const common = parseV4(text);
  if (common !== null) return { family: 4, value: BigInt(common), text, lenient: false };
  if (text === '' || text.length > 64 || text.includes('/') || text.includes('%')) return null;
  // Leading zeros of the dotted part only: groups of hexadecimal digits may have them.
  const plain = text.replace(/(?<=^|:)\d+(?:\.\d+){3}$/, dotted => dotted.replace(/\b0+(?=\d)/g, ''));
  const lenient = plain !== text;
  if (!plain.includes(':')) {
    if (!Address4.isValid(plain)) return null;
    return { family: 4, value: new Address4(plain).bigInt(), text: plain, lenient };
  }
  if (!Address6.isValid(plain)) return null;
  const value = new Address6(plain).bigInt();
  if (value >> 32n === 0xffffn)
    return { family: 4, value: value - MAPPED, text: formatAddress(4, value - MAPPED), lenient: true };
  return { family: 6, value, text: formatAddress(6, value), lenient };
}

/** @returns null where the text is no CIDR block */
export function parseBlock(text: string): Block | null {
  const [address, length, rest] = text.split('/');
  if (address === undefined || length === undefined || rest !== undefined || !/^\d{1,3}$/.test(length)) return null;
  const parsed = parseAddress(address);
  if (parsed === null) return null;
  const mapped = parsed.family === 4 && address.includes(':');
  const bits = Number(length) - (mapped ? 96 : 0);
  const width = WIDTH[parsed.family];
  if (bits < 0 || bits > width) return null;
  const host = BigInt(width - bits);
  const first = (parsed.value >> host) << host;
  return {
    family: parsed.family,
    first,
    length: bits,
    text: `${formatAddress(parsed.family, first)}/${bits}`,
    address: parsed.text,
    hostBits: first !== parsed.value,
    lenient: parsed.lenient || (length.length > 1 && length.startsWith('0')),
  };
}

/** Whether `inner` lies within `outer`. */
export function contains(outer: Block, inner: Block): boolean {
  if (outer.family !== inner.family || inner.length < outer.length) return false;
  const host = BigInt(WIDTH[outer.family] - outer.length);
  return inner.first >> host === outer.first >> host;
}

/** Canonical text. */
export function formatAddress(family: 4 | 6, value: bigint): string {
  return family === 4 ? formatV4(Number(value)) : Address6.fromBigInt(value).correctForm();
}
