/** Blocks cover every address, nothing of the cluster, and are as few as asked where that is possible. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contains, formatAddress, parseAddress, parseBlock } from '../../src/cluster/address.js';
import { coverAddresses, createClusterRanges, type IsOfCluster } from '../../src/suggest/blocks.js';
import { compileText } from '../support/replay.js';

const anywhere: IsOfCluster = () => false;
const exact = { 4: 32, 6: 128 } as const;
const cidrs = (
  addresses: string[],
  most: number,
  isOfCluster = anywhere,
  length: { 4: number; 6: number } = exact,
): string[] => coverAddresses(addresses, { most, length }, isOfCluster).map(({ cidr }) => cidr);

describe('coverAddresses', () => {
  it('leaves addresses alone where there is room', () => {
    expect(cidrs(['203.0.113.9', '198.51.100.7', '2001:db8::1', '203.0.113.9'], 3)).toEqual([
      '198.51.100.7/32',
      '203.0.113.9/32',
      '2001:db8::1/128',
    ]);
  });

  it('joins the nearest first', () => {
    expect(cidrs(['203.0.113.9', '203.0.113.12', '198.51.100.7'], 2)).toEqual(['198.51.100.7/32', '203.0.113.8/29']);
  });

  it('writes two halves as one block, whatever room there is', () => {
    expect(cidrs(['10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'], 16)).toEqual([
      '10.0.0.0/30',
      '10.0.0.4/32',
    ]);
    expect(cidrs(['10.0.0.1', '10.0.0.2'], 16)).toEqual(['10.0.0.1/32', '10.0.0.2/32']);
  });

  it('widens to the length asked for, but not into the cluster', () => {
    const { inventory } = compileText(
      'apiVersion: v1\nkind: Node\nmetadata: { name: node-1 }\nstatus: { addresses: [{ type: InternalIP, address: 192.0.2.200 }] }',
    );
    const isOfCluster = createClusterRanges(inventory);
    expect(cidrs(['203.0.113.9', '203.0.113.77', '192.0.2.9'], 16, isOfCluster, { 4: 24, 6: 64 })).toEqual([
      '192.0.2.0/25',
      '203.0.113.0/24',
    ]);
    // One block would hold the node: there are more than asked for.
    expect(cidrs(['192.0.2.199', '192.0.2.201'], 1, isOfCluster)).toEqual(['192.0.2.199/32', '192.0.2.201/32']);
  });

  it('says how much it covers', () => {
    expect(coverAddresses(['203.0.113.9', '203.0.113.12'], { most: 1, length: exact }, anywhere)).toEqual([
      { cidr: '203.0.113.8/29', family: 4, seen: 2, size: 8n },
    ]);
  });

  it('holds for any addresses', () => {
    const v4 = fc.integer({ min: 0, max: 2 ** 32 - 1 }).map(n => formatAddress(4, BigInt(n)));
    const near = fc.integer({ min: 0, max: 300 }).map(n => formatAddress(4, 0xcb007100n + BigInt(n)));
    const v6 = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }).map(n => formatAddress(6, n));
    const some = fc.array(fc.oneof(v4, near, v6), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(
        some,
        fc.array(fc.oneof(v4, near), { maxLength: 5 }),
        fc.integer({ min: 1, max: 20 }),
        (all, cluster, most) => {
          const forbidden = cluster
            .filter(address => !all.includes(address))
            .map(address => parseAddress(address)!.value);
          const isOfCluster: IsOfCluster = (family, first, last) =>
            family === 4 && forbidden.some(value => first <= value && value <= last);
          const blocks = coverAddresses(all, { most, length: exact }, isOfCluster);
          const parsed = blocks.map(({ cidr }) => parseBlock(cidr)!);
          for (const address of all) {
            const own = parseBlock(`${address}/${address.includes(':') ? 128 : 32}`)!;
            expect(parsed.filter(block => contains(block, own))).toHaveLength(1);
          }
          expect(parsed.every(block => !block.hostBits)).toBe(true);
          for (const value of forbidden) {
            const own = parseBlock(`${formatAddress(4, value)}/32`)!;
            expect(parsed.some(block => contains(block, own))).toBe(false);
          }
          const families = new Set(all.map(address => address.includes(':'))).size;
          if (forbidden.length === 0) expect(blocks.length).toBeLessThanOrEqual(Math.max(most, families));
          expect(blocks.reduce((sum, { seen }) => sum + seen, 0)).toBe(new Set(all).size);
        },
      ),
    );
  });
});
