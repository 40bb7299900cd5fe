/**
 * Where things stand in a crossing's image and in its scratch: constants only, for those who write and who read them.
 */

import { ADDRESS_WORDS, LANE_WORDS, LANES } from './batch-layout.js';

/** Pairs of layers that have a bit: two words of them. */
export const MOST_TUPLES = 64;
/** Words of a class's row before its labels: the pairs of layers that its labels stand in, as bits. */
export const ROW_BITS = 2;

/** Words of the image: what each side has (batch-layout.ts, labels.ts), and what both share. */
export const ROWS = ADDRESS_WORDS;
export const STRIDE = ROWS + 1;
const SIDE_WORDS = STRIDE + 1;
export const SOURCE_SIDE = 0;
export const DESTINATION_SIDE = SOURCE_SIDE + SIDE_WORDS;
/** Displaced pairs of labels; the order that holds where nothing matches. */
export const PAIRS = DESTINATION_SIDE + SIDE_WORDS;
export const LAST_ORDER = PAIRS + 1;
/** Order -> outcome. */
export const OUTCOMES_AT = LAST_ORDER + 1;
/** Number of terms without labels. */
export const LOOSE = OUTCOMES_AT + 1;
/** 1 where nothing but plain rules decides: the other directions' outcomes are written, too. */
export const ALONE = LOOSE + 1;
/** Bit -> the place of the source's label in its row | of the destination's << 8. */
export const TUPLES = ALONE + 1;
/** Order >>> shift -> the pairs of layers that hold an earlier order, as bits: a table of so many entries for each word. */
export const EARLIER_SHIFT = TUPLES + MOST_TUPLES;
export const EARLIER = EARLIER_SHIFT + 1;
export const EARLIER_ENTRIES = 128;
/** Protocol + 1 -> code. */
export const CODES = EARLIER + ROW_BITS * EARLIER_ENTRIES;
export const HEAD_WORDS = CODES + 257;

/** Words of the scratch, behind the lanes' (batch-layout.ts): ports, or ICMP type and code, and the protocol's code, as
 * writeQuery() has them: four words a lane. */
export const QUERY = LANE_WORDS;
/** The order of the first term that matches. */
export const BEST = QUERY + 4 * LANES;
/** Pairs of layers to be looked at: words of bits; place of the first bit's layers << 8 | lane. */
export const LEFT_BITS = BEST + LANES;
export const LEFT_LANE = LEFT_BITS + LANES * ROW_BITS + 1;
export const WALK_LANE = LEFT_LANE + LANES * ROW_BITS + 1;
const MOST_HITS = LANES * MOST_TUPLES + 1;
export const WALK_AT = WALK_LANE + MOST_HITS;
export const LIST_LANE = WALK_AT + MOST_HITS;
export const LIST_AT = LIST_LANE + MOST_HITS;
export const SCRATCH_WORDS = LIST_AT + MOST_HITS;
