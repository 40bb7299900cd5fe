/**
 * Crossings, from packets to outcomes (hot): rows are gathered into lanes, a family at a time. Nothing is allocated.
 */
import { DPORT, DST, FAMILY, ICMP_CODE, ICMP_TYPE, PROTOCOL, SPORT, SRC, STRIDE } from '../packet/row.js';
import { FORWARD, OUTCOME_NONE, OUTCOMES } from './classifier.js';
import type { Crossing } from './crossing.js';
import { BEST, CODES, DESTINATION, DESTINATION_CLASS, LANES, SOURCE, SOURCE_CLASS } from './crossing-layout.js';
import { writeQuery } from './crossing-lookup.js';
import { firstMatch, NO_MATCH } from './forest.js';
import { LAST_ICMP_CODE } from './header-codes.js';
import { DIMENSIONS } from './terms.js';

/** What a crossing is walked with; overwritten by every call. */
export interface CrossingScratch {
  readonly words: Int32Array;
  /** crossBatch() over the crossing's image and these words. */
  readonly run: (count: number, family: number) => void;
  /** Row of each lane. */
  readonly rowOf: Int32Array;
  /** The point that loose terms are asked with. */
  readonly key: Int32Array;
}

export const newCrossingScratch = (words: Int32Array, run: CrossingScratch['run']): CrossingScratch => ({
  words,
  run,
  rowOf: new Int32Array(LANES),
  key: new Int32Array(DIMENSIONS),
});

/** The forward outcomes of `count` rows from rows[base] on, to out[at + FORWARD], a row's OUTCOMES further on each. */
export function crossRows(
  crossing: Crossing,
  scratch: CrossingScratch,
  rows: Int32Array,
  base: number,
  count: number,
  out: Int32Array,
  at: number,
): void {
  const others = crossFamily(crossing, scratch, rows, base, count, out, at, 4);
  if (others > 0) crossFamily(crossing, scratch, rows, base, count, out, at, 6);
}

/** Returns how many rows were of another family. */
function crossFamily(
  crossing: Crossing,
  scratch: CrossingScratch,
  rows: Int32Array,
  base: number,
  count: number,
  out: Int32Array,
  at: number,
  family: number,
): number {
  const { words, rowOf } = scratch;
  const { image } = crossing;
  let lanes = 0;
  let others = 0;
  for (let i = 0; i < count; i++) {
    const row = base + i * STRIDE;
    const own = rows[row + FAMILY]!;
    if (own !== family) {
      if (own !== 4 && own !== 6) out[at + i * OUTCOMES + FORWARD] = OUTCOME_NONE;
      others++;
      continue;
    }
    const from = SOURCE + lanes * 4;
    const to = DESTINATION + lanes * 4;
    words[from] = rows[row + SRC]!;
    words[to] = rows[row + DST]!;
    if (family === 6) {
      for (let word = 1; word < 4; word++) {
        words[from + word] = rows[row + SRC + word]!;
        words[to + word] = rows[row + DST + word]!;
      }
    }
    const code = image[CODES + 1 + rows[row + PROTOCOL]!]!;
    const icmp = code <= LAST_ICMP_CODE;
    writeQuery(words, lanes, rows[row + (icmp ? ICMP_TYPE : SPORT)]!, rows[row + (icmp ? ICMP_CODE : DPORT)]!, code);
    rowOf[lanes++] = i;
    if (lanes === LANES) {
      flush(crossing, scratch, rows, base, lanes, out, at, family);
      lanes = 0;
    }
  }
  if (lanes > 0) flush(crossing, scratch, rows, base, lanes, out, at, family);
  return others;
}

function flush(
  crossing: Crossing,
  scratch: CrossingScratch,
  rows: Int32Array,
  base: number,
  lanes: number,
  out: Int32Array,
  at: number,
  family: number,
): void {
  const { words, rowOf, run } = scratch;
  const { outcomes, loose } = crossing;
  run(lanes, family);
  if (loose !== null) {
    for (let lane = 0; lane < lanes; lane++) tryLoose(crossing, scratch, rows, base + rowOf[lane]! * STRIDE, lane);
  }
  for (let lane = 0; lane < lanes; lane++) {
    out[at + rowOf[lane]! * OUTCOMES + FORWARD] = outcomes[words[BEST + lane]!]!;
  }
}

function tryLoose({ loose }: Crossing, { words, key }: CrossingScratch, rows: Int32Array, row: number, lane: number) {
  if (loose === null) return;
  key[0] = words[SOURCE_CLASS + lane]!;
  key[1] = words[DESTINATION_CLASS + lane]!;
  key[2] = rows[row + PROTOCOL]!;
  key[3] = rows[row + SPORT]!;
  key[4] = rows[row + DPORT]!;
  key[5] = rows[row + ICMP_TYPE]!;
  key[6] = rows[row + ICMP_CODE]!;
  const { nodes, lists, program, roots } = loose;
  const place = firstMatch(nodes, lists, program, roots, 0, roots.length, key);
  if (place !== NO_MATCH && program[place]! < words[BEST + lane]!) words[BEST + lane] = program[place]!;
}
