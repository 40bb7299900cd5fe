/**
 * A seeded source of random numbers (Marsaglia's xorshift32): the same seed gives the same numbers everywhere.
 */
export interface Random {
  /** A whole number from 0 to limit - 1. */
  below(limit: number): number;
  /** True that many times in a thousand. */
  chance(permille: number): boolean;
  pick<T>(list: readonly T[]): T;
}

export function seeded(seed: number): Random {
  // Neighbouring seeds must not give neighbouring numbers, and 0 is no state of xorshift.
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
  for (let i = 0; i < 8; i++) next();
  const below = (limit: number): number => Math.floor((next() / 0x100000000) * limit);
  return { below, chance: permille => below(1000) < permille, pick: list => list[below(list.length)]! };
}

/** Bytes without a pattern. */
export const noise = (random: Random, length: number): Uint8Array =>
  Uint8Array.from({ length }, () => random.below(256));
