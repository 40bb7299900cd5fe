/**
 * What a lookup costs, by engine, on the user's own policies.
 *
 * In:  the compiled policies, headers, and how long it may take.  Out: per engine CPU nanoseconds a lookup as a spread over
 * rounds in which the engines take turns, and how many steps a lookup takes on average: of the linear engine the rules it
 * tried, of the tree loads and comparisons (tree/steps.ts).
 */
import type { Compiled } from '../compile.js';
import { STRIDE } from '../packet/row.js';
import { type Classifier, OUTCOMES } from '../tree/classifier.js';
import { createLinear } from '../tree/linear.js';
import { createLinearSteps } from '../tree/linear-steps.js';
import { countSteps } from '../tree/steps.js';
import type { Tree } from '../tree/tree.js';
import type { Headers } from './bench-headers.js';

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface EngineFigures {
  readonly engine: string;
  readonly nanoseconds: Spread;
  readonly steps: number;
}

const ROUNDS = 5;
/** Lookups between two looks at the clock. */
const SLICE = 16;
/** Headers of which steps are counted. */
const COUNTED = 512;

export function measureLookups(compiled: Compiled, headers: Headers, milliseconds: number): EngineFigures[] {
  const { classifier, ruleset, inventory } = compiled;
  const linear = createLinear(ruleset, inventory);
  const engines = [
    { engine: 'tree', lookUp: oneByOne(classifier, headers) },
    { engine: 'tree, in batches', lookUp: inBatches(classifier, headers) },
    { engine: 'linear', lookUp: oneByOne(linear, headers) },
  ];
  const each = milliseconds / engines.length / (ROUNDS + 1);
  const taken = engines.map((): number[] => []);
  // What runs in the first round is compiled while it runs.
  for (let round = 0; round <= ROUNDS; round++) {
    engines.forEach(({ lookUp }, i) => {
      const nanoseconds = measure(lookUp, each);
      if (round > 0) taken[i]!.push(nanoseconds);
    });
  }
  const walked = treeSteps(classifier as Tree, headers);
  const steps = [walked, walked, linearSteps(compiled, linear, headers)];
  return engines.map(({ engine }, i) => ({ engine, nanoseconds: spreadOf(taken[i]!), steps: steps[i]! }));
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
  return { median, min: sorted[0]!, max: sorted[sorted.length - 1]! };
}

/** CPU time of this process since `before`, in nanoseconds. */
export function cpuSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) * 1000;
}

/** Looks up some headers; returns how many. */
type LookUp = () => number;

function oneByOne(engine: Classifier, { rows, count }: Headers): LookUp {
  const out = new Int32Array(OUTCOMES);
  let next = 0;
  return () => {
    for (let i = 0; i < SLICE; i++) {
      engine.classify(rows, next * STRIDE, out, 0);
      next = next + 1 < count ? next + 1 : 0;
    }
    return SLICE;
  };
}

function inBatches(engine: Classifier, { rows, count }: Headers): LookUp {
  const out = new Int32Array(OUTCOMES * count);
  return () => {
    engine.classifyBatch(rows, count, out);
    return count;
  };
}

function measure(lookUp: LookUp, milliseconds: number): number {
  const end = performance.now() + milliseconds;
  const before = process.cpuUsage();
  let done = 0;
  do {
    done += lookUp();
  } while (performance.now() < end);
  return cpuSince(before) / done;
}

function treeSteps(tree: Tree, { rows, count }: Headers): number {
  const counted = Math.min(count, COUNTED);
  let steps = 0;
  for (let i = 0; i < counted; i++) steps += countSteps(tree, rows, i * STRIDE);
  return steps / counted;
}

function linearSteps({ ruleset }: Compiled, linear: Classifier, { rows, count }: Headers): number {
  const stepsOf = createLinearSteps(ruleset, linear);
  const counted = Math.min(count, COUNTED);
  let steps = 0;
  for (let i = 0; i < counted; i++) steps += stepsOf(rows, i * STRIDE);
  return steps / counted;
}
