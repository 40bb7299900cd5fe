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

/** Why what no proxy takes for HTTP/1.1 is not read. */
export const NOT_HTTP = 'it is not HTTP/1.1';

const FIRST_BYTES = 64;

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
  private line = new Uint8Array(FIRST_BYTES);
  /** Bytes of it that are taken. */
  private length = 0;
  /** The line at hand is a head's first. */
  private isFirstLine = true;
  /** Whether that is one of a request; undefined: not asked yet. */
  private isRequestLine: boolean | undefined;
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
    this.clear();
    this.sink.unread(why);
  }

  /** The capture ends: what began may have gone on. */
  end(): void {
    if (!this.isSilent && this.length > 0 && this.state === 'head') this.sink.unread('its head is not whole');
  }

  /** Bytes of a head or line that is not whole. */
  get kept(): number {
    return this.line.length;
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
    if (this.length === 0) {
      // RFC 9112, 2.2: empty lines before a request are passed over.
      if (bytes[from] === CR || bytes[from] === LF) return from + 1;
      if (bytes[from] === TLS_HANDSHAKE && !this.mayChange) {
        this.fail('it is encrypted (TLS)');
        return to;
      }
    }
    for (let at = from; at < to; at++) {
      this.push(bytes[at]!);
      const { line, length: end } = this;
      if (line[end - 1] !== LF) {
        if (end <= MOST_HEAD) continue;
        this.failHead('its head is too long');
        return to;
      }
      if (line[end - 2] !== CR) {
        this.failHead('a line without its end');
        return to;
      }
      this.isFirstLine = false;
      if (line[end - 3] === LF && end > 4) {
        if (beginsHttp2(line, 0, end)) this.fail('it is HTTP/2');
        else this.takeHead(readHead(line, 0, end - 4));
        return at + 1;
      }
    }
    if (!this.mayBecomeRequest()) this.failHead(UNLIKE);
    return to;
  }

  /** A line that has not ended yet, by its beginning; one that has, as a whole. */
  private mayBecomeRequest(): boolean {
    const { line, length, isFirstLine } = this;
    if (!isFirstLine) {
      this.isRequestLine ??= REQUEST_LINE.test(textOf(line, 0, line.indexOf(CR)));
      return this.isRequestLine;
    }
    return length > LOOKED_AT || BEGINNING.test(textOf(line, 0, length));
  }

  /** Behind a request for another protocol it is that, where no proxy takes it for a request. */
  private failHead(why: string): void {
    const isOther = !mayBeHttp(this.line, this.length);
    if (isOther && this.mayChange) {
      this.state = 'other';
      this.clear();
    } else this.fail(isOther ? NOT_HTTP : why);
  }

  private takeHead(head: Head | null): void {
    if (head === null) {
      this.failHead(UNLIKE);
      return;
    }
    this.clear();
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
    for (let at = from; at < to; at++) {
      this.push(bytes[at]!);
      const { line, length } = this;
      if (bytes[at] === LF) {
        this.clear();
        if (line[length - 2] === CR) take(textOf(line, 0, length - 2));
        else this.fail('a line without its end');
        return at + 1;
      }
      if (length > most) {
        this.fail('a line that is too long');
        return to;
      }
    }
    return to;
  }

  private push(byte: number): void {
    if (this.length === this.line.length) {
      const wider = new Uint8Array(2 * this.length);
      wider.set(this.line);
      this.line = wider;
    }
    this.line[this.length++] = byte;
  }

  private clear(): void {
    if (this.line.length > FIRST_BYTES) this.line = new Uint8Array(FIRST_BYTES);
    this.length = 0;
    this.isFirstLine = true;
    this.isRequestLine = undefined;
  }

  private fail(why: string): void {
    this.isUnreadable = true;
    this.clear();
    this.sink.unread(why);
  }
}

const HTTP2_PREFACE = 'PRI * HTTP/2.0\r\n\r\n';

/** RFC 9113, 3.4. */
function beginsHttp2(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from < HTTP2_PREFACE.length) return false;
  for (let i = 0; i < HTTP2_PREFACE.length; i++) if (bytes[from + i] !== HTTP2_PREFACE.charCodeAt(i)) return false;
  return true;
}

const UNLIKE = 'its head is not one that every reader reads alike';

/** Bytes of a line without an end that are looked at each time. */
const LOOKED_AT = 1 << 10;

const decoder = new TextDecoder('latin1');
const textOf = (bytes: Uint8Array, from: number, to: number): string => decoder.decode(bytes.subarray(from, to));

const REQUEST_LINE = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [!-~]+ HTTP\/[0-9.]+$/;
/** Of one: a method, a target, a version. */
const BEGINNING = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+( [!-~]*( (H|HT|HTT|HTTP|HTTP\/[0-9.]*\r?)?)?)?$/;

/** Methods that parsers of HTTP know: what begins with one of them and a space they may take for a request of some kind. */
const METHODS = [
  ...['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'PURGE', 'SOURCE', 'PRI'],
  ...['COPY', 'LOCK', 'UNLOCK', 'MKCOL', 'MOVE', 'PROPFIND', 'PROPPATCH', 'SEARCH', 'BIND', 'REBIND', 'UNBIND', 'ACL'],
  ...['REPORT', 'MKACTIVITY', 'CHECKOUT', 'MERGE', 'M-SEARCH', 'NOTIFY', 'SUBSCRIBE', 'UNSUBSCRIBE', 'MKCALENDAR'],
  ...['LINK', 'UNLINK', 'QUERY'],
];
/** Not those that may be another one's end: a hole may reach into a method. */
const WHOLE_METHODS = METHODS.filter(it => !METHODS.some(other => other !== it && other.endsWith(it)));
const REQUEST_BEHIND_A_HOLE = new RegExp(`^(${WHOLE_METHODS.join('|')}) [!-~]+ HTTP/1\\.[01]$`);

function looksLikeRequest(bytes: Uint8Array, from: number, to: number): boolean {
  const end = bytes.subarray(from, to).indexOf(CR);
  if (end < 0 || bytes[from + end + 1] !== LF || from + end + 1 >= to) return false;
  return REQUEST_BEHIND_A_HOLE.test(textOf(bytes, from, from + end));
}

/** Whether a parser may take it for HTTP: a request line of any method, or the beginning of a line of a known one. */
function mayBeHttp(line: Uint8Array, length: number): boolean {
  const beginning = textOf(line, 0, Math.min(length, 16));
  if (METHODS.some(it => `${it} `.startsWith(beginning) || beginning.startsWith(`${it} `))) return true;
  const [first = ''] = textOf(line, 0, Math.min(length, MOST_HEAD)).split(/\r?\n/, 1);
  return REQUEST_LINE.test(first);
}
