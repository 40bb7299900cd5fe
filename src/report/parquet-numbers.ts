/**
 * Numbers and times of a row group (hot): written as their bytes as they come, PLAIN.
 */
import type { NumberSource, PickedRows, TimeSource } from './columns.js';
import { type EncodedColumn, type Gathered, levelsOf, nothingIn } from './parquet-columns.js';

const WORD = 2 ** 32;

export class NumberColumn<Row> implements Gathered<Row> {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly has: Int32Array;
  private readonly width: number;
  private scratch = new Float64Array(1);
  private there = 0;
  private min = Number.POSITIVE_INFINITY;
  private max = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly source: NumberSource<Row>,
    room: number,
  ) {
    this.width = source.isSmall ? 4 : 8;
    this.bytes = new Uint8Array(this.width * room);
    this.view = new DataView(this.bytes.buffer);
    this.has = new Int32Array(room);
  }

  add(row: Row, at: number): void {
    this.scratch[0] = this.source.of(row);
    this.append(1, at);
  }

  addAll(row: Row & PickedRows, from: number, to: number, at: number): void {
    const count = to - from;
    if (this.scratch.length < count) this.scratch = new Float64Array(count);
    if (this.source.fill!(row, from, to, this.scratch) === 0) this.has.fill(0, at, at + count);
    else this.append(count, at);
  }

  private append(count: number, at: number): void {
    const { scratch, view, has, width } = this;
    let { there, min, max } = this;
    for (let i = 0; i < count; i++) {
      const value = scratch[i]!;
      if (Number.isNaN(value)) {
        has[at + i] = 0;
        continue;
      }
      has[at + i] = 1;
      if (value < min) min = value;
      if (value > max) max = value;
      view.setUint32(there * width, value >>> 0, true);
      if (width === 8) view.setUint32(there * width + 4, value < WORD ? 0 : Math.floor(value / WORD), true);
      there++;
    }
    this.there = there;
    this.min = min;
    this.max = max;
  }

  encode(count: number): Iterable<EncodedColumn> {
    const { there, min, max } = this;
    if (there === 0) return [nothingIn(count)];
    return [
      {
        nulls: count - there,
        levels: levelsOf(this.has, count, there),
        encoding: 'PLAIN',
        dictionary: null,
        data: this.bytes.subarray(0, this.width * there),
        min,
        max,
      },
    ];
  }

  clear(): void {
    this.there = 0;
    this.min = Number.POSITIVE_INFINITY;
    this.max = Number.NEGATIVE_INFINITY;
  }
}

/** Seconds within what 64 bits of nanoseconds hold. */
const MOST_SECONDS = 9_223_372_036;
const NANOSECONDS = 1_000_000_000n;

/** Nanoseconds of a time; its seconds are turned into two words of 32 bits once as long as they stay the same. */
export class TimeColumn<Row> implements Gathered<Row> {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly has: Int32Array;
  private seconds = new Float64Array(1);
  private nanoseconds = new Int32Array(1);
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
    this.bytes = new Uint8Array(8 * room);
    this.view = new DataView(this.bytes.buffer);
    this.has = new Int32Array(room);
  }

  add(row: Row, at: number): void {
    this.seconds[0] = this.source.seconds(row);
    this.nanoseconds[0] = this.source.nanoseconds(row);
    this.append(1, at);
  }

  addAll(row: Row & PickedRows, from: number, to: number, at: number): void {
    const count = to - from;
    if (this.seconds.length < count) {
      this.seconds = new Float64Array(count);
      this.nanoseconds = new Int32Array(count);
    }
    this.source.fill!(row, from, to, this.seconds, this.nanoseconds);
    this.append(count, at);
  }

  private append(count: number, at: number): void {
    const { seconds, nanoseconds, view, has, first, last } = this;
    let { there } = this;
    for (let i = 0; i < count; i++) {
      const second = seconds[i]!;
      const isThere = Math.abs(second) < MOST_SECONDS;
      has[at + i] = isThere ? 1 : 0;
      if (!isThere) continue;
      const nanosecond = nanoseconds[i]!;
      if (second !== this.second) this.widen(second);
      const low = this.low + nanosecond;
      view.setUint32(8 * there, low >>> 0, true);
      view.setInt32(8 * there + 4, low < WORD ? this.high : this.high + 1, true);
      if (there === 0 || isBefore(second, nanosecond, first)) set(first, second, nanosecond);
      if (there === 0 || !isBefore(second, nanosecond, last)) set(last, second, nanosecond);
      there++;
    }
    this.there = there;
  }

  private widen(second: number): void {
    const whole = BigInt(second) * NANOSECONDS;
    this.low = Number(BigInt.asUintN(32, whole));
    this.high = Number(whole >> 32n);
    this.second = second;
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
        data: this.bytes.subarray(0, 8 * there),
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
