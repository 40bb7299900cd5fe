/**
 * Selecting rows: those that an expression lets through, in an order.
 *
 * In:  a table, an expression of `--where`, an order.  Out: row numbers. What an expression means, and what is said of one that means
 * nothing, is the command line's (src/where).
 */
import { rowTest } from '../report/records.js';
import { parseWhere } from '../where/parse.js';
import { counted, DROPS_FIRST, type Order, ordered } from './order.js';
import type { Table } from './table.js';

export interface Selection {
  /** null: all rows. */
  readonly where: string | null;
  /** Default: refused ones first. */
  readonly order?: Order;
}

/** @throws WhereError of the expression, FieldError of the order */
export function select<Row extends { readonly code: number }>(
  table: Table<Row>,
  { where, order = DROPS_FIRST }: Selection,
): Uint32Array {
  return ordered(table, matching(table, where), order);
}

/** In the order of the table. */
function matching<Row>(table: Table<Row>, where: string | null): Uint32Array {
  if (where === null) return counted(table.count);
  const wanted = rowTest(parseWhere(where, table.columns), table.columns);
  const found = new Uint32Array(table.count);
  let count = 0;
  for (let i = 0; i < table.count; i++) if (wanted(table.moveTo(i))) found[count++] = i;
  return found.slice(0, count);
}
