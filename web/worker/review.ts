/**
 * What was judged, as the views ask for it: rows, one row's decision, traffic over time, the map.
 *
 * In:  a judgement of a kept capture; of a longer one its overview.  Out: plain data. A selection stands until the next one.
 */

import { connectionsOf } from '../../src/kept/connections.js';
import { decisionOf } from '../../src/kept/decided.js';
import type { Keeping } from '../../src/kept/keep.js';
import { summaryOf, timelineOf } from '../../src/kept/overview.js';
import { packetsOf } from '../../src/kept/packet-table.js';
import { select } from '../../src/kept/select.js';
import { cellsOf, FieldError, type Table } from '../../src/kept/table.js';
import { workloadMap } from '../../src/kept/workloads.js';
import type { ConnectionRow } from '../../src/report/connection-columns.js';
import type { PacketRow } from '../../src/report/packet-row.js';
import type { Summary } from '../../src/report/summary.js';
import { TIMELINE_VERDICTS, type Timeline } from '../../src/report/timeline.js';
import type { OutcomeRecord } from '../../src/verdict/verdict.js';
import { expressionFault } from './expression.js';
import {
  type Detail,
  EngineFault,
  NOBODY,
  type Selected,
  type Selection,
  type TableName,
  type TimelineSpans,
  type WorkloadMap,
} from './protocol.js';

/** As reports have an outcome, its fields are columns of their own. */
const OUTCOME_FIELD = /^(egress|ingress|forward)_/;

export class Review {
  readonly summary: Summary;
  /** null where the capture is too long for its packets to be kept. */
  private readonly packets: Table<PacketRow> | null;
  /** Made when a view first asks for them. */
  private readonly connectionsMade: () => Table<ConnectionRow>;
  private made: Table<ConnectionRow> | null = null;
  private readonly spans: Timeline;
  private readonly selections = new Map<TableName, Uint32Array>();

  constructor(keeping: Keeping) {
    if (keeping.kept === null) {
      const { summary, timeline, connections } = keeping.overview;
      this.summary = summary;
      this.spans = timeline;
      this.connectionsMade = () => connections;
      this.packets = null;
    } else {
      const { judgement } = keeping;
      this.summary = summaryOf(judgement);
      this.spans = timelineOf(judgement);
      this.connectionsMade = () => connectionsOf(judgement);
      this.packets = packetsOf(judgement);
    }
  }

  private get connections(): Table<ConnectionRow> {
    this.made ??= this.connectionsMade();
    return this.made;
  }

  get hasPackets(): boolean {
    return this.packets !== null;
  }

  select({ table: name, where, by, isDescending }: Selection): Selected {
    const table = this.table(name);
    const order = by === null ? 'drops-first' : ({ by, descending: isDescending } as const);
    try {
      const text = where.trim() === '' ? null : where;
      const rows =
        name === 'packets'
          ? select(table as Table<PacketRow>, { where: text, order })
          : select(table as Table<ConnectionRow>, { where: text, order });
      this.selections.set(name, rows);
      return { rows: rows.length, of: table.count };
    } catch (error) {
      if (error instanceof FieldError) throw new EngineFault(error.message);
      throw expressionFault(error);
    }
  }

  rows(name: TableName, from: number, count: number, fields: readonly string[]): (readonly string[])[] {
    const chosen = this.selections.get(name)?.subarray(from, from + count) ?? [];
    const cells =
      name === 'packets'
        ? cellsOf(this.table(name) as Table<PacketRow>, fields, chosen)
        : cellsOf(this.connections, fields, chosen);
    return cells.map(row => row.map(text => text ?? ''));
  }

  detail(name: TableName, at: number): Detail | null {
    const row = this.selections.get(name)?.[at];
    if (row === undefined) return null;
    return name === 'packets' ? detailOf(this.table(name) as Table<PacketRow>, row) : detailOf(this.connections, row);
  }

  timeline(): TimelineSpans {
    const { counts, used, width, start, startNanoseconds } = this.spans;
    const of = (verdict: (typeof TIMELINE_VERDICTS)[number]): number[] => {
      const place = TIMELINE_VERDICTS.indexOf(verdict);
      return Array.from({ length: used }, (_, i) => counts[i * TIMELINE_VERDICTS.length + place]!);
    };
    const verdicts = { allowed: of('allowed'), dropped: of('dropped'), undecided: of('undecided') };
    const began = Number.isNaN(start) ? 0n : BigInt(start) * 1_000_000_000n + BigInt(startNanoseconds);
    return { start: began, width, ...verdicts };
  }

  map(): WorkloadMap {
    const { ends, edges } = workloadMap(this.connections);
    const nameOf = (i: number): string => ends[i]!.workload ?? NOBODY;
    const namespaces = new Map<string, string[]>();
    for (const [i, { namespace }] of ends.entries()) {
      const name = namespace ?? '';
      namespaces.set(name, [...(namespaces.get(name) ?? []), nameOf(i)]);
    }
    return {
      namespaces: [...namespaces]
        .map(([name, workloads]) => ({ name, workloads: workloads.sort() }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
      edges: edges.map(({ from, to, connections, packets }) => {
        const of = (verdict: 'allowed' | 'dropped' | 'undecided') => ({
          connections: connections[verdict],
          packets: packets[verdict],
        });
        return {
          from: nameOf(from),
          to: nameOf(to),
          ...{ allowed: of('allowed'), dropped: of('dropped'), undecided: of('undecided') },
        };
      }),
    };
  }

  private table(name: TableName): Table<PacketRow> | Table<ConnectionRow> {
    if (name === 'connections') return this.connections;
    if (this.packets === null) {
      throw new EngineFault(
        'The capture has more packets than a page can keep: its connections are kept, and all is counted.',
      );
    }
    return this.packets;
  }
}

interface Decided {
  readonly code: number;
  outcomeOf(direction: number): OutcomeRecord | null;
}

/** A record's first column is its number. */
function detailOf<Row extends Decided>(table: Table<Row>, row: number): Detail {
  const names = table.columns.map(({ name }) => name).filter(name => !OUTCOME_FIELD.test(name));
  const [cells = []] = cellsOf(table, names, [row]);
  const fields = names.flatMap((name, i) => (cells[i] === null ? [] : [[name, cells[i]!] as const]));
  const number = Number(fields[0]![1]);
  return { number, fields, ...decisionOf(table, row) };
}
