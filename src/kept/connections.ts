/**
 * The connections of a judgement as rows: those that `--records connections` writes.
 *
 * In:  a judgement, or a replay's batches.  Out: a Table. What a traced judgement says of a connection is all in the packet that
 * opened it; how many packets it has, and when, no policy changes: that is counted once a trace.
 */
import { CONNECTION_COLUMNS, type ConnectionRow } from '../report/connection-columns.js';
import type { ConnectionTable } from '../report/connection-table.js';
import { createConnectionRecords } from '../report/connections.js';
import type { Report } from '../report/report.js';
import { MARK_DUPLICATE, MARK_MIDSTREAM, MARK_ONE_WAY, MARK_ORIGINAL, verdictOf } from '../verdict/verdict.js';
import { batchesOf, type Judgement, pickedOf } from './judgement.js';
import type { Packets } from './packets.js';
import type { Table } from './table.js';
import type { Trace } from './trace.js';

/** Every connection has a row: none is given up for another. */
const MOST_CONNECTIONS = 1 << 30;

export function createConnectionReport(): Report & {
  table(): Table<ConnectionRow> & { readonly row: ConnectionRow | null };
} {
  let row: ConnectionRow | null = null;
  const slots: number[] = [];
  const writer = {
    begin() {},
    row(given: ConnectionRow) {
      row = given;
      slots.push(given.slot);
    },
    end() {},
  };
  return {
    ...createConnectionRecords(writer, null, MOST_CONNECTIONS),
    table: () => ({
      columns: CONNECTION_COLUMNS,
      count: slots.length,
      row,
      moveTo(i) {
        row!.slot = slots[i]!;
        return row!;
      },
    }),
  };
}

export function connectionsOf(judgement: Judgement): Table<ConnectionRow> {
  const { context, result, trace, packets: kept } = judgement;
  const report = createConnectionReport();
  void report.begin(context);
  const columns = trace === null ? judgement : pickedOf(judgement, trace.openedBy.subarray(1));
  for (const { frames, packets, verdicts, first } of batchesOf(columns)) {
    void report.batch(frames, packets, verdicts, first);
  }
  void report.end(result);
  const table = report.table();
  if (trace !== null && table.row !== null) addCounts(table.row.table, trace, countsOf(trace, kept));
  return table;
}

/** By connection number; two of a kind are those from the initiator, and from the responder. */
interface Counts {
  readonly packets: Float64Array;
  readonly bytes: Float64Array;
  /** Index of the last packet. */
  readonly last: Uint32Array;
  readonly marks: Uint8Array;
  readonly seconds: Float64Array;
  readonly nanoseconds: Int32Array;
}

const counted = new WeakMap<Trace, Counts>();

function countsOf(trace: Trace, packets: Packets): Counts {
  const known = counted.get(trace);
  if (known !== undefined) return known;
  const { connection, marks, count, connections } = trace;
  const counts: Counts = {
    packets: new Float64Array(2 * (connections + 1)),
    bytes: new Float64Array(2 * (connections + 1)),
    last: new Uint32Array(connections + 1),
    marks: new Uint8Array(connections + 1),
    seconds: packets.seconds,
    nanoseconds: packets.nanoseconds,
  };
  for (let i = 0; i < count; i++) {
    const number = connection[i]!;
    if (number === 0 || (marks[i]! & MARK_DUPLICATE) !== 0) continue;
    const end = 2 * number + ((marks[i]! & MARK_ORIGINAL) !== 0 ? 0 : 1);
    counts.packets[end]!++;
    counts.bytes[end]! += packets.length[i]!;
    counts.last[number] = i;
    counts.marks[number]! |= marks[i]! & (MARK_MIDSTREAM | MARK_ONE_WAY);
  }
  counted.set(trace, counts);
  return counts;
}

/** To a table that has seen the packets that open connections alone, numbered by themselves. */
function addCounts(table: ConnectionTable, { openedBy }: Trace, counts: Counts): void {
  for (let slot = 0; slot < table.used; slot++) {
    const number = table.number[slot]!;
    const [sent, received] = [counts.packets[2 * number]!, counts.packets[2 * number + 1]!];
    table.packets[2 * slot] = sent;
    table.packets[2 * slot + 1] = received;
    table.bytes[2 * slot] = counts.bytes[2 * number]!;
    table.bytes[2 * slot + 1] = counts.bytes[2 * number + 1]!;
    const last = counts.last[number]!;
    table.seconds[2 * slot + 1] = counts.seconds[last]!;
    table.nanoseconds[2 * slot + 1] = counts.nanoseconds[last]!;
    table.marks[slot] = table.marks[slot]! | counts.marks[number]!;
    table.firstPacket[slot] = openedBy[number]!;
    table.refusedAt[slot] = openedBy[number]!;
    // What-if: a refused connection is refused whole.
    table.dropped[slot] = verdictOf(table.code[slot]!) === 'dropped' ? sent + received : 0;
  }
}
