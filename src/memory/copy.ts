/**
 * Bytes from one place to another (hot): sixteen at a time in the fast path.
 *
 * In:  two arrays and places in them.  Out: the bytes. The fast path's compiler (scripts/fast-path) knows this function by
 * name and writes vector instructions for it; this is what they do.
 */

/** Bytes up to which a loop copies faster than the engine does. */
const LOOP = 256;

/** from[at..at + length - 1] to to[start..]; the two must not overlap. */
export function copyBytes(from: Uint8Array, at: number, to: Uint8Array, start: number, length: number): void {
  if (length > LOOP) to.set(from.subarray(at, at + length), start);
  else for (let i = 0; i < length; i++) to[start + i] = from[at + i]!;
}
