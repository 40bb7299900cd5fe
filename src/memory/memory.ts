/**
 * Where typed arrays come from: of their own, or side by side in one memory that a WebAssembly fast path sees too.
 *
 * In:  lengths.  Out: arrays of zeros. All memory is taken at the start: nothing is ever given back.
 */
/** A number that may be no 32-bit integer. The fast path's compiler takes every other number for one. */
export type Float = number;

export interface Memory {
  int32(length: number): Int32Array;
  uint8(length: number): Uint8Array;
  float64(length: number): Float64Array;
}

export const OWN_MEMORY: Memory = {
  int32: length => new Int32Array(length),
  uint8: length => new Uint8Array(length),
  float64: length => new Float64Array(length),
};

/** An array begins on a cache line of its own. */
const LINE = 64;

/** Arrays one behind the other in a buffer, from byte `from` to `to`. @throws RangeError where that is too small. */
export class BufferMemory implements Memory {
  constructor(
    readonly buffer: ArrayBufferLike,
    private from: number,
    private readonly to: number = buffer.byteLength,
  ) {}

  int32(length: number): Int32Array {
    return new Int32Array(this.buffer, this.take(length * 4), length);
  }

  uint8(length: number): Uint8Array {
    return new Uint8Array(this.buffer, this.take(length), length);
  }

  float64(length: number): Float64Array {
    return new Float64Array(this.buffer, this.take(length * 8), length);
  }

  private take(bytes: number): number {
    const at = Math.ceil(this.from / LINE) * LINE;
    this.from = at + bytes;
    if (this.from > this.to) throw new RangeError(`${this.from - this.to} bytes more than there are`);
    return at;
  }
}

/** Counts what would be taken; its arrays are empty. */
export class MeasuredMemory implements Memory {
  bytes = 0;

  int32(length: number): Int32Array {
    this.bytes += length * 4 + LINE;
    return new Int32Array(0);
  }

  uint8(length: number): Uint8Array {
    this.bytes += length + LINE;
    return new Uint8Array(0);
  }

  float64(length: number): Float64Array {
    this.bytes += length * 8 + LINE;
    return new Float64Array(0);
  }
}
