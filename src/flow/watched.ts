/**
 * A tracker that is watched: what it makes of one packet, and the connection's entry before and after it (cold).
 *
 * In:  a tracker, and the packet's number.  Out: the same answers, and a TrackedPacket once the packet has come; null where
 * connection tracking never saw it by itself (a copy, a fragment, what is no IP).
 */

import { STRIDE } from '../packet/row.js';
import type { ConnectionTracker } from './conntrack.js';
import type { ConnectionDescription } from './describe.js';
import { INVALID_NONE, TRACK_INVALID, TRACK_NEW, TRACK_RELATED, type Tracker } from './tracker.js';

export interface TrackerWatch {
  /** The tracker to use in its place. */
  wrap(tracker: Tracker): Tracker;
  /** Says which packets come next: the number of the first, and their rows. */
  batch(first: number, rows: Int32Array): void;
}

export interface TrackedPacket {
  /** A TRACK_ code (tracker.ts), and why where it is TRACK_INVALID. */
  readonly code: number;
  readonly invalid: number;
  /** null: there was no entry, or the table cannot describe its entries (`isDescribed`). */
  readonly before: ConnectionDescription | null;
  /** There was an entry, but its time was over. */
  readonly isExpired: boolean;
  /** null: there is none: none was made, or the packet ended it. */
  readonly after: ConnectionDescription | null;
  readonly isDescribed: boolean;
}

/** What only Linux's table can do. */
type Describing = Pick<ConnectionTracker, 'describe' | 'lookup'>;

export function watchPacket(wanted: number): TrackerWatch & { readonly seen: TrackedPacket | null } {
  let seen: TrackedPacket | null = null;
  let first = 0;
  let batchRows: Int32Array | null = null;
  /** The packet is new, and neither confirmed nor discarded yet. */
  let isPending = false;

  function wrap(tracker: Tracker): Tracker {
    const describing = 'lookup' in tracker ? (tracker as Tracker & Describing) : null;
    let last = 0;

    function trackWanted(rows: Int32Array, base: number, bytes: Uint8Array, now: number, prepared?: number): number {
      const found = describing?.lookup(rows, base, bytes) ?? -1;
      const known = found < 0 ? null : describing!.describe(found);
      const left = known === null ? 0 : known.timeoutLeft - (now - last);
      const code = tracker.track(rows, base, bytes, now, prepared);
      const isNew = code === TRACK_NEW;
      const after = isNew ? null : stateOf(code, rows, base, bytes);
      seen = {
        code,
        invalid: code === TRACK_INVALID ? tracker.invalid : INVALID_NONE,
        before: code === TRACK_RELATED ? after : known !== null && left > 0 ? { ...known, timeoutLeft: left } : null,
        isExpired: known !== null && left <= 0,
        after,
        isDescribed: describing !== null,
      };
      isPending = isNew;
      return code;
    }

    function stateOf(code: number, rows: Int32Array, base: number, bytes: Uint8Array): ConnectionDescription | null {
      if (describing === null) return null;
      // An error is about another connection than its own header says; what has ended is named, but no longer there.
      const slot = code === TRACK_RELATED ? tracker.slot : describing.lookup(rows, base, bytes);
      return slot < 0 ? null : describing.describe(slot);
    }

    return {
      get slot() {
        return tracker.slot;
      },
      get invalid() {
        return tracker.invalid;
      },
      get tag() {
        return tracker.tag;
      },
      prepare: (rows, bytes, from, to) => tracker.prepare(rows, bytes, from, to),
      track(rows, base, bytes, now, prepared) {
        const isWanted = rows === batchRows && first + base / STRIDE === wanted;
        const code = isWanted
          ? trackWanted(rows, base, bytes, now, prepared)
          : tracker.track(rows, base, bytes, now, prepared);
        last = now;
        return code;
      },
      confirm(refused) {
        const slot = tracker.confirm(refused);
        if (isPending && describing !== null) seen = { ...seen!, after: describing.describe(slot) };
        isPending = false;
        return slot;
      },
      discard() {
        tracker.discard();
        isPending = false;
      },
      writeEnds: (slot, row) => tracker.writeEnds(slot, row),
      replied: slot => tracker.replied(slot),
      counters: () => tracker.counters(),
    };
  }

  return {
    wrap,
    batch(number, rows) {
      first = number;
      batchRows = rows;
    },
    get seen() {
      return seen;
    },
  };
}
