/**
 * Two replays' verdicts on the same packets -> how many change, and with which connection (hot: a look at each packet).
 *
 * In:  both sides' verdicts of a batch, in capture order.  Out: counts by the verdicts before and after. The packet that opens
 * a connection tells the connection's change; opens() is called for those alone and says in which group it is counted. The
 * connection's other packets are counted with it, told by their connection's number on either side. Copies of a packet on
 * other interfaces are counted among all packets alone, as in the summary of a replay.
 *
 * A connection is the capture's: it opens at a packet that opens one on some side, unless that packet belongs to an earlier
 * connection on the other side. In dataplane mode every refused attempt opens one by itself: where the other side lets the
 * first attempt pass, the later ones are its packets.
 */
import type { Seen, VerdictTotals } from '../report/side-by-side.js';
import {
  ALLOWED_DNS_DENIED,
  ALLOWED_HTTP_DENIED,
  CODES,
  DROPPED_HTTP_DENIED,
  MARK_DUPLICATE,
  MARK_FIRST,
  type Verdict,
  verdictOf,
} from '../verdict/verdict.js';

const VERDICTS: readonly Verdict[] = ['allowed', 'dropped', 'undecided'];
const WORDS = VERDICTS.length;

const VERDICT_OF = Uint8Array.from({ length: CODES }, (_, code) => VERDICTS.indexOf(verdictOf(code)));
const ALLOWED = VERDICTS.indexOf('allowed');
/** Codes of packets that complete a request which is refused. */
const IS_DENIED = Uint8Array.from({ length: CODES }, (_, code) =>
  [ALLOWED_HTTP_DENIED, ALLOWED_DNS_DENIED, DROPPED_HTTP_DENIED].includes(code) ? 1 : 0,
);

/** Counts by the verdict before and the verdict after. */
export class Transitions {
  readonly counts = new Float64Array(WORDS * WORDS);

  of(before: Verdict, after: Verdict): number {
    return this.counts[VERDICTS.indexOf(before) * WORDS + VERDICTS.indexOf(after)]!;
  }

  /** What one side says: its verdicts, whatever the other's are. */
  side(isAfter: boolean): VerdictTotals {
    const sum = (verdict: Verdict): number =>
      VERDICTS.reduce((total, other) => total + (isAfter ? this.of(other, verdict) : this.of(verdict, other)), 0);
    return { allowed: sum('allowed'), dropped: sum('dropped'), undecided: sum('undecided') };
  }
}

/** By connection number, 0 for none: grows by doubling. */
class NumberMap {
  private values = new Int32Array(1024);

  get(number: number): number {
    return number < this.values.length ? this.values[number]! : 0;
  }

  set(number: number, value: number): void {
    if (number >= this.values.length) {
      const wider = new Int32Array(Math.max(number + 1, this.values.length * 2));
      wider.set(this.values);
      this.values = wider;
    }
    this.values[number] = value;
  }
}

export class ChangeCount {
  readonly connections = new Transitions();
  readonly packets = new Transitions();
  /** Packets whose connection both sides judge alike when it opens, and packets of no connection. */
  readonly elsewhere = new Transitions();
  private readonly openedBefore = new Float64Array(WORDS);
  private readonly openedAfter = new Float64Array(WORDS);
  /** Packets that complete a request which is refused on one side alone, and would pass on the other. */
  newlyDenied = 0;
  newlyPassed = 0;
  private readonly groupsBefore = new NumberMap();
  private readonly groupsAfter = new NumberMap();

  /**
   * @param groupPackets by group, counted up
   * @param opens the group (from 0) of the connection that packet i opens, whose verdict changes
   */
  batch(before: Seen, after: Seen, count: number, groupPackets: Float64Array, opens: (i: number) => number): void {
    const { groupsBefore, groupsAfter, openedBefore, openedAfter } = this;
    const [connections, packets, elsewhere] = [this.connections.counts, this.packets.counts, this.elsewhere.counts];
    for (let i = 0; i < count; i++) {
      const codeBefore = before.code[i]!;
      const codeAfter = after.code[i]!;
      const was = VERDICT_OF[codeBefore]!;
      const is = VERDICT_OF[codeAfter]!;
      const place = was * WORDS + is;
      packets[place]!++;
      if (IS_DENIED[codeAfter]! > IS_DENIED[codeBefore]! && was === ALLOWED) this.newlyDenied++;
      if (IS_DENIED[codeBefore]! > IS_DENIED[codeAfter]! && is === ALLOWED) this.newlyPassed++;

      const numberBefore = before.connection[i]!;
      const numberAfter = after.connection[i]!;
      const firstBefore = (before.marks[i]! & MARK_FIRST) !== 0;
      const firstAfter = (after.marks[i]! & MARK_FIRST) !== 0;
      if (firstBefore) openedBefore[was]!++;
      if (firstAfter) openedAfter[is]!++;
      const isLater = (numberBefore > 0 && !firstBefore) || (numberAfter > 0 && !firstAfter);
      const isOpening = (firstBefore || firstAfter) && !isLater;
      if (isOpening) connections[place]!++;
      if (isOpening && was !== is) {
        const group = opens(i);
        if (numberBefore > 0) groupsBefore.set(numberBefore, group + 1);
        if (numberAfter > 0) groupsAfter.set(numberAfter, group + 1);
        groupPackets[group]!++;
        continue;
      }
      const known =
        (numberBefore > 0 && groupsBefore.get(numberBefore)) || (numberAfter > 0 && groupsAfter.get(numberAfter));
      // A further attempt, or one side's connection that the other side counts as another's.
      if (known && firstBefore && numberBefore > 0) groupsBefore.set(numberBefore, known);
      if (known && firstAfter && numberAfter > 0) groupsAfter.set(numberAfter, known);
      if (was === is || ((before.marks[i]! | after.marks[i]!) & MARK_DUPLICATE) !== 0) continue;
      if (known) groupPackets[known - 1]!++;
      else elsewhere[place]!++;
    }
  }

  /** Connections that the side counts by itself, by their verdict: what a replay of its own says. */
  opened(isAfter: boolean): VerdictTotals {
    const [allowed = 0, dropped = 0, undecided = 0] = isAfter ? this.openedAfter : this.openedBefore;
    return { allowed, dropped, undecided };
  }
}
