#!/usr/bin/env node
/**
 * What compiling policies of all dialects costs: node bench/mixed.mjs [--kinds admin,...] [--pods N] [--policies N] ...
 *
 * In:  the sizes of a cluster (generate/cluster.ts) and of its policies (mixed-policies.mjs).  Out: milliseconds of CPU time a
 * stage, minimum and median of the rounds. A round is a process of its own, so that nothing is warm but what a command
 * warms: documents are read, then measured are the stages of one compilation, and then of compilations in which one policy
 * of a kind is another. `--profile FILE` writes what V8's profiler saw of the compilation instead.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createClusterReader } from '../dist/cluster/read.js';
import { readDocuments } from '../dist/documents/read.js';
import { generateCluster } from '../dist/generate/cluster.js';
import { createPolicyReader, isPolicyDocument } from '../dist/policy/read.js';
import { UPSTREAM } from '../dist/profile/upstream.js';
import { createRuleBuilder } from '../dist/rules/build.js';
import { createTreeBuilder } from '../dist/tree/tree.js';
import { createPolicyWriter, KINDS, SURROUNDINGS } from './mixed-policies.mjs';
import { spread } from './rounds.mjs';

const number = fallback => ({ type: 'string', default: String(fallback) });
const { values } = parseArgs({
  options: {
    pods: number(20_000),
    namespaces: number(1_000),
    nodes: number(500),
    policies: number(10_000),
    /** Changed policies of each kind. */
    changes: number(5),
    /** In a hundred. */
    wide: number(10),
    seed: number(1),
    rounds: number(3),
    kinds: { type: 'string', default: KINDS.join() },
    profile: { type: 'string' },
    round: { type: 'boolean', default: false },
  },
});
const kinds = values.kinds.split(',');
const unknown = kinds.filter(kind => !KINDS.includes(kind));
if (unknown.length > 0) throw new Error(`--kinds ${unknown.join()}: of ${KINDS.join()}`);

if (values.round || values.profile !== undefined) process.stdout.write(`${JSON.stringify(await round())}\n`);
else report();

function report() {
  const given = process.argv.slice(2);
  const args = ['--max-old-space-size=8192', fileURLToPath(import.meta.url), ...given, '--round'];
  const rounds = Array.from({ length: Number(values.rounds) }, () => {
    const { status, stdout } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (status !== 0) process.exit(1);
    return JSON.parse(stdout);
  });
  const [{ counts }] = rounds;
  process.stdout.write(
    `${Object.entries(counts)
      .map(([name, n]) => `${n} ${name}`)
      .join(', ')}\n\n`,
  );
  process.stdout.write('| ms of CPU | least | median |\n| --- | ---: | ---: |\n');
  for (const stage of Object.keys(rounds[0].stages)) {
    const { min, median } = spread(rounds.map(({ stages }) => stages[stage]));
    process.stdout.write(`| ${stage} | ${min.toFixed(0)} | ${median.toFixed(0)} |\n`);
  }
}

async function round() {
  const n = name => Number(values[name]);
  const sizes = { nodes: n('nodes'), pods: n('pods'), namespaces: n('namespaces'), policies: 0, seed: n('seed') };
  const cluster = [...generateCluster(sizes)];
  const write = createPolicyWriter(cluster, { seed: n('seed'), wide: n('wide') });
  const mix = kindsOf(n('policies'));
  const surroundings = kinds.flatMap(kind => SURROUNDINGS[kind] ?? []);
  const documents = documentsOf([...cluster, ...surroundings, ...mix.map((kind, i) => write(kind, i))]);
  const first = documents.length - mix.length;

  const stages = {};
  const measure = (stage, run) => {
    const { result, milliseconds } = timed(run);
    stages[stage] = milliseconds;
    return result;
  };
  const { inventory } = measure('cluster', () => createClusterReader(isPolicyDocument)(documents));
  const readPolicies = createPolicyReader();
  const session = values.profile === undefined ? null : await startProfile();
  const read = measure('policies', () => readPolicies(documents));
  const errors = read.problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(JSON.stringify(errors.slice(0, 3)));
  const rules = measure('pods', () => createRuleBuilder(inventory, UPSTREAM));
  const tree = createTreeBuilder(inventory);
  const { contributions } = measure('contribute', () => rules.contribute(read.objects));
  const ruleset = measure('build', () => rules(read.policies, undefined, contributions));
  measure('tree', () => tree(ruleset));
  stages['pods, contribute, build and tree'] = stages.pods + stages.contribute + stages.build + stages.tree;
  if (session !== null) await endProfile(session);

  for (const kind of kinds) {
    const totals = [];
    for (let change = 0; change < n('changes'); change++) {
      // The first change of a process compiles code; each is of another policy.
      const i = mix.indexOf(kind, Math.floor((mix.length / n('changes')) * change));
      documents[first + i] = documentsOf([write(kind, i, change + 1)])[0];
      const changed = [...documents];
      totals.push(
        timed(() => {
          const { policies, objects } = readPolicies(changed);
          const { contributions } = rules.contribute(objects);
          tree(rules(policies, undefined, contributions));
        }).milliseconds,
      );
    }
    const { median, max } = spread(totals);
    stages[`one ${kind} policy changed`] = median;
    stages[`one ${kind} policy changed, worst`] = max;
  }
  const counts = { nodes: sizes.nodes, pods: sizes.pods, namespaces: sizes.namespaces };
  for (const kind of kinds) counts[`${kind} policies`] = mix.filter(it => it === kind).length;
  return { stages, counts: { ...counts, rules: ruleset.rules.length } };
}

function timed(run) {
  const before = process.cpuUsage();
  const result = run();
  const { user, system } = process.cpuUsage(before);
  return { result, milliseconds: (user + system) / 1000 };
}

/** NetworkPolicies are half of a mix, the others share the rest; in turn. */
function kindsOf(count) {
  const others = kinds.filter(kind => kind !== 'kubernetes');
  return Array.from({ length: count }, (_, i) => {
    if (others.length === 0 || (kinds.includes('kubernetes') && i % 2 === 0)) return 'kubernetes';
    return others[Math.floor(kinds.includes('kubernetes') ? i / 2 : i) % others.length];
  });
}

function documentsOf(items) {
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  return [...readDocuments(text, 'mixed.json').documents];
}

async function startProfile() {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 500 });
  await session.post('Profiler.start');
  return session;
}

async function endProfile(session) {
  const { profile } = await session.post('Profiler.stop');
  writeFileSync(values.profile, JSON.stringify(profile));
}
