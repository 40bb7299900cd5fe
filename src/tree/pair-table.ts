/**
 * Pair tables (cold): (subject class, peer class) -> header tree, for one direction.
 *
 * In:  the terms of a direction and its numbers of classes.  Out: a dense table where subjects x peers is small, else a
 * sparse one: for every subject class the runs of peer classes that end in the same tree, searched by halving. Runs are
 * found from the borders of the terms that hold for the subject, so the work follows the rules that name a class and not
 * the square of the classes; subject classes under equal terms share their runs.
 */
import { BudgetExceeded, type HeaderTrees } from './header-trees.js';
import { PEER_DIM, SUBJECT_DIM, type Term } from './terms.js';

export interface PairLimits {
  readonly mostRuns: number;
  /** Entries of a dense table. */
  readonly mostDense: number;
}

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

/** @throws BudgetExceeded when the runs outnumber the budget. */
export function buildPairTable(
  terms: readonly Term[],
  subjects: number,
  peers: number,
  trees: HeaderTrees,
  { mostRuns, mostDense }: PairLimits,
): PairTable {
  const runPeer: number[] = [];
  const runRoot: number[] = [];
  const rowStart = new Int32Array(subjects);
  const rowEnd = new Int32Array(subjects);
  const rows = new Map<string, number>();
  const bySubject = termsBySubject(terms, subjects, mostRuns * 4);
  for (let subject = 0; subject < subjects; subject++) {
    const mine = bySubject[subject]!.map(order => terms[order]!);
    const key = bySubject[subject]!.join();
    const same = rows.get(key);
    if (same !== undefined) {
      rowStart[subject] = rowStart[same]!;
      rowEnd[subject] = rowEnd[same]!;
      continue;
    }
    rows.set(key, subject);
    rowStart[subject] = runPeer.length;
    let previous: number | null = null;
    for (const { peer, reaching } of runsOf(mine, peers)) {
      const root = trees.build(reaching);
      if (root === previous) continue;
      runPeer.push(peer);
      runRoot.push(root);
      previous = root;
      if (runPeer.length > mostRuns) throw new BudgetExceeded();
    }
    rowEnd[subject] = runPeer.length;
  }
  if (subjects * peers > mostDense) {
    return {
      dense: new Int32Array(0),
      rowStart,
      rowEnd,
      runPeer: new Int32Array(runPeer),
      runRoot: new Int32Array(runRoot),
    };
  }
  const dense = new Int32Array(subjects * peers);
  for (let subject = 0; subject < subjects; subject++) {
    for (let run = rowStart[subject]!; run < rowEnd[subject]!; run++) {
      const end = run + 1 < rowEnd[subject]! ? runPeer[run + 1]! : peers;
      dense.fill(runRoot[run]!, subject * peers + runPeer[run]!, subject * peers + end);
    }
  }
  const none = new Int32Array(0);
  return { dense, rowStart: none, rowEnd: none, runPeer: none, runRoot: none };
}

/** Orders of the terms that hold for each subject class. */
function termsBySubject(terms: readonly Term[], subjects: number, most: number): number[][] {
  const lists: number[][] = Array.from({ length: subjects }, () => []);
  let entries = 0;
  for (const { order, sets } of terms) {
    const set = sets[SUBJECT_DIM] ?? [0, subjects - 1];
    for (let i = 0; i < set.length; i += 2) {
      entries += set[i + 1]! - set[i]! + 1;
      if (entries > most) throw new BudgetExceeded();
      for (let subject = set[i]!; subject <= set[i + 1]!; subject++) lists[subject]!.push(order);
    }
  }
  return lists;
}

/** Runs of peer classes that the same terms reach, from left to right. */
function* runsOf(terms: readonly Term[], peers: number): Generator<{ peer: number; reaching: Term[] }> {
  const begins = new Map<number, Term[]>();
  const ends = new Map<number, Term[]>();
  const at = (map: Map<number, Term[]>, peer: number, term: Term): void => {
    const list = map.get(peer);
    if (list === undefined) map.set(peer, [term]);
    else list.push(term);
  };
  for (const term of terms) {
    const set = term.sets[PEER_DIM] ?? [0, peers - 1];
    for (let i = 0; i < set.length; i += 2) {
      at(begins, set[i]!, term);
      if (set[i + 1]! + 1 < peers) at(ends, set[i + 1]! + 1, term);
    }
  }
  const active: Term[] = [];
  for (const peer of [...new Set([...begins.keys(), ...ends.keys()])].sort((a, b) => a - b)) {
    for (const term of ends.get(peer) ?? []) active.splice(place(active, term), 1);
    for (const term of begins.get(peer) ?? []) active.splice(place(active, term), 0, term);
    yield { peer, reaching: active };
  }
}

/** Where the term stands, or belongs, in the order. */
function place(active: readonly Term[], { order }: Term): number {
  let lo = 0;
  let hi = active.length;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (active[mid]!.order < order) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}
