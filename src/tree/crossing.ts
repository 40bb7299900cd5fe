/**
 * Crossings (cold): plain 5-tuple rules -> tables in which a packet costs two address lookups and a few probes.
 *
 * In:  tiers without `pass`.  Out: an image for crossing-lookup.ts.
 *
 * Trees that cut the space of packets copy a rule into every part it meets: a rule with an open source goes into all parts
 * by source, one with an open destination into all parts by destination, and a list that mixes both is copied a hundredfold
 * whatever is cut first. Here no rule is ever copied:
 *
 * 1. Labels (labels.ts). The distinct address sets of a side lie in layers of disjoint sets; an address has at most one
 *    set of each layer, its label there. The labels of an address are known once its class is (address-index.ts: hosts by
 *    hash, networks by a map; both lead to the class's row of labels).
 * 2. Pairs. A rule names a source label and a destination label. All rules of one pair are one list of protocols and ports.
 *    A packet can only meet pairs of its own labels, a few layers times a few layers; of these it asks for those that
 *    both its labels' sets are used with: each class has a bit for each pair of layers, and the two are intersected. This
 *    is crossproducting of field labels (Taylor and Turner, INFOCOM 2005) with the pruning of tuple-space search
 *    (Srinivasan, Suri and Varghese, SIGCOMM 1999), over layers of nesting instead of prefix lengths: fewer of them, and
 *    the same for IPv4, IPv6 and sets that are no prefixes. Pairs of layers are asked in the order of their first rules,
 *    and only while one of them could still hold an earlier rule than what was found: most packets need one or two.
 * 3. Displacement (displacement.ts). Pairs are the entries of a sparse matrix, packed into one array: a probe is an
 *    addition, a load and a comparison, and needs no hash.
 * 4. Headers (header-lists.ts). A list of up to four is tried in order; a longer one has a tree over protocol and ports.
 *
 * The answer is the least order among the first matches of all lists. So memory is proportional to the rules: a slot and a
 * record a rule, a row of labels a class, a node or two an interval of addresses. What has no labels, because its sets
 * nest deeper than there are layers, or stands in the rarest pairs of layers, is loose: a split forest beside it.
 */
import { DPORT, ICMP_CODE, ICMP_TYPE, PROTOCOL, SPORT } from '../packet/row.js';
import type { AddressSet, Tier } from '../rules/ruleset.js';
import { writeAddresses } from './address-index.js';
import { DESTINATION_CLASS, ROW_AT, SOURCE_CLASS } from './batch-layout.js';
import {
  ALONE,
  BEST,
  CODES,
  DESTINATION_SIDE,
  EARLIER,
  EARLIER_ENTRIES,
  EARLIER_SHIFT,
  HEAD_WORDS,
  LAST_ORDER,
  LOOSE,
  MOST_TUPLES,
  OUTCOMES_AT,
  PAIRS,
  ROW_BITS,
  ROWS,
  SOURCE_SIDE,
  STRIDE,
  TUPLES,
} from './crossing-layout.js';
import type { LooseTerms } from './crossing-lookup.js';
import { displace } from './displacement.js';
import { distinctSets } from './distinct-sets.js';
import { firstMatch, NO_MATCH } from './forest.js';
import { type ForwardTerm, forwardTerms } from './forward-terms.js';
import { PROTOCOL_CODES } from './header-codes.js';
import { createImage, type Image } from './image.js';
import { pairLabels } from './label-pairs.js';
import { buildSide, type Side } from './labels.js';
import { buildForest, type Forest } from './split.js';
import { DIMENSIONS } from './terms.js';

export interface Crossing {
  /** Tables of crossing-lookup.ts. */
  readonly image: Int32Array;
  readonly sourceClasses: number;
  readonly destinationClasses: number;
  /** Pairs of labels that some rule has. */
  readonly pairs: number;
  /** Most table steps of the two address lookups. */
  readonly depth: number;
  /** Terms without labels, and their number. Their outcomes are orders. */
  readonly loose: Forest | null;
  readonly looseTerms: number;
}

/** What holds where the first term that matches is this one. */
export const outcomeOf = ({ image }: Crossing, order: number): number => image[image[OUTCOMES_AT]! + order]!;

/** Number of an address's class, which its lookup gives as the place of the class's row. */
export const classNumber = (image: Int32Array, head: number, row: number): number =>
  (row - image[head + ROWS]!) / image[head + STRIDE]!;

/** One side with the numbers that its rows hold. */
interface Labelled {
  readonly side: Side;
  /** Term -> set. */
  readonly setOf: Int32Array;
  readonly sets: readonly AddressSet[];
}

/** @param isAlone nothing but these rules decides */
export function buildCrossing(tiers: readonly Tier[], isAlone: boolean): Crossing {
  const { terms, last, outcomes } = forwardTerms(tiers);
  const source = label(terms.map(term => term.source));
  const destination = label(terms.map(term => term.destination));
  const image = createImage();
  image.reserve(HEAD_WORDS, 8);
  image.words().set(PROTOCOL_CODES, CODES);
  image.words()[LAST_ORDER] = last;

  const { tupleOf, layers, firsts } = numberTuples(terms.length, source, destination);
  image.words().set(layers, TUPLES);
  writeEarlier(
    firsts.map(t => terms[t]!.order),
    last,
    image.words(),
  );

  const { matrix, columns } = pairLabels(
    terms,
    Int32Array.from(tupleOf.keys()).filter(t => tupleOf[t]! >= 0),
    source.setOf,
    destination.setOf,
    source.sets.length,
    destination.sets.length,
    image,
  );
  const { offsets, table } = displace(matrix, destination.sets.length);
  const pairs = image.reserve(table.length, 2);
  image.words().set(table, pairs);
  image.words()[PAIRS] = pairs;
  const [sourceBits, destinationBits] = [source, destination].map(({ sets, setOf }) => {
    const bits = new Int32Array(ROW_BITS * sets.length);
    tupleOf.forEach((tuple, t) => {
      if (tuple >= 0) bits[setOf[t]! * ROW_BITS + (tuple >> 5)]! |= 1 << (tuple & 31);
    });
    return bits;
  });
  const sourceDepth = writeSide(source, sourceBits!, offsets, SOURCE_SIDE, image);
  const destinationDepth = writeSide(destination, destinationBits!, columns, DESTINATION_SIDE, image);
  const looseTerms = terms.filter((_, t) => tupleOf[t]! < 0);
  const at = image.reserve(outcomes.length);
  image.words().set(outcomes, at);
  image.words()[OUTCOMES_AT] = at;
  image.words()[LOOSE] = looseTerms.length;
  image.words()[ALONE] = isAlone ? 1 : 0;
  return {
    image: image.done(),
    sourceClasses: source.side.classes,
    destinationClasses: destination.side.classes,
    pairs: matrix.columns.length,
    depth: sourceDepth + destinationDepth,
    loose: looseTerms.length === 0 ? null : buildLoose(looseTerms, source.side, destination.side),
    looseTerms: looseTerms.length,
  };
}

function label(list: readonly AddressSet[]): Labelled {
  const { sets, setOf } = distinctSets(list);
  return { side: buildSide(sets), setOf, sets };
}

/**
 * Term -> bit of its pair of layers, -1 where it has none: the pairs with most terms have one. Bits stand in the order of
 * the pairs' first terms.
 */
function numberTuples(count: number, source: Labelled, destination: Labelled) {
  const keyOf = new Int32Array(count);
  const sizes = new Int32Array(256);
  const firstOf = new Int32Array(256);
  for (let t = 0; t < count; t++) {
    const from = source.side.layerOf[source.setOf[t]!]!;
    const to = destination.side.layerOf[destination.setOf[t]!]!;
    const key = from < 0 || to < 0 ? -1 : from * 16 + to;
    keyOf[t] = key;
    if (key >= 0 && sizes[key]!++ === 0) firstOf[key] = t;
  }
  const chosen = Array.from(sizes.keys())
    .filter(key => sizes[key]! > 0)
    .sort((a, b) => sizes[b]! - sizes[a]!)
    .slice(0, MOST_TUPLES)
    .sort((a, b) => firstOf[a]! - firstOf[b]!);
  const layers = new Int32Array(MOST_TUPLES);
  const bitOf = new Int32Array(256).fill(-1);
  chosen.forEach((key, bit) => {
    bitOf[key] = bit;
    layers[bit] = (ROW_BITS + (key >> 4)) | ((ROW_BITS + (key & 15)) << 8);
  });
  return {
    tupleOf: keyOf.map(key => (key < 0 ? -1 : bitOf[key]!)),
    layers,
    firsts: chosen.map(key => firstOf[key]!),
  };
}

/** For orders of up to `last`: which pairs of layers have an earlier one. @param firsts a pair's least order */
function writeEarlier(firsts: readonly number[], last: number, words: Int32Array): void {
  const shift = Math.max(0, 32 - Math.clz32(last) - Math.log2(EARLIER_ENTRIES));
  words[EARLIER_SHIFT] = shift;
  for (let entry = 0; entry < EARLIER_ENTRIES; entry++) {
    const end = (entry + 1) * 2 ** shift - 1;
    firsts.forEach((first, bit) => {
      if (first < end) words[EARLIER + (bit >> 5) * EARLIER_ENTRIES + entry]! |= 1 << (bit & 31);
    });
  }
}

/** The side's maps and rows, and where they are; returns the depth of its map. */
function writeSide({ side }: Labelled, bits: Int32Array, labels: Int32Array, head: number, image: Image): number {
  const { classes, layers, chains, classOf, starts4, starts6 } = side;
  const stride = ROW_BITS + layers;
  const rows = image.reserve(classes * stride);
  const words = image.words();
  for (let c = 0; c < classes; c++) {
    const row = rows + c * stride;
    for (let l = 0; l < layers; l++) {
      const set = chains[c * layers + l]!;
      if (set < 0) continue;
      for (let word = 0; word < ROW_BITS; word++) words[row + word]! |= bits[set * ROW_BITS + word]!;
      words[row + ROW_BITS + l] = labels[set]!;
    }
  }
  const places = classOf.map(c => rows + c * stride);
  const depth = writeAddresses(Uint32Array.from(starts4), wordsOf(starts6), places, head, image);
  const at = image.words();
  at[head + ROWS] = rows;
  at[head + STRIDE] = stride;
  return depth;
}

function wordsOf(starts: readonly bigint[]): Uint32Array {
  const words = new Uint32Array(starts.length * 4);
  starts.forEach((start, i) => {
    for (let w = 0; w < 4; w++) words[i * 4 + w] = Number((start >> BigInt(96 - 32 * w)) & 0xffffffffn);
  });
  return words;
}

/** Loose terms as the lookup asks for them. */
export function looseTerms({ image, loose }: Crossing): LooseTerms {
  const key = new Int32Array(DIMENSIONS);
  return {
    lower(W, R, lanes) {
      if (loose === null) return;
      const { nodes, lists, program, roots } = loose;
      for (let lane = 0; lane < lanes; lane++) {
        const row = W[ROW_AT + lane]!;
        key[0] = classNumber(image, SOURCE_SIDE, W[SOURCE_CLASS + lane]!);
        key[1] = classNumber(image, DESTINATION_SIDE, W[DESTINATION_CLASS + lane]!);
        key[2] = R[row + PROTOCOL]!;
        key[3] = R[row + SPORT]!;
        key[4] = R[row + DPORT]!;
        key[5] = R[row + ICMP_TYPE]!;
        key[6] = R[row + ICMP_CODE]!;
        const place = firstMatch(nodes, lists, program, roots, 0, roots.length, key);
        if (place !== NO_MATCH && program[place]! < W[BEST + lane]!) W[BEST + lane] = program[place]!;
      }
    },
  };
}

function buildLoose(terms: readonly ForwardTerm[], source: Side, destination: Side): Forest {
  const placed = terms.map((term, order) => ({
    order,
    tier: 0,
    pass: false,
    outcome: term.order,
    sets: [source.classesOf(term.source), destination.classesOf(term.destination), ...term.sets.slice(2)],
  }));
  return buildForest(placed, source.classes, destination.classes);
}
