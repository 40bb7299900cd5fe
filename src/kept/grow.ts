/**
 * Typed arrays that grow by doubling (cold: once for every time a capture's length doubles).
 */
type Growing = Int32Array | Uint32Array | Uint8Array | Float64Array;

/** The same array where it holds `length` values, else a longer one that begins with what it holds. */
export function grown<T extends Growing>(array: T, length: number, first = 1024): T {
  if (array.length >= length) return array;
  const Made = array.constructor as new (length: number) => T;
  const longer = new Made(Math.max(length, first, 2 * array.length));
  longer.set(array);
  return longer;
}
