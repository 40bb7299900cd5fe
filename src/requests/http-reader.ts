/**
 * Bytes that a client sends -> its HTTP/1.1 requests, one behind the other (RFC 9112; cold).
 *
 * In:  the bytes of one direction in order (streams/segments.ts), and how many are missing where.  Out: to a sink each request
 * when its head is whole; and where there is something that cannot be read, why. Bodies are passed over and never kept, so a
 * hole in a body of known length does no harm. Behind any other hole, and in a connection that began before the capture,
 * reading begins again with the first segment that begins with a request line.
 * Bounded: a head of at most MOST_HEAD bytes is kept.
 */
import type { ByteSink } from '../streams/segments.js';
import { type Body, type Head, readHead } from './http-head.js';
import type { HttpRequest } from './request.js';

/** Envoy's limit of a head (max_request_headers_kb). */
const MOST_HEAD = 60 << 10;
/** Of a line that gives a chunk's size, with its extensions. */
const MOST_LINE = 4 << 10;

/** Why what cannot be one is not read. */
export const NOT_HTTP = 'it is not HTTP/1.1';

const CR = 13;
const LF = 10;
const TLS_HANDSHAKE = 22;

/** What the next byte is: between requests or in a head; of a body; of a chunk's size, of the chunk, of the line end behind
 *  it; of the fields behind the last chunk; of another protocol; not known; nothing of the connection was seen so far. */
type State = 'head' | 'body' | 'size' | 'chunk' | 'line end' | 'trailers' | 'other' | 'lost' | 'unseen';

export interface RequestSink {
  request(request: HttpRequest): void;
  /** Something that a proxy would judge, and that cannot be: one request, or more in a hole. */
  unread(why: string): void;
}

export class HttpReader implements ByteSink {
  private isUnreadable = false;
  private state: State;
  /** Bytes of the body, or of the chunk, to come. */
  private left = 0;
  private readonly line: number[] = [];
  /** The request at hand may be the last one of HTTP. */
  private mayChange = false;

  /** @param starts whether the first byte is the connection's first */
  constructor(
    private readonly sink: RequestSink,
    starts: boolean,
  ) {
    this.state = starts ? 'head' : 'unseen';
  }

  bytes(bytes: Uint8Array, from: number, to: number, starts: boolean): void {
    if (this.state === 'lost' || this.state === 'unseen') {
      if (!starts || !looksLikeRequest(bytes, from, to)) {
        if (this.state === 'unseen') this.lose('its connection began before the capture');
        return;
      }
      this.state = 'head';
    }
    for (let at = from; at < to && !this.isSilent; ) at = this.step(bytes, at, to);
  }

  missing(count: number): void {
    if (this.isSilent) return;
    if ((this.state === 'body' || this.state === 'chunk') && count <= this.left) {
      this.pass(count);
      return;
    }
    // A connection that is cut between two requests may have had one there.
    this.lose('the capture lacks bytes of it');
  }

  private lose(why: string): void {
    this.state = 'lost';
    this.line.length = 0;
    this.sink.unread(why);
  }

  /** The capture ends: what began may have gone on. */
  end(): void {
    if (!this.isSilent && this.line.length > 0 && this.state === 'head') this.sink.unread('its head is not whole');
  }

  /** What passes cannot be told now. */
  get isLost(): boolean {
    return this.isUnreadable || this.state === 'lost';
  }

  /** Nothing is read of what comes, until it begins again. */
  private get isSilent(): boolean {
    return this.isUnreadable || this.state === 'other' || this.state === 'lost';
  }

  /** @returns behind what was read */
  private step(bytes: Uint8Array, at: number, to: number): number {
    switch (this.state) {
      case 'body':
      case 'chunk': {
        const taken = Math.min(this.left, to - at);
        this.pass(taken);
        return at + taken;
      }
      case 'line end':
        return this.readLine(bytes, at, to, 2, line => {
          if (line !== '') this.fail('a chunk without its end');
          else this.state = 'size';
        });
      case 'size':
        return this.readLine(bytes, at, to, MOST_LINE, line => this.beginChunk(line));
      case 'trailers':
        return this.readLine(bytes, at, to, MOST_HEAD, line => {
          if (line === '') this.endRequest();
        });
      default:
        return this.readHead(bytes, at, to);
    }
  }

  private readHead(bytes: Uint8Array, from: number, to: number): number {
    const { line } = this;
    if (line.length === 0) {
      // RFC 9112, 2.2: empty lines before a request are passed over.
      if (bytes[from] === CR || bytes[from] === LF) return from + 1;
      if (this.mayChange && !looksLikeRequest(bytes, from, to) && !beginsHttp2(bytes, from, to)) {
        this.state = 'other';
        return to;
      }
      if (bytes[from] === TLS_HANDSHAKE) {
        this.fail('it is encrypted (TLS)');
        return to;
      }
    }
    for (let at = from; at < to; at++) {
      line.push(bytes[at]!);
      const end = line.length;
      const isEnd =
        line[end - 1] === LF && line[end - 2] === CR && line[end - 3] === LF && line[end - 4] === CR && end > 4;
      if (isEnd) {
        if (beginsHttp2(line, 0, end)) this.fail('it is HTTP/2');
        else this.takeHead(readHead(Uint8Array.from(line), 0, end - 4));
        return at + 1;
      }
      const isBare = line[end - 1] === LF && line[end - 2] !== CR;
      if (isBare || end > MOST_HEAD) {
        this.fail(isBare ? 'a line without its end' : 'its head is too long');
        return to;
      }
    }
    if (!mayBecomeRequest(line)) this.fail(NOT_HTTP);
    return to;
  }

  private takeHead(head: Head | null): void {
    this.line.length = 0;
    if (head === null) {
      this.fail('its head is not one that every reader reads alike');
      return;
    }
    this.mayChange = head.mayChange;
    if (head.doubt === null) this.sink.request(head.request);
    else this.sink.unread(head.doubt);
    this.beginBody(head.body);
  }

  private beginBody(body: Body): void {
    if (body === 'chunked') this.state = 'size';
    else if (body === 0) this.endRequest();
    else {
      this.state = 'body';
      this.left = body;
    }
  }

  private beginChunk(line: string): void {
    const size = /^([0-9a-fA-F]{1,12})[ \t]*(;.*)?$/.exec(line);
    if (size === null) {
      this.fail('a chunk without its size');
      return;
    }
    this.left = Number.parseInt(size[1]!, 16);
    this.state = this.left === 0 ? 'trailers' : 'chunk';
  }

  private pass(count: number): void {
    this.left -= count;
    if (this.left > 0) return;
    if (this.state === 'chunk') this.state = 'line end';
    else this.endRequest();
  }

  private endRequest(): void {
    this.state = 'head';
  }

  private readLine(bytes: Uint8Array, from: number, to: number, most: number, take: (line: string) => void): number {
    const { line } = this;
    for (let at = from; at < to; at++) {
      line.push(bytes[at]!);
      if (bytes[at] === LF) {
        const text = String.fromCharCode(...line);
        line.length = 0;
        if (text.endsWith('\r\n')) take(text.slice(0, -2));
        else this.fail('a line without its end');
        return at + 1;
      }
      if (line.length > most) {
        this.fail('a line that is too long');
        return to;
      }
    }
    return to;
  }

  private fail(why: string): void {
    this.isUnreadable = true;
    this.line.length = 0;
    this.sink.unread(why);
  }
}

const HTTP2_PREFACE = 'PRI * HTTP/2.0\r\n\r\n';

/** RFC 9113, 3.4. */
function beginsHttp2(bytes: ArrayLike<number>, from: number, to: number): boolean {
  if (to - from < HTTP2_PREFACE.length) return false;
  for (let i = 0; i < HTTP2_PREFACE.length; i++) if (bytes[from + i] !== HTTP2_PREFACE.charCodeAt(i)) return false;
  return true;
}

/** Bytes of a request line that are looked at. */
const LOOKED_AT = 8 << 10;

function looksLikeRequest(bytes: Uint8Array, from: number, to: number): boolean {
  const text = String.fromCharCode(...bytes.subarray(from, Math.min(to, from + LOOKED_AT)));
  return /^[A-Z]{1,24} [!-~]+ HTTP\/1\.[01]\r\n/.test(text);
}

/** Whether the beginning of a head may still become one: a method, a target, a version, and fields behind it. */
function mayBecomeRequest(line: readonly number[]): boolean {
  const end = line.indexOf(LF);
  const first = line.slice(0, Math.min(end < 0 ? line.length : end - 1, LOOKED_AT));
  const text = String.fromCharCode(...first);
  if (end >= 0) return /^[!-~]+ [!-~]+ HTTP\/[0-9.]+$/.test(text);
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+( [!-~]*( H?T?T?P?\/?[0-9.]*\r?)?)?$/.test(text);
}
