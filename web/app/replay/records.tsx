/**
 * Packets or connections as a table, with a filter in the language of `--where`; refused ones come first.
 *
 * In:  the link's parameters (where, by, descending, row).  Out: the same, as the reader changes them; beside the table, who decided
 * the chosen row.
 */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { EngineFault, type Selected, type TableName } from '../../worker/protocol.js';
import { go, link } from '../link.js';
import { count } from '../parts/format.js';
import { type Column, VirtualTable } from '../parts/table.js';
import { engine, judged } from '../workspace.js';
import { DetailPane } from './detail.js';
import { Filter } from './filter.js';

/** To the microsecond. */
const timeOfDay = (time: string): string => time.slice(11, 26);

const PACKETS: readonly Column[] = [
  { name: 'packet', title: 'packet', width: 5, isNumber: true, isSortable: true },
  { name: 'verdict', title: 'verdict', width: 6, isSortable: true },
  { name: 'time', title: 'time (UTC)', width: 8, isSortable: true, shown: timeOfDay },
  { name: 'src', title: 'from', width: 9, grows: 2, isSortable: true },
  { name: 'dst', title: 'to', width: 9, grows: 2, isSortable: true },
  { name: 'protocol', title: 'protocol', width: 5, isSortable: true },
  { name: 'dport', title: 'port', width: 3.5, isNumber: true, isSortable: true },
  { name: 'length', title: 'bytes', width: 3.5, isNumber: true, isSortable: true },
  { name: 'reason', title: 'reason', width: 9, grows: 1, isSortable: true },
  { name: 'connection', title: 'connection', width: 6, isNumber: true, isSortable: true },
];

const CONNECTIONS: readonly Column[] = [
  { name: 'connection', title: 'connection', width: 6, isNumber: true, isSortable: true },
  { name: 'verdict', title: 'verdict', width: 6, isSortable: true },
  { name: 'start', title: 'start (UTC)', width: 8, isSortable: true, shown: timeOfDay },
  { name: 'src_workload', title: 'from workload', width: 12, grows: 2, isSortable: true },
  { name: 'src', title: 'from', width: 9, grows: 2, isSortable: true },
  { name: 'dst_workload', title: 'to workload', width: 12, grows: 2, isSortable: true },
  { name: 'dst', title: 'to', width: 9, grows: 2, isSortable: true },
  { name: 'protocol', title: 'protocol', width: 5, isSortable: true },
  { name: 'dport', title: 'port', width: 3.5, isNumber: true, isSortable: true },
  { name: 'sentPackets', title: 'sent', width: 3.5, isNumber: true, isSortable: true },
  { name: 'receivedPackets', title: 'received', width: 5, isNumber: true, isSortable: true },
  { name: 'reason', title: 'reason', width: 9, grows: 1, isSortable: true },
];

const COLUMNS: Readonly<Record<TableName, readonly Column[]>> = { packets: PACKETS, connections: CONNECTIONS };

export function Records({ table }: { readonly table: TableName }): JSX.Element {
  const { where = '', by, descending, row = '-1' } = link.value.parameters;
  const selected = useSignal<(Selected & { readonly version: object }) | null>(null);
  const fault = useSignal<string | null>(null);
  const isDescending = descending !== undefined;
  const columns = COLUMNS[table];
  const names = columns.map(({ name }) => name);
  const at = Number(row);

  useEffect(() => {
    let isLatest = true;
    void engine.select({ table, where, by: by ?? null, isDescending }).then(
      answer => {
        if (!isLatest) return;
        fault.value = null;
        selected.value = { ...answer, version: {} };
      },
      (error: unknown) => {
        if (isLatest) fault.value = error instanceof EngineFault ? error.message : String(error);
      },
    );
    return () => {
      isLatest = false;
    };
  }, [table, where, by, isDescending, judged.value]);

  const { rows, of, version } = selected.value ?? { rows: 0, of: 0, version: null };
  const order = by === undefined ? null : { by, isDescending };
  const verdictAt = names.indexOf('verdict');
  return (
    <>
      <Filter where={where} fault={fault.value} rows={rows} of={of} unit={table} />
      <div class="split">
        <VirtualTable
          label={table === 'packets' ? 'Packets' : 'Connections'}
          columns={columns}
          rows={rows}
          version={version}
          fetch={(from, size) => engine.rows(table, from, size, names)}
          selected={at}
          onSelect={to => go('replay', { row: to }, true)}
          order={order}
          onOrder={name =>
            go('replay', { by: name, descending: by === name && !isDescending ? '1' : null, row: null }, true)
          }
          rowClass={cells => cells[verdictAt] ?? ''}
        />
        <DetailPane table={table} row={at} version={version} />
      </div>
      {order !== null && (
        <p>
          Sorted by {order.by}.{' '}
          <button type="button" onClick={() => go('replay', { by: null, descending: null, row: null }, true)}>
            Refused first again
          </button>
        </p>
      )}
      <p class="soft">{count(rows)} rows. Arrow keys, Page Up, Page Down, Home and End move through them.</p>
    </>
  );
}
