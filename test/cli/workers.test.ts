/**
 * How many threads a replay has where nobody says, and how many may be asked for.
 */
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { workersFor } from '../../src/cli/workers.js';
import { policap } from './person.js';

const folder = mkdtempSync(join(tmpdir(), 'policap-workers-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file of so many MiB that takes none. */
function fileOf(mebibytes: number): string {
  const path = join(folder, `${mebibytes}.pcap`);
  const descriptor = openSync(path, 'w');
  ftruncateSync(descriptor, mebibytes << 20);
  closeSync(descriptor);
  return path;
}

describe('threads of a replay', () => {
  it('are one for small captures, pipes and what is not there', () => {
    for (const paths of [[fileOf(63)], ['-'], [join(folder, 'missing.pcap')], [folder], ['/dev/null']]) {
      expect(workersFor(paths, undefined)).toBe(1);
    }
  });

  it('are as many as cores, eight at most, for large ones, alone or together', () => {
    const cores = Math.min(8, availableParallelism());
    expect(workersFor([fileOf(64)], undefined)).toBe(cores);
    expect(workersFor([fileOf(30), fileOf(34)], undefined)).toBe(cores);
  });

  it('are as many as are asked for', () => {
    for (const asked of [1, 2, 64]) expect(workersFor([fileOf(64), '-'], asked)).toBe(asked);
  });

  it.each(['0', '65', '1.5', 'all'])('are not %s', async asked => {
    const { code, err } = await policap(['replay', 'capture.pcap', '--workers', asked]);
    expect(code).toBe(2);
    expect(err).toContain('Give a whole number from 1 to 64.');
  });
});
