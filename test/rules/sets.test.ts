/**
 * Set algebra against a model that knows nothing of intervals: membership, one element at a time.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as addresses from '../../src/rules/addresses.js';
import * as intervals from '../../src/rules/intervals.js';
import {
  containsPort,
  formatPorts,
  intersectPorts,
  portSet,
  subtractPorts,
  unionPorts,
} from '../../src/rules/ports.js';
import { seed } from '../support/seed.js';
import { bits, isWithin } from '../tree/oracle.js';

const LAST = 40;

/** Any flat intervals of 0..LAST: overlapping, touching, in any order. */
const arbFlat = fc
  .array(fc.tuple(fc.nat(LAST), fc.nat(LAST)), { maxLength: 8 })
  .map(pairs => pairs.flatMap(([a, b]) => [Math.min(a, b), Math.max(a, b)]));
const model = (flat: readonly number[]): boolean[] =>
  Array.from({ length: LAST + 1 }, (_, x) => flat.some((lo, i) => i % 2 === 0 && lo <= x && x <= flat[i + 1]!));

function isCanonical(set: readonly (number | bigint)[]): boolean {
  for (let i = 0; i < set.length; i++) {
    if (i > 0 && i % 2 === 0 && BigInt(set[i]!) <= BigInt(set[i - 1]!) + 1n) return false;
    if (i % 2 === 1 && set[i]! < set[i - 1]!) return false;
  }
  return set.length % 2 === 0;
}

describe(`interval algebra (seed ${seed})`, () => {
  it('two sets overlap where something is in both, whichever is the larger', () => {
    const arbMany = fc
      .array(fc.tuple(fc.nat(400), fc.nat(3)), { maxLength: 40 })
      .map(pairs => portSet(pairs.flatMap(([at, size]) => [at, at + size])));
    let apart = 0;
    fc.assert(
      fc.property(arbMany, fc.oneof(arbMany, arbFlat.map(portSet)), (a, b) => {
        const expected = intersectPorts(a, b).length > 0;
        if (!expected) apart++;
        expect(intervals.overlap(a, b)).toBe(expected);
        expect(intervals.overlap(b, a)).toBe(expected);
        expect(intervals.overlap(a.map(BigInt), b.map(BigInt))).toBe(expected);
      }),
      { seed, numRuns: 2000 },
    );
    expect(apart).toBeGreaterThan(100);
  });

  it('equals membership, for numbers and bigints, and stays canonical', () => {
    fc.assert(
      fc.property(arbFlat, arbFlat, (flatA, flatB) => {
        const [a, b] = [portSet(flatA), portSet(flatB)];
        const results = { union: unionPorts(a, b), intersect: intersectPorts(a, b), subtract: subtractPorts(a, b), a };
        const big = (set: readonly number[]): bigint[] => set.map(BigInt);
        expect(intervals.union([big(a), big(b)], intervals.BIGINTS)).toEqual(big(results.union));
        expect(intervals.intersect(big(a), big(b))).toEqual(big(results.intersect));
        expect(intervals.subtract(big(a), big(b), intervals.BIGINTS)).toEqual(big(results.subtract));
        const [inA, inB] = [model(flatA), model(flatB)];
        for (let x = 0; x <= LAST; x++) {
          expect(containsPort(results.a, x)).toBe(inA[x]);
          expect(containsPort(results.union, x)).toBe(inA[x]! || inB[x]!);
          expect(containsPort(results.intersect, x)).toBe(inA[x]! && inB[x]!);
          expect(containsPort(results.subtract, x)).toBe(inA[x]! && !inB[x]!);
        }
        for (const set of Object.values(results)) expect(isCanonical(set), JSON.stringify(set)).toBe(true);
      }),
      { seed, numRuns: 1000 },
    );
  });

  it('holds at both ends of the address spaces', () => {
    const whole = addresses.everywhere([]);
    const top = addresses.fromCidr('255.255.255.255')!;
    const bottom = addresses.fromCidr('0.0.0.0')!;
    expect(addresses.subtract(whole, top).v4).toEqual([0, 0xfffffffe]);
    expect(addresses.subtract(whole, bottom).v4).toEqual([1, 0xffffffff]);
    expect(addresses.union([addresses.subtract(whole, top), top]).v4).toEqual([0, 0xffffffff]);
    const top6 = addresses.fromCidr('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff')!;
    expect(addresses.subtract(whole, top6).v6).toEqual([0n, addresses.MAX_V6 - 1n]);
    expect(addresses.union([addresses.subtract(whole, top6), top6]).v6).toEqual([0n, addresses.MAX_V6]);
    expect(addresses.subtract(whole, whole)).toEqual(addresses.NOWHERE);
  });

  it('keeps unaddressed pods apart', () => {
    const a = addresses.fromAddresses([], [3, 1, 3]);
    const b = addresses.fromAddresses(['10.0.0.1'], [3, 4]);
    expect(a.unaddressed).toEqual([1, 3]);
    expect(addresses.union([a, b]).unaddressed).toEqual([1, 3, 4]);
    expect(addresses.intersect(a, b)).toEqual({ v4: [], v6: [], unaddressed: [3] });
    expect(addresses.subtract(b, a)).toEqual({ v4: [0x0a000001, 0x0a000001], v6: [], unaddressed: [4] });
  });
});

describe('prefixes', () => {
  it.each([
    ['10.0.0.1/8', [0x0a000000, 0x0affffff]],
    ['0.0.0.0/0', [0, 0xffffffff]],
    ['128.0.0.0/1', [0x80000000, 0xffffffff]],
    ['10.0.0.1', [0x0a000001, 0x0a000001]],
    ['10.0.0.1/32', [0x0a000001, 0x0a000001]],
  ])('%s, host bits masked (8)', (text, v4) => {
    expect(addresses.fromCidr(text)).toEqual({ v4, v6: [], unaddressed: [] });
  });

  it.each([
    ['fd00::1/64', [0xfd000000000000000000000000000000n, 0xfd00000000000000ffffffffffffffffn]],
    ['::/0', [0n, addresses.MAX_V6]],
    ['::1', [1n, 1n]],
    ['::ffff:10.0.0.1/128', [0xffff0a000001n, 0xffff0a000001n]],
  ])('%s', (text, v6) => {
    expect(addresses.fromCidr(text)).toEqual({ v4: [], v6, unaddressed: [] });
  });

  it.each([
    '',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0/8',
    '010.0.0.1',
    '256.0.0.1',
    '::/129',
    'fe80::1%eth0',
    ':::',
    '1::2::3',
    'x',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    ' 10.0.0.1',
  ])('%j is none', text => {
    expect(addresses.fromCidr(text)).toBeNull();
  });

  it(`holds exactly the addresses that begin with its bits (seed ${seed})`, () => {
    const arbV4 = fc.nat(0xffffffff).map(x => [24, 16, 8, 0].map(s => (x >>> s) & 255).join('.'));
    const arbV6 = fc
      .tuple(...new Array(8).fill(fc.constantFrom(0, 1, 0xfd00, 0xffff)))
      .map(g => g.map(x => (x as number).toString(16)).join(':'));
    fc.assert(
      fc.property(
        fc.oneof(fc.tuple(arbV4, arbV4), fc.tuple(arbV6, arbV6)),
        fc.nat(128),
        ([network, address], length) => {
          const isV4 = bits(network).length === 32;
          const prefix = `${network}/${isV4 ? length % 33 : length}`;
          const set = addresses.fromCidr(prefix)!;
          const near = isV4 ? [set.v4[0]!, set.v4[1]!] : [set.v6[0]!, set.v6[1]!];
          for (const x of near) {
            const inside = isV4 ? addresses.containsV4(set, Number(x)) : addresses.containsV6(set, BigInt(x));
            expect(inside).toBe(true);
          }
          const value = isV4 ? addresses.parseV4(address)! : addresses.parseV6(address)!;
          const inside = isV4 ? addresses.containsV4(set, Number(value)) : addresses.containsV6(set, BigInt(value));
          expect(inside).toBe(isWithin(address, prefix));
        },
      ),
      { seed, numRuns: 2000 },
    );
  });
});

it('prints ports', () => {
  expect(formatPorts(portSet([443, 443, 80, 80, 8000, 8100, 81, 81]))).toBe('80-81,443,8000-8100');
  expect(formatPorts(null)).toBe('any');
  expect(formatPorts([])).toBe('none');
});
