#!/usr/bin/env node
/**
 * npm run bench: what policap costs, and what other programs cost beside it on this machine, in this run.
 *
 * In:  options (options.mjs).  Out: tables on stdout; with --out bench.json (`policap.suite/1`), bench.md and pictures;
 * with --compare what changed since an earlier run. Exit: 0; 1 with --fail-on slower where something is; 2 usage.
 * Peers that are not there are named, with the reason, and left out. Progress goes to stderr, on a terminal only.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureAcl } from './acl.mjs';
import { compareResults } from './compare.mjs';
import { createPairs } from './kubernetes.mjs';
import { calibrate, describeMachine } from './machine.mjs';
import { HELP, readOptions, scenariosOf } from './options.mjs';
import { measureOutputs } from './outputs.mjs';
import { COMPILER, DPDK, installMissing } from './packages.mjs';
import { createPeers } from './peers.mjs';
import { drawPictures } from './pictures.mjs';
import { build, jsonOf } from './process.mjs';
import { measureReplays, withCapture } from './replays.mjs';
import { inTurn } from './rounds.mjs';
import { createRuleSet } from './rule-sets.mjs';
import { comparisonText, resultText } from './text.mjs';
import { buildYardstick } from './yardstick.mjs';

const SCHEMA = 'policap.suite/1';
const STAGES = ['read', 'parse', 'track', 'judge', 'report'];
const calibration = { name: 'calibration', run: calibrate };

const progress = text => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
};

function main(args) {
  const { values, sizes, error } = readOptions(args);
  if (error !== undefined) {
    process.stderr.write(`npm run bench: ${error}\n${HELP}`);
    return 2;
  }
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const before = values.compare === undefined ? null : readEarlier(values.compare);
  if (before?.error !== undefined) {
    process.stderr.write(`npm run bench: ${before.error}\n`);
    return 2;
  }
  if (values.install) installMissing([...createPeers({ connections: 0, folder: '' }), DPDK, COMPILER]);
  if (!values.built) build();
  const folder = mkdtempSync(join(tmpdir(), 'policap-bench-'));
  try {
    const result = measureAll(args, values, sizes, folder);
    progress('');
    process.stdout.write(resultText(result));
    if (values.out !== undefined) writeResult(result, values.out);
    return before === null ? 0 : tellChanges(before, result, values);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measureAll(args, { sections }, sizes, folder) {
  const { rounds } = sizes;
  const command = ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' ');
  const result = { schema: SCHEMA, command, machine: describeMachine(), sizes, replays: [], stages: [], lookups: [] };
  const yardstick = buildYardstick(folder);
  result.calibration = inTurn([calibration], rounds)[0];
  scenariosOf(sizes).forEach((scenario, i) => {
    const isMain = i === 0;
    const ofMain = ['stages', 'outputs'].some(section => sections.includes(section));
    if (!sections.includes('replays') && !(isMain && ofMain)) return;
    progress(`${scenario.name}: making the capture`);
    withCapture(scenario, folder, made => {
      const onRun = (name, round) => progress(`${scenario.name}: ${name}, round ${round + 1} of ${rounds}`);
      const options = { folder, yardstick, withPeers: isMain, rounds, onRun };
      if (sections.includes('replays')) result.replays.push(measureReplays(scenario, made, options));
      if (isMain && sections.includes('stages')) result.stages.push(measureStages(scenario, made, rounds, onRun));
      if (isMain && sections.includes('outputs')) result.outputs = measureOutputs(scenario, made, rounds, onRun);
    });
  });
  if (sections.includes('lookups')) {
    for (const family of sizes.families)
      for (const ip of sizes.ip)
        for (const rules of sizes.rules) result.lookups.push(measureLookups(family, rules, ip, sizes, folder));
    for (const pairs of sizes.pairs) result.lookups.push(measurePairs(pairs, sizes, folder));
  }
  return result;
}

/** Each stage with all before it, in a process of its own. */
function measureStages(scenario, { capture }, rounds, onRun) {
  const runs = STAGES.map(stage => ({
    name: stage,
    run: () => ({ nanoseconds: jsonOf('stages.mjs', stage, capture, scenario.pods).nanoseconds }),
  }));
  const [speed, ...measured] = inTurn([calibration, ...runs], rounds, onRun);
  const failed = measured.find(each => each.failed !== undefined);
  if (failed !== undefined) throw new Error(failed.failed);
  const whole = measured.at(-1).nanoseconds.median;
  const stages = measured.map(({ nanoseconds: together }, i) => {
    const nanoseconds = together.median - (i === 0 ? 0 : measured[i - 1].nanoseconds.median);
    return { stage: STAGES[i], share: nanoseconds / whole, nanoseconds, together };
  });
  return { capture: scenario, calibration: speed, stages };
}

function measureLookups(family, rules, ip, sizes, folder) {
  progress(`${rules} rules of family ${family}, IPv${ip}`);
  const set = createRuleSet(family, rules, ip, sizes.headers);
  const { tuples, speed, engines, compared } = measureEngines(set, sizes, folder);
  const acl = ip === 6 ? [] : measureAcl(...compared({ rules }));
  return { family, rules, ip, headers: sizes.headers, tuples, calibration: speed, engines: [...engines, ...acl] };
}

/** Policies between groups of pods; for rte_acl a filter a pair of pods. */
function measurePairs(pairs, sizes, folder) {
  progress(`${pairs} pairs of pods`);
  const set = createPairs(pairs, sizes.headers);
  const { tuples, speed, engines, compared } = measureEngines(set, sizes, folder);
  const acl = measureAcl(...compared({ rules: set.count, numberOf: set.policyOf }));
  const size = { family: 'kubernetes', rules: set.count, ip: 4, headers: sizes.headers };
  return { ...size, tuples, calibration: speed, engines: [...engines, ...acl] };
}

/** Policap's engines, measured; and what compares another one with them: the files, and policap's answers. */
function measureEngines({ documents, rules, trace }, { headers, milliseconds, rounds }, folder) {
  const file = name => join(folder, name);
  const [ruleFile, traceFile, answerFile] = [file('filters.rules'), file('filters.trace'), file('answers')];
  writeFileSync(ruleFile, rules);
  writeFileSync(traceFile, trace);
  if (documents !== undefined) writeFileSync(file('pairs.json'), documents);
  const [speed] = inTurn([calibration], rounds);
  const asked = documents === undefined ? ruleFile : file('pairs.json');
  const { tuples, engines } = jsonOf('lookups.mjs', asked, traceFile, milliseconds, rounds, answerFile);
  const answers = new Int32Array(Uint8Array.from(readFileSync(answerFile)).buffer);
  return { tuples, speed, engines, compared: more => [ruleFile, traceFile, { headers, rounds, answers, ...more }] };
}

function writeResult(result, out) {
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'bench.json'), `${JSON.stringify(result, null, 2)}\n`);
  const pictures = drawPictures(result);
  for (const [name, svg] of Object.entries(pictures)) writeFileSync(join(out, `${name}.svg`), svg);
  const shown = Object.keys(pictures).map(name => `![${name}](${name}.svg)`);
  const head = `# Benchmark\n\n\`${result.command}\`\n\n${shown.join('\n\n')}`;
  writeFileSync(join(out, 'bench.md'), `${head}\n\n${resultText(result, { markdown: true })}`);
}

function readEarlier(file) {
  try {
    const document = JSON.parse(readFileSync(file, 'utf8'));
    return document.schema === SCHEMA
      ? document
      : { error: `${file}: its schema is ${document.schema}, not ${SCHEMA}` };
  } catch (error) {
    return { error: `${file}: ${error.message}` };
  }
}

function tellChanges(before, result, { tolerance, 'fail-on': failOn }) {
  const changes = compareResults(before, result, tolerance);
  process.stdout.write(`\n${comparisonText(changes)}`);
  return failOn === 'slower' && changes.some(({ verdict }) => verdict === 'slower') ? 1 : 0;
}

process.exitCode = main(process.argv.slice(2));
