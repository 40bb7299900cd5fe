/**
 * What batches of lookups have in common: where a side's addresses are described in an image, and where lanes stand in
 * the scratch. Constants only, for those who write and who read them.
 */

/** Headers a batch. */
export const LANES = 128;

/** Words of a side's head in an image (address-index.ts): address map and host table of each family. */
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
export const ADDRESS_WORDS = 10;

/** Words of the scratch. Of each lane the place of its row and of its outcomes. */
export const ROW_AT = 0;
export const OUT_AT = ROW_AT + LANES + 1;
/** What addresses lead to. */
export const SOURCE_CLASS = OUT_AT + LANES + 1;
export const DESTINATION_CLASS = SOURCE_CLASS + LANES;
/** Lanes whose class is not known yet, and the word of the row that each has come to. */
export const MISSES = DESTINATION_CLASS + LANES;
export const WORD_AT = MISSES + LANES + 1;
export const LANE_WORDS = WORD_AT + LANES;
