/**
 * The same packet seen at several places of one node: `tcpdump -i any` writes a forwarded packet once an interface, and
 * merged captures once a capture. It is judged once.
 *
 * In:  a parsed batch.  Out: FLAG_DUPLICATE and duplicateOf (the first copy's packet number, from 1 over the replay).
 *
 * A place is a capture interface; inside a cooked capture also the interface index and packet type (in, out, forwarded
 * ...) that its header tells. Version 1 headers have no interface index, so there only the packet type tells places apart,
 * and copies on two bridge ports in the same direction stay two packets: better judged twice than not at all.
 *
 * Every packet that is no copy opens an entry: its content and the places it was seen at. A packet is a copy when there
 * is an entry of the same content, less than the window old, that was NOT yet seen at this packet's place; the oldest
 * such entry gets the place. So the same content twice at one place (a retransmission, two equal datagrams) is always two
 * packets, also when the first one's further copies come after the second one.
 *
 * Content is all that forwarding leaves alone: addresses, protocol, ports, identification and fragment, TCP and ICMP
 * fields, payload length, and a hash over window, options and the first payload bytes. Left out: TTL, link layer, and
 * checksums (the header's changes with the TTL, and a segment that left its host's stack has not got its own yet). Of a
 * tunnel the inner packet counts, so that a packet before and inside its encapsulation is one. An address translation
 * makes another packet.
 *
 * The window is 10 ms by default: copies on one node are microseconds apart, a queue on the way and the clocks of two
 * nodes make it milliseconds; TCP retransmits after 200 ms at least (and then at the same place), a tail loss probe after
 * two round trips and 2 ms.
 *
 * Memory is fixed (4.1 MB, taken when there is something to look for): when more packets than ENTRIES pass in a window, the oldest are forgotten and their
 * further copies count as packets of their own.
 */
import type { CaptureInterface, FrameBatch } from '../capture/frame.js';
import { LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2 } from './link.js';
import {
  PROTOCOL_DCCP,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  PROTOCOL_SCTP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  PROTOCOL_UDP_LITE,
} from './packet.js';
import {
  DPORT,
  DST,
  END,
  FLAG_DUPLICATE,
  FLAGS,
  FRAG_LATER,
  FRAGMENT,
  ICMP_CODE,
  ICMP_ID,
  ICMP_TYPE,
  IP_ID,
  L4,
  PAYLOAD,
  type PacketBatch,
  PROTOCOL,
  SPORT,
  SRC,
  STATUS,
  STATUS_OK,
  STRIDE,
  TAG,
  TCP_ACK,
  TCP_FLAGS,
  TCP_OPTIONS,
  TCP_SEQ,
  TCP_WINDOW,
} from './row.js';
import { sll2Place, sllPlace } from './sll.js';

/** Nanoseconds. */
const DEFAULT_WINDOW = 10_000_000;

/** Entries, as a power of two; 10 ms hold 32,768 packets up to 3.2 million packets a second. */
const ENTRIES = 1 << 15;
const MASK = ENTRIES - 1;
/** Words of content an entry keeps and compares. */
const CONTENT = 16;
/** Places an entry remembers; a packet on its ninth interface is judged again. */
const PLACES = 8;
/** Entries of one chain that are looked at: a flood of equal packets must not slow the replay down. */
const MAX_STEPS = 32;
/** Payload bytes that count. */
const PREFIX = 32;

export interface Duplicates {
  /**
   * Marks the copies among out's packets. Batches must come in order, every one of a replay.
   * @returns false where there can be none: one interface of one link layer sees a packet once.
   */
  mark(frames: FrameBatch, interfaces: readonly CaptureInterface[], view: DataView, out: PacketBatch): boolean;
}

export function createDuplicates(window: number = DEFAULT_WINDOW): Duplicates {
  let table: Table | null = null;
  let packets = 0;
  return {
    mark(frames, interfaces, view, out) {
      const first = packets + 1;
      packets += frames.count;
      if (interfaces.length < 2 && !isCooked(interfaces[0]?.linkType)) return false;
      table ??= newTable(frames.seconds[0] ?? 0);
      out.duplicateOf.fill(0, 0, frames.count);
      markBatch(table, window, first, frames, interfaces, view, out);
      return true;
    },
  };
}

const isCooked = (linkType: number | undefined): boolean =>
  linkType === LINKTYPE_LINUX_SLL || linkType === LINKTYPE_LINUX_SLL2;

/** A ring of entries; entry number n stands at n & MASK and is alive until n + ENTRIES is written. */
interface Table {
  /** Number of the next entry; 0 means "none" in the links, so it begins at 1. */
  next: number;
  /** Seconds that times count from. */
  readonly epoch: number;
  /** Newest entry of each hash chain, and each entry's predecessor in its chain. */
  readonly heads: Float64Array;
  readonly before: Float64Array;
  readonly content: Int32Array;
  readonly time: Float64Array;
  readonly packet: Float64Array;
  readonly places: Int32Array;
  readonly placeCount: Uint8Array;
  /** The packet at hand. */
  readonly key: Int32Array;
}

const newTable = (epoch: number): Table => ({
  next: 1,
  epoch,
  heads: new Float64Array(ENTRIES),
  before: new Float64Array(ENTRIES),
  content: new Int32Array(ENTRIES * CONTENT),
  time: new Float64Array(ENTRIES),
  packet: new Float64Array(ENTRIES),
  places: new Int32Array(ENTRIES * PLACES),
  placeCount: new Uint8Array(ENTRIES),
  key: new Int32Array(CONTENT),
});

function markBatch(
  table: Table,
  window: number,
  first: number,
  frames: FrameBatch,
  interfaces: readonly CaptureInterface[],
  view: DataView,
  out: PacketBatch,
): void {
  const { rows, duplicateOf } = out;
  for (let i = 0; i < frames.count; i++) {
    const base = i * STRIDE;
    // A packet whose headers are cut cannot be told from another one.
    if (rows[base + STATUS] !== STATUS_OK) continue;
    const index = frames.interfaceIndex[i]!;
    const place = placeOf(index, interfaces[index]!.linkType, view, frames.offset[i]!);
    const now = (frames.seconds[i]! - table.epoch) * 1e9 + frames.nanoseconds[i]!;
    const chain = contentOf(rows, base, view, table.key) & MASK;
    const copyOf = find(table, chain, place, now, window);
    if (copyOf !== 0) {
      rows[base + FLAGS] = rows[base + FLAGS]! | FLAG_DUPLICATE;
      duplicateOf[i] = table.packet[copyOf & MASK]!;
      table.places[(copyOf & MASK) * PLACES + table.placeCount[copyOf & MASK]!] = place;
      table.placeCount[copyOf & MASK]!++;
    } else insert(table, chain, place, now, first + i);
  }
}

function placeOf(index: number, linkType: number, view: DataView, at: number): number {
  // A packet with a whole IP header has a whole cooked header before it.
  if (linkType === LINKTYPE_LINUX_SLL2) return Math.imul(index + 1, 0x01000193) ^ sll2Place(view, at);
  if (linkType === LINKTYPE_LINUX_SLL) return Math.imul(index + 1, 0x01000193) ^ sllPlace(view, at);
  return Math.imul(index + 1, 0x01000193);
}

/** The oldest entry of the table's key that was not seen at `place`, or 0. */
function find(table: Table, chain: number, place: number, now: number, window: number): number {
  const { heads, before, content, time, places, placeCount, key } = table;
  const oldest = table.next - ENTRIES;
  let found = 0;
  let entry = heads[chain]!;
  for (let step = 0; step < MAX_STEPS && entry !== 0 && entry >= oldest; step++) {
    const slot = entry & MASK;
    const age = now - time[slot]!;
    // Merged clocks step back a little: as far off in either direction counts alike.
    if (age > window) break;
    if (age >= -window) {
      let word = 0;
      while (word < CONTENT && content[slot * CONTENT + word] === key[word]) word++;
      if (word === CONTENT && placeCount[slot]! < PLACES) {
        let seen = 0;
        while (seen < placeCount[slot]! && places[slot * PLACES + seen] !== place) seen++;
        if (seen === placeCount[slot]) found = entry;
      }
    }
    entry = before[slot]!;
  }
  return found;
}

function insert(table: Table, chain: number, place: number, now: number, number: number): void {
  const entry = table.next++;
  const slot = entry & MASK;
  table.before[slot] = table.heads[chain]!;
  table.heads[chain] = entry;
  table.time[slot] = now;
  table.packet[slot] = number;
  table.places[slot * PLACES] = place;
  table.placeCount[slot] = 1;
  for (let word = 0; word < CONTENT; word++) table.content[slot * CONTENT + word] = table.key[word]!;
}

/** Fills `key` with what makes a packet this packet, and returns a hash of it. */
function contentOf(rows: Int32Array, base: number, view: DataView, key: Int32Array): number {
  for (let word = 0; word < 4; word++) {
    key[word] = rows[base + SRC + word]!;
    key[4 + word] = rows[base + DST + word]!;
  }
  key[8] = (rows[base + SPORT]! << 16) | rows[base + DPORT]!;
  key[9] =
    (rows[base + PROTOCOL]! << 24) |
    (rows[base + TCP_FLAGS]! << 16) |
    (rows[base + ICMP_TYPE]! << 8) |
    rows[base + ICMP_CODE]!;
  key[10] = rows[base + IP_ID]!;
  key[11] = rows[base + FRAGMENT]!;
  key[12] = rows[base + TCP_SEQ]!;
  key[13] = rows[base + TCP_ACK]!;
  key[14] = rows[base + PAYLOAD]!;
  key[15] = payloadHash(rows, base, view);
  // The words in which packets of one conversation and of its neighbours differ; the comparison looks at all.
  const ends = Math.imul(key[0]! ^ key[3]!, 0x9e3779b1) ^ Math.imul(key[4]! ^ key[7]!, 0x85ebca6b) ^ key[8]!;
  const numbers = Math.imul(key[10]!, 0xc2b2ae35) ^ Math.imul(key[12]!, 0x27d4eb2f) ^ Math.imul(key[13]!, 0x165667b1);
  const hash = Math.imul(ends ^ (ends >>> 15) ^ numbers ^ key[15]!, 0x9e3779b1);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** Over the header fields that have no word of their own and the first bytes behind the checksum. */
function payloadHash(rows: Int32Array, base: number, view: DataView): number {
  let hash = (rows[base + TCP_WINDOW]! << 16) | rows[base + ICMP_ID]!;
  hash = Math.imul(hash ^ rows[base + TCP_OPTIONS]!, 0x85ebca6b) ^ rows[base + TAG]!;
  const from = rows[base + L4]! + skipOf(rows[base + PROTOCOL]!, rows[base + FRAGMENT]!);
  const end = rows[base + END]!;
  const stop = from + PREFIX < end ? from + PREFIX : end;
  let at = from;
  for (; at + 4 <= stop; at += 4) hash = Math.imul(hash ^ view.getInt32(at), 0x9e3779b1) ^ (hash >>> 15);
  for (; at < stop; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x9e3779b1) ^ (hash >>> 15);
  return hash;
}

/** Bytes from the transport header's begin to behind its checksum. */
function skipOf(protocol: number, fragment: number): number {
  if ((fragment & FRAG_LATER) !== 0) return 0;
  switch (protocol) {
    case PROTOCOL_TCP:
      return 20;
    case PROTOCOL_UDP:
    case PROTOCOL_UDP_LITE:
      return 8;
    case PROTOCOL_SCTP:
    case PROTOCOL_DCCP:
      return 12;
    case PROTOCOL_ICMP:
    case PROTOCOL_ICMPV6:
      return 4;
    default:
      return 0;
  }
}
