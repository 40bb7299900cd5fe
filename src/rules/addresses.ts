/**
 * Address sets: IPv4 intervals as numbers, IPv6 intervals as bigints, and pods that have no address yet (cold).
 *
 * In:  addresses and prefixes in text.  Out: AddressSets in canonical form (rules/ruleset.ts); they are never mutated,
 * so one object may stand in any number of rules. The families are separate lines: ::ffff:10.0.0.1 is an IPv6 address.
 */
import { Address6 } from 'ip-address';
import { parseV4 } from '../cluster/address.js';
import * as intervals from './intervals.js';
import type { AddressSet } from './ruleset.js';

export { parseV4 };

export const MAX_V4 = 0xffffffff;
export const MAX_V6 = (1n << 128n) - 1n;

export const NOWHERE: AddressSet = { v4: [], v6: [], unaddressed: [] };

/** Every address of both families, and the given pods without one. */
export const everywhere = (unaddressed: readonly number[]): AddressSet => ({
  v4: [0, MAX_V4],
  v6: [0n, MAX_V6],
  unaddressed,
});

/** RFC 4291 text -> 0..2^128-1; null for anything else, zones and prefix lengths included. */
export function parseV6(text: string): bigint | null {
  if (!text.includes(':') || /[%/]/.test(text) || !Address6.isValid(text)) return null;
  return new Address6(text).bigInt();
}

/** `10.0.0.0/8`, `2001:db8::/32`, or an address alone; host bits are masked away (8). null where it is neither. */
export function fromCidr(text: string): AddressSet | null {
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const bits = slash < 0 ? '' : text.slice(slash + 1);
  if (slash >= 0 && !/^(0|[1-9]\d{0,2})$/.test(bits)) return null;
  const v4 = parseV4(address);
  if (v4 !== null) {
    const length = slash < 0 ? 32 : Number(bits);
    if (length > 32) return null;
    const size = 2 ** (32 - length);
    const lo = Math.floor(v4 / size) * size;
    return { v4: [lo, lo + size - 1], v6: [], unaddressed: [] };
  }
  const v6 = parseV6(address);
  if (v6 === null) return null;
  const length = slash < 0 ? 128 : Number(bits);
  if (length > 128) return null;
  const host = (1n << BigInt(128 - length)) - 1n;
  return { v4: [], v6: [v6 & ~host, v6 | host], unaddressed: [] };
}

/** Canonical text of addresses (either family) -> a set. Text that is no address is left out: the inventory has none. */
export function fromAddresses(texts: Iterable<string>, unaddressed: readonly number[] = []): AddressSet {
  const v4: number[] = [];
  const v6: bigint[] = [];
  for (const text of texts) {
    const four = parseV4(text);
    if (four !== null) v4.push(four);
    else {
      const six = parseV6(text);
      if (six !== null) v6.push(six);
    }
  }
  return fromPoints(v4, v6, unaddressed);
}

/** Single addresses, in any order. */
export const fromPoints = (
  v4: readonly number[],
  v6: readonly bigint[],
  unaddressed: readonly number[],
): AddressSet => ({
  v4: intervals.ofPoints(v4),
  v6: intervals.canonical(
    v6.flatMap(address => [address, address]),
    intervals.BIGINTS,
  ),
  unaddressed: sortedUnique(unaddressed),
});

/** @param large bounds from which on a set stays a part: those of one that many rules name are placed once (set-places.ts) */
export function union(sets: readonly AddressSet[], large = 128): AddressSet {
  if (sets.length === 1) return sets[0]!;
  const parts = partsOf(sets, large);
  return parts.length === 1 ? parts[0]! : { ...unionOf(parts), parts };
}

/** The large ones, each once, and all others as one set. */
function partsOf(sets: readonly AddressSet[], bounds: number): AddressSet[] {
  const large = new Set<AddressSet>();
  const others: AddressSet[] = [];
  for (const set of sets) {
    for (const part of set.parts ?? [set]) {
      if (part.v4.length + part.v6.length >= bounds) large.add(part);
      else if (!isEmpty(part)) others.push(part);
    }
  }
  if (large.size === 0) return [unionOf(others)];
  return others.length === 0 ? [...large] : [...large, others.length === 1 ? others[0]! : unionOf(others)];
}

const unionOf = (sets: readonly AddressSet[]): AddressSet => ({
  v4: intervals.union(
    sets.map(s => s.v4),
    intervals.NUMBERS,
  ),
  v6: intervals.union(
    sets.map(s => s.v6),
    intervals.BIGINTS,
  ),
  unaddressed: sortedUnique(sets.flatMap(s => s.unaddressed)),
});

export function intersect(a: AddressSet, b: AddressSet): AddressSet {
  const inB = new Set(b.unaddressed);
  return {
    v4: intervals.intersect(a.v4, b.v4),
    v6: intervals.intersect(a.v6, b.v6),
    unaddressed: a.unaddressed.filter(owner => inB.has(owner)),
  };
}

/** a without b. */
export function subtract(a: AddressSet, b: AddressSet): AddressSet {
  const inB = new Set(b.unaddressed);
  return {
    v4: intervals.subtract(a.v4, b.v4, intervals.NUMBERS),
    v6: intervals.subtract(a.v6, b.v6, intervals.BIGINTS),
    unaddressed: a.unaddressed.filter(owner => !inB.has(owner)),
  };
}

export const containsV4 = (set: AddressSet, address: number): boolean => intervals.contains(set.v4, address);
export const containsV6 = (set: AddressSet, address: bigint): boolean => intervals.contains(set.v6, address);
export const containsUnaddressed = (set: AddressSet, owner: number): boolean => set.unaddressed.includes(owner);
export const isEmpty = (set: AddressSet): boolean =>
  set.v4.length === 0 && set.v6.length === 0 && set.unaddressed.length === 0;

function sortedUnique(owners: readonly number[]): number[] {
  return owners.length === 0 ? [] : [...new Set(owners)].sort((a, b) => a - b);
}
