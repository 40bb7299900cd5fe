/**
 * Host tables (cold): single addresses and their classes -> a hash table in an image in which a lookup is two loads.
 *
 * In:  addresses of one or four words, the hash of each, classes.  Out: where the table is; and which hosts are not in it.
 * A hash leads by its high bits to a bucket, which holds where the bucket's slots begin, and by its low bits to one of
 * these slots: [address, class]. Buckets are placed, large ones first, where their hosts' slots are free, as in row
 * displacement (displacement.ts), so there is nothing to search. Hosts whose hashes cannot be told apart stay outside.
 */
import { bySize } from './displacement.js';
import type { Image } from './image.js';

export interface HostTable {
  /** hash >>> shift indexes the buckets from here on. */
  readonly buckets: number;
  readonly shift: number;
  /** hash & mask is the slot, counted from the bucket's. */
  readonly mask: number;
  /** Indices of hosts without a slot. */
  readonly outside: readonly number[];
}

/** Random places that are tried for a bucket before the table grows at its end. */
const TRIES = 64;

/** @param words `width` words a host */
export function buildHostTable(
  words: Int32Array,
  width: number,
  hashes: Int32Array,
  classes: Int32Array,
  image: Image,
): HostTable {
  const count = hashes.length;
  const bucketBits = Math.max(1, Math.round(Math.log2(count / 3 + 1)));
  const shift = 32 - bucketBits;
  const columns = 2 ** Math.max(1, Math.floor(Math.log2(count / 2 + 1)));
  const mask = columns - 1;
  const { order, starts } = sortByBucket(hashes, shift, 2 ** bucketBits);
  const places = Math.max(1, Math.ceil(count * 1.12) - columns);
  const slotOf = new Int32Array(count).fill(-1);
  const offsets = new Int32Array(2 ** bucketBits);
  let taken = new Uint8Array(2 * (places + columns));
  let last = 0;
  let end = places;
  let random = 1;

  const outside: number[] = [];
  for (const b of bySize(starts)) {
    const own = distinct(order.subarray(starts[b]!, starts[b + 1]!));
    let offset = 0;
    for (let tries = 0; ; tries++) {
      random = (Math.imul(random, 0x19660d) + 0x3c6ef35f) | 0;
      offset = tries < TRIES ? Math.floor(((random >>> 8) / 2 ** 24) * places) : end++;
      if (areFree(own, offset)) break;
    }
    offsets[b] = offset;
    last = Math.max(last, offset);
    while (taken.length < end + 2 * columns) {
      const larger = new Uint8Array(2 * taken.length);
      larger.set(taken);
      taken = larger;
    }
    for (const host of own) {
      slotOf[host] = offset + (hashes[host]! & mask);
      taken[slotOf[host]!] = 1;
    }
  }
  return { ...write(), shift, mask, outside };

  function areFree(hosts: readonly number[], offset: number): boolean {
    for (const host of hosts) if (taken[offset + (hashes[host]! & mask)] !== 0) return false;
    return true;
  }

  /** Hosts of different columns; of others all but the first are outside. */
  function distinct(hosts: Int32Array): number[] {
    const own: number[] = [];
    for (const host of hosts) {
      if (own.some(other => ((hashes[other]! ^ hashes[host]!) & mask) === 0)) outside.push(host);
      else own.push(host);
    }
    return own;
  }

  function write() {
    const stride = width + 1;
    const slots = image.reserve((last + columns) * stride, 2);
    const buckets = image.reserve(offsets.length);
    const out = image.words();
    // An empty slot has no class, whatever its address.
    for (let slot = 0; slot < last + columns; slot++) out[slots + slot * stride + width] = -1;
    slotOf.forEach((slot, host) => {
      if (slot < 0) return;
      for (let w = 0; w < width; w++) out[slots + slot * stride + w] = words[host * width + w]!;
      out[slots + slot * stride + width] = classes[host]!;
    });
    offsets.forEach((offset, b) => {
      out[buckets + b] = slots + offset * stride;
    });
    return { buckets };
  }
}

/** Hosts in order of their buckets: bucket b's stand at starts[b] <= i < starts[b + 1]. */
function sortByBucket(hashes: Int32Array, shift: number, buckets: number) {
  const starts = new Int32Array(buckets + 1);
  for (const hash of hashes) starts[(hash >>> shift) + 1]!++;
  for (let b = 0; b < buckets; b++) starts[b + 1]! += starts[b]!;
  const next = starts.slice();
  const order = new Int32Array(hashes.length);
  hashes.forEach((hash, host) => {
    order[next[hash >>> shift]!++] = host;
  });
  return { order, starts };
}
