#!/usr/bin/env node
/**
 * Three ways to find the first rule that matches, on one rule set:
 *   node bench/lookups.mjs RULES TRACE MILLISECONDS ROUNDS ANSWERS
 *
 * In:  files of filters and of headers (rule-sets.mjs), or of documents (RULES ends in .json; kubernetes.mjs), how long an
 * engine is measured a round.
 * Out: the file ANSWERS, a word a header: the number of the rule (of documents: of the policy `policy-N`), or -1; and one line
 * of JSON: { rules, headers, engines: [{ engine, nanoseconds, comparisons, worst, bytes, buildMs }] }:
 * CPU time a lookup as a spread, comparisons a lookup on average and at most as far as the engine can tell, else null.
 * Tuple-space search is for filters of IPv4. Engines run in turn. What they answer is held to the linear scan's before anything is measured.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { Bench } from 'tinybench';
import { compile } from '../dist/compile.js';
import { readDocuments } from '../dist/documents/read.js';
import { loadFastPath } from '../dist/node/fast-path.js';
import * as row from '../dist/packet/row.js';
import { FORWARD, INGRESS, OUTCOMES } from '../dist/tree/classifier.js';
import { findDeepest, mostSteps } from '../dist/tree/deepest.js';
import { createLinear } from '../dist/tree/linear.js';
import { countSteps } from '../dist/tree/steps.js';
import { inTurn } from './rounds.mjs';
import { createTupleSpace } from './tuple-space.mjs';

const [ruleFile, traceFile, milliseconds, rounds, answerFile] = process.argv.slice(2);
if (answerFile === undefined) throw new Error('usage: node bench/lookups.mjs RULES TRACE MILLISECONDS ROUNDS ANSWERS');
const isCluster = ruleFile.endsWith('.json');
const ASKED = isCluster ? INGRESS : FORWARD;
/** Headers on which the engines' answers are compared: the linear scan takes its time. */
const COMPARED = 200;
/** Lookups between two looks at the clock. */
const FEW = 16;
const MANY = 4096;

const text = readFileSync(ruleFile, 'utf8');
const { compiled, problems } = compile(isCluster ? readDocuments(text, ruleFile).documents : [], {
  ...(isCluster ? {} : { ruleFiles: [{ file: ruleFile, text }] }),
  fastPath: loadFastPath(process.env),
});
if (compiled === null) throw new Error(problems[0].message);
const { ruleset, inventory, classifier } = compiled;
const { rows, headers } = readTrace(readFileSync(traceFile, 'utf8'));

const linear = createLinear(ruleset, inventory);
const started = performance.now();
const space =
  rows[row.FAMILY] === 4 && !isCluster ? createTupleSpace(ruleset.forward.flatMap(tier => tier.rules)) : null;
const spaceMs = performance.now() - started;
const one = new Int32Array(OUTCOMES);
const all = new Int32Array(OUTCOMES * headers);
const few = Math.min(FEW, headers);
const many = Math.min(MANY, headers);
const single = engine => (from, size) => {
  for (let i = from; i < from + size; i++) engine.classify(rows, i * row.STRIDE, one, 0);
};
const contenders = [
  { name: 'linear scan', slice: single(linear), size: few, lookups: few },
  ...(space === null ? [] : [{ name: 'tuple-space search', slice: searchTuples, size: many, lookups: many }]),
  { name: 'decision tree', slice: single(classifier), size: many, lookups: many },
  {
    name: 'decision tree, in batches',
    slice: () => classifier.classifyBatch(rows, headers, all),
    size: headers,
    lookups: headers,
  },
];

const figures = compareAnswers();
writeFileSync(
  answerFile,
  Int32Array.from({ length: headers }, (_, i) => numberOf(all[i * OUTCOMES + ASKED])),
);
// What runs first is compiled while it runs.
for (const contender of contenders) measure(contender);
const spreads = inTurn(
  contenders.map(contender => ({ name: contender.name, run: () => ({ nanoseconds: measure(contender) }) })),
  Number(rounds),
);
const { bytes, buildMs } = classifier.stats();
const longest = mostSteps(classifier, findDeepest(classifier));
const tree = { comparisons: figures.tree, worst: longest, bytes, buildMs };
const facts = {
  'linear scan': { comparisons: figures.linear, worst: ruleset.rules.length, bytes: null, buildMs: null },
  'tuple-space search': { comparisons: figures.tuples, worst: null, bytes: space?.bytes, buildMs: spaceMs },
  'decision tree': tree,
  'decision tree, in batches': tree,
};
const engines = contenders.map(({ name }, i) => ({ engine: name, ...spreads[i], ...facts[name] }));
process.stdout.write(
  `${JSON.stringify({ rules: ruleset.rules.length, headers, tuples: space?.tuples ?? null, engines })}\n`,
);

/** A rule's number; of a policy the one in its name; -1 for none. */
function numberOf(outcome) {
  if (outcome < 0) return -1;
  return isCluster ? Number(/-(\d+)$/.exec(ruleset.rules[outcome].origin.policy)[1]) : outcome;
}

function searchTuples(from, size) {
  for (let i = from; i < from + size; i++) one[0] = space.lookup(rows, i * row.STRIDE);
}

/** CPU milliseconds of this process. */
function cpuTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** CPU time a lookup: slice after slice for so long, after an eighth of it to warm up. The clock is read around each slice. */
function measure({ name, slice, size, lookups }) {
  let from = 0;
  const bench = new Bench({
    now: cpuTime,
    time: Number(milliseconds),
    iterations: 1,
    warmupTime: milliseconds / 8,
    warmupIterations: 1,
    throws: true,
  });
  bench.add(name, () => {
    slice(from, size);
    from = from + 2 * size <= headers ? from + size : 0;
  });
  bench.runSync();
  return (bench.tasks[0].result.latency.mean * 1e6) / lookups;
}

/** @returns mean comparisons a lookup: of the linear scan one a rule tried */
function compareAnswers() {
  const count = Math.min(COMPARED, headers);
  classifier.classifyBatch(rows, headers, all);
  let scanned = 0;
  let walked = 0;
  for (let i = 0; i < count; i++) {
    const base = i * row.STRIDE;
    linear.classify(rows, base, one, 0);
    const expected = one[ASKED];
    scanned += expected >= 0 ? expected + 1 : ruleset.rules.length;
    classifier.classify(rows, base, one, 0);
    const found = space?.lookup(rows, base) ?? Math.max(-1, expected);
    if (one[ASKED] !== expected || all[i * OUTCOMES + ASKED] !== expected || Math.max(-1, expected) !== found)
      throw new Error(`header ${i}: rule ${expected} by linear scan, ${one[ASKED]} by tree, ${found} by tuple space`);
    walked += countSteps(classifier, rows, base);
  }
  const tuples = (space?.steps ?? 0) / count;
  return { linear: scanned / count, tuples, tree: walked / count };
}

function readTrace(text) {
  const lines = text.trim().split('\n');
  const rows = new Int32Array(lines.length * row.STRIDE);
  const addresses = words => words.split(',').map(Number);
  lines.forEach((line, i) => {
    const [source, destination, ...numbers] = line.split(' ');
    const [sport, dport, protocol] = numbers.map(Number);
    const base = i * row.STRIDE;
    rows[base + row.FAMILY] = source.includes(',') ? 6 : 4;
    rows[base + row.PROTOCOL] = protocol;
    rows.set(addresses(source), base + row.SRC);
    rows.set(addresses(destination), base + row.DST);
    rows[base + row.SPORT] = sport;
    rows[base + row.DPORT] = dport;
  });
  return { rows, headers: lines.length };
}
