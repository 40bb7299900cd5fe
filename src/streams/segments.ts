/**
 * TCP segments of one direction -> its bytes, in order (RFC 9293, 3.10.7.4; cold).
 *
 * In:  payloads with their sequence numbers, in capture order, some cut short by the capture.  Out: to a sink each byte once,
 * in order; where bytes are missing for good, how many. What came first counts: a second copy that differs is not looked at.
 * Bounded: what waits for a hole to be filled is at most MOST_WAITING segments of MOST_BYTES together; beyond, the hole is
 * given up. What comes of it later is told as a hole of no size: it is part of the stream, and nobody reads it.
 */

const MOST_WAITING = 64;
const MOST_BYTES = 1 << 18;

export interface ByteSink {
  /** The next bytes, bytes[from, to): valid until it returns. @param starts a segment begins with them */
  bytes(bytes: Uint8Array, from: number, to: number, starts: boolean): void;
  /** So many bytes are not in the capture. */
  missing(count: number): void;
  /** Nothing more comes. */
  end?(): void;
}

interface Waiting {
  readonly sequence: number;
  readonly payload: Uint8Array;
  readonly cut: number;
}

export class Segments {
  private readonly early: Waiting[] = [];
  private waiting = 0;
  /** The hole that was given up last. */
  private lost = { from: 0, size: 0 };

  /** @param next the sequence number of the first byte */
  constructor(private next: number) {}

  /** @param cut bytes of the payload, behind what is given, that the capture left out */
  take(sequence: number, bytes: Uint8Array, from: number, to: number, cut: number, sink: ByteSink): void {
    if (to + cut === from) return;
    if (this.isAhead(sequence)) {
      const isKnown = (it: Waiting): boolean =>
        it.sequence === sequence && it.payload.length + it.cut >= to - from + cut;
      if (this.early.some(isKnown)) return;
      this.early.push({ sequence, payload: bytes.slice(from, to), cut });
      this.waiting += to - from;
      if (this.early.length > MOST_WAITING || this.waiting > MOST_BYTES) this.giveUp(sink);
      return;
    }
    if (this.isLate(sequence, to - from + cut)) sink.missing(0);
    this.hand(sequence, bytes, from, to, cut, sink);
    this.handOn(sink);
  }

  /** How far it is from the byte that comes next, around the circle of sequence numbers. */
  distance(sequence: number): number {
    return Math.abs((sequence - this.next) | 0);
  }

  /** Bytes that wait for a hole to be filled. */
  get kept(): number {
    return this.waiting;
  }

  /** Whether everything in front of it came. */
  isAt(sequence: number): boolean {
    return sequence === this.next;
  }

  /** No more segments come: what waits is handed on behind its holes. */
  end(sink: ByteSink): void {
    while (this.early.length > 0) this.giveUp(sink);
    sink.end?.();
  }

  /** Distances are those around the circle of sequence numbers. */
  private isAhead(sequence: number): boolean {
    return ((sequence - this.next) | 0) > 0;
  }

  /** Of a hole that was given up. */
  private isLate(sequence: number, length: number): boolean {
    const behind = (sequence - this.lost.from) | 0;
    return this.lost.size > 0 && behind < this.lost.size && behind + length > 0;
  }

  /** What has its turn, or is old in part. */
  private hand(sequence: number, bytes: Uint8Array, from: number, to: number, cut: number, sink: ByteSink): void {
    const old = (this.next - sequence) | 0;
    const fresh = from + old;
    const length = to - from + cut - old;
    if (length <= 0) return;
    if (fresh < to) sink.bytes(bytes, fresh, to, old === 0);
    const missing = fresh < to ? cut : length;
    if (missing > 0) sink.missing(missing);
    this.next = (this.next + length) >>> 0;
  }

  private handOn(sink: ByteSink): void {
    for (;;) {
      const i = this.early.findIndex(({ sequence }) => !this.isAhead(sequence));
      if (i < 0) return;
      const [{ sequence, payload, cut }] = this.early.splice(i, 1) as [Waiting];
      this.waiting -= payload.length;
      this.hand(sequence, payload, 0, payload.length, cut, sink);
    }
  }

  /** The first hole will not be filled. */
  private giveUp(sink: ByteSink): void {
    const gaps = this.early.map(({ sequence }) => (sequence - this.next) | 0);
    const least = Math.min(...gaps);
    sink.missing(least);
    this.lost = { from: this.next, size: least };
    this.next = (this.next + least) >>> 0;
    this.handOn(sink);
  }
}
