/**
 * DNS over TCP (RFC 7766): the segments of one direction of connections -> messages (cold).
 *
 * In:  payloads, with their sequence numbers, in capture order.  Out: each whole message once. A stream that begins in the
 * middle, or has a hole that is not filled, gives nothing from there on. Bounded: MOST_STREAMS streams.
 */
import { type ByteSink, Segments } from '../streams/segments.js';

const MOST_STREAMS = 4096;

interface Stream {
  readonly segments: Segments;
  readonly messages: Messages;
}

export type OnMessage = (bytes: Uint8Array, from: number, to: number) => void;

export class DnsStreams {
  private readonly streams = new Map<string, Stream>();

  /**
   * @param key the connection and direction
   * @param starts whether it is a SYN: the stream begins behind it
   * @param cut bytes of the payload that the capture left out
   */
  segment(
    key: string,
    sequence: number,
    starts: boolean,
    payload: Uint8Array,
    cut: number,
    onMessage: OnMessage,
  ): void {
    if (starts) {
      this.begin(key, (sequence + 1) >>> 0);
      return;
    }
    const stream = this.streams.get(key);
    if (stream === undefined) return;
    const { messages, segments } = stream;
    messages.onMessage = onMessage;
    segments.take(sequence >>> 0, payload, 0, payload.length, cut, messages);
    if (messages.isLost) this.streams.delete(key);
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
    this.streams.set(key, { segments: new Segments(next), messages: new Messages() });
  }
}

/** A stream's bytes -> messages, each behind its length in two bytes (RFC 1035, 4.2.2). */
export class Messages implements ByteSink {
  /** A hole: where the next message begins is not known any more. */
  isLost = false;
  onMessage: OnMessage = () => {};
  private rest = new Uint8Array(512);
  /** Bytes of a message that is not whole. */
  length = 0;

  bytes(bytes: Uint8Array, from: number, to: number): void {
    if (this.isLost) return;
    this.add(bytes, from, to);
    const { rest } = this;
    let at = 0;
    while (this.length - at >= 2) {
      const size = (rest[at]! << 8) | rest[at + 1]!;
      if (this.length - at - 2 < size) break;
      this.onMessage(rest, at + 2, at + 2 + size);
      at += 2 + size;
    }
    if (at === 0) return;
    rest.copyWithin(0, at, this.length);
    this.length -= at;
  }

  /** Memory taken for them. */
  get kept(): number {
    return this.rest.length;
  }

  missing(): void {
    this.isLost = true;
  }

  private add(bytes: Uint8Array, from: number, to: number): void {
    const length = this.length + to - from;
    if (length > this.rest.length) {
      const wider = new Uint8Array(2 * length);
      wider.set(this.rest.subarray(0, this.length));
      this.rest = wider;
    }
    this.rest.set(bytes.subarray(from, to), this.length);
    this.length = length;
  }
}
