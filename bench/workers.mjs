#!/usr/bin/env node
/**
 * node bench/workers.mjs: what further threads are worth to a replay, in wall time.
 *
 * In:  --packets, --connections, --policy-rules, --rounds, --modes, --workers (1,2,3,4); or --capture FILE --cluster FILE.
 * Out: a line a round, then the medians. One thread and several replay the same file in turn, with the same output or it
 * ends. Throughput is that of the whole process less what one thread takes for a capture of one packet (compiling the
 * policies), so that the other threads' start counts against them.
 * Beside each round stands what the second core was worth then: the time of a piece of work alone, twice, over that of two
 * at once (2 where both cores are free). Medians are told of all rounds, and of those in which it was at least ENOUGH.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createCluster } from './cluster.mjs';
import { generate } from './generate.mjs';
import { spread } from './rounds.mjs';

const POLICAP = fileURLToPath(new URL('../bin/policap', import.meta.url));
const ENOUGH = 1.8;
/** Tenths of a second of multiplications, each waiting for the one before it. */
const WORK =
  'let x = 1; for (let i = 0; i < 4e8; i++) x = (Math.imul(x, 0x9e3779b1) + i) | 0; process.exitCode = x & 0;';

const { values } = parseArgs({
  options: {
    packets: { type: 'string', default: '5000000' },
    connections: { type: 'string', default: '100000' },
    'policy-rules': { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '5' },
    modes: { type: 'string', default: 'dataplane,what-if' },
    workers: { type: 'string', default: '1,2,3,4' },
    capture: { type: 'string' },
    cluster: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
/** One thread, which the others are compared with, comes first. */
const several = values.workers.split(',').filter(count => count !== '1');

/** Wall seconds and what it printed. */
function run(args) {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', text => {
      out += text;
    });
    child.on('close', code => {
      if (code !== 0) reject(new Error(`${args.join(' ')}: exit ${code}`));
      else resolve({ seconds: (performance.now() - began) / 1000, out });
    });
  });
}

async function secondCore() {
  const { seconds } = await run(['-e', WORK]);
  const began = performance.now();
  await Promise.all([run(['-e', WORK]), run(['-e', WORK])]);
  return (2 * seconds) / ((performance.now() - began) / 1000);
}

/** The summary without the times in it. */
const found = ({ out }) => JSON.stringify({ ...JSON.parse(out), timing: null });

async function measure(mode, { capture, one, cluster }) {
  const replay = (workers, file, more = []) =>
    run([POLICAP, 'replay', file, '-p', cluster, '--mode', mode, '--workers', workers, ...more]);
  const alone = await replay('1', capture, ['-o', 'json']);
  for (const workers of several) {
    const beside = await replay(workers, capture, ['-o', 'json']);
    if (found(alone) !== found(beside)) throw new Error(`${mode}: ${workers} threads found something else`);
  }
  const { packets } = JSON.parse(alone.out);
  const taken = [];
  for (let round = 0; round < rounds; round++) {
    const core = await secondCore();
    const start = (await replay('1', one)).seconds;
    const seconds = {};
    for (const workers of ['1', ...several]) seconds[workers] = (await replay(workers, capture)).seconds - start;
    taken.push({ core, seconds });
    print(`${mode}, round ${round + 1}`, [taken.at(-1)], packets.total);
  }
  print(`${mode}, median of ${taken.length}`, taken, packets.total);
  const free = taken.filter(({ core }) => core >= ENOUGH);
  if (free.length > 0) print(`${mode}, of ${free.length} with both cores`, free, packets.total);
}

function print(name, taken, packets) {
  const median = of => spread(taken.map(of)).median;
  const each = workers => Math.round((median(({ seconds }) => seconds[workers]) * 1e9) / packets);
  const ratio = workers => median(({ seconds }) => seconds['1'] / seconds[workers]).toFixed(2);
  const others = several.map(workers => `   ${workers}: ${each(workers)} ns (${ratio(workers)})`);
  process.stdout.write(
    `${name.padEnd(36)} second core ${median(({ core }) => core).toFixed(2)}   ` +
      `1: ${each('1')} ns a packet${others.join('')}\n`,
  );
}

const folder = mkdtempSync(join(tmpdir(), 'policap-workers-'));
const file = name => join(folder, name);
const scenario = {
  packets: Number(values.packets),
  connections: Number(values.connections),
  snap: 96,
  pods: 2000,
  seed: 1,
};
try {
  const made = {
    one: file('one.pcap'),
    capture: values.capture ?? file('traffic.pcap'),
    cluster: values.cluster ?? file('cluster.json'),
  };
  generate(made.one, { ...scenario, packets: 1 });
  if (values.capture === undefined) generate(made.capture, scenario);
  if (values.cluster === undefined)
    writeFileSync(made.cluster, createCluster(scenario.pods, { rules: Number(values['policy-rules']), ip: 4 }));
  for (const mode of values.modes.split(',')) await measure(mode, made);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
