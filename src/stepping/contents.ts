/**
 * A whole capture in a few numbers a packet: what stepping needs to go anywhere in it.
 *
 * In:  every batch of one replay, and which packets changed the connection table.  Out: a packet's time on the table's clock, the
 * packet that opened a connection, and the next packet of a kind, forward and back. Some thirty bytes a packet.
 */
import type { FrameBatch } from '../capture/frame.js';
import { MARK_DUPLICATE, MARK_FIRST, type Verdict, type VerdictBatch, verdictOf } from '../verdict/verdict.js';

/** What a reader looks for next. */
export type Kind = 'dropped' | 'changes' | 'connection';

const CHANGES = 1;
const COPY = 2;
const FIRST_CAPACITY = 4096;

export class Contents {
  packets = 0;
  private code = new Uint8Array(FIRST_CAPACITY);
  private bits = new Uint8Array(FIRST_CAPACITY);
  private connection = new Int32Array(FIRST_CAPACITY);
  private copied = new Float64Array(FIRST_CAPACITY);
  private seconds = new Float64Array(FIRST_CAPACITY);
  private nanoseconds = new Int32Array(FIRST_CAPACITY);
  private milliseconds = new Float64Array(FIRST_CAPACITY);
  /** By connection: the packet that opened it. */
  private readonly opened = new Map<number, number>();

  /** Batches come in order. */
  add({ seconds, nanoseconds }: FrameBatch, { count, code, connection, packet, marks }: VerdictBatch): void {
    this.reserve(this.packets + count);
    for (let i = 0; i < count; i++) {
      const at = this.packets + i;
      this.code[at] = code[i]!;
      this.connection[at] = connection[i]!;
      this.seconds[at] = seconds[i]!;
      this.nanoseconds[at] = nanoseconds[i]!;
      // As verdict/loop.ts has it: the table's clock stands still where the capture's steps back.
      const time = (seconds[i]! - this.seconds[0]!) * 1e3 + Math.trunc(nanoseconds[i]! / 1e6);
      this.milliseconds[at] = at === 0 ? time : Math.max(time, this.milliseconds[at - 1]!);
      const isCopy = (marks[i]! & MARK_DUPLICATE) !== 0;
      if (isCopy) {
        this.copied[at] = packet[i]!;
        this.bits[at]! |= COPY;
      } else if ((marks[i]! & MARK_FIRST) !== 0 && !this.opened.has(connection[i]!)) {
        this.opened.set(connection[i]!, at + 1);
      }
    }
    this.packets += count;
  }

  /** May come before the packet's batch. */
  markChange(number: number): void {
    this.reserve(number);
    this.bits[number - 1]! |= CHANGES;
  }

  verdict = (number: number): Verdict => verdictOf(this.code[number - 1]!);

  time = (number: number): { readonly seconds: number; readonly nanoseconds: number } => ({
    seconds: this.seconds[number - 1]!,
    nanoseconds: this.nanoseconds[number - 1]!,
  });

  /** Milliseconds of the table's clock when the packet came. */
  now = (number: number): number => this.milliseconds[number - 1]!;

  /** 0 for none. */
  connectionOf = (number: number): number => this.connection[number - 1]!;

  /** The packet of which this is a copy on another interface, or null. */
  copyOf = (number: number): number | null => ((this.bits[number - 1]! & COPY) === 0 ? null : this.copied[number - 1]!);

  /** The packet that opened the packet's connection, or null. */
  openingOf(number: number): number | null {
    const opening = this.opened.get(this.connectionOf(number)) ?? null;
    return opening !== null && opening <= number ? opening : null;
  }

  /** The next packet of the kind, or null. @param step 1 forward, -1 back */
  next(number: number, kind: Kind, step: 1 | -1): number | null {
    const connection = this.connectionOf(number);
    if (kind === 'connection' && connection === 0) return null;
    for (let at = number + step; at >= 1 && at <= this.packets; at += step) {
      if (kind === 'dropped' ? this.verdict(at) === 'dropped' : this.has(at, kind, connection)) return at;
    }
    return null;
  }

  private has = (number: number, kind: Kind, connection: number): boolean =>
    kind === 'changes' ? (this.bits[number - 1]! & CHANGES) !== 0 : this.connectionOf(number) === connection;

  private reserve(packets: number): void {
    if (packets <= this.code.length) return;
    const capacity = Math.max(packets, this.code.length * 2);
    const wider = <T extends { set(from: T): void }>(made: T, from: T): T => {
      made.set(from);
      return made;
    };
    this.code = wider(new Uint8Array(capacity), this.code);
    this.bits = wider(new Uint8Array(capacity), this.bits);
    this.connection = wider(new Int32Array(capacity), this.connection);
    this.copied = wider(new Float64Array(capacity), this.copied);
    this.seconds = wider(new Float64Array(capacity), this.seconds);
    this.nanoseconds = wider(new Int32Array(capacity), this.nanoseconds);
    this.milliseconds = wider(new Float64Array(capacity), this.milliseconds);
  }
}
