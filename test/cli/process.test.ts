/**
 * The process among others: readers that leave, disks that are full, Ctrl-C. Real children, pipes and signals.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/main.js';
import { allCommands, referenceOf } from '../../src/cli/reference.js';
import type { Terminal } from '../../src/cli/terminal.js';
import { pcapOf } from '../support/frames.js';
import { FRAMES } from './shop.js';

const PROGRAM = 'bin/policap';
const SHOP = ['-p', 'pcaps/shop/policies', '-c', 'pcaps/shop/cluster.yaml'];
const CAPTURE = 'pcaps/shop/capture.pcapng';

const RESULTS: readonly (readonly string[])[] = [
  ['replay', CAPTURE, ...SHOP],
  ['replay', CAPTURE, ...SHOP, '-o', 'jsonl'],
  ['replay', CAPTURE, ...SHOP, '-o', 'pcapng'],
  ['query', ...SHOP, '--from', 'tools/debug-shell', '--to', 'shop/StatefulSet/db', '--port', '5432'],
  ['matrix', ...SHOP],
  ['compile', ...SHOP, '--emit', 'tree'],
  ['compare', CAPTURE, ...SHOP, '--profiles', 'upstream,calico'],
  ['bench', ...SHOP, '--seconds', '1'],
  ['generate', 'rules'],
  ['generate', 'cluster'],
  ['generate', 'capture', '--packets', '10000'],
  ['completion', 'bash'],
  ['--version'],
];

/** Help of every command there is. */
const HELPS = allCommands(referenceOf(createProgram({ columns: 80, environment: {} } as Terminal, () => {})))
  .filter(({ path }) => path.at(-1) !== 'help')
  .map(({ path }) => [...path, '--help']);

const bash = (script: string, args: readonly string[]) =>
  spawnSync('bash', ['-o', 'pipefail', '-c', script, process.execPath, PROGRAM, ...args], { encoding: 'utf8' });

describe('a reader that leaves', () => {
  it.each([...RESULTS, ...HELPS])('is no error: policap %s %s %s', (...args) => {
    const { status, stderr } = bash('"$0" "$@" | true', args);
    expect([status, stderr]).toEqual([0, '']);
  });

  it('after the first line gets that line', () => {
    const { status, stdout, stderr } = bash('"$0" "$@" | head -1', ['replay', CAPTURE, ...SHOP, '-o', 'jsonl']);
    expect([status, stderr, JSON.parse(stdout).packet]).toEqual([0, '', 1]);
  });

  it('of problems is no error either', () => {
    const { status } = bash('"$0" "$@" 2> >(true); exit $?', ['replay', 'no such capture', ...SHOP]);
    expect(status).toBe(2);
  });
});

describe.skipIf(!existsSync('/dev/full'))(
  `a full disk${existsSync('/dev/full') ? '' : ' (there is no /dev/full)'}`,
  () => {
    it.each(RESULTS)('is said in one line: policap %s %s %s', (...args) => {
      const { status, stderr } = bash('"$0" "$@" > /dev/full', args);
      expect([status, stderr]).toEqual([2, 'policap: error: standard output: no space left on the device\n']);
    });

    it('is said of the file that was to be written', () => {
      const { status, stdout, stderr } = bash('"$0" "$@"', [
        'replay',
        CAPTURE,
        ...SHOP,
        '-o',
        'jsonl',
        '-w',
        '/dev/full',
      ]);
      expect([status, stdout, stderr]).toEqual([2, '', 'policap: error: /dev/full: no space left on the device\n']);
    });
  },
);

/** More than a pipe and a reader's buffers hold: what was taken of it was judged, but for the last part. */
const MANY = pcapOf(Array.from({ length: 4000 }, () => FRAMES).flat());

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const ended = (child: ChildProcess): Promise<Ended> =>
  new Promise(resolve => {
    const out: string[] = [];
    const err: string[] = [];
    child.stdout!.on('data', chunk => out.push(String(chunk)));
    child.stderr!.on('data', chunk => err.push(String(chunk)));
    child.on('close', code => resolve({ code, out: out.join(''), err: err.join('') }));
  });

/** Ctrl-C while standard input stays open and silent. */
async function interrupted(args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: 'pipe' });
  const end = ended(child);
  await new Promise(resolve => child.stdin.write(MANY, resolve));
  child.kill('SIGINT');
  return end;
}

describe('Ctrl-C', () => {
  it.each([
    ['replay', '-'],
    ['replay', '-', '-o', 'json'],
    ['compare', '-', '--profiles', 'upstream,calico'],
  ])('prints what was judged so far: policap %s %s %s', async (...args) => {
    const { code, out, err } = await interrupted([...args, ...SHOP]);
    expect([code, err]).toEqual([
      130,
      expect.stringMatching(/^policap: interrupted after [\d,]+ packets; above is what was judged so far\n$/),
    ]);
    const packets = Number(/after ([\d,]+) packets/.exec(err)![1]!.replaceAll(',', ''));
    expect(packets).toBeGreaterThan(1000);
    if (args.includes('json')) expect(JSON.parse(out).packets.total).toBe(packets);
    else expect(out).toMatch(/connections/);
  });
});

describe('a pipe that goes on', () => {
  it('is told of while it is open', async () => {
    const child = spawn(process.execPath, [PROGRAM, 'replay', '-', ...SHOP, '-o', 'jsonl'], { stdio: 'pipe' });
    const end = ended(child);
    let told = '';
    child.stdout.on('data', chunk => {
      told += String(chunk);
    });
    // Packets of a cluster with services wait until some hundred others are behind them; a buffer's worth of lines are more.
    const capture = pcapOf(Array.from({ length: 900 }, (_, i) => FRAMES[i % FRAMES.length]!));
    const part = Math.ceil(capture.length / 60);
    for (let at = 0; told === '' && at < capture.length; at += part) {
      child.stdin.write(capture.subarray(at, at + part));
      await new Promise(resolve => setTimeout(resolve, 150));
    }
    expect([child.exitCode, JSON.parse(told.slice(0, told.indexOf('\n'))).packet]).toEqual([null, 1]);
    child.stdin.end();
    await end;
  });
});

describe('colours', () => {
  it('are for terminals: none in a pipe, unless asked for', () => {
    const plain = bash('"$0" "$@"', ['matrix', ...SHOP]);
    expect(plain.stdout).not.toContain('\u001b[');
    expect(bash('NO_COLOR=1 "$0" "$@"', ['matrix', ...SHOP, '--color', 'always']).stdout).toContain('\u001b[');
  });
});
