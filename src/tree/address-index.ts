/**
 * A side's addresses in an image (cold): intervals of both families and their classes -> host tables and maps.
 *
 * In:  a side's intervals.  Out: the side's head in the image, for address-lookup.ts;
 * and the most tables an IPv4 address takes.
 * Most borders of real rules are those of single addresses, and they make maps deep and large. So hosts have hash tables of
 * their own, and what is left for the maps are the networks around them.
 */
import { hashV4, hashV6 } from './address-lookup.js';
import { buildMap4, buildMap6 } from './address-map.js';
import {
  HOSTS4,
  HOSTS4_MASK,
  HOSTS4_SHIFT,
  HOSTS6,
  HOSTS6_MASK,
  HOSTS6_SHIFT,
  MAP4,
  MAP4_SHIFT,
  MAP6,
  MAP6_SHIFT,
} from './batch-layout.js';
import { buildHostTable } from './host-table.js';
import type { Image } from './image.js';

/** Words of the starts, `width` each, rising; the first start is 0. */
interface Intervals {
  readonly width: 1 | 4;
  readonly words: Uint32Array;
  readonly classes: Int32Array;
}

/** @param classOf of the IPv4 intervals, then of the others: any numbers from zero on */
export function writeAddresses(
  starts4: Uint32Array,
  starts6: Uint32Array,
  classOf: Int32Array,
  head: number,
  image: Image,
): number {
  const v4: Intervals = { width: 1, words: starts4, classes: classOf.subarray(0, starts4.length) };
  const v6: Intervals = { width: 4, words: starts6, classes: classOf.subarray(starts4.length) };
  const left4 = writeHosts(v4, head + HOSTS4, head + HOSTS4_SHIFT, head + HOSTS4_MASK, image);
  const map4 = buildMap4(left4.words, left4.classes, image);
  const left6 = writeHosts(v6, head + HOSTS6, head + HOSTS6_SHIFT, head + HOSTS6_MASK, image);
  const map6 = buildMap6(left6.words, left6.classes, image);
  const out = image.words();
  out[head + MAP4] = map4.root;
  out[head + MAP4_SHIFT] = map4.shift;
  out[head + MAP6] = map6.root;
  out[head + MAP6_SHIFT] = map6.shift;
  return map4.depth;
}

/** Returns the intervals that remain: what stood around a host goes on behind it. */
function writeHosts(intervals: Intervals, at: number, atShift: number, atMask: number, image: Image): Intervals {
  const { width, words, classes } = intervals;
  const hosts: number[] = [];
  for (let i = 1; i < classes.length; i++) if (isHost(intervals, i)) hosts.push(i);
  const own = new Int32Array(hosts.length * width);
  const hashes = new Int32Array(hosts.length);
  const ownClasses = new Int32Array(hosts.length);
  for (let host = 0; host < hosts.length; host++) {
    const at = hosts[host]! * width;
    for (let w = 0; w < width; w++) own[host * width + w] = words[at + w]!;
    hashes[host] =
      width === 1 ? hashV4(words[at]!) : hashV6(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
    ownClasses[host] = classes[hosts[host]!]!;
  }
  const table = buildHostTable(own, width, hashes, ownClasses, image);
  const out = image.words();
  out[at] = table.buckets;
  out[atShift] = table.shift;
  out[atMask] = table.mask;

  const isPlaced = new Uint8Array(classes.length);
  for (const interval of hosts) isPlaced[interval] = 1;
  for (const host of table.outside) isPlaced[hosts[host]!] = 0;
  const left = new Uint32Array(classes.length * width);
  const leftClasses = new Int32Array(classes.length);
  let kept = 0;
  for (let i = 0; i < classes.length; i++) {
    if (isPlaced[i] === 1 || (i > 0 && classes[i] === leftClasses[kept - 1])) continue;
    for (let w = 0; w < width; w++) left[kept * width + w] = words[i * width + w]!;
    leftClasses[kept++] = classes[i]!;
  }
  return { width, words: left.slice(0, kept * width), classes: leftClasses.slice(0, kept) };
}

/** Whether the next interval begins at the very next address. */
function isHost({ width, words, classes }: Intervals, i: number): boolean {
  if (i + 1 === classes.length) {
    for (let w = 0; w < width; w++) if (words[i * width + w] !== 0xffffffff) return false;
    return true;
  }
  let carry = 1;
  for (let w = width - 1; w >= 0; w--) {
    const next = words[i * width + w]! + carry;
    carry = next > 0xffffffff ? 1 : 0;
    if (next >>> 0 !== words[(i + 1) * width + w]) return false;
  }
  return true;
}
