/**
 * DNS over TCP (RFC 7766): the segments of answers -> messages (cold).
 *
 * In:  payloads from port 53, with their sequence numbers, in capture order.  Out: each whole message once. A stream that
 * begins in the middle, or has a hole that is not filled, gives nothing from there on. Bounded: MOST_STREAMS streams, of
 * each at most MOST_BYTES that wait.
 */

const MOST_STREAMS = 4096;
/** A message's length is 16 bits. */
const MOST_BYTES = 2 + 65535;
const MOST_WAITING = 64;

interface Stream {
  /** The sequence number of the next byte. */
  next: number;
  bytes: Uint8Array;
  length: number;
  /** Segments that came before their turn. */
  readonly early: Map<number, Uint8Array>;
}

export type OnMessage = (bytes: Uint8Array, from: number, to: number) => void;

export class DnsStreams {
  private readonly streams = new Map<string, Stream>();

  /**
   * @param key the connection and direction
   * @param starts whether it is a SYN: the stream begins behind it
   */
  segment(key: string, sequence: number, starts: boolean, payload: Uint8Array, onMessage: OnMessage): void {
    if (starts) {
      this.begin(key, (sequence + 1) >>> 0);
      return;
    }
    const stream = this.streams.get(key);
    if (stream === undefined || payload.length === 0) return;
    this.take(stream, sequence >>> 0, payload);
    for (let early = nextEarly(stream); early !== null; early = nextEarly(stream)) this.take(stream, ...early);
    if (!deliver(stream, onMessage)) this.streams.delete(key);
  }

  /** The connection has ended. */
  end(key: string): void {
    this.streams.delete(key);
  }

  private begin(key: string, next: number): void {
    if (this.streams.size >= MOST_STREAMS && !this.streams.has(key)) {
      const [oldest] = this.streams.keys();
      this.streams.delete(oldest!);
    }
    this.streams.set(key, { next, bytes: new Uint8Array(512), length: 0, early: new Map() });
  }

  private take(stream: Stream, sequence: number, payload: Uint8Array): void {
    // Distances around the circle of sequence numbers.
    const ahead = (sequence - stream.next) | 0;
    if (ahead > 0) {
      if (stream.early.size < MOST_WAITING) stream.early.set(sequence, payload.slice());
      return;
    }
    const rest = payload.subarray(-ahead);
    if (-ahead >= payload.length || stream.length + rest.length > MOST_BYTES * 2) return;
    if (stream.length + rest.length > stream.bytes.length) {
      const wider = new Uint8Array(2 * (stream.length + rest.length));
      wider.set(stream.bytes.subarray(0, stream.length));
      stream.bytes = wider;
    }
    stream.bytes.set(rest, stream.length);
    stream.length += rest.length;
    stream.next = (stream.next + rest.length) >>> 0;
  }
}

/** A segment that now has its turn, or is old. */
function nextEarly({ early, next }: Stream): [number, Uint8Array] | null {
  for (const [sequence, payload] of early) {
    if (((sequence - next) | 0) > 0) continue;
    early.delete(sequence);
    return [sequence, payload];
  }
  return null;
}

/** @returns false where the stream holds more than a message can be */
function deliver(stream: Stream, onMessage: OnMessage): boolean {
  const { bytes } = stream;
  let at = 0;
  while (stream.length - at >= 2) {
    const size = (bytes[at]! << 8) | bytes[at + 1]!;
    if (stream.length - at - 2 < size) break;
    onMessage(bytes, at + 2, at + 2 + size);
    at += 2 + size;
  }
  bytes.copyWithin(0, at, stream.length);
  stream.length -= at;
  return stream.length <= MOST_BYTES;
}
