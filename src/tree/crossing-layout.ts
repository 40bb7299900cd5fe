/**
 * Where things stand in a crossing's image and in its scratch: constants only, for those who write and who read them.
 */

/** Headers a batch. */
export const LANES = 128;
/** Pairs of layers that have a bit: two words of them. */
export const MOST_TUPLES = 64;
/** Words of a class's row before its labels: the pairs of layers that its labels stand in, as bits. */
export const ROW_BITS = 2;

/** Words of the image: what each side has (address-map.ts, host-table.ts, labels.ts), and what both share. */
export const MAP4 = 0;
export const MAP4_SHIFT = 1;
export const MAP6 = 2;
export const MAP6_SHIFT = 3;
export const HOSTS4 = 4;
export const HOSTS4_SHIFT = 5;
export const HOSTS4_MASK = 6;
export const HOSTS6 = 7;
export const HOSTS6_SHIFT = 8;
export const HOSTS6_MASK = 9;
export const ROWS = 10;
export const STRIDE = 11;
const SIDE_WORDS = 12;
export const SOURCE_SIDE = 0;
export const DESTINATION_SIDE = SOURCE_SIDE + SIDE_WORDS;
/** Displaced pairs of labels; the order that holds where nothing matches. */
export const PAIRS = DESTINATION_SIDE + SIDE_WORDS;
export const LAST_ORDER = PAIRS + 1;
/** Bit -> the place of the source's label in its row | of the destination's << 8. */
export const TUPLES = LAST_ORDER + 1;
/** Order >>> shift -> the pairs of layers that hold an earlier order, as bits: a table of so many entries for each word. */
export const EARLIER_SHIFT = TUPLES + MOST_TUPLES;
export const EARLIER = EARLIER_SHIFT + 1;
export const EARLIER_ENTRIES = 128;
/** Protocol + 1 -> code. */
export const CODES = EARLIER + ROW_BITS * EARLIER_ENTRIES;
export const HEAD_WORDS = CODES + 257;

/** Words of the scratch. In: addresses, four words a lane, IPv4 in the first. */
export const SOURCE = 0;
export const DESTINATION = SOURCE + 4 * LANES;
/** In: ports, or ICMP type and code, and the protocol's code, as writeQuery() has them: four words a lane. */
export const QUERY = DESTINATION + 4 * LANES;
/** Out: the order of the first term that matches; and the classes of the addresses. */
export const BEST = QUERY + 4 * LANES;
export const SOURCE_CLASS = BEST + LANES;
export const DESTINATION_CLASS = SOURCE_CLASS + LANES;
/** Lanes whose class is not known yet, and the word of the address that each has come to. */
export const MISSES = DESTINATION_CLASS + LANES;
export const WORD_AT = MISSES + LANES + 1;
/** Offsets of the classes' rows. */
export const SOURCE_ROW = WORD_AT + LANES;
export const DESTINATION_ROW = SOURCE_ROW + LANES;
/** Pairs of layers to be looked at: words of bits; place of the first bit's layers << 8 | lane. */
export const LEFT_BITS = DESTINATION_ROW + LANES;
export const LEFT_LANE = LEFT_BITS + LANES * ROW_BITS + 1;
export const WALK_LANE = LEFT_LANE + LANES * ROW_BITS + 1;
const MOST_HITS = LANES * MOST_TUPLES + 1;
export const WALK_AT = WALK_LANE + MOST_HITS;
export const LIST_LANE = WALK_AT + MOST_HITS;
export const LIST_AT = LIST_LANE + MOST_HITS;
export const SCRATCH_WORDS = LIST_AT + MOST_HITS;
