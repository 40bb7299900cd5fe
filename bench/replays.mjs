/**
 * Whole processes over one capture: policap, the yardstick and the peers, in turn.
 *
 * In:  a scenario { name, packets, connections, room (entries of connection tables), snap, ip, rules, pods, seed }, whether
 * peers run too, rounds.
 * Out: { capture (the scenario, its bytes, and `kept`: connections that were let in, null without a yardstick), calibration, contenders }. A
 * contender: { name, kind, does, packets, nanoseconds (CPU a packet, its start taken off), start and cpu and wall (seconds
 * of the process), memory and startMemory (bytes) }, spreads all, or { name, kind, missing }.
 * A start is the same command on a capture of one packet, measured beside each run: compiling 10,000 policies, or loading
 * dissectors, is no packet's cost.
 */
import { spawnSync } from 'node:child_process';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCluster } from './cluster.mjs';
import { generate } from './generate.mjs';
import { calibrate } from './machine.mjs';
import { missing, versionOf } from './packages.mjs';
import { createPeers } from './peers.mjs';
import { measureProcess } from './process.mjs';
import { inTurn } from './rounds.mjs';
import { difference } from './yardstick.mjs';

/** tshark takes some hundred times as long as the others. */
const FEW = 50_000;
const POLICAP = fileURLToPath(new URL('../bin/policap', import.meta.url));

/** Makes the capture, hands it to `visit` with what was made, and takes it away again. */
export function withCapture(scenario, folder, visit) {
  const file = name => join(folder, name);
  const { packets, rules, pods, ip } = scenario;
  const made = {
    capture: file('traffic.pcap'),
    one: file('one.pcap'),
    few: file('few.pcap'),
    cluster: file('cluster.json'),
  };
  writeFileSync(made.cluster, createCluster(pods, { rules, ip }));
  generate(made.capture, scenario);
  generate(made.one, { ...scenario, packets: 1 });
  generate(made.few, { ...scenario, packets: Math.min(packets, FEW) });
  try {
    return visit({ ...made, bytes: statSync(made.capture).size });
  } finally {
    for (const name of Object.values(made)) rmSync(name, { force: true });
  }
}

export function measureReplays(scenario, made, { folder, yardstick, withPeers, rounds, onRun }) {
  const { connections, packets, room } = scenario;
  const replay = mode => capture => policapArgs(capture, made.cluster, mode, room);
  const summary = yardstick.missing === undefined ? summaryOf(made, room) : null;
  const contenders = [
    policap('policap, dataplane', 'every packet against the connection table and the policies', replay('dataplane')),
    policap('policap, what-if', 'the default: also finds the real ends of every connection', replay('what-if')),
    yardstickContender(yardstick, made, room, summary, folder),
    ...(withPeers ? createPeers({ connections, folder }) : []).map(peer => ({ ...peer, kind: 'peer' })),
  ];
  const present = contenders.map(contender => ({ ...contender, missing: contender.missing ?? missing(contender) }));
  const runnable = present.filter(contender => contender.missing === null);
  const runs = runnable.map(({ name, command, args, few }) => ({
    name,
    run() {
      const start = measureProcess(command, args(made.one), { cwd: folder });
      const whole = measureProcess(command, args(few ? made.few : made.capture), { cwd: folder });
      const nanoseconds = (Math.max(0, whole.cpu - start.cpu) * 1e9) / (few ? Math.min(packets, FEW) : packets);
      return {
        nanoseconds,
        start: start.cpu,
        cpu: whole.cpu,
        wall: whole.wall,
        memory: whole.memory,
        startMemory: start.memory,
      };
    },
  }));
  const [calibration, ...measured] = inTurn([{ name: 'calibration', run: calibrate }, ...runs], rounds, onRun);
  const figures = new Map(runnable.map(({ name }, i) => [name, measured[i]]));
  const results = present.map(({ name, kind, does, few, missing: absent, package: from }) => {
    if (absent !== null) return { name, kind, does, missing: absent };
    const { failed, ...spreads } = figures.get(name);
    if (failed !== undefined && kind === 'policap') throw new Error(failed);
    if (failed !== undefined) return { name, kind, does, missing: failed };
    const version = kind === 'peer' ? versionOf(from) : null;
    const counted = few ? Math.min(packets, FEW) : packets;
    return { name, kind, does, ...(version === null ? {} : { version }), packets: counted, ...spreads };
  });
  const capture = { ...scenario, bytes: made.bytes, kept: summary?.connections.allowed ?? null };
  return { capture, calibration, contenders: results };
}

const policap = (name, does, args) => ({
  name,
  kind: 'policap',
  does,
  program: process.execPath,
  package: null,
  command: process.execPath,
  args,
  few: false,
});

/** Prepared and held to policap's summary: else it is missing, and why. */
function yardstickContender({ missing: absent, command, prepare }, made, room, summary, folder) {
  const contender = {
    name: 'yardstick in C',
    kind: 'yardstick',
    does: "a replay's work in dataplane mode, from compiled tables",
    program: 'cat',
    package: null,
  };
  if (absent !== undefined) return { ...contender, missing: absent };
  const tables = join(folder, 'tables');
  const args = capture => [capture, tables, String(room)];
  try {
    prepare(made.cluster, tables);
  } catch (error) {
    return { ...contender, missing: error.message };
  }
  const differs = difference(command, args(made.capture), summary);
  if (differs !== null) throw new Error(`the yardstick does not do policap's work: ${differs}`);
  return { ...contender, command, args: capture => [...args(capture), 'text'], few: false };
}

function policapArgs(capture, cluster, mode, room, ...more) {
  return [
    POLICAP,
    'replay',
    capture,
    '-p',
    cluster,
    '--mode',
    mode,
    '--workers',
    '1',
    '--max-connections',
    String(room),
    ...more,
  ];
}

function summaryOf({ capture, cluster }, room) {
  const args = policapArgs(capture, cluster, 'dataplane', room, '-o', 'json');
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 30 });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}
