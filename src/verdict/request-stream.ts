/**
 * One connection that somebody listens to: its packets -> requests, in order (cold).
 *
 * In:  TCP segments of the initiator, and datagrams.  Out: to the listener each request, or why there is one that cannot be
 * read; what the listener answers goes to the turn of the packet at hand.
 * A SYN with another number begins the connection anew if what follows is nearer to it: not every connection table tells the
 * two apart, and a stray SYN ends nothing.
 */
import type { FrameBatch } from '../capture/frame.js';
import { readQuestion } from '../names/message.js';
import { Messages } from '../names/streams.js';
import { payloadAt } from '../packet/payload.js';
import { END, PAYLOAD, TCP_FLAGS, TCP_SEQ } from '../packet/row.js';
import { HttpReader } from '../requests/http-reader.js';
import { type ByteSink, Segments } from '../streams/segments.js';
import type { RequestListener } from './request-streams.js';

const FIN = 1;
const SYN = 2;
const NO_QUESTION = 'it is no DNS question that can be read';

/** The packet at hand. */
export interface Turn {
  number: number;
  /** A code that it gets: of several a refusal counts, then what is not known. */
  take(code: number): void;
}

/** From one SYN to the next. */
interface Incarnation {
  readonly segments: Segments;
  readonly sink: ByteSink;
  readonly isLost: () => boolean;
  readonly kept: () => number;
}

export class RequestStream {
  /** It has ended, as far as was seen. */
  isOver = false;
  /** The packet at which the connection was refused; 0: it was not. */
  refusedAt = 0;
  /** The packet of it that was looked at last. */
  last = 0;
  private current: Incarnation | null = null;
  /** What a SYN began, until it is known which of the two goes on. */
  private next: Incarnation | null = null;
  private first = 0;
  /** Its first packet may have been a probe, which stands one byte in front. */
  private mayBeProbe = false;
  private isInFragments = false;

  constructor(
    readonly listener: RequestListener,
    private readonly turn: Turn,
  ) {}

  /** Of TCP. @param first the sequence number of the initiator's next byte @param begins whether that is its first */
  begin(first: number, begins: boolean): void {
    this.first = first;
    this.current = this.incarnation(first, begins);
    this.mayBeProbe = !begins;
  }

  /** Nothing can be read now. */
  get isLost(): boolean {
    return this.current?.isLost() ?? false;
  }

  /** Something is lost with it if it is given up now; datagrams stand each for itself. */
  get isOpen(): boolean {
    return this.current !== null && !this.isOver;
  }

  get kept(): number {
    return (this.current?.kept() ?? 0) + (this.next?.kept() ?? 0);
  }

  datagram({ bytes }: FrameBatch, rows: Int32Array, base: number): void {
    const { listener, turn } = this;
    const name = readQuestion(bytes, payloadAt(bytes, rows, base), rows[base + END]!);
    if (name === null || listener.protocol !== 'DNS') this.unread(NO_QUESTION);
    else turn.take(listener.dns(name, turn.number));
  }

  /** Nobody puts its fragments together: what they carry is not read. */
  fragment(): void {
    if (!this.isInFragments) this.listener.unread('it comes in fragments', this.turn.number);
    this.isInFragments = true;
  }

  segment({ bytes }: FrameBatch, rows: Int32Array, base: number): void {
    const flags = rows[base + TCP_FLAGS]!;
    const end = rows[base + END]!;
    const payload = rows[base + PAYLOAD]!;
    const from = payloadAt(bytes, rows, base);
    const to = Math.min(end, from + payload);
    const cut = Math.max(0, payload - (end - from));
    const isSyn = (flags & SYN) !== 0;
    const sequence = (rows[base + TCP_SEQ]! + (isSyn ? 1 : 0)) >>> 0;
    if (isSyn && sequence !== this.first) {
      this.first = sequence;
      this.next = this.incarnation(sequence, true);
    }
    if (payload > 0) this.choose(sequence);
    const { segments, sink } = this.current!;
    segments.take(sequence, bytes, from, to, cut, sink);
    if ((flags & FIN) !== 0 && segments.isAt((sequence + payload) >>> 0)) this.isOver = true;
  }

  /** Nothing more comes. */
  end(): void {
    this.current?.segments.end(this.current.sink);
    this.listener.end?.();
  }

  private choose(sequence: number): void {
    const { current, next } = this;
    if (next !== null) {
      this.next = null;
      if (next.segments.distance(sequence) < current!.segments.distance(sequence)) {
        current!.segments.end(current!.sink);
        this.current = next;
        this.isOver = false;
        this.mayBeProbe = false;
      }
    }
    if (this.mayBeProbe && this.current!.segments.isAt((sequence - 1) >>> 0)) {
      this.current = this.incarnation(sequence, false);
    }
    this.mayBeProbe = false;
  }

  private unread(why: string): void {
    this.turn.take(this.listener.unread(why, this.turn.number));
  }

  private incarnation(first: number, begins: boolean): Incarnation {
    const { listener, turn } = this;
    const segments = new Segments(first);
    const unread = (why: string): void => this.unread(why);
    if (listener.protocol === 'HTTP') {
      const reader = new HttpReader(
        { request: request => turn.take(listener.http(request, turn.number)), unread },
        begins,
      );
      return { segments, sink: reader, isLost: () => reader.isLost, kept: () => segments.kept + reader.kept };
    }
    const messages = new Messages();
    if (!begins) {
      messages.isLost = true;
      unread('its connection began before the capture');
    }
    messages.onMessage = (bytes, from, to) => {
      const name = readQuestion(bytes, from, to);
      if (name === null) unread(NO_QUESTION);
      else turn.take(listener.dns(name, turn.number));
    };
    const sink: ByteSink = {
      bytes: (bytes, from, to) => messages.bytes(bytes, from, to),
      missing() {
        if (!messages.isLost) unread('the capture lacks bytes of it');
        messages.missing();
      },
      end() {
        if (!messages.isLost && messages.length > 0) unread('its message is not whole');
      },
    };
    return { segments, sink, isLost: () => messages.isLost, kept: () => segments.kept + messages.kept };
  }
}
