/**
 * A synthetic capture of the benchmark's cluster (cluster.mjs), as `policap generate capture` makes it, in a file.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { CAPTURE_DEFAULTS, generateCapture } from '../dist/generate/capture.js';
import { numberedPods } from '../dist/generate/ends.js';

/** @param options of CaptureOptions, `pods` and `ip`. @returns { packets, bytes } */
export function generate(file, { pods = 2000, ip = 4, ...options } = {}) {
  const all = { ...CAPTURE_DEFAULTS, ...options };
  const output = openSync(file, 'w');
  let bytes = 0;
  for (const chunk of generateCapture(numberedPods(pods, ip), all)) {
    writeSync(output, chunk);
    bytes += chunk.length;
  }
  closeSync(output);
  return { packets: all.packets, bytes };
}
