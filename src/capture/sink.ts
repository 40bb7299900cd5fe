/**
 * Where written captures go, and the buffer before it.
 *
 * In:  words, bytes and text of one record at a time.  Out: large chunks to a ByteSink.
 *
 * Contract: a chunk given to the sink is written over again as soon as write() returns.
 */
export interface ByteSink {
  /** Takes all of the chunk before it returns; the memory is the caller's. */
  write(chunk: Uint8Array): void;
}

const CHUNK = 256 * 1024;
/** Bytes up to which a loop copies faster than the engine does. */
const LOOP = 256;

/** A DataView of bytes that are mostly those of the last time. */
export class ViewOf {
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(this.#bytes.buffer);

  get(bytes: Uint8Array): DataView {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return this.#view;
  }
}

/** Little-endian words at the end of a buffer that empties itself into a sink. */
export class SinkBuffer {
  #bytes = new Uint8Array(CHUNK);
  #view = new DataView(this.#bytes.buffer);
  #used = 0;
  readonly #encoder = new TextEncoder();

  constructor(readonly sink: ByteSink) {}

  /** Makes room for a record of at most `length` bytes. */
  reserve(length: number): void {
    if (this.#bytes.length - this.#used >= length) return;
    this.flush();
    if (this.#bytes.length >= length) return;
    this.#bytes = new Uint8Array(2 ** Math.ceil(Math.log2(length)));
    this.#view = new DataView(this.#bytes.buffer);
  }

  flush(): void {
    if (this.#used > 0) this.sink.write(this.#bytes.subarray(0, this.#used));
    this.#used = 0;
  }

  get position(): number {
    return this.#used;
  }

  byte(value: number): void {
    this.#bytes[this.#used++] = value;
  }

  word16(value: number): void {
    this.#view.setUint16(this.#used, value, true);
    this.#used += 2;
  }

  word32(value: number): void {
    this.#view.setUint32(this.#used, value, true);
    this.#used += 4;
  }

  patch16(at: number, value: number): void {
    this.#view.setUint16(at, value, true);
  }

  patch32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  copy(from: DataView, start: number, length: number): void {
    const at = this.#used;
    this.#used = at + length;
    // A subarray costs more than a loop over what most captures keep of a packet.
    if (length > LOOP) {
      this.#bytes.set(new Uint8Array(from.buffer, from.byteOffset + start, length), at);
      return;
    }
    const view = this.#view;
    const words = length & ~3;
    for (let i = 0; i < words; i += 4) view.setInt32(at + i, from.getInt32(start + i, true), true);
    for (let i = words; i < length; i++) view.setUint8(at + i, from.getUint8(start + i));
  }

  /** Zero bytes up to the next multiple of four, counted from `start`. */
  pad(start: number): void {
    while (((this.#used - start) & 3) !== 0) this.byte(0);
  }

  /**
   * UTF-8, whole characters only, at most `limit` bytes.
   * @returns bytes written
   */
  text(value: string, limit: number): number {
    const { written } = this.#encoder.encodeInto(value, this.#bytes.subarray(this.#used, this.#used + limit));
    this.#used += written;
    return written;
  }
}
