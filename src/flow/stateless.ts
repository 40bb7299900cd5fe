/**
 * `--conntrack none`: no table (hot). Every packet is judged on its own, as if it were the first of its connection.
 */
import { INVALID_NONE, TAGS, TRACK_NEW, type Tracker, tagPlace } from './tracker.js';

/** A tracker whose answer is always TRACK_NEW; slot 0 is everyone's. */
export const createStateless = (): Tracker => {
  const tag = new Int32Array(tagPlace(0) + TAGS);
  let packets = 0;
  return {
    slot: -1,
    invalid: INVALID_NONE,
    tag,
    prepare() {},
    track() {
      return TRACK_NEW;
    },
    confirm() {
      tag.fill(0);
      packets++;
      return 0;
    },
    discard() {},
    writeEnds: () => false,
    next: () => -1,
    replied: () => false,
    counters: () => ({ live: 0, most: 0, created: packets, expired: 0, earlyEvictions: 0, refusedFull: 0 }),
  };
};
