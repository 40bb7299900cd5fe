/**
 * Times of a row group (hot): nanoseconds of 64 bits, PLAIN. Seconds are turned into two words once as long as they stay the same.
 */
import type { PickedRows, TimeSource } from './columns.js';
import { bytesOf, type EncodedColumn, type Gathered, levelsOf, NOTHING, nothingIn } from './parquet-columns.js';

/** Seconds within what 64 bits of nanoseconds hold. */
const MOST_SECONDS = 9_223_372_036;
const NANOSECONDS = 1_000_000_000n;
const FIRST_ROW = Int32Array.of(0);

export class TimeColumn<Row> implements Gathered<Row> {
  /** Two a time that is there, the lower one first. */
  private readonly words: Int32Array;
  /** By row, NOTHING where no time is there: looked at only where some have none. */
  private readonly has: Int32Array;
  private readonly seconds = new Float64Array(1);
  private readonly nanoseconds = new Int32Array(1);
  private there = 0;
  private second = Number.NaN;
  private low = 0;
  private high = 0;
  private readonly first = { seconds: 0, nanoseconds: 0 };
  private readonly last = { seconds: 0, nanoseconds: 0 };

  constructor(
    private readonly source: TimeSource<Row>,
    room: number,
  ) {
    this.words = new Int32Array(2 * room);
    this.has = new Int32Array(room);
  }

  add(row: Row, at: number): void {
    this.seconds[0] = this.source.seconds(row);
    this.nanoseconds[0] = this.source.nanoseconds(row);
    this.append(this.seconds, this.nanoseconds, FIRST_ROW, 0, 1, at);
  }

  addAll(row: Row & PickedRows, from: number, to: number, at: number): void {
    const { seconds, nanoseconds } = this.source.fill!(row);
    this.append(seconds, nanoseconds, row.picked, from, to, at);
  }

  private append(
    seconds: Float64Array,
    nanoseconds: Int32Array,
    picked: Int32Array,
    from: number,
    to: number,
    at: number,
  ): void {
    const { words, has } = this;
    const shift = at - from;
    for (let k = from; k < to; ) {
      const second = seconds[picked[k]!]!;
      if (!(Math.abs(second) < MOST_SECONDS)) {
        has[k++ + shift] = NOTHING;
        continue;
      }
      if (second !== this.second) this.widen(second);
      const { low, high } = this;
      let place = 2 * this.there;
      let least = 0x7fff_ffff;
      let most = 0;
      for (; k < to && seconds[picked[k]!] === second; k++) {
        const its = nanoseconds[picked[k]!]!;
        const sum = (low + its) | 0;
        words[place] = sum;
        words[place + 1] = sum >>> 0 < low >>> 0 ? high + 1 : high;
        has[k + shift] = 0;
        place += 2;
        if (its < least) least = its;
        if (its > most) most = its;
      }
      this.note(second, least, most);
      this.there = place >>> 1;
    }
  }

  private widen(second: number): void {
    const whole = BigInt(second) * NANOSECONDS;
    this.low = Number(BigInt.asIntN(32, whole));
    this.high = Number(whole >> 32n);
    this.second = second;
  }

  /** Times within a second, from `least` to `most`. */
  private note(second: number, least: number, most: number): void {
    const { first, last, there } = this;
    if (there === 0 || isBefore(second, least, first)) set(first, second, least);
    if (there === 0 || !isBefore(second, most, last)) set(last, second, most);
  }

  encode(count: number): Iterable<EncodedColumn> {
    const { there } = this;
    if (there === 0) return [nothingIn(count)];
    return [
      {
        nulls: count - there,
        levels: levelsOf(this.has, count, there),
        encoding: 'PLAIN',
        dictionary: null,
        data: bytesOf(this.words, 2 * there),
        min: instant(this.first),
        max: instant(this.last),
      },
    ];
  }

  clear(): void {
    this.there = 0;
  }
}

interface Time {
  seconds: number;
  nanoseconds: number;
}

const instant = ({ seconds, nanoseconds }: Time): bigint => BigInt(seconds) * NANOSECONDS + BigInt(nanoseconds);

const isBefore = (seconds: number, nanoseconds: number, than: Time): boolean =>
  seconds < than.seconds || (seconds === than.seconds && nanoseconds < than.nanoseconds);

function set(time: Time, seconds: number, nanoseconds: number): void {
  time.seconds = seconds;
  time.nanoseconds = nanoseconds;
}
