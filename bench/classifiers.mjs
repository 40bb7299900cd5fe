#!/usr/bin/env node
/**
 * Lookups of the classifier's engines: node bench/classifiers.mjs FAMILY RULES IP MILLISECONDS
 *
 * In:  a family of generated rule sets (acl, fw, ipc), how many rules, 4 or 6, and how long each engine is measured.
 * Out: one line of JSON: { family, rules, ip, engines: [{ engine, nanoseconds, buildMs, bytes }] }: CPU time a lookup, the
 * least of many rounds in which the engines take turns. `tree` is asked in batches, `tree, single` a packet at a time;
 * `linear` is the specification and `tuple space` a textbook's engine (tuple-space.mjs). rte_acl of DPDK is measured where
 * dpdk-test-acl is installed (rte-acl.mjs).
 * Headers lie inside the rules and none comes twice on purpose: what a cache would hide is not hidden. Before anything is
 * measured the engines' answers are compared.
 */
import { compile } from '../dist/compile.js';
import { generateRules } from '../dist/generate/rules.js';
import { classBenchLine } from '../dist/generate/text.js';
import { generateTrace } from '../dist/generate/trace.js';
import * as row from '../dist/packet/row.js';
import { FORWARD, OUTCOMES } from '../dist/tree/classifier.js';
import { createLinear } from '../dist/tree/linear.js';
import { measureRteAcl } from './rte-acl.mjs';
import { createTupleSpace } from './tuple-space.mjs';

const HEADERS = 65536;
/** How many headers the slow engines are asked for in a round. */
const FEW = 64;
/** The linear engine is measured on few rules only. */
const LINEAR_AT_MOST = 1000;

const [family, count, ip, milliseconds] = process.argv.slice(2).map((word, i) => (i === 0 ? word : Number(word)));
if (!(count > 0 && (ip === 4 || ip === 6) && milliseconds > 0)) {
  throw new Error('usage: node bench/classifiers.mjs acl|fw|ipc RULES 4|6 MILLISECONDS');
}

const filters = generateRules({ family, rules: count, seed: 1, ip });
const text = filters.map(classBenchLine).join('\n');
const { compiled, problems } = compile([], { ruleFiles: [{ file: 'generated', text }] });
if (compiled === null) throw new Error(problems[0].message);
const { classifier, ruleset, inventory } = compiled;
const trace = generateTrace(ruleset.rules, { headers: HEADERS, seed: 2, skew: 0 });

const rows = new Int32Array(HEADERS * row.STRIDE);
trace.forEach((header, i) => {
  const base = i * row.STRIDE;
  rows[base + row.FAMILY] = ip;
  rows[base + row.PROTOCOL] = header.protocol;
  rows.set(header.source, base + row.SRC);
  rows.set(header.destination, base + row.DST);
  rows[base + row.SPORT] = header.sourcePort;
  rows[base + row.DPORT] = header.destinationPort;
});
const out = new Int32Array(HEADERS * OUTCOMES);

const single = engine => lookups => {
  for (let i = 0; i < lookups; i++) engine.classify(rows, i * row.STRIDE, out, i * OUTCOMES);
};
const { bytes } = classifier.stats();
const { buildMs } = classifier.stats();
const engines = [
  { engine: 'tree', lookups: HEADERS, run: n => classifier.classifyBatch(rows, n, out), buildMs, bytes },
  { engine: 'tree, single', lookups: HEADERS, run: single(classifier), buildMs, bytes },
];
if (ip === 4) engines.push({ engine: 'tuple space', lookups: HEADERS, ...createTupleSpace(ruleset, trace, out) });
if (count <= LINEAR_AT_MOST) {
  engines.push({ engine: 'linear', lookups: FEW, run: single(createLinear(ruleset, inventory)), buildMs: 0, bytes: 0 });
}

const answers = engines.map(({ run, lookups }) => {
  run(lookups);
  return Array.from({ length: lookups }, (_, i) => out[i * OUTCOMES + FORWARD]);
});
for (const [e, own] of answers.entries()) {
  own.forEach((outcome, i) => {
    if (outcome !== answers[0][i])
      throw new Error(`${engines[e].engine}: header ${i}: ${outcome}, not ${answers[0][i]}`);
  });
}

const least = engines.map(() => Number.POSITIVE_INFINITY);
const end = performance.now() + milliseconds * engines.length;
while (performance.now() < end) {
  engines.forEach(({ run, lookups }, e) => {
    const before = process.cpuUsage();
    run(lookups);
    const { user, system } = process.cpuUsage(before);
    least[e] = Math.min(least[e], ((user + system) * 1000) / lookups);
  });
}

const measured = engines.map(({ engine, buildMs, bytes }, e) => ({ engine, nanoseconds: least[e], buildMs, bytes }));
if (ip === 4) measured.push(...measureRteAcl(filters, trace));
process.stdout.write(`${JSON.stringify({ family, rules: count, ip, engines: measured })}\n`);
