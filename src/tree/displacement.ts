/**
 * Row displacement (cold): a sparse matrix -> one array in which every entry is found with one addition.
 *
 * In:  rows of (column, value).  Out: for each row its offset, and a table of pairs [offset of the row, value]: entry
 * (row, column) stands in slot offset + column, and any other slot there holds another row's offset. Offsets are
 * different for different rows, so what stands in the slot tells whose it is (Tarjan and Yao, CACM 1979; the check of a
 * double array). Rows with many entries are placed first, those with one fill the holes.
 */
export interface SparseRow {
  readonly columns: Int32Array;
  readonly values: Int32Array;
}

export interface Displaced {
  /** From 1 on; 0 for a row without entries. */
  readonly offsets: Int32Array;
  /** Two words a slot. */
  readonly table: Int32Array;
}

/** Places that are tried for a row among the first holes, and then where the last rows have left some. */
const FIRST_TRIES = 16;
const MOST_TRIES = 160;

export function displace(rows: readonly SparseRow[], columns: number): Displaced {
  let entries = 0;
  for (const row of rows) entries += row.columns.length;
  const bySize = rows.map((_, i) => i).filter(i => rows[i]!.columns.length > 0);
  bySize.sort((a, b) => rows[b]!.columns.length - rows[a]!.columns.length);
  const offsets = new Int32Array(rows.length);
  let table = new Int32Array(4 * (entries + 2 * columns + 16));
  const taken = new Set<number>();
  // So many slots stay free in front: no column leads before the table.
  let end = columns + 1;
  let hint = end;

  const grow = (slots: number): void => {
    if (slots * 2 <= table.length) return;
    const larger = new Int32Array(Math.max(slots * 2, table.length * 2));
    larger.set(table);
    table = larger;
  };
  const free = (slot: number): boolean => table[slot * 2] === 0;

  for (const i of bySize) {
    const row = rows[i]!;
    const first = row.columns[0]!;
    const last = row.columns[row.columns.length - 1]!;
    while (hint < end && !free(hint)) hint++;
    let slot = hint;
    let tries = 0;
    // Past the end everything is free, and an offset that is nobody's is near.
    while (taken.has(slot - first) || !fits(row.columns, slot - first)) {
      slot++;
      while (slot < end && !free(slot)) slot++;
      if (++tries === FIRST_TRIES) slot = Math.max(slot, end - 2 * (last - first));
      else if (tries === MOST_TRIES) slot = end;
    }
    const offset = slot - first;
    offsets[i] = offset;
    taken.add(offset);
    for (let e = 0; e < row.columns.length; e++) {
      const at = (offset + row.columns[e]!) * 2;
      table[at] = offset;
      table[at + 1] = row.values[e]!;
    }
    end = Math.max(end, offset + last + 1);
  }

  function fits(wanted: Int32Array, offset: number): boolean {
    grow(offset + wanted[wanted.length - 1]! + 1);
    for (let e = 0; e < wanted.length; e++) if (!free(offset + wanted[e]!)) return false;
    return true;
  }

  // Any offset plus any column stays inside.
  let highest = 0;
  for (const offset of offsets) highest = Math.max(highest, offset);
  return { offsets, table: table.slice(0, 2 * Math.max(end, highest + columns)) };
}
