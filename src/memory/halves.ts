/**
 * Sixteen-bit halves of words, eight at a time (hot): one vector comparison in the fast path.
 *
 * In:  two places of four words each.  Out: a number. The fast path's compiler (scripts/fast-path) knows this function by
 * name and writes vector instructions for it; this is what they do.
 */

/** 1 where some half of a[at..at + 3] is above the same half of b[other..other + 3], all unsigned; else 0. */
export function someHalfAbove(a: Int32Array, at: number, b: Int32Array, other: number): number {
  return (
    (isHalfAbove(a[at]!, b[other]!) |
      isHalfAbove(a[at + 1]!, b[other + 1]!) |
      isHalfAbove(a[at + 2]!, b[other + 2]!) |
      isHalfAbove(a[at + 3]!, b[other + 3]!)) >>>
    31
  );
}

/** The sign bit. */
function isHalfAbove(a: number, b: number): number {
  return ((b & 0xffff) - (a & 0xffff)) | ((b >>> 16) - (a >>> 16));
}
