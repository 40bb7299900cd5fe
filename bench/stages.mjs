#!/usr/bin/env node
/**
 * One stage of a replay and all before it, measured: node bench/stages.mjs STAGE CAPTURE PODS
 *
 * In:  read | parse | track | judge | report.  Out: one line of JSON, { stage, packets, nanoseconds } (CPU time a packet).
 * A process a stage: a stage's machine code then is what this one input made it, as in a replay. The capture is read
 * twice and the second time counts, so that neither compilation nor the first touch of memory does.
 */
import { BATCH_FRAMES } from '../dist/capture/frame.js';
import { compile } from '../dist/compile.js';
import { readDocuments } from '../dist/documents/read.js';
import { createTracker } from '../dist/flow/conntrack.js';
import { AHEAD, TRACK_NEW } from '../dist/flow/tracker.js';
import { openCaptures } from '../dist/node/captures.js';
import { createParser, newPacketBatch } from '../dist/packet/parse.js';
import { STRIDE } from '../dist/packet/row.js';
import { replay } from '../dist/replay.js';
import { createTextReport } from '../dist/report/text.js';
import { createCluster } from './cluster.mjs';
import { START } from './generate.mjs';

export const STAGES = ['read', 'parse', 'track', 'judge', 'report'];

const [stage, capture, pods] = process.argv.slice(2);
if (!STAGES.includes(stage)) throw new Error(`usage: node bench/stages.mjs ${STAGES.join('|')} CAPTURE PODS`);

/** Reading, and what a stage does with each batch. */
async function each(visit) {
  const source = await openCaptures([capture]);
  let packets = 0;
  for (let frames = await source.next(); frames !== null; frames = await source.next()) {
    packets += frames.count;
    visit(frames, source.interfaces);
  }
  source.close();
  return packets;
}

function trackAll(tracker, frames, { rows }) {
  const { bytes, seconds, nanoseconds } = frames;
  for (let i = 0; i < frames.count; i++) {
    if (i % AHEAD === 0) tracker.prepare(rows, bytes, i, Math.min(i + AHEAD, frames.count));
    const now = (seconds[i] - START) * 1000 + Math.floor(nanoseconds[i] / 1e6);
    if (tracker.track(rows, i * STRIDE, bytes, now, i % AHEAD) === TRACK_NEW) tracker.confirm();
  }
}

async function run() {
  if (stage === 'read') return each(() => {});
  const parser = createParser({});
  const packets = newPacketBatch(BATCH_FRAMES);
  if (stage === 'parse') return each((frames, interfaces) => parser.parse(frames, interfaces, packets));
  if (stage === 'track') {
    const tracker = createTracker({});
    return each((frames, interfaces) => {
      parser.parse(frames, interfaces, packets);
      trackAll(tracker, frames, packets);
    });
  }
  const source = await openCaptures([capture]);
  const reports = stage === 'report' ? [createTextReport({ write() {} })] : [];
  const { packets: judged } = await replay(source, compiled, { captures: [capture] }, reports);
  source.close();
  return judged;
}

const compiled = ['judge', 'report'].includes(stage)
  ? compile(readDocuments(createCluster(Number(pods)), 'cluster.json').documents).compiled
  : null;
await run();
const before = process.cpuUsage();
const packets = await run();
const { user, system } = process.cpuUsage(before);
const nanoseconds = ((user + system) * 1000) / packets;
process.stdout.write(`${JSON.stringify({ stage, packets, nanoseconds })}\n`);
