/** Numbers that look random and are the same for the same seed (xorshift32): whole, 0 <= n < limit. */
export function createRandom(seed) {
  let state = seed | 0 || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  return {
    /** 0 <= x < 1 */
    unit: next,
    below: limit => Math.floor(next() * limit),
    pick: list => list[Math.floor(next() * list.length)],
  };
}
