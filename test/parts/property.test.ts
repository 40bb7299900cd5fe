/**
 * Parts joined are what one run gives: of every capture in pcaps/ and examples/, and of random traffic. Captures come days apart,
 * so that no connection of one is known in the next.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPaths } from '../../src/cli/documents.js';
import { compile } from '../../src/compile.js';
import { openCaptures } from '../../src/node/captures.js';
import { joinParts } from '../../src/parts/join.js';
import { partSummary } from '../../src/parts/summary.js';
import { batchOf, ethernet, ipv4, tcp, udp } from '../support/frames.js';
import { compileText, sourceOf } from '../support/replay.js';
import { seed } from '../support/seed.js';
import { CLUSTER, DB_CLOSED, WEB_TO_API } from '../verdict/cluster.js';
import { type Opener, oneRun, partOf, plain, timeless } from './runs.js';

const CAPTURE = /\.pcap(ng)?(\.gz|\.zst)?$/;
const FOLDERS = ['pcaps', 'examples']
  .flatMap(root => readdirSync(root).map(name => join(root, name)))
  // Connections of which only a later part is seen are known again, however long after.
  .filter(folder => !['pcaps/midstream', 'pcaps/oneway'].includes(folder))
  .filter(folder => existsSync(join(folder, 'cluster.yaml')) && readdirSync(folder).some(name => CAPTURE.test(name)));

describe('of real captures, each ten days after the one before', () => {
  it.each(FOLDERS)('%s', async folder => {
    const { documents } = readPaths([join(folder, 'policies'), join(folder, 'cluster.yaml')], () => new Uint8Array());
    const { compiled } = compile(documents);
    const captures = readdirSync(folder).filter(name => CAPTURE.test(name));
    const openers = [...captures, captures[0]!].map(name => () => openCaptures([join(folder, name)]));
    const expected = await oneRun(openers, compiled!, {});
    expect(expected.packets.total).toBeGreaterThan(0);
    const parts = await Promise.all(openers.map((open, i) => partOf(open, i, openers.length, compiled!, {})));
    expect(plain(partSummary(joinParts(parts)))).toEqual(plain(expected));
  });
});

describe('of random traffic', () => {
  const ADDRESSES = [
    '10.0.1.2',
    '10.0.2.3',
    '10.0.1.11',
    '10.0.2.11',
    '10.96.0.5',
    '192.168.0.1',
    '203.0.113.9',
    '203.0.113.10',
  ];
  const compiled = compileText(CLUSTER, DB_CLOSED, WEB_TO_API);
  const packets = fc.array(
    fc.record({
      src: fc.constantFrom(...ADDRESSES),
      dst: fc.constantFrom(...ADDRESSES),
      sport: fc.integer({ min: 40000, max: 40003 }),
      dport: fc.constantFrom(5432, 8080, 80, 53),
      flags: fc.constantFrom('S', 'S', 'SA', 'A', 'R', ''),
    }),
    { maxLength: 60 },
  );
  const captures = fc.array(packets, { minLength: 1, maxLength: 5 });
  type Packets = typeof packets extends fc.Arbitrary<infer T> ? T : never;
  const openerOf = (list: Packets, capture: number): Opener => {
    const frames = list.map(({ src, dst, dport, flags, ...it }) => {
      const sport = it.sport + 10 * capture;
      return ethernet(ipv4({ src, dst }, flags === '' ? udp({ sport, dport }) : tcp({ sport, dport, flags })));
    });
    return async () => sourceOf(frames.length === 0 ? [] : [batchOf(frames).batch]);
  };

  it.each(['what-if', 'dataplane'] as const)('joined in any order, in %s mode', async mode => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(captures, fc.array(fc.nat(), { minLength: 12, maxLength: 12 }), async (lists, choices) => {
        const settings = { mode, maxConnections: 1024 };
        const openers = lists.map(openerOf);
        const parts = await Promise.all(openers.map((open, i) => partOf(open, i, openers.length, compiled, settings)));
        const whole = joinParts(parts);
        const expected = await oneRun(openers, compiled, settings);
        expect(plain(partSummary(whole))).toEqual(plain(expected));
        refused += expected.denied.length;
        // Any two are joined until one is left; then some come again.
        const left = [...parts];
        for (let i = 0; left.length > 1; i += 2) {
          const [one] = left.splice(choices[i % 12]! % left.length, 1);
          const [other] = left.splice(choices[(i + 1) % 12]! % left.length, 1);
          left.push(joinParts([one!, other!]));
        }
        const again = parts.filter((_, i) => choices[i]! % 2 === 0);
        expect(timeless(joinParts([...again, left[0]!]))).toEqual(timeless(whole));
        expect(timeless(left[0]!)).toEqual(timeless(whole));
      }),
      { seed, numRuns: 150 },
    );
    expect(refused).toBeGreaterThan(100);
  });
});
