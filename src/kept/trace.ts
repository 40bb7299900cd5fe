/**
 * The trace of a what-if replay: what of every packet's verdict does not hang on the policies (hot: called once a packet).
 *
 * In:  the verdicts of two replays of one capture, whose every question was answered with its number (questions.ts), yes to all in
 * the one, no to all in the other.  Out: of every packet its connection, its marks, whose decision it shares, and what its code
 * is by that decision: from it judge.ts makes the verdicts of any policies. A packet without a decision has one code,
 * whatever the policies say.
 *
 * That a connection table does not hang on the verdicts is Linux's in what-if mode, where refused connections stay in it. That
 * the two replays agree in all but their codes is checked packet by packet.
 */
import {
  ALLOWED_RULE,
  DROPPED_CONNECTION,
  DROPPED_DEFAULT_DENY,
  DROPPED_RULE,
  MARK_DUPLICATE,
  MARK_FIRST,
  UNDECIDED_TRUNCATED,
  type VerdictBatch,
} from '../verdict/verdict.js';
import { grown } from './grow.js';
import type { Verdicts } from './judgement.js';

/** The codes of all decisions of the two replays. */
export const YES = ALLOWED_RULE;
export const NO = DROPPED_RULE;

/** Trace.way: a packet that is refused by its own decision, not with its connection; below it the code where all is allowed. */
const OPENS = 0x80;
const ALLOWED_CODE = 0x7f;

type Replayed = Pick<VerdictBatch, 'code' | 'decision' | 'connection' | 'packet' | 'marks' | 'count'>;

export class Trace {
  count = 0;
  connections = 0;
  way = new Uint8Array(0);
  /** The replays' decision, -1 where nothing is decided. */
  asking = new Int32Array(0);
  connection = new Int32Array(0);
  marks = new Uint8Array(0);
  /** Of copies, the first one's number; null while there are none. */
  duplicateOf: Uint32Array | null = null;
  /** By connection number: the number of the packet that opened it, and seconds since 1970 on the judge's clock. */
  openedBy = new Uint32Array(0);
  openedAt = new Float64Array(0);
  /** The judge's clock, which never steps back, in seconds since 1970. */
  private start = Number.NaN;
  private now = 0;

  /** The next packets. */
  add(yes: Replayed, no: Replayed, seconds: Float64Array, nanoseconds: Int32Array): void {
    const from = this.count;
    this.reserve(from + yes.count);
    this.count = from + yes.count;
    if (yes.count > 0 && Number.isNaN(this.start)) this.start = seconds[0]!;
    for (let i = 0; i < yes.count; i++) {
      const decision = yes.decision[i]!;
      const marks = yes.marks[i]!;
      const isAlike = decision === no.decision[i] && marks === no.marks[i] && yes.connection[i] === no.connection[i];
      if (!isAlike) throw new Error(`packet ${from + i + 1} hangs on the verdicts of others`);
      this.way[from + i] = yes.code[i]! | (decision >= 0 && no.code[i] === NO ? OPENS : 0);
      this.asking[from + i] = decision;
      this.connection[from + i] = yes.connection[i]!;
      this.marks[from + i] = marks;
      if ((marks & MARK_DUPLICATE) !== 0) this.addCopy(from + i, yes.packet[i]!);
      const time = (seconds[i]! - this.start) * 1e9 + nanoseconds[i]!;
      if (time > this.now) this.now = time;
      if ((marks & MARK_FIRST) !== 0) this.open(yes.connection[i]!, from + i + 1);
    }
  }

  /** What a replay says of every packet. @param decisionOf by the traced replays' decision @param codeOf by the same, its code */
  verdicts(decisionOf: Int32Array, codeOf: Uint8Array): Verdicts {
    const { count, way, asking, connection, marks, openedBy, duplicateOf } = this;
    const code = new Uint8Array(count);
    const decision = new Int32Array(count);
    const packet = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      const asked = asking[i]!;
      const its = way[i]!;
      if (asked < 0) {
        code[i] = its;
        decision[i] = -1;
        continue;
      }
      const decided = codeOf[asked]!;
      decision[i] = decisionOf[asked]!;
      if (decided >= UNDECIDED_TRUNCATED) code[i] = decided;
      else if (decided < DROPPED_DEFAULT_DENY) code[i] = (its & ALLOWED_CODE) === YES ? decided : its & ALLOWED_CODE;
      else if ((its & OPENS) !== 0) code[i] = decided;
      else {
        code[i] = DROPPED_CONNECTION;
        packet[i] = openedBy[connection[i]!]!;
      }
    }
    if (duplicateOf !== null) {
      for (let i = 0; i < count; i++) if ((marks[i]! & MARK_DUPLICATE) !== 0) packet[i] = duplicateOf[i]!;
    }
    return { code, decision, connection, marks, packet };
  }

  get bytes(): number {
    const { way, asking, connection, marks, duplicateOf, openedBy, openedAt } = this;
    const arrays = [way, asking, connection, marks, duplicateOf, openedBy, openedAt];
    return arrays.reduce((sum, array) => sum + (array?.byteLength ?? 0), 0);
  }

  /** No more packets come, and those beyond `count` are left out: takes back what was reserved for them. */
  trim(count: number): void {
    this.count = count;
    while (this.openedBy[this.connections]! > count) this.connections--;
    this.way = this.way.slice(0, count);
    this.asking = this.asking.slice(0, count);
    this.connection = this.connection.slice(0, count);
    this.marks = this.marks.slice(0, count);
    this.duplicateOf = this.duplicateOf?.slice(0, count) ?? null;
    this.openedBy = this.openedBy.slice(0, this.connections + 1);
    this.openedAt = this.openedAt.slice(0, this.connections + 1);
  }

  private reserve(count: number): void {
    this.way = grown(this.way, count);
    this.asking = grown(this.asking, count);
    this.connection = grown(this.connection, count);
    this.marks = grown(this.marks, count);
    if (this.duplicateOf !== null) this.duplicateOf = grown(this.duplicateOf, count);
  }

  private open(connection: number, packet: number): void {
    this.connections = Math.max(this.connections, connection);
    this.openedBy = grown(this.openedBy, connection + 1);
    this.openedAt = grown(this.openedAt, connection + 1);
    this.openedBy[connection] = packet;
    this.openedAt[connection] = this.start + this.now / 1e9;
  }

  /** @cold */
  private addCopy(i: number, first: number): void {
    this.duplicateOf ??= new Uint32Array(this.way.length);
    this.duplicateOf[i] = first;
  }
}
