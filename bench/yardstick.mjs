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

/** What the yardstick must print as policap does. */
const COUNTED = [
  ...['packets', 'connections', 'reasons', 'connectionReasons', 'denied', 'deniedOthers', 'policies'],
  ...['unknownAddresses', 'unknownOthers', 'observed', 'bytes'],
];

/**
 * Nothing counts as fast that counts differently: packets and connections by reason, by rule and by refused conversation.
 * @param summary of policap (`policap.summary/1`). @returns what differs, or null
 */
export function difference(command, args, summary) {
  const { status, stdout, stderr } = spawnSync(command, [...args, 'json'], { encoding: 'utf8', maxBuffer: 1 << 30 });
  if (status !== 0) return stderr.trim() || `exit ${status}`;
  const counted = JSON.parse(stdout);
  const absent = COUNTED.find(name => counted[name] === undefined);
  return absent === undefined ? firstDifference(counted, summary, 'summary') : `it does not count ${absent}`;
}

/** Of everything that `theirs` says; what only `ours` says is no difference, but lists are as long. */
export function firstDifference(theirs, ours, path) {
  if (theirs === null || typeof theirs !== 'object')
    return Object.is(theirs, ours) ? null : `${path}: ${theirs}, where policap says ${ours}`;
  if (ours === null || typeof ours !== 'object') return `${path}: policap says ${ours}`;
  if (Array.isArray(theirs) && theirs.length !== ours.length)
    return `${path}: ${theirs.length} of them, where policap has ${ours.length}`;
  for (const name of Object.keys(theirs)) {
    const found = firstDifference(
      theirs[name],
      ours[name],
      Array.isArray(theirs) ? `${path}[${name}]` : `${path}.${name}`,
    );
    if (found !== null) return found;
  }
  return null;
}
