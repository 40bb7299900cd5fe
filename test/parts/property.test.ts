/**
 * Parts joined are what one run gives: of every capture in pcaps/ and examples/, and of random traffic. Captures come days apart,
 * so that no connection of one is known in the next.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chainCaptures } from '../../src/capture/chain.js';
import type { FrameSource } from '../../src/capture/frame.js';
import { restOf } from '../../src/capture/rest-of.js';
import { readPaths } from '../../src/cli/documents.js';
import { type Compiled, compile } from '../../src/compile.js';
import { openCaptures } from '../../src/node/captures.js';
import { createCollecting } from '../../src/parts/collect.js';
import { joinParts } from '../../src/parts/join.js';
import { PART_SCHEMA, type Part } from '../../src/parts/part.js';
import { readPart } from '../../src/parts/read.js';
import { partSummary } from '../../src/parts/summary.js';
import { type ReplayOptions, replay } from '../../src/replay.js';
import type { Report } from '../../src/report/report.js';
import { createSummary, type Summary } from '../../src/report/summary.js';
import { batchOf, ethernet, ipv4, tcp, udp } from '../support/frames.js';
import { compileText, sourceOf } from '../support/replay.js';
import { seed } from '../support/seed.js';
import { CLUSTER, DB_CLOSED, WEB_TO_API } from '../verdict/cluster.js';

const DAYS = 10 * 24 * 3600;

/** A capture that began so many times ten days later. */
function later(source: FrameSource, times: number): FrameSource {
  return Object.assign(restOf(source), {
    async next() {
      const batch = await source.next();
      if (batch !== null) for (let i = 0; i < batch.count; i++) batch.seconds[i] = batch.seconds[i]! + times * DAYS;
      return batch;
    },
  });
}

/** A capture; opened anew for each replay. */
type Opener = () => Promise<FrameSource>;
type Settings = Partial<ReplayOptions>;

const NAMES = ['a.pcap', 'b.pcap', 'c.pcap', 'd.pcap', 'e.pcap'];

async function partOf(open: Opener, index: number, of: number, compiled: Compiled, settings: Settings): Promise<Part> {
  const collecting = createCollecting();
  await replay(later(await open(), index), compiled, { ...settings, captures: [NAMES[index]!] }, [collecting]);
  const { about, found } = collecting;
  const part: Part = { schema: PART_SCHEMA, run: 'run', of, about, pieces: [{ from: index, to: index + 1, found }] };
  // As they stand in a file.
  const read = readPart(JSON.stringify(part));
  if ('problem' in read) throw new Error(read.problem);
  return read.part;
}

async function oneRun(openers: readonly Opener[], compiled: Compiled, settings: Settings): Promise<Summary> {
  const collector = createSummary();
  let summary: Summary;
  const source = chainCaptures(
    openers.map((open, i) => async () => later(await open(), i)),
    undefined,
  );
  const keeping: Report = {
    begin: collector.begin,
    batch: collector.batch,
    end(result) {
      summary = collector.end(result);
    },
  };
  await replay(source, compiled, { ...settings, captures: NAMES.slice(0, openers.length) }, [keeping]);
  return summary!;
}

const plain = (summary: Summary): unknown => JSON.parse(JSON.stringify({ ...summary, timing: null }));

/** Parts without what a clock says. */
const timeless = ({ pieces, ...part }: Part): unknown => ({
  ...part,
  pieces: pieces.map(({ found, ...piece }) => ({ ...piece, found: { ...found, compileMs: 0, replayMs: 0 } })),
});

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
