/**
 * The decision tree: what runs. Rules -> tables, so that a packet costs two address lookups and a short walk.
 *
 * In:  a Ruleset and an Inventory.  Out: a Classifier that gives the linear engine's answers (tree/linear.ts), the
 * index of the deciding rule included.
 *
 * 1. Addresses (address-table.ts, lookup.ts). Both address spaces are cut where some rule's set or some owner begins or
 *    ends. Each interval has a row: owner, node, and for each direction and side its address class, the set of
 *    addresses that no rule of that side tells apart. Five thousand pods in two hundred label groups are two hundred
 *    classes and a little more. From here on rules speak of class numbers.
 * 2. Terms (terms.ts). The tiers of a direction become one ordered list of conjunctions over seven small dimensions
 *    (subject class, peer class, protocol, two ports, ICMP type and code), the tiers' ends among them.
 * 3. One of three shapes a direction, the first whose size the rules keep within its budget:
 *    dense    subject class x peer class -> root of a header tree (pair-table.ts). Label-based policies end here.
 *    sparse   the same, where the product of the classes is large but most rules name few: per subject class the runs
 *             of peer classes, found by halving.
 *    forest   where sources x destinations explode: trees that split all seven dimensions, with lists of a few terms at
 *             their leaves (split.ts, forest.ts), in memory proportional to the rules.
 *    Header trees (header-trees.ts) decide protocol, ports and ICMP; equal ones are one.
 * 4. Plain rules (forward) from some tens on are crossed instead (crossing.ts): address sets get labels, and pairs of
 *    labels are hashed without a hash. A list with `pass` is not, for it has no first match.
 * The budgets bound time and memory of the build; nothing depends on the rules being well behaved.
 */
import type { Inventory } from '../cluster/inventory.js';
import { STRIDE } from '../packet/row.js';
import { DIRECTIONS, type Direction, type Ruleset, type Tier } from '../rules/ruleset.js';
import { type AddressTable, type AddressTables, createAddressTables, type Ranges } from './address-table.js';
import { type LookUp, runCrossing, runDirect } from './batch-run.js';
import { type Classifier, OUTCOMES } from './classifier.js';
import { buildCrossing, type Crossing } from './crossing.js';
import { buildDirect } from './direct.js';
import { BudgetExceeded, createHeaderShapes, type HeaderShapes } from './header-shapes.js';
import { createHeaderTrees, NODE_STRIDE } from './header-trees.js';
import { ABSENT, CROSSING, DENSE, type DirectionTables, FOREST, judge, locate, newKey, SPARSE } from './judge.js';
import { keepRows, type RowsBefore } from './kept-rows.js';
import { OWNER } from './lookup.js';
import { buildPairTable, buildRows, type PairTable, type Rows, termsBySubject } from './pair-table.js';
import { buildForest, type Forest } from './split.js';
import { measure } from './stats.js';
import { buildTerms, COLUMNS, type Columns, collectSides, type PairedTerm, termOf } from './terms.js';

export interface TreeOptions {
  /** Limits of the pair tables, beyond which a direction becomes a forest; 0 makes every direction one. */
  readonly mostRuns?: number;
  readonly mostNodes?: number;
  readonly mostSteps?: number;
  /** Entries of a dense pair table, beyond which it is sparse; 2 MB by default, what a cache still holds. */
  readonly mostDense?: number;
  /** Forward rules from which on they are crossed instead of paired. */
  readonly leastCrossed?: number;
  /** The fast path's compiled module; crossings are walked in plain JavaScript without it. */
  readonly fastPath?: WebAssembly.Module | null;
}

/** A direction with what printing and counting need beside the tables. */
export interface BuiltDirection {
  readonly direction: Direction;
  readonly subjects: number;
  readonly tables: DirectionTables;
  readonly depth: number;
  /** Where the kind is CROSSING. */
  readonly crossing: Crossing | null;
}

export interface Tree extends Classifier {
  readonly table: AddressTable;
  readonly directions: readonly BuiltDirection[];
}

const EMPTY = new Int32Array(0);
const NO_PAIRS: PairTable = { dense: EMPTY, rowStart: EMPTY, rowEnd: EMPTY, runPeer: EMPTY, runRoot: EMPTY };
const NO_FOREST: Forest = {
  nodes: EMPTY,
  lists: EMPTY,
  program: EMPTY,
  roots: EMPTY,
  stageEnd: EMPTY,
  depth: 0,
  longestList: 0,
};

const NO_TABLES = { kind: ABSENT, peers: 0, pairs: NO_PAIRS, nodes: EMPTY, forest: NO_FOREST };

export function createTree(ruleset: Ruleset, inventory: Inventory, options: TreeOptions = {}): Tree {
  return createTreeBuilder(inventory, options)(ruleset);
}

export type TreeBuilder = (ruleset: Ruleset) => Tree;

/** Builds tree after tree over one inventory; what rulesets have in common is looked up once. */
export function createTreeBuilder(inventory: Inventory, options: TreeOptions = {}): TreeBuilder {
  const tables = createAddressTables(inventory);
  const shapes = createHeaderShapes();
  const known = new Map<Direction, KnownDirection>();
  return ruleset => buildTree(ruleset, inventory, { ...options, tables, shapes, known });
}

interface Parts extends TreeOptions {
  readonly tables: AddressTables;
  readonly shapes: HeaderShapes;
  readonly known: Map<Direction, KnownDirection>;
}

/** What a direction was built from the last time: where it is the same, so is the direction. */
interface KnownDirection {
  readonly tiers: readonly Tier[];
  readonly subjects: readonly Ranges[];
  readonly peers: readonly Ranges[];
  readonly built: BuiltDirection;
  /** null where it is a forest. */
  readonly rows: Rows | null;
  /** What its header trees cost. */
  readonly steps: number;
}

function buildTree(ruleset: Ruleset, inventory: Inventory, options: Parts): Tree {
  const started = performance.now();
  const fastPath = options.fastPath ?? null;
  const isOwned = inventory.owners.length > 0;
  const built = isCrossed(ruleset, options) ? withinBudget(() => buildCrossing(ruleset.forward, !isOwned)) : null;
  const running = built === null ? null : runCrossing(built, fastPath);
  const crossing = running?.crossing ?? null;
  const sides = collectSides(
    ruleset,
    DIRECTIONS.filter(direction => direction !== 'forward' || crossing === null),
  );
  /** Nobody owns an address: nothing is decided but by forward rules, and the address table is never asked. */
  const deserted = crossing !== null && !isOwned;
  const owned = options.tables(sides, ruleset.ownNode !== 'to-pods', ruleset.ofNodes === true);
  const table = deserted ? { ...owned, entries4: EMPTY } : owned;
  const directions = buildDirections(ruleset, table, crossing, options);
  const [egress, ingress, forward] = directions.map(({ tables }) => tables) as [
    DirectionTables,
    DirectionTables,
    DirectionTables,
  ];
  const judgeAll: LookUp = (rows, base, count, out, at) => {
    for (let i = 0; i < count; i++)
      judge(table, egress, ingress, forward, rows, base + i * STRIDE, out, at + i * OUTCOMES);
  };
  /** Made for the first batch: who asks for one packet at a time does without. */
  const judgeBatch = once((): LookUp => {
    const isForwarded = forward.kind !== ABSENT && forward.kind !== CROSSING;
    const image = isForwarded ? null : withinBudget(() => buildDirect(table, egress, ingress));
    return image === null ? judgeAll : runDirect(image, fastPath);
  });
  const buildMs = performance.now() - started;
  return {
    engine: 'tree',
    ruleset,
    table,
    directions,
    classify(rows, base, out, at) {
      if (!deserted) judge(table, egress, ingress, forward, rows, base, out, at);
      running?.lookUp(rows, base, 1, out, at);
    },
    classifyBatch(rows, count, out) {
      if (!deserted) judgeBatch()(rows, 0, count, out, 0);
      running?.lookUp(rows, 0, count, out, 0);
    },
    ownerOf(rows, base, word) {
      const row = deserted ? -1 : locate(table, rows, base, word);
      return row < 0 ? -1 : table.rows[row + OWNER]!;
    },
    stats: () => measure(ruleset, table, directions, buildMs),
  };
}

/** Apart from the tree's methods, which would hold what the next build takes over for as long as there is the tree. */
function buildDirections(ruleset: Ruleset, table: AddressTable, crossing: Crossing | null, options: Parts) {
  return DIRECTIONS.map(direction =>
    direction === 'forward' && crossing !== null
      ? crossForward(crossing)
      : buildDirection(direction, ruleset, table, options),
  );
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Passes lead around what stands behind them in their tier; a crossing knows only a first match. */
function isCrossed({ forward }: Ruleset, { leastCrossed = 64 }: TreeOptions): boolean {
  let rules = 0;
  for (const tier of forward) {
    if (tier.rules.some(rule => rule.action === 'pass')) return false;
    rules += tier.rules.length;
  }
  return forward.length > 0 && rules >= leastCrossed;
}

/** null where the tables would outgrow what their entries can name. */
function withinBudget<T>(build: () => T): T | null {
  try {
    return build();
  } catch (error) {
    if (error instanceof BudgetExceeded) return null;
    throw error;
  }
}

function crossForward(crossing: Crossing): BuiltDirection {
  const { sourceClasses, destinationClasses, depth } = crossing;
  const tables = { ...NO_TABLES, kind: CROSSING, peers: destinationClasses, key: newKey() };
  return { direction: 'forward', subjects: sourceClasses, tables, depth, crossing };
}

function buildDirection(direction: Direction, ruleset: Ruleset, table: AddressTable, options: Parts): BuiltDirection {
  const columns = COLUMNS[direction];
  const subjects = table.classes(columns.subject);
  const peers = table.classes(columns.peer);
  const empty = { ...NO_TABLES, peers, key: newKey() };
  if (ruleset[direction].length === 0 || subjects === 0)
    return { direction, subjects, tables: empty, depth: 0, crossing: null };
  const tiers = ruleset[direction];
  const from = { tiers, subjects: table.rangesOf(columns.subject), peers: table.rangesOf(columns.peer) };
  const before = options.known.get(direction);
  if (before?.subjects === from.subjects && before.peers === from.peers && isSame(before.tiers, tiers)) {
    return before.built;
  }
  const terms = buildTerms(tiers, columns, table, options.shapes.headerOf);
  const rowsBefore = before === undefined ? null : rowsOf(before, columns, table);
  const paired =
    (rowsBefore === null ? null : tryPairs(terms, tiers, subjects, peers, options, rowsBefore)) ??
    tryPairs(terms, tiers, subjects, peers, options, null);
  const { depth, ...own } = paired?.tables ?? growForest(terms, subjects, peers);
  const built = { direction, subjects, tables: { ...empty, ...own }, depth, crossing: null };
  options.known.set(direction, { ...from, built, rows: paired?.rows ?? null, steps: paired?.steps ?? 0 });
  return built;
}

/** null where nothing can be taken over. */
function rowsOf({ tiers, rows, steps, built, ...before }: KnownDirection, columns: Columns, table: AddressTable) {
  const changeOf = (word: number, then: readonly Ranges[]) =>
    table.rangesOf(word) === then ? ('none' as const) : table.changeSince(word, then);
  const subjects = changeOf(columns.subject, before.subjects);
  const peers = changeOf(columns.peer, before.peers);
  if (rows === null || subjects === null || peers === null) return null;
  const change = { subjects: subjects === 'none' ? null : subjects, peers: peers === 'none' ? null : peers };
  return { tiers, rows, nodes: built.tables.nodes, steps, ...change };
}

/** Rules and isolations by identity: equal rules in equal places are one object from one build to the next. */
function isSame(a: readonly Tier[], b: readonly Tier[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ rules, isolations }, t) => sameList(rules, b[t]!.rules) && sameList(isolations, b[t]!.isolations))
  );
}

const sameList = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i]);

function growForest(terms: readonly PairedTerm[], subjects: number, peers: number) {
  const forest = buildForest(terms.map(termOf), subjects, peers);
  return { kind: FOREST, forest, depth: forest.depth + forest.longestList };
}

/** null where it takes too much: of rows that are taken over, what they cost once and what was dropped since count too. */
function tryPairs(
  terms: readonly PairedTerm[],
  tiers: readonly Tier[],
  subjects: number,
  peers: number,
  options: Parts,
  before: RowsBefore | null,
) {
  const {
    mostRuns = 1_500_000 + 8 * terms.length,
    mostNodes = 200_000 + 16 * terms.length,
    mostSteps = 20_000_000 + 128 * terms.length,
    mostDense = 1 << 19,
  } = options;
  try {
    const nodesBefore = (before?.nodes.length ?? 0) / NODE_STRIDE;
    const trees = createHeaderTrees(terms, options.shapes, mostNodes, mostSteps, nodesBefore, before?.steps ?? 0);
    const lists = termsBySubject(terms, subjects, mostRuns * 4);
    const kept = before === null ? null : keepRows(before, tiers, lists, trees);
    const rows = buildRows(terms, lists, peers, trees, mostRuns, kept);
    const pairs = buildPairTable(rows, peers, mostDense);
    const isDense = pairs.dense.length > 0;
    const kind = isDense ? DENSE : SPARSE;
    const halvings = isDense ? 1 : Math.ceil(Math.log2(peers + 1));
    const tables = { kind, pairs, nodes: trees.nodes(), depth: halvings + trees.depth() };
    return { tables, rows, steps: trees.steps() };
  } catch (error) {
    if (error instanceof BudgetExceeded) return null;
    throw error;
  }
}
