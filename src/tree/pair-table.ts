/**
 * Pair tables (cold): (subject class, peer class) -> header tree, for one direction.
 *
 * In:  the terms of a direction and its numbers of classes.  Out: a dense table where subjects x peers is small, else a
 * sparse one: for every subject class the runs of peer classes that end in the same tree, searched by halving. Runs are
 * found from the borders of the terms that hold for the subject, so the work follows the rules that name a class and not
 * the square of the classes; subject classes under equal terms share their runs.
 */
import { BudgetExceeded } from './header-shapes.js';
import type { HeaderTrees } from './header-trees.js';
import { IntLists } from './int-lists.js';
import type { KeptRows } from './kept-rows.js';
import type { PairedTerm } from './terms.js';

export interface PairTable {
  /** Dense: subject * peers + peer -> root; empty when sparse. */
  readonly dense: Int32Array;
  /** Sparse: runs rowStart[subject]..rowStart[subject + 1] - 1; empty when dense. */
  readonly rowStart: Int32Array;
  readonly rowEnd: Int32Array;
  /** The first peer class of each run, and its root. */
  readonly runPeer: Int32Array;
  readonly runRoot: Int32Array;
}

/** Orders of the terms that hold for each subject class, rising: orders[starts[subject]..starts[subject + 1]). */
export interface TermLists {
  readonly starts: Int32Array;
  readonly orders: Int32Array;
}

/** The runs of each subject class, and the terms that they come of. */
export interface Rows extends TermLists {
  readonly rowStart: Int32Array;
  readonly rowEnd: Int32Array;
  readonly runPeer: Int32Array;
  readonly runRoot: Int32Array;
}

/**
 * @param kept rows that need not be walked anew
 * @throws BudgetExceeded when the runs outnumber the budget.
 */
export function buildRows(
  terms: readonly PairedTerm[],
  lists: TermLists,
  peers: number,
  trees: HeaderTrees,
  mostRuns: number,
  kept: KeptRows | null,
): Rows {
  const { starts, orders } = lists;
  const subjects = starts.length - 1;
  let runPeer = new Int32Array(kept === null ? 1024 : kept.rows.runPeer.length + 1024);
  let runRoot = new Int32Array(runPeer.length);
  let runs = 0;
  const rowStart = new Int32Array(subjects);
  const rowEnd = new Int32Array(subjects);
  const rows = new IntLists();
  /** Number of a list of terms -> the first subject under it. */
  const firstUnder: number[] = [];
  const borders = createBorders(terms, peers);
  /** Of the row at hand. */
  let first = 0;
  const add = (peer: number, root: number): void => {
    if (runs > first && root === runRoot[runs - 1]) return;
    if (runs === mostRuns) throw new BudgetExceeded();
    if (runs === runPeer.length) {
      runPeer = larger(runPeer);
      runRoot = larger(runRoot);
    }
    runPeer[runs] = peer;
    runRoot[runs++] = root;
  };
  for (let subject = 0; subject < subjects; subject++) {
    const list = rows.numberOf(orders, starts[subject]!, starts[subject + 1]!);
    if (list < firstUnder.length) {
      const same = firstUnder[list]!;
      rowStart[subject] = rowStart[same]!;
      rowEnd[subject] = rowEnd[same]!;
      continue;
    }
    firstUnder.push(subject);
    first = runs;
    rowStart[subject] = first;
    if (kept !== null && kept.from[subject]! >= 0) copyRow(kept, kept.from[subject]!, add);
    else {
      borders.walk(orders, starts[subject]!, starts[subject + 1]!, (peer, active, count) => {
        add(peer, trees.build(active, count));
      });
    }
    rowEnd[subject] = runs;
  }
  return { starts, orders, rowStart, rowEnd, runPeer: runPeer.slice(0, runs), runRoot: runRoot.slice(0, runs) };
}

function larger(array: Int32Array): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(array.length * 2);
  copy.set(array);
  return copy;
}

function copyRow({ rows, peerStarts, trees }: KeptRows, row: number, add: (peer: number, root: number) => void): void {
  const { rowStart, rowEnd, runPeer, runRoot } = rows;
  const last = rowEnd[row]! - 1;
  for (let run = rowStart[row]!; run <= last; run++) {
    const peer = runPeer[run]!;
    if (peerStarts === null) {
      add(peer, trees.rootOf(runRoot[run]!));
      continue;
    }
    // Classes that are gone may have been all of a run.
    const end = run < last ? runPeer[run + 1]! : peerStarts.length - 1;
    if (peerStarts[peer]! < peerStarts[end]!) add(peerStarts[peer]!, trees.rootOf(runRoot[run]!));
  }
}

/** @param mostDense entries of a dense table */
export function buildPairTable(rows: Rows, peers: number, mostDense: number): PairTable {
  const { rowStart, rowEnd, runPeer, runRoot } = rows;
  const none = new Int32Array(0);
  const subjects = rowStart.length;
  if (subjects * peers > mostDense) return { dense: none, rowStart, rowEnd, runPeer, runRoot };
  const dense = new Int32Array(subjects * peers);
  for (let subject = 0; subject < subjects; subject++) {
    for (let run = rowStart[subject]!; run < rowEnd[subject]!; run++) {
      const end = run + 1 < rowEnd[subject]! ? runPeer[run + 1]! : peers;
      dense.fill(runRoot[run]!, subject * peers + runPeer[run]!, subject * peers + end);
    }
  }
  return { dense, rowStart: none, rowEnd: none, runPeer: none, runRoot: none };
}

/** @throws BudgetExceeded where they are more than `most` all together */
export function termsBySubject(terms: readonly PairedTerm[], subjects: number, most: number): TermLists {
  const starts = new Int32Array(subjects + 1);
  const every = [0, subjects - 1];
  let entries = 0;
  for (const { subject: own } of terms) {
    const set = own ?? every;
    for (let i = 0; i < set.length; i += 2) {
      entries += set[i + 1]! - set[i]! + 1;
      if (entries > most) throw new BudgetExceeded();
      for (let subject = set[i]!; subject <= set[i + 1]!; subject++) starts[subject + 1]!++;
    }
  }
  for (let subject = 0; subject < subjects; subject++) starts[subject + 1]! += starts[subject]!;
  const used = starts.slice(0, subjects);
  const orders = new Int32Array(entries);
  for (const { order, subject: own } of terms) {
    const set = own ?? every;
    for (let i = 0; i < set.length; i += 2) {
      for (let subject = set[i]!; subject <= set[i + 1]!; subject++) orders[used[subject]!++] = order;
    }
  }
  return { starts, orders };
}

type OnRun = (peer: number, active: Int32Array, count: number) => void;

/** Runs of peer classes that the same terms reach, from left to right. */
function createBorders(terms: readonly PairedTerm[], peers: number) {
  const every = [0, peers - 1];
  /** Borders of a row: peer * 2 * terms + order * 2 + (1 where the term begins there), so that they sort as they are walked. */
  let borders = new Float64Array(256);
  const stride = terms.length * 2;
  /** Orders of the terms that hold, rising. */
  let active = new Int32Array(64);
  return {
    walk(orders: Int32Array, from: number, to: number, onRun: OnRun): void {
      let count = 0;
      for (let i = from; i < to; i++) {
        const order = orders[i]!;
        const set = terms[order]!.peer ?? every;
        if (count + set.length > borders.length) {
          const larger = new Float64Array((count + set.length) * 2);
          larger.set(borders);
          borders = larger;
        }
        for (let r = 0; r < set.length; r += 2) {
          borders[count++] = set[r]! * stride + order * 2 + 1;
          if (set[r + 1]! + 1 < peers) borders[count++] = (set[r + 1]! + 1) * stride + order * 2;
        }
      }
      sort(borders, count);
      let held = 0;
      for (let i = 0; i < count; ) {
        const peer = Math.floor(borders[i]! / stride);
        for (const end = (peer + 1) * stride; i < count && borders[i]! < end; i++) {
          const border = borders[i]! - peer * stride;
          const at = place(active, held, border >>> 1);
          // Shifted by hand: they are a few, and splice() makes an array of what it takes out.
          if ((border & 1) === 1) {
            if (held === active.length) active = larger(active);
            for (let k = held++; k > at; k--) active[k] = active[k - 1]!;
            active[at] = border >>> 1;
          } else {
            held--;
            for (let k = at; k < held; k++) active[k] = active[k + 1]!;
          }
        }
        onRun(peer, active, held);
      }
    },
  };
}

const FEW = 24;

function sort(values: Float64Array, count: number): void {
  if (count > FEW) {
    values.subarray(0, count).sort();
    return;
  }
  for (let i = 1; i < count; i++) {
    const x = values[i]!;
    let at = i;
    for (; at > 0 && values[at - 1]! > x; at--) values[at] = values[at - 1]!;
    values[at] = x;
  }
}

/** Where the order stands, or belongs. */
function place(active: Int32Array, held: number, order: number): number {
  let lo = 0;
  let hi = held;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (active[mid]! < order) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}
