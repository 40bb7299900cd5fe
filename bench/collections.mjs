#!/usr/bin/env node
/**
 * What a long replay leaves to the garbage collector:
 *   node --max-semi-space-size=1 --no-allocation-site-pretenuring bench/collections.mjs CAPTURE PODS [OBJECTS] [plain]
 *
 * In:  a capture; OBJECTS: so many objects made a packet on purpose, to see that they are noticed; plain: without the fast path.
 * Out: one line of JSON, { packets, before, after }: collections before and after the middle of the capture. Behind it all
 * code is compiled and every connection known: nothing is left to allocate but what a batch takes. With 1 MB for new
 * objects, one boxed number a packet is a collection every 65,000 packets. Without the second flag V8 may, from one early
 * collection that most objects outlived, decide to make all later ones among the old, where these counts do not see them.
 */
import { PerformanceObserver, performance } from 'node:perf_hooks';
import { onFastPath } from '../dist/capture/loops.js';
import { compile } from '../dist/compile.js';
import { readDocuments } from '../dist/documents/read.js';
import { openCaptures } from '../dist/node/captures.js';
import { loadFastPath } from '../dist/node/fast-path.js';
import { replay } from '../dist/replay.js';
import { createFastPath } from '../dist/replay-memory.js';
import { createTextReport } from '../dist/report/text.js';
import { createCluster } from './cluster.mjs';

const [capture, pods, objects = '0', plain = ''] = process.argv.slice(2);
const { compiled } = compile(readDocuments(createCluster(Number(pods)), 'cluster.json').documents);
const module = plain === 'plain' ? null : loadFastPath(process.env);
const fastPath = module === null ? null : createFastPath(module, {}, compiled);
const source = await openCaptures([capture], onFastPath(fastPath));

const starts = [];
const observer = new PerformanceObserver(list => {
  for (const { startTime } of list.getEntries()) starts.push(startTime);
});
observer.observe({ entryTypes: ['gc'] });

let middle = Number.POSITIVE_INFINITY;
const options = {
  captures: [capture],
  fastPath,
  onProgress: (_, read, total) => {
    if (middle === Number.POSITIVE_INFINITY && read * 2 > total) middle = performance.now();
  },
};
const waste = {
  begin() {},
  batch(frames) {
    for (let i = frames.count * Number(objects); i > 0; i--) kept[i & 1023] = { i };
  },
  end() {},
};
const kept = new Array(1024).fill(null);
const { packets } = await replay(source, compiled, options, [waste, createTally()]);
await new Promise(resolve => setTimeout(resolve, 50));
source.close();
const after = starts.filter(start => start > middle).length;
process.stdout.write(`${JSON.stringify({ packets, before: starts.length - after, after })}\n`);

/** The text report, which prints nothing: its end is not a part of the packets' way. */
function createTally() {
  const { begin, batch } = createTextReport({ write() {} });
  return { begin, batch, end() {} };
}
