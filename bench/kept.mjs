#!/usr/bin/env node
/**
 * What it costs to keep a capture and to judge it again: node bench/kept.mjs [--packets N] [--connections N] [--policies N] [--rounds N]
 *
 * In:  a generated cluster with NetworkPolicies, and traffic between its pods.  Out: bytes a packet, and milliseconds: CPU time of this
 * process with the least and the most of the rounds, and wall time. Each round another policy is edited, all is compiled again (what
 * has not changed is not compiled anew), and the capture is judged by it and shown.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createCompiler } from '../dist/compile.js';
import { readDocuments } from '../dist/documents/read.js';
import { compare } from '../dist/kept/compare.js';
import { connectionsOf } from '../dist/kept/connections.js';
import { judgeAgain } from '../dist/kept/judge.js';
import { keep } from '../dist/kept/keep.js';
import { bytesOf } from '../dist/kept/kept.js';
import { summaryOf, timelineOf, totalsOf } from '../dist/kept/overview.js';
import { packetsOf } from '../dist/kept/packet-table.js';
import { select } from '../dist/kept/select.js';
import { cellsOf } from '../dist/kept/table.js';
import { workloadMap } from '../dist/kept/workloads.js';
import { openCaptures } from '../dist/node/captures.js';
import { spread } from './rounds.mjs';
import { table as aligned } from './table.mjs';

const POLICAP = fileURLToPath(new URL('../bin/policap', import.meta.url));
const number = value => ({ type: 'string', default: String(value) });
const { values } = parseArgs({
  options: { packets: number(1_000_000), connections: number(100_000), policies: number(200), rounds: number(7) },
});
const FIELDS = ['packet', 'time', 'src', 'dst', 'protocol', 'dport', 'verdict', 'reason', 'ingress_policy'];

const folder = mkdtempSync(join(tmpdir(), 'policap-kept-'));
try {
  await measure();
} finally {
  rmSync(folder, { recursive: true });
}

async function measure() {
  const cluster = made('cluster.json', ['cluster', '--nodes', '100', '--pods', '3000', '--policies', values.policies]);
  const sizes = ['--packets', values.packets, '--connections', values.connections];
  const capture = made('capture.pcap', ['capture', '-p', cluster, '-c', cluster, ...sizes]);
  const { documents } = readDocuments(readFileSync(cluster, 'utf8'), 'cluster.json');
  const compiler = createCompiler();
  const { compiled } = compiler.compile(documents);

  const taken = new Map();
  const took = async (name, run) => {
    const [cpu, wall] = [process.cpuUsage(), performance.now()];
    const result = await run();
    const { user, system } = process.cpuUsage(cpu);
    const times = taken.get(name) ?? { cpu: [], wall: [] };
    times.cpu.push((user + system) / 1000);
    times.wall.push(performance.now() - wall);
    taken.set(name, times);
    return result;
  };

  const options = { captures: [capture], mostPackets: 10_000_000 };
  const { kept, judgement } = await took('keep, and judge first', () =>
    keep(() => openCaptures([capture]), compiled, options),
  );
  for (let round = 0; round < Number(values.rounds); round++) await edit(round);
  tell();

  async function edit(round) {
    const policies = documents.flatMap(({ kind }, i) => (kind === 'NetworkPolicy' ? [i] : []));
    const at = policies[(round * 13) % policies.length];
    const edited = await took('compile an edited policy', () => {
      const all = [...documents];
      all[at] = readDocuments(closed(documents[at]), 'edited.yaml').documents[0];
      return compiler.compile(all).compiled;
    });
    const judged = await took('judge again', () => judgeAgain(kept, edited));
    await took('totals', () => totalsOf(judged));
    await took('timeline', () => timelineOf(judged));
    const connections = await took('connections', () => connectionsOf(judged));
    await took('map of workloads', () => workloadMap(connections));
    await took('summary', () => summaryOf(judged));
    await took('before and after', () => compare(judgement, judged));
    const packets = packetsOf(judged);
    const all = await took('all packets, refused first', () => select(packets, { where: null }));
    await took('60 rows of them', () => cellsOf(packets, FIELDS, all.subarray(0, 60)));
    await took('where verdict == dropped', () => select(packets, { where: 'verdict == dropped' }));
    await took('where dport == 443', () => select(packets, { where: 'dport == 443' }));
    await took('where ingress_policy ~ *1*', () => select(packets, { where: 'ingress_policy ~ *1*' }));
    await took('by time, latest first', () =>
      select(packets, { where: null, order: { by: 'time', descending: true } }),
    );
  }

  function tell() {
    const { count } = kept.packets;
    const { trace } = kept.traced;
    const each = (bytesOf(kept) / count).toFixed(1);
    const verdicts = Object.values(judgement.verdicts);
    const more = verdicts.filter(array => array !== trace.connection && array !== trace.marks);
    const own = more.reduce((sum, array) => sum + array.byteLength, 0) / count;
    console.log(
      `${count} packets, ${trace.connections} connections, ${kept.packets.headers.count} headers: ` +
        `${each} bytes a packet, and ${own.toFixed(1)} each judgement\n`,
    );
    const rows = [...taken].map(([name, { cpu, wall }]) => {
      const { median, min, max } = spread(cpu);
      return [median.toFixed(0), `${min.toFixed(0)}-${max.toFixed(0)}`, spread(wall).median.toFixed(0), name];
    });
    console.log(aligned(['CPU ms', 'min-max', 'wall ms', 'what'], rows));
  }
}

/** What `policap generate` writes, in a file. */
function made(name, args) {
  const file = join(folder, name);
  const output = openSync(file, 'w');
  execFileSync(process.execPath, [POLICAP, 'generate', ...args], { stdio: ['ignore', output, 'inherit'] });
  closeSync(output);
  return file;
}

/** The policy lets nothing in any more. */
function closed({ name, namespace }) {
  return JSON.stringify({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace },
    spec: { podSelector: {}, policyTypes: ['Ingress'] },
  });
}
