/**
 * Kept rows (cold): the rows of a direction's last build that a build of now can take over (pair-table.ts).
 *
 * In:  the tiers, rows and header trees of the last build, tiers of now, and how class numbers have moved.  Out: of each subject
 * class the row of before that says the same, with what its peers and trees are now.
 *
 * A row is what the terms of a subject class say of all peers. It is the same where they are the same terms in the same
 * order: then only numbers have moved, of peer classes, and of rules behind one that came or went. One policy of ten
 * thousand is in a few rows of a thousand; a wide one in a tenth.
 */
import type { PortSet, Rule, Tier } from '../rules/ruleset.js';
import type { ClassChange } from './changed-classes.js';
import type { AdoptedTrees, HeaderTrees } from './header-trees.js';
import { NODE_STRIDE } from './header-trees.js';
import type { Rows, TermLists } from './pair-table.js';

export interface RowsBefore {
  readonly tiers: readonly Tier[];
  readonly rows: Rows;
  readonly nodes: Int32Array;
  /** What the trees have cost. */
  readonly steps: number;
  /** null where the side's classes are the same. */
  readonly subjects: ClassChange | null;
  readonly peers: ClassChange | null;
}

export interface KeptRows {
  /** Subject class -> one of before whose row is the same, or -1. */
  readonly from: Int32Array;
  readonly rows: Rows;
  /** The class that a peer class of before begins at now; the end of the last one. null: the same. */
  readonly peerStarts: Int32Array | null;
  readonly trees: AdoptedTrees;
}

/** @returns null where tiers have come or gone */
export function keepRows(
  before: RowsBefore,
  tiers: readonly Tier[],
  now: TermLists,
  trees: HeaderTrees,
): KeptRows | null {
  const terms = matchTerms(before.tiers, tiers);
  if (terms === null) return null;
  const { rows, nodes, subjects, peers } = before;
  const { rowStart, rowEnd, runPeer, runRoot } = rows;
  const subjectCount = now.starts.length - 1;
  const from = new Int32Array(subjectCount).fill(-1);
  const isWanted = new Uint8Array(nodes.length / NODE_STRIDE);
  for (let subject = 0; subject < subjectCount; subject++) {
    const old = subjects === null ? subject : subjects.origin[subject]!;
    if (!isSameList(now, subject, rows, old, terms.before)) continue;
    from[subject] = old;
    const last = rowEnd[old]! - 1;
    for (let run = rowStart[old]!; run <= last; run++) {
      if (runRoot[run]! < 0) continue;
      // Classes that are gone may have been all of a run.
      if (peers !== null) {
        const end = run < last ? runPeer[run + 1]! : peers.starts.length - 1;
        if (peers.starts[runPeer[run]!] === peers.starts[end]) continue;
      }
      isWanted[runRoot[run]! / NODE_STRIDE] = 1;
    }
  }
  return { from, rows, peerStarts: peers?.starts ?? null, trees: trees.adopt(nodes, isWanted, terms.moved) };
}

function isSameList(now: TermLists, subject: number, before: TermLists, old: number, beforeOf: Int32Array): boolean {
  const { starts, orders } = now;
  const { starts: oldStarts, orders: oldOrders } = before;
  const end = starts[subject + 1]!;
  let at = oldStarts[old]!;
  if (oldStarts[old + 1]! - at !== end - starts[subject]!) return false;
  for (let i = starts[subject]!; i < end; i++) if (beforeOf[orders[i]!] !== oldOrders[at++]) return false;
  return true;
}

interface MatchedTerms {
  /** Order of a term -> that of the same term before, or -1. */
  readonly before: Int32Array;
  /** Index of a rule of before -> its index now, where it is one of those. */
  readonly moved: Int32Array;
}

/**
 * Terms stand as buildTerms() orders them. A list changes in a few places, where a policy went and where one came: what stands
 * between them is the same.
 */
function matchTerms(before: readonly Tier[], now: readonly Tier[]): MatchedTerms | null {
  if (before.length !== now.length) return null;
  const orders = new Int32Array(countTerms(now)).fill(-1);
  const moved = new Int32Array(
    1 + before.reduce((most, { rules }) => rules.reduce((a, b) => Math.max(a, b.index), most), 0),
  );
  let order = 0;
  let orderBefore = 0;
  now.forEach(({ rules, isolations }, t) => {
    const { rules: olds, isolations: oldIsolations } = before[t]!;
    for (const [at, place] of matchRules(olds, rules)) {
      orders[order + place] = orderBefore + at;
      moved[olds[at]!.index] = rules[place]!.index;
    }
    order += rules.length;
    orderBefore += olds.length;
    if (isolations.length > 0 && oldIsolations.length > 0) orders[order] = orderBefore;
    if (isolations.length > 0) order++;
    if (oldIsolations.length > 0) orderBefore++;
  });
  orders[order] = orderBefore;
  return { before: orders, moved };
}

/** Places of the same rules, both rising. Behind a place that differs by more than MOST_APART rules nothing is matched but the end. */
function* matchRules(before: readonly Rule[], now: readonly Rule[]): Generator<readonly [at: number, place: number]> {
  let at = 0;
  let place = 0;
  let end = now.length;
  const shift = before.length - now.length;
  while (end > 0 && end + shift > 0 && isSameTerm(before[end - 1 + shift]!, now[end - 1]!)) end--;
  while (at < end + shift && place < end) {
    if (!isSameTerm(before[at]!, now[place]!)) {
      const next = nextSame(before, at, end + shift, now, place, end);
      if (next === null) break;
      [at, place] = next;
    }
    yield [at++, place++];
  }
  for (let i = end; i < now.length; i++) yield [i + shift, i];
}

const MOST_APART = 128;

/** The nearest places from which on two lists go on alike. */
function nextSame(
  before: readonly Rule[],
  at: number,
  atEnd: number,
  now: readonly Rule[],
  place: number,
  placeEnd: number,
): [at: number, place: number] | null {
  for (let apart = 1; apart <= MOST_APART; apart++) {
    for (let gone = 0; gone <= apart; gone++) {
      const i = at + gone;
      const j = place + apart - gone;
      if (i < atEnd && j < placeEnd && isSameTerm(before[i]!, now[j]!)) return [i, j];
    }
  }
  return null;
}

const countTerms = (tiers: readonly Tier[]): number =>
  tiers.reduce((sum, { rules, isolations }) => sum + rules.length + (isolations.length > 0 ? 1 : 0), 1);

/** In all that a term knows but its place, its outcome, and class numbers. */
const isSameTerm = (a: Rule, b: Rule): boolean =>
  a === b ||
  (a.subjects === b.subjects &&
    a.peers === b.peers &&
    a.protocol === b.protocol &&
    isSamePorts(a.sourcePorts, b.sourcePorts) &&
    isSamePorts(a.destinationPorts, b.destinationPorts) &&
    a.icmp === b.icmp &&
    a.within === b.within &&
    (a.action === 'pass') === (b.action === 'pass'));

const isSamePorts = (a: PortSet | null, b: PortSet | null): boolean =>
  a === b || (a !== null && b !== null && a.length === b.length && a.every((port, i) => port === b[i]));
