/**
 * The yardstick: a C program that does a replay's work (yardstick/yardstick.c), as a contender.
 *
 * In:  a folder to build in.  Out: { missing } or { command, prepare: cluster, tables -> void }. The tables it looks up in
 * are made by policap's own compiler before it starts: that work is not in its figures.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COMPILER, missing } from './packages.mjs';

const here = name => fileURLToPath(new URL(name, import.meta.url));
const SOURCE = here('yardstick/yardstick.c');
const FLAGS = ['-O3', '-march=native', '-std=gnu11'];

export function buildYardstick(folder) {
  if (!existsSync(SOURCE)) return { missing: 'bench/yardstick/yardstick.c is not there' };
  const absent = missing(COMPILER);
  if (absent !== null) return { missing: absent };
  const command = join(folder, 'yardstick');
  const { status, stderr } = spawnSync('cc', [...FLAGS, '-o', command, SOURCE], { encoding: 'utf8' });
  if (status !== 0) return { missing: `cc: ${stderr.trim().split('\n')[0]}` };
  return { command, prepare };
}

function prepare(cluster, tables) {
  const { status, stderr } = spawnSync(process.execPath, [here('yardstick/dump.mjs'), cluster, tables], {
    encoding: 'utf8',
  });
  if (status !== 0)
    throw new Error(
      stderr
        .trim()
        .split('\n')
        .find(line => line.startsWith('Error')) ?? stderr,
    );
}

/** Nothing counts as fast that counts differently. @returns what differs, or null */
export function difference(command, tables, capture, policap) {
  const { status, stdout, stderr } = spawnSync(command, [capture, tables], { encoding: 'utf8' });
  if (status !== 0) return stderr.trim();
  const { reasons } = JSON.parse(stdout);
  for (const reason of new Set([...Object.keys(reasons), ...Object.keys(policap)])) {
    const [theirs, ours] = [reasons[reason] ?? 0, policap[reason] ?? 0];
    if (theirs !== ours) return `it counts ${theirs} packets as ${reason}, where policap counts ${ours}`;
  }
  return null;
}
