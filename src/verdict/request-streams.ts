/**
 * Requests of the connections that somebody listens to (cold: only their packets come here).
 *
 * In:  batches after they were judged.  Out: each request to the connection's listener; the packet that completes it gets the
 * code that the listener gives; a refusal that ends the connection drops what follows. Where requests cannot be read, the
 * packets from there on are `undecided: unsupported`, until they can be read again. Of a listener that changes no verdicts all
 * packets keep theirs.
 * Bounded: of MOST_CONNECTIONS connections the streams are kept, those not heard of for longest are given up.
 */
import type { FrameBatch } from '../capture/frame.js';
import { readQuestion } from '../names/message.js';
import { Messages } from '../names/streams.js';
import {
  DPORT,
  DST,
  END,
  FAMILY,
  FRAG_LATER,
  FRAGMENT,
  L4,
  PAYLOAD,
  type PacketBatch,
  PROTOCOL,
  SPORT,
  SRC,
  STRIDE,
  TCP_ACK,
  TCP_FLAGS,
  TCP_SEQ,
} from '../packet/row.js';
import { addressText } from '../packet/text.js';
import { HttpReader } from '../requests/http-reader.js';
import type { HttpRequest } from '../requests/request.js';
import { TCP, UDP } from '../rules/protocols.js';
import { type ByteSink, Segments } from '../streams/segments.js';
import type { Question } from '../tree/classifier.js';
import type { Decision } from './decisions.js';
import type { EndOwners } from './end-owners.js';
import {
  DROPPED_CONNECTION,
  DROPPED_DEFAULT_DENY,
  DROPPED_HTTP_DENIED,
  MARK_DUPLICATE,
  MARK_ORIGINAL,
  PENDING,
  UNDECIDED_UNSUPPORTED,
  type VerdictBatch,
} from './verdict.js';

const MOST_CONNECTIONS = 65_536;
/** Codes of packets that copies may still come of. */
const MOST_COPIED = 4096;
const UDP_HEADER = 8;
const SYN = 2;
const FIN = 1;
const RST = 4;

export interface OpenedConnection {
  /** Its number. */
  readonly connection: number;
  readonly decision: number;
  /** The first packet of it that was listened to. */
  readonly opened: number;
  /** As it was judged: real ends, behind a service its pod and port. */
  readonly question: Question;
}

/** Each gives the code of the packet that was read last: PENDING where it keeps its own. */
export interface RequestListener {
  readonly protocol: 'HTTP' | 'DNS';
  http(request: HttpRequest, packet: number): number;
  dns(name: string, packet: number): number;
  unread(why: string, packet: number): number;
  /** Nothing more comes. */
  end?(): void;
}

export interface Listening {
  readonly changesVerdicts: boolean;
  /** Whether anybody may listen to connections decided so. */
  isAsked(decision: Decision): boolean;
  /** @returns null: nobody does */
  listen(connection: OpenedConnection, decision: Decision): RequestListener | null;
}

interface Stream {
  /** null: nobody listens. */
  readonly listener: RequestListener | null;
  /** null: of datagrams. */
  readonly segments: Segments | null;
  readonly sink: ByteSink;
  /** Whether nothing can be read now. */
  readonly isLost: () => boolean;
  isOver: boolean;
  /** The packet at which the connection was refused; 0: it was not. */
  refusedAt: number;
}

export class RequestStreams {
  private readonly streams = new Map<number, Stream>();
  /** By decision: 1 asked, 2 not; 0 not known yet. */
  private asked = new Uint8Array(1024);
  /** Packets whose code was changed, for their copies. */
  private readonly changed = new Map<number, number>();
  private number = 0;
  /** The code that the packet at hand gets, and where its connection was refused. */
  private code = PENDING;
  private refusedAt = 0;
  /** Connections that were given up. */
  private givenUp = 0;

  /** @param addressOf the address of an owner, of a family */
  constructor(
    private readonly listening: Listening,
    private readonly decisions: readonly Decision[],
    private readonly ends: EndOwners,
    private readonly addressOf: (owner: number, family: number) => string | null,
  ) {}

  /** Looks at a batch that was judged, and changes codes in it. @param first the number of its first packet */
  batch(frames: FrameBatch, { rows, duplicateOf }: PacketBatch, verdicts: VerdictBatch, first: number): void {
    const { count, code, decision, marks, connection } = verdicts;
    for (let i = 0; i < count; i++) {
      const c = code[i]!;
      // Only what passes reaches a proxy.
      if (c === PENDING || c >= DROPPED_DEFAULT_DENY || decision[i]! < 0 || connection[i] === 0) continue;
      if (!this.isAsked(decision[i]!)) continue;
      if ((marks[i]! & MARK_DUPLICATE) !== 0) {
        code[i] = this.changed.get(duplicateOf[i]!) ?? c;
        continue;
      }
      const given = this.packet(frames, rows, i, verdicts, first + i);
      if (given === PENDING || !this.listening.changesVerdicts) continue;
      if (given === DROPPED_CONNECTION) verdicts.packet[i] = this.refusedAt;
      code[i] = given;
      this.remember(first + i, given);
    }
  }

  /** The capture's end: what waits behind a hole is read. */
  end(): void {
    for (const { segments, sink, listener } of this.streams.values()) {
      segments?.end(sink);
      listener?.end?.();
    }
  }

  warnings(): string[] {
    if (this.givenUp === 0) return [];
    return [
      `Requests of ${this.givenUp} connections were read to a part only: more than ${MOST_CONNECTIONS} were open at once.`,
    ];
  }

  private isAsked(decision: number): boolean {
    if (decision >= this.asked.length) {
      const wider = new Uint8Array(2 * decision);
      wider.set(this.asked);
      this.asked = wider;
    }
    if (this.asked[decision] === 0) this.asked[decision] = this.listening.isAsked(this.decisions[decision]!) ? 1 : 2;
    return this.asked[decision] === 1;
  }

  private packet(frames: FrameBatch, rows: Int32Array, i: number, verdicts: VerdictBatch, number: number): number {
    const base = i * STRIDE;
    const protocol = rows[base + PROTOCOL];
    if ((protocol !== TCP && protocol !== UDP) || (rows[base + FRAGMENT]! & FRAG_LATER) !== 0) return PENDING;
    this.number = number;
    this.code = PENDING;
    const stream = this.streamOf(rows, base, i, verdicts);
    const { listener, segments } = stream;
    if (listener === null) return PENDING;
    this.refusedAt = stream.refusedAt;
    if (stream.refusedAt > 0) return DROPPED_CONNECTION;
    const isFromInitiator = (verdicts.marks[i]! & MARK_ORIGINAL) !== 0;
    if (isFromInitiator && segments === null) this.datagram(listener, frames, rows, base);
    else if (isFromInitiator && segments !== null) this.segment(stream, segments, frames, rows, base);
    if ((rows[base + TCP_FLAGS]! & RST) !== 0) stream.isOver = true;
    if (this.code === DROPPED_HTTP_DENIED) stream.refusedAt = number;
    if (this.code !== PENDING) return this.code;
    return !stream.isOver && stream.isLost() ? UNDECIDED_UNSUPPORTED : PENDING;
  }

  private datagram(listener: RequestListener, { bytes }: FrameBatch, rows: Int32Array, base: number): void {
    const from = rows[base + L4]! + UDP_HEADER;
    const name = readQuestion(bytes, from, rows[base + END]!);
    this.take(
      name === null || listener.protocol !== 'DNS'
        ? listener.unread('it is no DNS question that can be read', this.number)
        : listener.dns(name, this.number),
    );
  }

  private segment(stream: Stream, segments: Segments, { bytes }: FrameBatch, rows: Int32Array, base: number): void {
    const flags = rows[base + TCP_FLAGS]!;
    const l4 = rows[base + L4]!;
    const end = rows[base + END]!;
    const from = Math.min(end, l4 + (bytes[l4 + 12]! >> 4) * 4);
    const cut = Math.max(0, rows[base + PAYLOAD]! - (end - from));
    const to = Math.min(end, from + rows[base + PAYLOAD]!);
    const sequence = (rows[base + TCP_SEQ]! + ((flags & SYN) !== 0 ? 1 : 0)) >>> 0;
    segments.take(sequence, bytes, from, to, cut, stream.sink);
    if ((flags & FIN) !== 0 && segments.isAt((sequence + rows[base + PAYLOAD]!) >>> 0)) stream.isOver = true;
  }

  private streamOf(rows: Int32Array, base: number, i: number, { connection, decision, marks }: VerdictBatch): Stream {
    const number = connection[i]!;
    const known = this.streams.get(number);
    if (known !== undefined) {
      if (this.streams.size <= MOST_CONNECTIONS / 2) return known;
      // The map's order is that in which they were heard of.
      this.streams.delete(number);
      this.streams.set(number, known);
      return known;
    }
    if (this.streams.size >= MOST_CONNECTIONS) {
      const [oldest] = this.streams.keys();
      const given = this.streams.get(oldest!)!;
      if (!given.isOver && given.listener !== null) this.givenUp++;
      given.listener?.end?.();
      this.streams.delete(oldest!);
    }
    const isOriginal = (marks[i]! & MARK_ORIGINAL) !== 0;
    const opened = this.describe(rows, base, number, decision[i]!, isOriginal);
    const listener = this.listening.listen(opened, this.decisions[decision[i]!]!);
    const isTcp = rows[base + PROTOCOL] === TCP;
    const begins = (rows[base + TCP_FLAGS]! & SYN) !== 0;
    const stream =
      isTcp && listener !== null
        ? this.newStream(listener, firstByte(rows, base, isOriginal), begins)
        : datagrams(listener);
    this.streams.set(number, stream);
    return stream;
  }

  private newStream(listener: RequestListener, next: number, begins: boolean): Stream {
    const segments = new Segments(next);
    const unread = (why: string): void => this.take(listener.unread(why, this.number));
    if (listener.protocol === 'HTTP') {
      const reader = new HttpReader(
        { request: request => this.take(listener.http(request, this.number)), unread },
        begins,
      );
      return { listener, segments, sink: reader, isLost: () => reader.isLost, isOver: false, refusedAt: 0 };
    }
    const messages = new Messages();
    if (!begins) {
      messages.isLost = true;
      unread('its connection began before the capture');
    }
    messages.onMessage = (bytes, from, to) => {
      const name = readQuestion(bytes, from, to);
      if (name === null) unread('it is no DNS question that can be read');
      else this.take(listener.dns(name, this.number));
    };
    const sink: ByteSink = {
      bytes: (bytes, from, to) => messages.bytes(bytes, from, to),
      missing() {
        if (!messages.isLost) unread('the capture lacks bytes of it');
        messages.missing();
      },
    };
    return { listener, segments, sink, isLost: () => messages.isLost, isOver: false, refusedAt: 0 };
  }

  private describe(
    rows: Int32Array,
    base: number,
    connection: number,
    decision: number,
    original: boolean,
  ): OpenedConnection {
    const { ends } = this;
    ends.find(decision, rows, base, original);
    const { port } = this.decisions[decision]!;
    const family = rows[base + FAMILY]!;
    const [from, to] = original ? [SRC, DST] : [DST, SRC];
    const behind = port >= 0 && ends.destination >= 0 ? this.addressOf(ends.destination, family) : null;
    const question: Question = {
      source: { owner: ends.source, address: addressText(rows, base, from) },
      destination: { owner: ends.destination, address: behind ?? addressText(rows, base, to) },
      protocol: rows[base + PROTOCOL]!,
      sourcePort: rows[base + (original ? SPORT : DPORT)]!,
      destinationPort: port >= 0 ? port : rows[base + (original ? DPORT : SPORT)]!,
      icmpType: -1,
      icmpCode: -1,
    };
    return { connection, decision, opened: this.number, question };
  }

  /** Of several requests in one packet a refusal counts, then what is not known. */
  private take(code: number): void {
    if (this.code === PENDING || (this.code === UNDECIDED_UNSUPPORTED && code !== PENDING)) this.code = code;
  }

  private remember(number: number, code: number): void {
    if (this.changed.size >= MOST_COPIED) {
      const [oldest] = this.changed.keys();
      this.changed.delete(oldest!);
    }
    this.changed.set(number, code);
  }
}

/** The sequence number of the initiator's first byte, or of the next one: as the packet has it, or as it acknowledges it. */
function firstByte(rows: Int32Array, base: number, isOriginal: boolean): number {
  const isSyn = (rows[base + TCP_FLAGS]! & SYN) !== 0;
  return (isOriginal ? rows[base + TCP_SEQ]! + (isSyn ? 1 : 0) : rows[base + TCP_ACK]!) >>> 0;
}

const NOTHING: ByteSink = { bytes: () => {}, missing: () => {} };
const datagrams = (listener: RequestListener | null): Stream => ({
  listener,
  segments: null,
  sink: NOTHING,
  isLost: () => false,
  // Nothing is lost with it.
  isOver: true,
  refusedAt: 0,
});
