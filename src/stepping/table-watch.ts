/**
 * The connection table, watched packet by packet (cold).
 *
 * In:  a tracker, and a function.  Out: the same answers; the function is called once a packet, in capture order, when all that
 * the packet did to the table is done and nothing of the next one.
 *
 * In dataplane mode a datagram put together out of fragments is tracked when its last one comes, and is no row of the batch: it is
 * counted to the last of its fragments before the next packet that is tracked.
 */
import type { ConnectionTracker } from '../flow/conntrack.js';
import type { Tracker, TrackerCounters } from '../flow/tracker.js';
import type { TrackerWatch } from '../flow/watched.js';
import { wrapped } from '../flow/wrapped.js';
import {
  DST,
  FAMILY,
  FLAG_DARK,
  FLAG_DUPLICATE,
  FLAGS,
  FRAGMENT,
  IP_ID,
  SRC,
  STATUS,
  STATUS_OK,
  STRIDE,
} from '../packet/row.js';

/** What Linux's table tells of itself. */
export type DescribingTable = Pick<ConnectionTracker, 'describe' | 'snapshot' | 'capacity'>;

/** The entry that a packet found or made. */
export interface Touched {
  readonly slot: number;
  readonly isCreated: boolean;
}

export interface SettledTable {
  /** null: the table's entries are not described (every kind but Linux's). */
  readonly table: DescribingTable | null;
  readonly counters: TrackerCounters;
  /** null where connection tracking did not see the packet, or found no entry. */
  readonly touched: Touched | null;
  /** Milliseconds of the table's clock. */
  readonly now: number;
}

export interface TableWatch extends TrackerWatch {
  /** @param described the tracker itself, where `tracker` is one that is watched already */
  wrap(tracker: Tracker, described?: Tracker): Tracker;
  /** The replay is over. @param last the last packet's number */
  end(last: number): void;
}

export function watchTable(settled: (number: number, state: SettledTable) => void): TableWatch {
  let first = 0;
  let batchRows: Int32Array | null = null;
  let batchCount = 0;
  /** The first packet that has not settled yet. */
  let next = 1;
  let tracker: Tracker | null = null;
  let table: DescribingTable | null = null;
  let now = 0;
  let tracked = 0;
  let isCreated = false;

  function settleBefore(number: number): void {
    for (; next < number; next++) {
      const slot = next === tracked ? tracker!.slot : -1;
      const touched = slot < 0 ? null : { slot, isCreated };
      settled(next, { table, counters: tracker!.counters(), touched, now });
    }
  }

  /** The last fragment of a datagram in the run of packets that are not tracked by themselves. */
  function lastFragment(row: Int32Array): number {
    const from = Math.max(next, tracked + 1);
    let last = from;
    for (let number = from; number < first + batchCount; number++) {
      const base = (number - first) * STRIDE;
      if (isFragment(batchRows!, base)) {
        if (isSameDatagram(batchRows!, base, row)) last = number;
      } else if (isTracked(batchRows!, base)) break;
    }
    return last;
  }

  return {
    batch(number, rows, count) {
      if (tracker !== null) settleBefore(number);
      first = number;
      batchRows = rows;
      batchCount = count;
    },
    end(last) {
      settleBefore(last + 1);
    },
    wrap(inner, described = inner) {
      tracker = inner;
      table = 'snapshot' in described ? (described as Tracker & DescribingTable) : null;
      return wrapped(inner, {
        track(rows, base, bytes, time, prepared) {
          const number = rows === batchRows ? first + base / STRIDE : lastFragment(rows);
          settleBefore(number);
          now = time;
          tracked = number;
          isCreated = false;
          return inner.track(rows, base, bytes, time, prepared);
        },
        confirm(refused) {
          isCreated = true;
          return inner.confirm(refused);
        },
      });
    },
  };
}

const isFragment = (rows: Int32Array, base: number): boolean => rows[base + FRAGMENT] !== 0;

const isTracked = (rows: Int32Array, base: number): boolean =>
  rows[base + STATUS] === STATUS_OK && (rows[base + FLAGS]! & (FLAG_DUPLICATE | FLAG_DARK)) === 0;

function isSameDatagram(rows: Int32Array, base: number, row: Int32Array): boolean {
  // Put together, a packet of IPv6 has no fragment header any more.
  if (row[FAMILY] === 4 && rows[base + IP_ID] !== row[IP_ID]) return false;
  for (let word = SRC; word < DST + 4; word++) if (rows[base + word] !== row[word]) return false;
  return true;
}

/** Both watches of one replay. */
export const both = (outer: TableWatch, inner: TrackerWatch): TrackerWatch => ({
  wrap: tracker => outer.wrap(inner.wrap(tracker), tracker),
  batch(number, rows, count) {
    inner.batch(number, rows, count);
    outer.batch(number, rows, count);
  },
});
