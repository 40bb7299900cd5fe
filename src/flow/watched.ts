/**
 * A tracker that is watched: what it makes of some packets, and their connections' entries before and after them (cold).
 *
 * In:  a tracker, and the packets' numbers.  Out: the same answers, and a TrackedPacket for each packet that has come; none where
 * connection tracking never saw it by itself (a copy, a fragment, what is no IP).
 */

import { STRIDE } from '../packet/row.js';
import type { ConnectionTracker } from './conntrack.js';
import type { ConnectionDescription } from './describe.js';
import { INVALID_NONE, TRACK_INVALID, TRACK_NEW, TRACK_RELATED, type Tracker } from './tracker.js';
import { wrapped } from './wrapped.js';

export interface TrackerWatch {
  /** The tracker to use in its place. */
  wrap(tracker: Tracker): Tracker;
  /** Says which packets come next: the number of the first, their rows, and how many they are. */
  batch(first: number, rows: Int32Array, count: number): void;
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
  const watch = watchPackets(new Set([wanted]));
  return {
    wrap: watch.wrap,
    batch: watch.batch,
    get seen() {
      return watch.seen.get(wanted) ?? null;
    },
  };
}

export function watchPackets(
  wanted: ReadonlySet<number>,
): TrackerWatch & { readonly seen: ReadonlyMap<number, TrackedPacket> } {
  const seen = new Map<number, TrackedPacket>();
  let first = 0;
  let batchRows: Int32Array | null = null;
  /** The packet that is new, and neither confirmed nor discarded yet; 0 for none. */
  let pending = 0;

  function wrap(tracker: Tracker): Tracker {
    const describing = 'lookup' in tracker ? (tracker as Tracker & Describing) : null;
    let last = 0;

    function trackWanted(
      number: number,
      rows: Int32Array,
      base: number,
      bytes: Uint8Array,
      now: number,
      prepared?: number,
    ): number {
      const found = describing?.lookup(rows, base, bytes) ?? -1;
      const known = found < 0 ? null : describing!.describe(found);
      const left = known === null ? 0 : known.timeoutLeft - (now - last);
      const code = tracker.track(rows, base, bytes, now, prepared);
      const isNew = code === TRACK_NEW;
      const after = isNew ? null : stateOf(code, rows, base, bytes);
      seen.set(number, {
        code,
        invalid: code === TRACK_INVALID ? tracker.invalid : INVALID_NONE,
        before: code === TRACK_RELATED ? after : known !== null && left > 0 ? { ...known, timeoutLeft: left } : null,
        isExpired: known !== null && left <= 0,
        after,
        isDescribed: describing !== null,
      });
      pending = isNew ? number : 0;
      return code;
    }

    function stateOf(code: number, rows: Int32Array, base: number, bytes: Uint8Array): ConnectionDescription | null {
      if (describing === null) return null;
      // An error is about another connection than its own header says; what has ended is named, but no longer there.
      const slot = code === TRACK_RELATED ? tracker.slot : describing.lookup(rows, base, bytes);
      return slot < 0 ? null : describing.describe(slot);
    }

    return wrapped(tracker, {
      track(rows, base, bytes, now, prepared) {
        const number = rows === batchRows ? first + base / STRIDE : 0;
        const code = wanted.has(number)
          ? trackWanted(number, rows, base, bytes, now, prepared)
          : tracker.track(rows, base, bytes, now, prepared);
        last = now;
        return code;
      },
      confirm(refused) {
        const slot = tracker.confirm(refused);
        if (pending > 0 && describing !== null)
          seen.set(pending, { ...seen.get(pending)!, after: describing.describe(slot) });
        pending = 0;
        return slot;
      },
      discard() {
        tracker.discard();
        pending = 0;
      },
    });
  }

  return {
    wrap,
    batch(number, rows) {
      first = number;
      batchRows = rows;
    },
    seen,
  };
}
