/**
 * Direct tables (cold): address tables and header trees -> an image in which a lookup is a few loads. For batches
 * (tree/direct-lookup.ts).
 *
 * In:  the address table, the tables of egress and ingress.  Out: an image (direct-layout.ts).
 * - Addresses lead to records: IPv4 by a trie (address-trie.ts), IPv6, and where a trie would be large, by hash tables and
 *   maps, as in crossings (address-index.ts). Addresses that share owner and classes share a record.
 * - Headers that no tree of either direction tells apart are one class: a packet's class is found once for both directions.
 * - Each tree has its outcomes by header class, so nothing is walked.
 * - A pair of address classes leads to its tree's outcomes. Of dense pair tables only the pairs that differ from what is
 *   usual in their row are kept, displaced (displacement.ts): some kilobytes instead of hundreds. Runs are kept as they are.
 * Policies name protocols and destination ports, and few different ones: the product of trees and classes is small. Where
 * it is not (direct-headers.ts), or where trees ask for more, there are no direct tables.
 */
import { writeAddresses } from './address-index.js';
import type { AddressTable } from './address-table.js';
import { buildTrie } from './address-trie.js';
import { OUTCOME_NONE } from './classifier.js';
import { type DecidedTrees, decideTrees, headersOf, mergeColumns } from './direct-headers.js';
import * as layout from './direct-layout.js';
import { displace } from './displacement.js';
import { createImage, type Image } from './image.js';
import { IntLists } from './int-lists.js';
import { ABSENT, DENSE, type DirectionTables, SPARSE } from './judge.js';
import * as address from './lookup.js';
import type { PairTable } from './pair-table.js';

export function buildDirect(table: AddressTable, egress: DirectionTables, ingress: DirectionTables): Int32Array | null {
  const all = [egress, ingress];
  if (all.some(({ kind }) => kind !== ABSENT && kind !== DENSE && kind !== SPARSE)) return null;
  const headers = headersOf(all);
  const decided = headers === null ? [] : all.map(tables => decideTrees(tables, headers));
  const [leaving, entering] = decided;
  if (headers === null || !leaving || !entering) return null;
  const { protocols, ports, count } = headers;
  const { classOf, kept } = mergeColumns([leaving.outcomes, entering.outcomes], count);

  const image = createImage();
  image.reserve(layout.HEAD_WORDS, layout.RECORD_WORDS);
  const headersAt = append(image, classOf);
  const rowOfProtocol = protocols.classOf.map(cls => headersAt + cls * ports.firsts.length);
  const protocolsAt = append(image, rowOfProtocol);
  const portsAt = append(image, ports.classOf);
  const rows = [writeRows(egress, leaving, kept, count, image), writeRows(ingress, entering, kept, count, image)];
  writeRecords(table, rows[0]!, rows[1]!, image);
  const words = image.words();
  words[layout.PROTOCOLS] = protocolsAt;
  words[layout.PORTS] = portsAt;
  words[layout.EGRESS_RUNS] = egress.kind === SPARSE ? 1 : 0;
  words[layout.INGRESS_RUNS] = ingress.kind === SPARSE ? 1 : 0;
  words[layout.NO_POD] = rows[0]!.defaults.at(-1)!;
  words[layout.TO_OWN_NODE] = table.toOwnNode ? 1 : 0;
  return image.done();
}

function append(image: Image, values: ArrayLike<number>): number {
  const at = image.reserve(values.length);
  image.words().set(values, at);
  return at;
}

/** Of each subject, behind them of who is no pod. */
interface Rows {
  readonly rows: Int32Array;
  /** The place of the outcomes that hold where a row has no pair, or of the runs. */
  readonly defaults: Int32Array;
  /** Words between the columns of two peers. */
  readonly width: number;
}

function writeRows(
  { kind, peers, pairs }: DirectionTables,
  { numbers, outcomes }: DecidedTrees,
  kept: readonly number[],
  count: number,
  image: Image,
): Rows {
  const trees = outcomes.length / count;
  const first = image.reserve((trees + 1) * kept.length);
  const words = image.words();
  for (let row = 0, to = first; row < outcomes.length; row += count) {
    for (const column of kept) words[to++] = outcomes[row + column]!;
  }
  const nothing = first + trees * kept.length;
  words.fill(OUTCOME_NONE, nothing, nothing + kept.length);
  const places = numbers.map(number => first + number * kept.length);
  return kind === SPARSE
    ? writeRuns(pairs, peers, places, nothing, image)
    : writePairs(places, Math.max(1, peers), nothing, image);
}

/** Most pairs of a subject have one and the same tree; the others are displaced. @param places subject by subject, of all its peers */
function writePairs(places: Int32Array, peers: number, nothing: number, image: Image): Rows {
  const subjects = places.length / peers;
  const lists = new IntLists();
  const numbers = new Int32Array(subjects);
  const usual: number[] = [];
  const [starts, columns, values]: number[][] = [[0], [], []];
  for (let subject = 0; subject < subjects; subject++) {
    const row = places.subarray(subject * peers, (subject + 1) * peers);
    numbers[subject] = lists.numberOf(row, 0, peers);
    if (numbers[subject] !== usual.length) continue;
    const most = mostFrequent(row);
    usual.push(most);
    row.forEach((place, peer) => {
      if (place === most) return;
      columns!.push(peer);
      values!.push(place);
    });
    starts!.push(columns!.length);
  }
  const matrix = {
    starts: Int32Array.from(starts!),
    columns: Int32Array.from(columns!),
    values: Int32Array.from(values!),
  };
  const { offsets, table } = displace(matrix, peers);
  const at = image.reserve(table.length, 2);
  const words = image.words();
  // A slot tells whose it is by the place of the row, as records have it.
  for (let slot = 0; slot < table.length; slot += 2) {
    if (table[slot] === 0) continue;
    words[at + slot] = at + 2 * table[slot]!;
    words[at + slot + 1] = table[slot + 1]!;
  }
  const rows = new Int32Array(subjects + 1).fill(at);
  const defaults = new Int32Array(subjects + 1).fill(nothing);
  numbers.forEach((number, subject) => {
    rows[subject] = at + 2 * offsets[number]!;
    defaults[subject] = usual[number]!;
  });
  return { rows, defaults, width: 2 };
}

function mostFrequent(values: Int32Array): number {
  const counts = new Map<number, number>();
  let most = values[0]!;
  for (const value of values) {
    const count = (counts.get(value) ?? 0) + 1;
    counts.set(value, count);
    if (count > counts.get(most)!) most = value;
  }
  return most;
}

/** Subjects whose runs begin at the same place share them. Their rows have no pairs. */
function writeRuns(
  { rowStart, rowEnd, runPeer }: PairTable,
  peers: number,
  places: Int32Array,
  nothing: number,
  image: Image,
): Rows {
  const noPairs = image.reserve(peers + 2);
  const runs = new Int32Array(rowStart.length + 1);
  const written = new Map<number, number>();
  for (let subject = 0; subject < rowStart.length; subject++) {
    const [from, to] = [rowStart[subject]!, rowEnd[subject]!];
    let row = written.get(from);
    if (row === undefined) {
      row = append(image, [to - from]);
      append(image, runPeer.subarray(from, to));
      append(image, places.subarray(from, to));
      written.set(from, row);
    }
    runs[subject] = row;
  }
  runs[rowStart.length] = append(image, [1, 0, nothing]);
  return { rows: new Int32Array(runs.length).fill(noPairs), defaults: runs, width: 1 };
}

function writeRecords(
  { rows, starts4, starts6, first6 }: AddressTable,
  egress: Rows,
  ingress: Rows,
  image: Image,
): void {
  const lists = new IntLists();
  const firsts: number[] = [];
  const recordOf = new Int32Array(rows.length / address.ADDRESS_STRIDE);
  for (let interval = 0; interval < recordOf.length; interval++) {
    const at = interval * address.ADDRESS_STRIDE;
    const number = lists.numberOf(rows, at, at + address.ADDRESS_STRIDE);
    if (number === firsts.length) firsts.push(at);
    recordOf[interval] = number;
  }
  const records = image.reserve(firsts.length * layout.RECORD_WORDS, layout.RECORD_WORDS);
  const owners = image.reserve(firsts.length * layout.OWNER_WORDS);
  const words = image.words();
  words[layout.RECORDS] = records;
  words[layout.OWNERS] = owners;
  firsts.forEach((at, number) => {
    const record = records + number * layout.RECORD_WORDS;
    words.set(recordFor(rows, at, record, egress, ingress), record);
    words[owners + number * layout.OWNER_WORDS + layout.OWNER] = rows[at + address.OWNER]!;
    words[owners + number * layout.OWNER_WORDS + layout.NODE] = rows[at + address.NODE]!;
  });
  for (let i = 0; i < recordOf.length; i++) recordOf[i] = records + recordOf[i]! * layout.RECORD_WORDS;
  markSeveral(rows, recordOf, 0, first6, words);
  markSeveral(rows, recordOf, first6, recordOf.length, words);
  const unflipped = (start: number): number => start ^ address.SIGN;
  const words4 = Uint32Array.from(starts4, unflipped);
  const words6 = Uint32Array.from(starts6, unflipped);
  const trie = buildTrie(words4, recordOf, image);
  // What the trie finds is not asked for again.
  const left4 = trie === 0 ? first6 : 1;
  const left = new Int32Array(left4 + recordOf.length - first6);
  left.set(recordOf.subarray(0, left4));
  left.set(recordOf.subarray(first6), left4);
  writeAddresses(words4.subarray(0, left4), words6, left, layout.ADDRESSES, image);
  image.words()[layout.TRIE] = trie;
}

/** Owners who have several records of a family: whether both ends are one of them, their places do not tell. */
function markSeveral(rows: Int32Array, recordOf: Int32Array, from: number, to: number, words: Int32Array): void {
  const first = new Map<number, number>();
  for (let interval = from; interval < to; interval++) {
    const owner = rows[interval * address.ADDRESS_STRIDE + address.OWNER]!;
    if (owner < 0) continue;
    const record = recordOf[interval]!;
    const before = first.get(owner) ?? record;
    first.set(owner, before);
    if (before === record) continue;
    words[before + layout.PLACE]! |= address.SIGN;
    words[record + layout.PLACE]! |= address.SIGN;
  }
}

/** Owners are fewer than 2^29. */
const NO_PLACE = 0x7ffffffe;

function recordFor(rows: Int32Array, at: number, place: number, egress: Rows, ingress: Rows): Int32Array {
  const owner = rows[at + address.OWNER]!;
  const node = rows[at + address.NODE]!;
  const egressSubject = rows[at + address.EGRESS_SUBJECT]!;
  const ingressSubject = rows[at + address.INGRESS_SUBJECT]!;
  const record = new Int32Array(layout.RECORD_WORDS);
  record[layout.SELF] = place;
  if (node === address.EVERY_NODE) record[layout.PLACE] = address.SIGN;
  else record[layout.PLACE] = node < 0 ? NO_PLACE : node * 2 + (owner === node ? 1 : 0);
  writeSide(egressSubject, rows[at + address.EGRESS_PEER]!, egress, record, 0);
  writeSide(ingressSubject, rows[at + address.INGRESS_PEER]!, ingress, record, 1);
  return record;
}

function writeSide(subject: number, peer: number, { rows, defaults, width }: Rows, record: Int32Array, ingress: 0 | 1) {
  const row = subject >= 0 ? subject : rows.length - 1;
  record[layout.EGRESS_ROW + ingress] = rows[row]!;
  record[layout.EGRESS_PEER + ingress] = peer * width;
  record[layout.EGRESS_DEFAULT + ingress] = defaults[row]!;
}
