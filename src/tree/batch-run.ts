/**
 * Where batches are looked up (cold): in plain JavaScript, or on the fast path.
 *
 * In:  an image, and the fast path's compiled module where there is one.  Out: the image where the lookup reads it, and the
 * lookup. The fast path has a memory of its own for each image: rows are copied in and outcomes out, some hundred at a time.
 */
import { FastPath } from '../memory/fast-path.js';
import { MeasuredMemory, type Memory, OWN_MEMORY } from '../memory/memory.js';
import { DPORT, ICMP_CODE, STRIDE } from '../packet/row.js';
import { LANES } from './batch-layout.js';
import { OUTCOMES } from './classifier.js';
import { type Crossing, looseTerms } from './crossing.js';
import * as crossing from './crossing-layout.js';
import { crossRows } from './crossing-lookup.js';
import * as direct from './direct-layout.js';
import { judgeRows } from './direct-lookup.js';

/** Outcomes of `count` rows from rows[base] on, to out[at + ...], OUTCOMES further on for each. */
export type LookUp = (rows: Int32Array, base: number, count: number, out: Int32Array, at: number) => void;

export function runDirect(image: Int32Array, module: WebAssembly.Module | null): LookUp {
  const room = roomFor(image, direct.SCRATCH_WORDS, module);
  const { words, fastPath } = room;
  if (fastPath === null) {
    return (rows, base, count, out, at) => judgeRows(image, words, rows, out, base, count, at);
  }
  return copying(room, fastPath.loop('tree_direct_lookup_judgeRows', [room.image, words, room.rows, room.out]), false);
}

export function runCrossing(
  built: Crossing,
  module: WebAssembly.Module | null,
): { crossing: Crossing; lookUp: LookUp } {
  const room = roomFor(built.image, crossing.SCRATCH_WORDS, module);
  const { words, image, fastPath } = room;
  const loose = looseTerms(built);
  if (fastPath === null) {
    const lookUp: LookUp = (rows, base, count, out, at) => crossRows(image, words, rows, out, loose, base, count, at);
    return { crossing: built, lookUp };
  }
  fastPath.bind({ LooseTerms: loose });
  const run = fastPath.loop('tree_crossing_lookup_crossRows', [image, words, room.rows, room.out]);
  return { crossing: { ...built, image }, lookUp: copying(room, run, image[crossing.ALONE] === 0) };
}

/** Rows that the fast path is given at once. */
const ROWS = 2 * LANES;

interface Room {
  readonly fastPath: FastPath | null;
  readonly image: Int32Array;
  readonly words: Int32Array;
  readonly rows: Int32Array;
  readonly out: Int32Array;
}

/** The fast path's arrays where there is one and a memory holds them; else the image itself. */
function roomFor(image: Int32Array, scratchWords: number, module: WebAssembly.Module | null): Room {
  const take = (memory: Memory) => ({
    image: memory.int32(image.length),
    words: memory.int32(scratchWords),
    rows: memory.int32(ROWS * STRIDE),
    out: memory.int32(ROWS * OUTCOMES),
  });
  const measured = new MeasuredMemory();
  take(measured);
  const fastPath = module !== null && FastPath.fits(measured.bytes) ? new FastPath(module, measured.bytes) : null;
  if (fastPath === null) {
    const words = OWN_MEMORY.int32(scratchWords);
    return { fastPath, image, words, rows: words, out: words };
  }
  const taken = take(fastPath.memory);
  taken.image.set(image);
  return { fastPath, ...taken };
}

/** @param run takes where the rows begin, how many, where the outcomes begin  @param addsTo whether outcomes that are there stay */
function copying(
  { rows: ownRows, out: ownOut }: Room,
  run: (base: number, count: number, at: number) => void,
  addsTo: boolean,
): LookUp {
  return (rows, base, count, out, at) => {
    if (count === 1) {
      for (let word = 0; word <= LAST_WORD; word++) ownRows[word] = rows[base + word]!;
      for (let word = 0; word < OUTCOMES; word++) ownOut[word] = out[at + word]!;
      run(0, 1, 0);
      for (let word = 0; word < OUTCOMES; word++) out[at + word] = ownOut[word]!;
      return;
    }
    for (let first = 0; first < count; first += ROWS) {
      const size = Math.min(count - first, ROWS);
      const from = base + first * STRIDE;
      const to = at + first * OUTCOMES;
      ownRows.set(rows.subarray(from, from + size * STRIDE));
      if (addsTo) ownOut.set(out.subarray(to, to + size * OUTCOMES));
      run(0, size, 0);
      out.set(size === ROWS ? ownOut : ownOut.subarray(0, size * OUTCOMES), to);
    }
  };
}

/** What lookups read of a row ends with it. */
const LAST_WORD = Math.max(DPORT, ICMP_CODE);
