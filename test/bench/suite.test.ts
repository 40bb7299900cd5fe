/**
 * npm run bench on sizes that take no time: its document, its text and its pictures; peers that are not there are named.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isWellFormed } from './xml.js';

const SIZES = ['--built', '--packets', '2000', '--connections', '20,200', '--rules', '5,40', '--pods', '40'];
const QUICK = [
  ...SIZES,
  '--policy-rules',
  '250',
  '--milliseconds',
  '5',
  '--rounds',
  '2',
  '--headers',
  '64',
  '--pairs',
  '625',
  '--families',
  'acl',
];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'policap-suite-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function bench(args: readonly string[], environment = process.env) {
  const options = { encoding: 'utf8', env: environment } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['bench/run.mjs', ...args], options);
  return { status, stdout, stderr };
}

/** A PATH that holds the shell's tools, and none of the peers. */
function withoutPeers(): NodeJS.ProcessEnv {
  const bin = join(folder, 'bin');
  if (existsSync(bin)) return { ...process.env, PATH: bin };
  mkdirSync(bin);
  for (const tool of ['bash', 'cat', 'timeout', 'env', 'sh']) {
    symlinkSync(spawnSync('bash', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim(), join(bin, tool));
  }
  return { ...process.env, PATH: bin };
}

interface Contender {
  readonly name: string;
  readonly kind: string;
  readonly missing?: string;
  readonly nanoseconds: { median: number; min: number; max: number };
  readonly wall: { median: number };
  readonly memory: { median: number } | null;
}

describe('npm run bench', () => {
  it('measures policap, its stages and its engines, names what is not there, and writes its files', () => {
    const out = join(folder, 'out');
    const { status, stdout, stderr } = bench([...QUICK, '--out', out], withoutPeers());
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const result = JSON.parse(readFileSync(join(out, 'bench.json'), 'utf8'));
    expect(Object.keys(result)).toEqual([
      ...['schema', 'command', 'machine', 'sizes', 'replays', 'stages', 'lookups', 'calibration'],
    ]);
    expect(result.schema).toBe('policap.suite/1');
    expect(result.calibration.both.median).toBeGreaterThan(0);
    expect(result.replays.map(({ capture }: { capture: { connections: number } }) => capture.connections)).toEqual([
      200, 20,
    ]);
    const contenders: Contender[] = result.replays[0].contenders;
    for (const { name, kind, missing, nanoseconds, wall, memory } of contenders) {
      if (missing !== undefined) continue;
      expect(nanoseconds.min, name).toBeLessThanOrEqual(nanoseconds.max);
      expect(wall.median, name).toBeGreaterThan(0);
      if (kind === 'policap') expect(memory!.median, name).toBeGreaterThan(1e6);
    }
    expect(contenders.filter(({ kind }) => kind === 'policap').every(({ missing }) => missing === undefined)).toBe(
      true,
    );
    const absent = contenders.filter(({ missing }) => missing !== undefined).map(({ name }) => name);
    expect(absent).toEqual(expect.arrayContaining(['tcpdump, one term', 'nfpcapd', 'argus', 'softflowd']));
    for (const name of absent) expect(stdout).toContain(`Left out: ${name}: `);
    expect(stdout).toContain('tshark is not installed (Debian package tshark; npm run bench -- --install)');

    expect(result.stages[0].stages.map(({ stage }: { stage: string }) => stage)).toEqual([
      ...['read', 'parse', 'track', 'judge', 'report'],
    ]);
    const engines = result.lookups.at(-2).engines as { engine: string; missing?: string; comparisons: number | null }[];
    expect(engines.map(({ engine }) => engine)).toEqual(
      expect.arrayContaining(['linear scan', 'tuple-space search', 'decision tree', 'DPDK rte_acl, scalar']),
    );
    expect(engines.find(({ engine }) => engine === 'linear scan')!.comparisons).toBeGreaterThan(1);
    expect(engines.at(-1)!.missing).toContain('dpdk-test-acl is not installed');
    expect(result.lookups.at(-1)).toMatchObject({ family: 'kubernetes', rules: 625, tuples: null });

    const files = readdirSync(out);
    expect(files).toEqual(
      expect.arrayContaining(['bench.json', 'bench.md', 'connections.svg', 'rules.svg', 'throughput.svg']),
    );
    const markdown = readFileSync(join(out, 'bench.md'), 'utf8');
    expect(markdown).toContain('npm run bench -- --built');
    for (const file of files.filter(name => name.endsWith('.svg'))) {
      expect(isWellFormed(readFileSync(join(out, file), 'utf8')), file).toBe(true);
      expect(markdown).toContain(`(${file})`);
    }
  });

  it('compares with an earlier result, in the same run', () => {
    const out = join(folder, 'before');
    const quick = [...QUICK, '--only', 'lookups'];
    expect(bench([...quick, '--out', out], withoutPeers()).status).toBe(0);
    const file = join(out, 'bench.json');
    const lenient = ['--compare', file, '--fail-on', 'slower', '--tolerance', '1000000'];
    const same = bench([...quick, ...lenient], withoutPeers());
    expect([same.status, same.stderr]).toEqual([0, '']);
    expect(same.stdout).toMatch(/^same +\d+\.\d\d +1000000% +calibration +decision tree: 40 acl rules, IPv4$/m);
    const earlier = JSON.parse(readFileSync(file, 'utf8'));
    for (const { engines } of earlier.lookups)
      for (const { nanoseconds } of engines)
        for (const key of ['median', 'min', 'max']) if (nanoseconds) nanoseconds[key] /= 1e9;
    writeFileSync(file, JSON.stringify(earlier));
    expect(bench([...quick, ...lenient], withoutPeers()).status).toBe(1);
  });

  it.each([
    [['--packets', 'many'], '--packets many: not a whole number above 0'],
    [['--rules', '10,x'], '--rules 10,x: not whole numbers above 0'],
    [['--only', 'stage'], '--only stage: there are replays, stages, lookups, outputs'],
    [['--families', 'acl,wf'], '--families wf: there are acl, fw, ipc'],
    [['--ip', '5'], '--ip 5: there are 4 and 6'],
    [['--fail-on', 'faster'], '--fail-on takes slower'],
    [['--compare', 'nowhere.json'], 'nowhere.json: ENOENT'],
    [['--compare', 'package.json'], 'package.json: its schema is undefined, not policap.suite/1'],
    [['--frobnicate'], '--frobnicate'],
  ])('says what is wrong with %j', (args, message) => {
    const { status, stdout, stderr } = bench(args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });

  it('measures what writing costs, where it is asked to', () => {
    const out = join(folder, 'outputs');
    const { status, stdout } = bench([...QUICK, '--only', 'outputs', '--out', out]);
    expect(status).toBe(0);
    const { outputs } = JSON.parse(readFileSync(join(out, 'bench.json'), 'utf8'));
    expect(outputs.map(({ mode }: { mode: string }) => mode)).toEqual(['dataplane', 'what-if']);
    for (const section of outputs) {
      expect(section.outputs.map(({ name }: { name: string }) => name)).toEqual([
        ...['summary alone', 'verdicts', 'pcapng', 'pcapng, dropped only', 'pcapng, allowed only', 'jsonl'],
        ...['parquet', 'parquet, connections', 'csv, ten fields', 'hubble'],
      ]);
      for (const { cpu } of section.outputs) expect(cpu.min).toBeGreaterThan(0);
    }
    expect(stdout).toContain('What writing costs, what-if, 200 connections');
  }, 600_000);

  it('measures the tree for IPv6 rules', () => {
    const out = join(folder, 'six');
    expect(bench([...QUICK, '--only', 'lookups', '--ip', '6', '--out', out]).status).toBe(0);
    const { lookups } = JSON.parse(readFileSync(join(out, 'bench.json'), 'utf8'));
    const names = lookups[0].engines.map(({ engine }: { engine: string }) => engine);
    expect(names).toEqual(['linear scan', 'decision tree', 'decision tree, in batches']);
  });

  it('tells its options', () => {
    const { status, stdout } = bench(['--help']);
    expect(status).toBe(0);
    for (const option of ['--full', '--install', '--out', '--compare', '--fail-on slower'])
      expect(stdout).toContain(option);
  });
});
