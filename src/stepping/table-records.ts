/**
 * The connection table after one packet: the entries that end soonest, the packet's own, and those that it ended (cold).
 *
 * In:  a settled table (table-watch.ts) and the record of the packet before.  Out: a TableRecord. Of a table with thousands of
 * entries the MOST_ENTRIES whose timers end first are kept; the packet's own is always among them.
 */
import type { ConnectionDescription } from '../flow/describe.js';
import { IN_TABLE, META, WORDS } from '../flow/entry.js';
import { NEVER } from '../flow/expiry.js';
import type { TrackerCounters } from '../flow/tracker.js';
import type { DescribingTable, SettledTable, Touched } from './table-watch.js';

export const MOST_ENTRIES = 100;

export interface Entry {
  readonly slot: number;
  readonly description: ConnectionDescription;
  /** Milliseconds of the table's clock. */
  readonly expiresAt: number;
}

/** Why an entry is gone: its time was over; it made room; a reset or a new connection of the same ends took its place. */
export type Ending = 'expired' | 'evicted' | 'ended';

export interface TableRecord {
  readonly isDescribed: boolean;
  readonly counters: TrackerCounters;
  readonly touched: Touched | null;
  /** By when they end. */
  readonly entries: readonly Entry[];
  /** Of the entries of the record before. */
  readonly gone: readonly { readonly entry: Entry; readonly ending: Ending }[];
}

/** @param slots slots below it may be taken, others never were @param before null where nobody asks what has gone */
export function recordTable(
  { table, counters, touched, now }: SettledTable,
  slots: number,
  before: TableRecord | null,
): TableRecord {
  if (table === null) return { isDescribed: false, counters, touched, entries: [], gone: [] };
  const { words, expiry } = table.snapshot();
  const isIn = (slot: number): boolean => (words[slot * WORDS + META]! & IN_TABLE) !== 0;
  const nearest = soonest(expiry, slots);
  if (touched !== null && isIn(touched.slot) && !nearest.includes(touched.slot)) nearest.push(touched.slot);
  const entries = nearest.map(slot => entryOf(table, slot, now));
  const isSame = (slot: number): boolean => isIn(slot) && !(touched?.isCreated === true && touched.slot === slot);
  const gone = (before?.entries ?? [])
    .filter(({ slot }) => !isSame(slot))
    .map(entry => ({ entry, ending: endingOf(entry, before!.counters, counters, now) }));
  return { isDescribed: true, counters, touched, entries, gone };
}

function entryOf(table: DescribingTable, slot: number, now: number): Entry {
  const description = table.describe(slot);
  return { slot, description, expiresAt: now + description.timeoutLeft };
}

function endingOf({ expiresAt }: Entry, before: TrackerCounters, after: TrackerCounters, now: number): Ending {
  if (expiresAt <= now) return 'expired';
  return after.earlyEvictions > before.earlyEvictions ? 'evicted' : 'ended';
}

/** Slots by expiry, the earliest first; the lower slot first where two are equal. */
function soonest(expiry: Int32Array, slots: number): number[] {
  const found: number[] = [];
  for (let slot = 0; slot < slots; slot++) {
    const at = expiry[slot]!;
    if (at === NEVER) continue;
    if (found.length === MOST_ENTRIES && at >= expiry[found[MOST_ENTRIES - 1]!]!) continue;
    let place = found.length;
    while (place > 0 && expiry[found[place - 1]!]! > at) place--;
    found.splice(place, 0, slot);
    if (found.length > MOST_ENTRIES) found.pop();
  }
  return found;
}
