#!/usr/bin/env node
/**
 * npm run bench: what a packet costs, stage by stage, and what other programs take for the same capture.
 *
 * In:  --packets N, --connections N,N,..., --families acl,fw,ipc, --rules N,N,..., --ip 4,6, --snap BYTES, --pods N, --seed N, --json FILE,
 * --milliseconds N (a classifier's), --built (take dist/ as it is).
 * Out: a table on stdout, and the same figures as JSON where --json asks for them. All are CPU time, a packet or a lookup.
 * Machines differ, and the same machine from hour to hour: what counts is the ratio to what ran beside it, so every table
 * begins with one. Peers that are not installed are named and left out.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createCluster } from './cluster.mjs';
import { generate } from './generate.mjs';
import { measurePeers } from './peers.mjs';
import { build, cpuSeconds, jsonOf } from './process.mjs';
import { table } from './table.mjs';
import { measureYardstick } from './yardstick.mjs';

const { values } = parseArgs({
  options: {
    packets: { type: 'string', default: '1000000' },
    connections: { type: 'string', default: '1000,100000' },
    families: { type: 'string', default: 'acl,fw,ipc' },
    rules: { type: 'string', default: '1000,10000' },
    ip: { type: 'string', default: '4' },
    snap: { type: 'string', default: '96' },
    pods: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    milliseconds: { type: 'string', default: '500' },
    json: { type: 'string' },
    built: { type: 'boolean', default: false },
  },
});
const [packets, snap, pods, seed, milliseconds] = ['packets', 'snap', 'pods', 'seed', 'milliseconds'].map(name =>
  Number(values[name]),
);
const numbers = list => list.split(',').map(Number);

const here = name => fileURLToPath(new URL(name, import.meta.url));
const STAGES = ['read', 'parse', 'judge', 'report'];

/** Each stage with all before it, in a process of its own. */
function measureStages(capture, connections) {
  let before = 0;
  return STAGES.map(stage => {
    const { nanoseconds } = jsonOf(here('stages.mjs'), stage, capture, pods);
    const own = nanoseconds - before;
    before = nanoseconds;
    return { connections, stage, nanoseconds: own, together: nanoseconds };
  });
}

const policap = (capture, cluster, ...args) => [
  process.execPath,
  here('../bin/policap'),
  'replay',
  capture,
  '-p',
  cluster,
  '-c',
  cluster,
  ...args,
];

/** bin/policap from its start to its end, printing included; without what it takes for a capture of no packets: its start
 *  and the compilation of the policies. */
function measureReplay(capture, cluster, empty, ...args) {
  const seconds = cpuSeconds(...policap(capture, cluster, ...args)) - cpuSeconds(...policap(empty, cluster, ...args));
  return (seconds * 1e9) / packets;
}

/** Packets by reason in dataplane mode. */
function reasonsOf(capture, cluster) {
  const [command, ...args] = policap(capture, cluster, '--mode', 'dataplane', '-o', 'json');
  return JSON.parse(spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28 }).stdout).reasons;
}

const folder = mkdtempSync(join(tmpdir(), 'policap-bench-'));
const result = { schema: 'policap.bench/1', node: process.version, cpu: cpus()[0]?.model ?? '', packets, snap, seed };
try {
  if (!values.built) build();
  const cluster = join(folder, 'cluster.json');
  writeFileSync(cluster, createCluster(pods));
  const empty = join(folder, 'empty.pcap');
  generate(empty, { packets: 0, connections: 1, snap, pods, seed });
  const say = text => process.stdout.write(`${text}\n`);
  say(`${packets} packets of ${snap} bytes at most, ${pods} pods; Node ${process.version}, ${result.cpu}`);

  result.stages = [];
  result.replays = [];
  let capture = '';
  for (const connections of numbers(values.connections)) {
    capture = join(folder, `${connections}.pcap`);
    generate(capture, { packets, connections, snap, pods, seed });
    const stages = measureStages(capture, connections);
    result.stages.push(...stages);
    const whole = stages.at(-1).together;
    say(`\nStages at ${connections} connections`);
    say(
      table(
        ['share', 'ns a packet', 'stage'],
        stages.map(s => [`${Math.round((s.nanoseconds / whole) * 100)}%`, s.nanoseconds.toFixed(1), s.stage]),
      ),
    );
    result.replays.push({
      connections,
      nanoseconds: measureReplay(capture, cluster, empty),
      dataplane: measureReplay(capture, cluster, empty, '--mode', 'dataplane'),
      yardstick: measureYardstick(capture, cluster, folder, packets, reasonsOf(capture, cluster)),
    });
  }

  const replay = result.replays.at(-1);
  result.peers = measurePeers(capture, {
    packets,
    folder,
    generate,
    connections: replay.connections,
    snap,
    pods,
    seed,
  });
  say(`\nWhole processes on the capture of ${replay.connections} connections`);
  const line = (nanoseconds, name) =>
    nanoseconds === null
      ? ['-', '-', `${name}: not installed`]
      : [(nanoseconds / replay.nanoseconds).toFixed(2), nanoseconds.toFixed(0), name];
  const rows = [
    ['1.00', replay.nanoseconds.toFixed(0), 'policap replay'],
    line(replay.dataplane, 'policap replay --mode dataplane'),
    line(replay.yardstick, 'the same in C (bench/yardstick)'),
    ...result.peers.map(({ name, nanoseconds }) => line(nanoseconds, name)),
  ];
  say(table(['to policap', 'ns a packet', 'program'], rows));

  const sets = values.families
    .split(',')
    .flatMap(family => numbers(values.ip).flatMap(ip => numbers(values.rules).map(rules => [family, rules, ip])));
  result.classifiers = sets.map(set => jsonOf(here('classifiers.mjs'), ...set, milliseconds));
  say('\nClassifiers, generated rules (see docs/classifier.md)');
  say(
    table(
      ['to tree', 'ns a lookup', 'rules', 'set', 'engine', 'built in ms', 'bytes a rule'],
      result.classifiers.flatMap(({ family, rules, ip, engines }) =>
        engines.map(({ engine, nanoseconds, buildMs, bytes }) => [
          (nanoseconds / engines[0].nanoseconds).toFixed(2),
          nanoseconds.toFixed(0),
          String(rules),
          `${family}, IPv${ip}`,
          engine,
          buildMs.toFixed(0),
          (bytes / rules).toFixed(0),
        ]),
      ),
    ),
  );
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
