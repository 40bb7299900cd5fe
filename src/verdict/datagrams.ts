/**
 * Fragments in dataplane mode: a datagram is judged when it is whole, as Linux does, and its fragments with it.
 *
 * In:  rows of fragments, and the verdict of a datagram that is whole.  Out: verdicts of fragments: at their place in the
 * batch at hand, or, of packets of earlier batches, in a list for whoever holds those back (report/in-order.ts). A
 * fragment that waits has the code PENDING. Fragments of a datagram that never becomes whole are `dropped: fragment`.
 *
 * Order of calls: begin() a batch; per packet expire() when `deadline` has come; add() a fragment, and where it says so
 * judge `rows` and `bytes` at the fragment's place, then share(); or leave() what another share of the point judges. Fragments
 * of other shares are added like all others, for room, time and order are the same for all; they only get no verdict.
 */
import { FATE_MALFORMED, FATE_TRUNCATED, FATE_WAITS, FATE_WHOLE, type Reassembly } from '../flow/reassembly.js';
import { FLAG_FOREIGN, FLAGS, FRAG_ATOMIC, FRAG_LATER, FRAG_MORE, FRAGMENT } from '../packet/row.js';
import { HISTORY, type History } from './history.js';
import {
  DROPPED_FRAGMENT,
  DROPPED_INVALID_STATE,
  MARK_DUPLICATE,
  MARK_FIRST,
  UNDECIDED_FRAGMENT,
  UNDECIDED_TRUNCATED,
  type VerdictBatch,
} from './verdict.js';

export interface LateVerdict {
  /** The packet's. */
  readonly number: number;
  readonly code: number;
  readonly decision: number;
  readonly connection: number;
  readonly marks: number;
}

/** The fields of a batch that a late verdict is written to. */
type Verdicts = Record<'code' | 'decision' | 'connection' | 'marks', { [index: number]: number }>;

/** A copy of a packet keeps its mark, and the number of the first one. */
export function writeLate(verdict: LateVerdict, out: Verdicts, i: number): void {
  const isCopy = (out.marks[i]! & MARK_DUPLICATE) !== 0;
  out.code[i] = verdict.code;
  out.decision[i] = verdict.decision;
  out.connection[i] = verdict.connection;
  out.marks[i] = isCopy ? (verdict.marks & ~MARK_FIRST) | MARK_DUPLICATE : verdict.marks;
}

export class Datagrams {
  private late: LateVerdict[] = [];
  /** Of other shares, those that wait. */
  private readonly foreign = new Set<number>();
  private isWhole = false;
  /** The batch at hand, and the number of the last packet before it. */
  private out: VerdictBatch | null = null;
  private before = 0;

  constructor(
    private readonly reassembly: Reassembly,
    private readonly history: History,
  ) {}

  /** Nanoseconds at which expire() has something to do. */
  get deadline(): number {
    return this.reassembly.deadline;
  }

  /** One row, and its bytes: what is to be judged where add() says so. */
  get rows(): Int32Array {
    return this.reassembly.rows;
  }

  get bytes(): Uint8Array {
    return this.reassembly.bytes;
  }

  /** @param before number of the last packet before the batch `out` */
  begin(before: number, out: VerdictBatch): void {
    this.before = before;
    this.out = out;
  }

  isFragment(rows: Int32Array, base: number): boolean {
    const fragment = rows[base + FRAGMENT]!;
    if ((fragment & (FRAG_MORE | FRAG_LATER)) !== 0) return true;
    // An atomic fragment (RFC 6946) is a packet like any other, unless it meets fragments of its identification.
    return (fragment & FRAG_ATOMIC) !== 0 && this.reassembly.awaits(rows, base);
  }

  expire(now: number): void {
    this.reassembly.expire(now);
    this.settleLost();
  }

  /** @returns whether there is something to be judged at i. */
  add(rows: Int32Array, base: number, bytes: Uint8Array, now: number, number: number, i: number): boolean {
    const isForeign = (rows[base + FLAGS]! & FLAG_FOREIGN) !== 0;
    if (isForeign) this.foreign.add(number);
    const fate = this.reassembly.add(rows, base, bytes, now, number);
    this.settleLost();
    if (isForeign && fate !== FATE_WAITS && fate !== FATE_WHOLE) this.foreign.delete(number);
    this.isWhole = fate === FATE_WHOLE;
    if (isForeign && (fate === FATE_TRUNCATED || fate === FATE_MALFORMED)) return false;
    if (fate === FATE_TRUNCATED) this.out!.code[i] = UNDECIDED_TRUNCATED;
    if (fate === FATE_MALFORMED) this.out!.code[i] = DROPPED_INVALID_STATE;
    return fate !== FATE_WAITS && fate !== FATE_TRUNCATED && fate !== FATE_MALFORMED;
  }

  /** Gives the verdict at i to all fragments of its datagram. */
  share(i: number): void {
    if (!this.isWhole) return;
    const { code, decision, connection, marks } = this.out!;
    const verdict = { code: code[i]!, decision: decision[i]!, connection: connection[i]!, marks: marks[i]! };
    for (const number of this.reassembly.share) {
      // Whose the datagram is tells only the whole of it.
      this.foreign.delete(number);
      // The connection counts at the fragment that tells its ports.
      const isFirst = number === this.reassembly.first;
      this.settle({ ...verdict, number, marks: isFirst ? verdict.marks : verdict.marks & ~MARK_FIRST });
    }
  }

  /** The datagram is judged in another share: its fragments get no verdict here. */
  leave(): void {
    if (this.isWhole) for (const number of this.reassembly.share) this.foreign.delete(number);
  }

  /** The packet shares the verdict of `of`, which was still to come. */
  addCopy(of: number, number: number): void {
    if (this.deadline === Number.POSITIVE_INFINITY) return;
    if (this.reassembly.addCopy(of, number) && this.foreign.has(of)) this.foreign.add(number);
  }

  /** The lowest number of a packet whose verdict is still to come; Infinity where there is none. */
  waiting(): number {
    return this.reassembly.oldest();
  }

  /** Verdicts of packets of earlier batches that came since it was asked last. */
  takeLate(): readonly LateVerdict[] {
    const { late } = this;
    this.late = [];
    return late;
  }

  /** Between batches: gives up waiting for the verdicts of the packets up to `number`. Infinity: the capture has ended. */
  release(number: number): void {
    const code = number === Number.POSITIVE_INFINITY ? DROPPED_FRAGMENT : UNDECIDED_FRAGMENT;
    this.out = null;
    for (const each of this.reassembly.release(number)) this.settle(nothingButCode(each, code));
  }

  /** Linux never forwards them. */
  private settleLost(): void {
    for (const number of this.reassembly.lost) this.settle(nothingButCode(number, DROPPED_FRAGMENT));
  }

  private settle(verdict: LateVerdict): void {
    const { out, before, history } = this;
    const { number } = verdict;
    if (this.foreign.delete(number)) return;
    if (out !== null && number > before) {
      writeLate(verdict, out, number - before - 1);
      return;
    }
    // Copies of the packet may follow.
    if (before - number < HISTORY) writeLate(verdict, history.past, number & (HISTORY - 1));
    this.late.push(verdict);
  }
}

const nothingButCode = (number: number, code: number): LateVerdict => ({
  number,
  code,
  decision: -1,
  connection: 0,
  marks: 0,
});
