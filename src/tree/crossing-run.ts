/**
 * Where a crossing is walked (cold): in plain JavaScript, or on the fast path.
 *
 * In:  a crossing, and the fast path's compiled module where there is one.  Out: the crossing with its image where the walk
 * reads it, and what a walk is called with. The fast path has a memory of its own for each classifier: image and scratch.
 */
import { FastPath } from '../memory/fast-path.js';
import { MeasuredMemory, OWN_MEMORY } from '../memory/memory.js';
import type { Crossing } from './crossing.js';
import { type CrossingScratch, newCrossingScratch } from './crossing-batch.js';
import { SCRATCH_WORDS } from './crossing-layout.js';
import { crossBatch } from './crossing-lookup.js';

export interface RunningCrossing {
  readonly crossing: Crossing;
  readonly scratch: CrossingScratch;
}

export function runCrossing(crossing: Crossing, module: WebAssembly.Module | null): RunningCrossing {
  const fastPath = module === null ? null : newFastPath(module, crossing.image.length);
  const memory = fastPath?.memory ?? OWN_MEMORY;
  const words = memory.int32(SCRATCH_WORDS);
  if (fastPath === null) {
    const { image } = crossing;
    return { crossing, scratch: newCrossingScratch(words, (count, family) => crossBatch(image, words, count, family)) };
  }
  const image = memory.int32(crossing.image.length);
  image.set(crossing.image);
  const run = fastPath.loop('tree_crossing_lookup_crossBatch', [image, words]);
  return { crossing: { ...crossing, image }, scratch: newCrossingScratch(words, run) };
}

function newFastPath(module: WebAssembly.Module, imageWords: number): FastPath | null {
  const measured = new MeasuredMemory();
  measured.int32(imageWords);
  measured.int32(SCRATCH_WORDS);
  return FastPath.fits(measured.bytes) ? new FastPath(module, measured.bytes) : null;
}
