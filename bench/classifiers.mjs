#!/usr/bin/env node
/**
 * Lookups of the classifier's engines: node bench/classifiers.mjs RULES MILLISECONDS
 *
 * In:  how many plain rules (generated, in ClassBench's format), and how long each engine is measured.
 * Out: one line of JSON: { rules, engines: [{ engine, nanoseconds, buildMs, bytes }] }, nanoseconds a lookup.
 * Headers are drawn from the rules' own corners, without locality: what a cache would hide is not hidden.
 */
import { Bench } from 'tinybench';
import { compile } from '../dist/compile.js';
import * as row from '../dist/packet/row.js';
import { OUTCOMES } from '../dist/tree/classifier.js';
import { createLinear } from '../dist/tree/linear.js';
import { createRandom } from './random.mjs';

const HEADERS = 4096;
/** The linear engine is the specification, not a contender: it is measured on few rules only. */
const LINEAR_AT_MOST = 1000;
const LENGTHS = [8, 16, 16, 24, 24, 24, 32, 32];
const SERVICES = [22, 53, 80, 123, 443, 3306, 5432, 6379, 8080, 9090];

const [count, milliseconds] = process.argv.slice(2).map(Number);
if (!(count > 0 && milliseconds > 0)) throw new Error('usage: node bench/classifiers.mjs RULES MILLISECONDS');
const random = createRandom(count);
/** Few networks hold many hosts, as in real rule sets. */
const networks = Array.from({ length: Math.ceil(Math.sqrt(count)) }, () => random.below(2 ** 32));

function prefix() {
  const length = random.pick(LENGTHS);
  const address = (random.pick(networks) ^ random.below(2 ** 16)) >>> 0;
  return { address: (address & (-1 << (32 - length))) >>> 0, length };
}
const text = ({ address, length }) => `${[24, 16, 8, 0].map(shift => (address >>> shift) & 255).join('.')}/${length}`;

const rules = Array.from({ length: count }, () => {
  const port = random.pick(SERVICES);
  return { source: prefix(), destination: prefix(), port, last: random.unit() < 0.2 ? port + 100 : port };
});
const lines = rules.map(
  ({ source, destination, port, last }) =>
    `@${text(source)} ${text(destination)} 0 : 65535 ${port} : ${last} ${random.unit() < 0.8 ? '0x06' : '0x11'}/0xFF`,
);

const rows = new Int32Array(HEADERS * row.STRIDE);
for (let i = 0; i < HEADERS; i++) {
  const { source, destination, port } = random.pick(rules);
  const base = i * row.STRIDE;
  rows[base + row.FAMILY] = 4;
  rows[base + row.PROTOCOL] = 6;
  rows[base + row.SRC] = source.address | random.below(2 ** (32 - source.length));
  rows[base + row.DST] = destination.address | random.below(2 ** (32 - destination.length));
  rows[base + row.SPORT] = 32768 + random.below(28000);
  rows[base + row.DPORT] = port + random.below(2);
}

const { compiled, problems } = compile([], { ruleFiles: [{ file: 'generated', text: lines.join('\n') }] });
if (compiled === null) throw new Error(problems[0].message);
const engines = [compiled.classifier];
if (count <= LINEAR_AT_MOST) engines.push(createLinear(compiled.ruleset, compiled.inventory));

const bench = new Bench({ time: milliseconds, warmupTime: milliseconds / 4 });
const out = new Int32Array(OUTCOMES);
const lookupsOf = engine => (engine === 'linear' ? 64 : HEADERS);
for (const classifier of engines) {
  const lookups = lookupsOf(classifier.engine);
  bench.add(classifier.engine, () => {
    for (let i = 0; i < lookups; i++) classifier.classify(rows, i * row.STRIDE, out, 0);
  });
}
await bench.run();

const measured = engines.map((classifier, i) => {
  const { latency } = bench.tasks[i].result;
  const { buildMs, bytes } = classifier.stats();
  return {
    engine: classifier.engine,
    nanoseconds: (latency.mean * 1e6) / lookupsOf(classifier.engine),
    buildMs,
    bytes,
  };
});
process.stdout.write(`${JSON.stringify({ rules: count, engines: measured })}\n`);
