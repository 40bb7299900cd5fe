/**
 * Files that rotate: each is one of its format, and together they hold what one file holds.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPaths } from '../../src/cli/documents.js';
import { createReport } from '../../src/cli/replay-formats.js';
import { compile } from '../../src/compile.js';
import { openCaptures } from '../../src/node/captures.js';
import { openRotation, type Rotation } from '../../src/node/rotating-output.js';
import { capturePoints } from '../../src/parts/points.js';
import { replay } from '../../src/replay.js';
import type { Report } from '../../src/report/report.js';
import { createRotating } from '../../src/report/rotating.js';
import { collect } from './fixture.js';

const { documents } = readPaths(['pcaps/shop/policies', 'pcaps/shop/cluster.yaml'], () => new Uint8Array());
const compiled = compile(documents).compiled!;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'policap-rotating-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

type Format = Parameters<typeof createReport>[1]['output'];

const optionsOf = (output: Format): Parameters<typeof createReport>[1] =>
  ({ output, records: 'packets' }) as Parameters<typeof createReport>[1];

async function run(report: Report): Promise<void> {
  // In many batches.
  const source = await openCaptures(['pcaps/shop/capture.pcapng'], { bufferLength: 8192 });
  await replay(source, compiled, { captures: ['shop'] }, [report]);
}

/** @returns the files' contents, in order */
async function rotated(output: Format, rotation: Rotation, now?: () => number): Promise<Buffer[]> {
  const files = openRotation(join(folder, `out.${output}`), rotation, now);
  await run(await createRotating(() => createReport(files, optionsOf(output), compiled), files));
  files.close();
  return readdirSync(folder)
    .sort()
    .map(name => readFileSync(join(folder, name)));
}

async function whole(output: Format): Promise<Buffer> {
  const into = collect();
  await run(await createReport(into, optionsOf(output), compiled));
  return Buffer.from(into.bytes());
}

describe('files that rotate', () => {
  it.each(['jsonl', 'csv', 'hubble'] as const)('of %s hold together what one holds', async format => {
    const lines = (text: string): string[] => text.trimEnd().split(/\r?\n/);
    const expected = lines((await whole(format)).toString());
    const files = (await rotated(format, { bytes: 20_000 })).map(bytes => lines(bytes.toString()));
    expect(files.length).toBeGreaterThan(2);
    if (format === 'csv') {
      for (const [first] of files) expect(first).toBe(expected[0]);
      expect(files.flatMap(([, ...rows]) => rows)).toEqual(expected.slice(1));
      return;
    }
    const records = (all: readonly string[]): unknown[] =>
      all.map(line => {
        const { schema: _, ...record } = JSON.parse(line);
        return record;
      });
    if (format === 'jsonl') for (const [first] of files) expect(JSON.parse(first!).schema).toBe('policap.packet/1');
    expect(records(files.flat())).toEqual(records(expected));
  });

  it('of pcapng are captures, one after the other', async () => {
    const files = await rotated('pcapng', { bytes: 40_000 });
    expect(files.length).toBeGreaterThan(2);
    const names = readdirSync(folder).map(name => join(folder, name));
    expect(capturePoints(names)).toEqual([names.sort()]);
    let packets = 0;
    for (const name of names) {
      const source = await openCaptures([name]);
      for (let batch = await source.next(); batch !== null; batch = await source.next()) packets += batch.count;
      expect(source.errors).toEqual([]);
      source.close();
    }
    expect(packets).toBe(780);
  });

  it('begin anew in time, are named by it, and the oldest go', async () => {
    let time = Date.UTC(2026, 0, 1, 12);
    const clock = (): number => {
      time += 1000;
      return time;
    };
    const files = await rotated('jsonl', { milliseconds: 1, keep: 2 }, clock);
    expect(files.length).toBe(2);
    const names = readdirSync(folder).sort();
    expect(names.map(name => name.replace(/\d\d\.jsonl$/, 'SS.jsonl'))).toEqual([
      'out_00002_202601011200SS.jsonl',
      'out_00003_202601011200SS.jsonl',
    ]);
    // The last ones.
    const last = files.at(-1)!.toString().trimEnd().split('\n').at(-1)!;
    expect(JSON.parse(last).packet).toBe(780);
  });
});
