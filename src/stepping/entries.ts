/**
 * The connection table as one packet finds it and leaves it: rows for people (cold).
 *
 * In:  the table's records before and after the packet, and what connection tracking made of it.  Out: a TableStep: the packet's own
 * entry first, then those that ended when it came, then the others by when they end.
 */
import type { ConnectionDescription } from '../flow/describe.js';
import type { TrackedPacket } from '../flow/watched.js';
import { protocolText } from '../packet/text.js';
import { hasPorts } from '../rules/protocols.js';
import { stateOf } from './machines.js';
import type { Ending, Entry, TableRecord } from './table-records.js';

/** `renewed`: only its timer began anew; `same`: its timer runs on. */
export type Change = 'new' | 'replaced' | 'changed' | 'renewed' | 'same' | Ending;

export interface EntryState {
  readonly state: string;
  readonly replied: boolean;
  readonly assured: boolean;
  /** Seconds until it expires. */
  readonly left: number;
}

export interface EntryRow {
  readonly protocol: string;
  /** The connection's first packet's ends: `10.0.1.7:4312`. */
  readonly source: string;
  readonly destination: string;
  readonly isOwn: boolean;
  readonly change: Change;
  readonly before: EntryState | null;
  readonly after: EntryState | null;
}

export interface TableStep {
  /** false: this kind of table does not describe its entries. */
  readonly isDescribed: boolean;
  readonly liveBefore: number;
  readonly live: number;
  readonly rows: readonly EntryRow[];
  /** Entries that are not among the rows: their timers end later. */
  readonly others: number;
}

/** @param now milliseconds of the table's clock when the packet came */
export function tableStep(
  before: TableRecord | null,
  after: TableRecord,
  tracked: TrackedPacket | null,
  now: number,
): TableStep {
  const own = after.touched?.slot ?? -1;
  const ownRow = ownEntry(before, after, tracked, now);
  // The own one's entry before is told with it; another one that ended may have left its slot to it.
  const ended = after.gone
    .filter(({ entry }) => entry.slot !== own || ownRow?.before == null)
    .map(({ entry, ending }) => rowOf(entry.description, false, ending, stateAt(entry, now), null));
  const others = after.entries
    .filter(({ slot }) => slot !== own)
    .map(entry => {
      const state = stateAt(entry, now);
      return rowOf(entry.description, false, 'same', state, state);
    });
  const isOwnLive = ownRow !== null && ownRow.after !== null;
  return {
    isDescribed: after.isDescribed,
    liveBefore: before?.counters.live ?? 0,
    live: after.counters.live,
    rows: [...(ownRow === null ? [] : [ownRow]), ...ended, ...others],
    others: after.isDescribed ? after.counters.live - others.length - (isOwnLive ? 1 : 0) : 0,
  };
}

function ownEntry(
  before: TableRecord | null,
  { touched, entries }: TableRecord,
  tracked: TrackedPacket | null,
  now: number,
): EntryRow | null {
  const listed = touched === null ? undefined : entries.find(({ slot }) => slot === touched.slot);
  const last = touched === null ? undefined : before?.entries.find(({ slot }) => slot === touched.slot);
  const isNew = touched?.isCreated === true;
  const left = (it: ConnectionDescription): EntryState => described(it, it.timeoutLeft);
  // A datagram put together is not caught by its number; the lists tell of its entry.
  const [was, is] =
    tracked === null
      ? [last !== undefined && !isNew ? stateAt(last, now) : null, listed === undefined ? null : stateAt(listed, now)]
      : [tracked.before && left(tracked.before), tracked.after && left(tracked.after)];
  const description = tracked?.after ?? listed?.description ?? tracked?.before ?? null;
  if (description === null || (touched === null && tracked?.before == null)) return null;
  const change = changeOf(was, is, isNew);
  return rowOf(description, true, change, was, is);
}

function changeOf(before: EntryState | null, after: EntryState | null, isNew: boolean): Change {
  if (after === null) return 'ended';
  if (isNew) return before === null ? 'new' : 'replaced';
  if (before === null) return 'changed';
  const isSame = before.state === after.state && before.replied === after.replied && before.assured === after.assured;
  if (!isSame) return 'changed';
  return before.left === after.left ? 'same' : 'renewed';
}

const described = (it: ConnectionDescription, milliseconds: number): EntryState => ({
  state: stateOf(it),
  replied: it.replied,
  assured: it.assured,
  left: Math.max(0, milliseconds) / 1000,
});

const stateAt = ({ description, expiresAt }: Entry, now: number): EntryState => described(description, expiresAt - now);

function rowOf(
  it: ConnectionDescription,
  isOwn: boolean,
  change: Change,
  before: EntryState | null,
  after: EntryState | null,
): EntryRow {
  const ports = hasPorts(it.protocol);
  const end = (address: string, port: number): string =>
    !ports ? address : address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  const icmp = it.icmp === null ? '' : ` type ${it.icmp.type} code ${it.icmp.code} id ${it.icmp.id}`;
  return {
    protocol: `${protocolText(it.protocol)}${icmp}`,
    source: end(it.source, it.sourcePort),
    destination: end(it.destination, it.destinationPort),
    isOwn,
    change,
    before,
    after,
  };
}
