/**
 * Numbers that look random and are the same for the same seed, and choices by weight (cold): mulberry32, and xorshift32,
 * by which captures are drawn.
 */
export interface Random {
  /** 0 <= x < 1 */
  unit(): number;
  /** A whole number, 0 <= n < limit. */
  below(limit: number): number;
  pick<T>(list: readonly T[]): T;
  /** One of the values, each as often as its weight says. */
  weighted<T>(list: readonly Weighted<T>[]): T;
}

export type Weighted<T> = readonly [weight: number, value: T];

export function createRandom(seed: number): Random {
  let state = mix(seed | 0);
  const unit = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    return (mix(state) >>> 0) / 2 ** 32;
  };
  return choices(unit);
}

/** As createRandom(), other numbers. */
export function createXorshift(seed: number): Random {
  let state = seed | 0 || 1;
  return choices(() => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  });
}

function choices(unit: () => number): Random {
  return {
    unit,
    below: limit => Math.floor(unit() * limit),
    pick: list => list[Math.floor(unit() * list.length)]!,
    weighted(list) {
      let total = 0;
      for (const [weight] of list) total += weight;
      let left = unit() * total;
      for (const [weight, value] of list) {
        left -= weight;
        if (left < 0) return value;
      }
      return list[list.length - 1]![1];
    },
  };
}

/** A whole number -> another of 32 bits, signed; equal numbers give equal ones, near ones give far ones. */
export function mix(x: number): number {
  let h = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return h ^ (h >>> 15);
}
