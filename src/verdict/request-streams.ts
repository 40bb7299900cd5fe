/**
 * Requests of the connections that somebody listens to (cold: only their packets come here).
 *
 * In:  batches after they were judged.  Out: each request to the connection's listener (request-stream.ts); the packet that
 * completes it gets the code that the listener gives; a refusal that ends the connection drops what follows. Where requests
 * cannot be read, the packets from there on are `undecided: unsupported`, until they can be read again. Of a listener that
 * changes no verdicts all packets keep theirs.
 * Bounded: of MOST_CONNECTIONS connections the streams are kept, and MOST_KEPT bytes of them; the oldest are given up. As many
 * that have ended are remembered, for packets that come late.
 */
import type { FrameBatch } from '../capture/frame.js';
import {
  FRAG_LATER,
  FRAG_MORE,
  FRAGMENT,
  PAYLOAD,
  type PacketBatch,
  PROTOCOL,
  STRIDE,
  TCP_ACK,
  TCP_FLAGS,
  TCP_SEQ,
} from '../packet/row.js';
import type { HttpRequest } from '../requests/request.js';
import { TCP, UDP } from '../rules/protocols.js';
import type { Decision } from './decisions.js';
import type { OpenedConnection, OpenedConnections } from './opened.js';
import { RequestStream, type Turn } from './request-stream.js';
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
/** Bytes that wait for the rest of a request, or for a hole to be filled. */
const MOST_KEPT = 1 << 28;
const SYN = 2;
const RST = 4;

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

export class RequestStreams implements Turn {
  number = 0;
  private readonly streams = new Map<number, RequestStream>();
  /** Those that have ended; null: nobody listens. */
  private readonly ended = new Map<number, RequestStream | null>();
  /** By decision: 1 asked, 2 not; 0 not known yet. */
  private asked = new Uint8Array(1024);
  /** Packets whose code was changed, for their copies. */
  private readonly changed = new Map<number, number>();
  /** The code that the packet at hand gets, and where its connection was refused. */
  private code = PENDING;
  private refusedAt = 0;
  /** Connections whose requests were not read to their end: too many were open at once. */
  givenUp = 0;
  /** Bytes that streams keep. */
  private kept = 0;

  /** @param isOwn whether the listener may be asked about a decision: not about those of other policies */
  constructor(
    private readonly listening: Listening,
    private readonly decisions: readonly Decision[],
    private readonly opened: OpenedConnections,
    private readonly isOwn: (decision: number) => boolean = () => true,
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
    for (const stream of [...this.ended.values(), ...this.streams.values()]) if (stream !== null) this.finish(stream);
  }

  private isAsked(decision: number): boolean {
    if (decision >= this.asked.length) {
      const wider = new Uint8Array(2 * decision);
      wider.set(this.asked);
      this.asked = wider;
    }
    if (this.asked[decision] === 0) {
      const isAsked = this.isOwn(decision) && this.listening.isAsked(this.decisions[decision]!);
      this.asked[decision] = isAsked ? 1 : 2;
    }
    return this.asked[decision] === 1;
  }

  private packet(frames: FrameBatch, rows: Int32Array, i: number, verdicts: VerdictBatch, number: number): number {
    const base = i * STRIDE;
    const protocol = rows[base + PROTOCOL];
    if (protocol !== TCP && protocol !== UDP) return PENDING;
    this.number = number;
    this.code = PENDING;
    const connection = verdicts.connection[i]!;
    const stream = this.streamOf(rows, base, i, verdicts);
    if (stream === null) return PENDING;
    this.refusedAt = stream.refusedAt;
    if (stream.refusedAt > 0) return DROPPED_CONNECTION;
    stream.last = number;
    if ((verdicts.marks[i]! & MARK_ORIGINAL) !== 0) {
      const before = stream.kept;
      if ((rows[base + FRAGMENT]! & (FRAG_MORE | FRAG_LATER)) !== 0) stream.fragment();
      else if (protocol === TCP) stream.segment(frames, rows, base);
      else stream.datagram(frames, rows, base);
      this.keep(stream.kept - before);
    }
    const code = this.code;
    if ((rows[base + TCP_FLAGS]! & RST) !== 0 && protocol === TCP) stream.isOver = true;
    if (code === DROPPED_HTTP_DENIED) stream.refusedAt = number;
    if (stream.isOver && this.streams.delete(connection)) this.rememberEnded(connection, stream);
    if (code !== PENDING) return code;
    // What only ends it carries no request.
    const carries = !stream.isOver || rows[base + PAYLOAD]! > 0;
    return carries && protocol === TCP && stream.isLost ? UNDECIDED_UNSUPPORTED : PENDING;
  }

  /** null: nobody listens. */
  private streamOf(
    rows: Int32Array,
    base: number,
    i: number,
    { connection, decision, marks }: VerdictBatch,
  ): RequestStream | null {
    const number = connection[i]!;
    const known = this.streams.get(number) ?? this.ended.get(number);
    if (known !== undefined) return known;
    const isOriginal = (marks[i]! & MARK_ORIGINAL) !== 0;
    const opened = this.opened.describe(rows, base, number, decision[i]!, isOriginal, this.number);
    const listener = this.listening.listen(opened, this.decisions[decision[i]!]!);
    if (listener === null) {
      this.rememberEnded(number, null);
      return null;
    }
    if (this.streams.size >= MOST_CONNECTIONS) this.giveUp(this.streams);
    const stream = new RequestStream(listener, this);
    this.streams.set(number, stream);
    if (rows[base + PROTOCOL] === TCP) {
      stream.begin(firstByte(rows, base, isOriginal), (rows[base + TCP_FLAGS]! & SYN) !== 0);
    }
    this.kept += stream.kept;
    return stream;
  }

  private keep(more: number): void {
    this.kept += more;
    while (this.kept > MOST_KEPT && this.streams.size + this.ended.size > 1) {
      this.giveUp(this.ended.size > 0 ? this.ended : this.streams);
    }
  }

  /** The oldest of them. */
  private giveUp(streams: Map<number, RequestStream | null>): void {
    const [[number, stream]] = streams as unknown as [[number, RequestStream | null]];
    streams.delete(number);
    if (stream === null) return;
    if (stream.isOpen) this.givenUp++;
    this.kept -= stream.kept;
    this.finish(stream);
  }

  /** As it seems: packets of it may still come. */
  private rememberEnded(number: number, stream: RequestStream | null): void {
    if (this.ended.size >= MOST_CONNECTIONS) this.giveUp(this.ended);
    this.ended.set(number, stream);
  }

  /** What waits behind holes is read: as of its last packet. */
  private finish(stream: RequestStream): void {
    const { number, code } = this;
    this.number = stream.last;
    stream.end();
    this.number = number;
    this.code = code;
  }

  /** Of several requests in one packet a refusal counts, then what is not known. */
  take(code: number): void {
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
