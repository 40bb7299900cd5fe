/**
 * The machine, and two small pieces of work that tell how fast it is just now.
 *
 * Out: what it is, and the calibration: { integer, memory, both } in nanoseconds: a multiplication that waits for the one
 * before it, a read of memory that waits for the one before it (32 MB, in an order that nothing foresees), and the
 * geometric mean of both, to which figures are held where nothing better ran beside them.
 */
import { cpus, release, totalmem } from 'node:os';
import { createXorshift } from '../dist/generate/random.js';

const MULTIPLICATIONS = 8_000_000;
const READS = 400_000;
const WORDS = 1 << 23;

export function describeMachine() {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? '',
    cores: processors.length,
    memory: totalmem(),
    kernel: release(),
    node: process.version,
  };
}

let ring = null;
let sink = 0;

/** One round of it: CPU time of this process. */
export function calibrate() {
  ring ??= createRing();
  const integer = cpuNanoseconds(() => multiply(MULTIPLICATIONS)) / MULTIPLICATIONS;
  const memory = cpuNanoseconds(() => walk(ring, READS)) / READS;
  return { integer, memory, both: Math.sqrt(integer * memory) };
}

function cpuNanoseconds(work) {
  const before = process.cpuUsage();
  sink ^= work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) * 1000;
}

function multiply(times) {
  let x = sink | 1;
  for (let i = 0; i < times; i++) x = (Math.imul(x, 0x9e3779b1) + i) | 0;
  return x;
}

function walk(next, times) {
  let at = 0;
  for (let i = 0; i < times; i++) at = next[at];
  return at;
}

/** Sattolo's shuffle: one ring through every word. */
function createRing() {
  const next = new Int32Array(WORDS);
  for (let i = 0; i < WORDS; i++) next[i] = i;
  const random = createXorshift(7);
  for (let i = WORDS - 1; i > 0; i--) {
    const j = random.below(i);
    const kept = next[i];
    next[i] = next[j];
    next[j] = kept;
  }
  return next;
}
