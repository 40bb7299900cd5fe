#!/usr/bin/env node
/**
 * One stage of a replay and all before it, measured: node bench/stages.mjs STAGE CAPTURE PODS
 *
 * In:  read | parse | track | judge | report; POLICAP_WASM=0 for plain JavaScript.  Out: one line of JSON, { stage, packets,
 * nanoseconds } (CPU time a packet). Tracking and judging are one loop: `track` is a replay without any policy or pod.
 * A process a stage: a stage's machine code then is what this one input made it, as in a replay. The capture is read
 * once to warm up, so that neither compilation nor the first touch of memory counts, and then as often as tinybench needs for
 * half a second of CPU time, once at least.
 */
import { Bench } from 'tinybench';
import { BATCH_FRAMES } from '../dist/capture/frame.js';
import { onFastPath } from '../dist/capture/loops.js';
import { compile } from '../dist/compile.js';
import { readDocuments } from '../dist/documents/read.js';
import { openCaptures } from '../dist/node/captures.js';
import { loadFastPath } from '../dist/node/fast-path.js';
import { createParser, newPacketBatch } from '../dist/packet/parse.js';
import { replay } from '../dist/replay.js';
import { createFastPath } from '../dist/replay-memory.js';
import { createTextReport } from '../dist/report/text.js';
import { createCluster } from './cluster.mjs';

export const STAGES = ['read', 'parse', 'track', 'judge', 'report'];

const [stage, capture, pods] = process.argv.slice(2);
if (!STAGES.includes(stage)) throw new Error(`usage: node bench/stages.mjs ${STAGES.join('|')} CAPTURE PODS`);

/** Reading, and what a stage does with each batch. */
async function each(fastPath, visit) {
  const source = await openCaptures([capture], onFastPath(fastPath));
  let packets = 0;
  for (let frames = await source.next(); frames !== null; frames = await source.next()) {
    packets += frames.count;
    visit(frames, source.interfaces);
  }
  source.close();
  return packets;
}

async function run() {
  const fastPath = module === null ? null : createFastPath(module, {}, compiled);
  if (stage === 'read') return each(fastPath, () => {});
  const parser = createParser({}, fastPath);
  if (stage === 'parse') {
    const packets = newPacketBatch(BATCH_FRAMES, fastPath?.memory);
    return each(fastPath, (frames, interfaces) => parser.parse(frames, interfaces, packets));
  }
  const source = await openCaptures([capture], onFastPath(fastPath));
  const reports = stage === 'report' ? [createTextReport({ write() {} })] : [];
  const { packets: judged } = await replay(source, compiled, { captures: [capture], fastPath }, reports);
  source.close();
  return judged;
}

const module = loadFastPath(process.env);
const cluster = () => readDocuments(createCluster(Number(pods)), 'cluster.json').documents;
const { compiled } = compile(stage === 'track' ? [] : cluster());
let packets = 0;
const cpuTime = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const bench = new Bench({ now: cpuTime, time: 500, iterations: 1, warmupTime: 0, warmupIterations: 1, throws: true });
bench.add(stage, async () => {
  packets = await run();
});
await bench.run();
const nanoseconds = (bench.tasks[0].result.latency.mean * 1e6) / packets;
process.stdout.write(`${JSON.stringify({ stage, packets, nanoseconds })}\n`);
