/**
 * Row displacement (cold): a sparse matrix -> one array in which every entry is found with one addition.
 *
 * In:  rows of (column, value), columns rising.  Out: for each row its offset, and a table of pairs [offset of the row,
 * value]: entry (row, column) stands in slot offset + column, and any other slot there holds another row's offset. Offsets
 * are different for different rows, so what stands in the slot tells whose it is (Tarjan and Yao, CACM 1979; the check of a
 * double array). Rows with many entries are placed first, those with one fill the holes.
 */

/** Row r's entries are those from starts[r] to starts[r + 1] - 1. */
export interface SparseMatrix {
  readonly starts: Int32Array;
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

export function displace({ starts, columns, values }: SparseMatrix, columnCount: number): Displaced {
  const rows = starts.length - 1;
  const offsets = new Int32Array(rows);
  let table = new Int32Array(4 * (columns.length + 2 * columnCount + 16));
  let taken = new Uint8Array(table.length);
  // So many slots stay free in front: no column leads before the table.
  let end = columnCount + 1;
  let hint = end;

  for (const row of bySize(starts)) {
    const from = starts[row]!;
    const to = starts[row + 1]!;
    const first = columns[from]!;
    const last = columns[to - 1]!;
    while (hint < end && table[hint * 2] !== 0) hint++;
    let slot = hint;
    let tries = 0;
    // Past the end everything is free, and an offset that is nobody's is near.
    for (;;) {
      grow(slot - first + last + 1);
      if (taken[slot - first] === 0 && fits(from, to, slot - first)) break;
      slot++;
      while (slot < end && table[slot * 2] !== 0) slot++;
      if (++tries === FIRST_TRIES) slot = Math.max(slot, end - 2 * (last - first));
      else if (tries === MOST_TRIES) slot = end;
    }
    const offset = slot - first;
    offsets[row] = offset;
    taken[offset] = 1;
    for (let e = from; e < to; e++) {
      const at = (offset + columns[e]!) * 2;
      table[at] = offset;
      table[at + 1] = values[e]!;
    }
    end = Math.max(end, offset + last + 1);
  }

  function grow(slots: number): void {
    if (slots * 2 <= table.length) return;
    const larger = new Int32Array(Math.max(slots * 2, table.length * 2));
    larger.set(table);
    table = larger;
    const longer = new Uint8Array(larger.length);
    longer.set(taken);
    taken = longer;
  }

  function fits(from: number, to: number, offset: number): boolean {
    for (let e = from; e < to; e++) if (table[(offset + columns[e]!) * 2] !== 0) return false;
    return true;
  }

  // Any offset plus any column stays inside.
  let highest = 0;
  for (const offset of offsets) highest = Math.max(highest, offset);
  return { offsets, table: table.slice(0, 2 * Math.max(end, highest + columnCount)) };
}

/** Rows that have entries, those with the most first, else in their order. */
export function bySize(starts: Int32Array): Int32Array {
  const sizes = starts.subarray(1).map((end, row) => end - starts[row]!);
  const most = sizes.reduce((a, b) => Math.max(a, b), 0);
  const next = new Int32Array(most + 2);
  for (const size of sizes) next[most - size + 1]!++;
  for (let place = 0; place <= most; place++) next[place + 1]! += next[place]!;
  const sorted = new Int32Array(sizes.length);
  sizes.forEach((size, row) => {
    sorted[next[most - size]!++] = row;
  });
  let used = sorted.length;
  while (used > 0 && sizes[sorted[used - 1]!] === 0) used--;
  return sorted.subarray(0, used);
}
