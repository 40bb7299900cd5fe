/**
 * A growing image of words (cold): tables are appended one after the other and refer to each other by offset.
 */
export interface Image {
  /** Room for so many words, zero; the first one's offset. A multiple of `align`. */
  reserve(words: number, align?: number): number;
  /** Words, as written so far. Another array after the next reserve(). */
  words(): Int32Array;
  readonly length: number;
  done(): Int32Array;
}

/** @param room words that it will have at least */
export function createImage(room = 0): Image {
  let words = new Int32Array(Math.max(Math.ceil(room), 1 << 12));
  let used = 0;
  return {
    reserve(size, align = 1) {
      const at = Math.ceil(used / align) * align;
      used = at + size;
      if (used > words.length) {
        const larger = new Int32Array(Math.max(used, words.length * 2));
        larger.set(words);
        words = larger;
      }
      return at;
    },
    words: () => words,
    get length() {
      return used;
    },
    done: () => words.slice(0, used),
  };
}
