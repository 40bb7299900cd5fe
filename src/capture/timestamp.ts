/**
 * pcapng timestamps: 64-bit counts of units that each interface defines -> seconds and nanoseconds, without loss.
 *
 * A count is high * 2^32 + low. What `high` alone amounts to is kept an interface (it changes every 4.3 s at
 * nanoseconds, every 71 minutes at microseconds), so that a frame costs one division of doubles that are exact integers:
 *   x = rest(high) + low;  seconds = base(high) + floor(x / units);  nanoseconds = (x mod units) * multiply / divide
 * Units finer than 10^-15 or 2^-23 s do not fit that and take the exact, slow way frame by frame (`units` = 0).
 */
const TWO_32 = 0x1_0000_0000;

/** Seconds stay within what a Date holds (8.64e12, with room for one more word's 4.3e9): only damage lies beyond. */
const LAST_SECOND = 8.63e12;
const bounded = (seconds: bigint): number => Math.min(LAST_SECOND, Math.max(-LAST_SECOND, Number(seconds)));

export class Timestamps {
  /** Units a second; 0 = every frame takes slow(). */
  units = new Float64Array(8);
  multiply = new Float64Array(8);
  divide = new Float64Array(8);
  /** For the last `high` seen: its whole seconds (if_tsoffset included) and the units left over. */
  high = new Float64Array(8);
  base = new Float64Array(8);
  rest = new Float64Array(8);
  readonly #exact: { readonly units: bigint; readonly offset: bigint }[] = [];
  /** Where slow() leaves its answer. */
  slowSeconds = 0;
  slowNanoseconds = 0;

  /** Forgets all interfaces: a new section describes its own. */
  clear(): void {
    this.#exact.length = 0;
  }

  /**
   * @param resolution if_tsresol: 10^-n, or 2^-n with the top bit set
   * @param offset if_tsoffset, seconds
   */
  add(resolution: number, offset: bigint): void {
    const index = this.#exact.length;
    if (index === this.units.length) this.#grow();
    const exponent = resolution & 0x7f;
    const binary = (resolution & 0x80) !== 0;
    const units = (binary ? 2n : 10n) ** BigInt(exponent);
    this.#exact.push({ units, offset });
    this.units[index] = exponent > (binary ? 23 : 15) ? 0 : Number(units);
    this.multiply[index] = binary ? 1e9 : exponent < 9 ? 10 ** (9 - exponent) : 1;
    this.divide[index] = binary ? Number(units) : exponent > 9 ? 10 ** (exponent - 9) : 1;
    this.high[index] = -1;
  }

  /** Computes what `high` amounts to. */
  turn(index: number, high: number): void {
    const { units, offset } = this.#exact[index]!;
    const count = BigInt(high) * BigInt(TWO_32);
    this.high[index] = high;
    this.base[index] = bounded(count / units + offset);
    this.rest[index] = Number(count % units);
  }

  slow(index: number, high: number, low: number): void {
    const { units, offset } = this.#exact[index]!;
    const count = BigInt(high) * BigInt(TWO_32) + BigInt(low);
    this.slowSeconds = bounded(count / units + offset);
    this.slowNanoseconds = Number(((count % units) * 1_000_000_000n) / units);
  }

  #grow(): void {
    const double = (old: Float64Array): Float64Array<ArrayBuffer> => {
      const grown = new Float64Array(old.length * 2);
      grown.set(old);
      return grown;
    };
    this.units = double(this.units);
    this.multiply = double(this.multiply);
    this.divide = double(this.divide);
    this.high = double(this.high);
    this.base = double(this.base);
    this.rest = double(this.rest);
  }
}
