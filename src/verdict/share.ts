/**
 * Shares of a divided capture point: which packets are this share's (hot).
 *
 * In:  rows of a batch, parsed, copies marked.  Out: rows of other shares get STATUS_FOREIGN, and the loop leaves them without
 * a verdict; copies and fragments get FLAG_FOREIGN alone, since the judge must see what may become of them (judge.ts).
 *
 * The key is the unordered pair of ends: the workload of an address's owner, or the address where nobody owns it. So both
 * directions, all ports, all fragments and all packets of one conversation are in one share. ICMP errors that connection tracking
 * relates to a connection have the pair that they quote. Packets without addresses are the first share's.
 * Contract: a function of the packet's own bytes and the compiled documents: the same on every machine, in every share.
 */
import { ICMP_ERROR, ICMP_REDIRECT6, icmpClass } from '../flow/icmp.js';
import type { PacketParser } from '../packet/parse.js';
import { parseQuoted } from '../packet/quoted.js';
import {
  DST,
  END,
  FAMILY,
  FLAG_DUPLICATE,
  FLAG_FOREIGN,
  FLAGS,
  FRAG_LATER,
  FRAGMENT,
  ICMP_TYPE,
  L4,
  PROTOCOL,
  SRC,
  STATUS,
  STATUS_FOREIGN,
  STATUS_OK,
  STRIDE,
} from '../packet/row.js';
import type { OwnerLookup } from '../tree/classifier.js';

const ICMP = 1;
const ICMPV6 = 58;
/** What an ICMP error quotes begins behind its type, code, checksum and one word; what a redirect of ICMPv6 quotes stands in
 *  its first option. */
const ERROR_HEADER = 8;
const REDIRECT_HEADER = 48;

/** Whose errors are about what they quote: nobody's (every packet on its own), those of ICMP and ICMPv6, and redirects of
 *  ICMPv6 too. */
export const QUOTES_NOTHING = 0;
export const QUOTES_ERRORS = 1;
export const QUOTES_REDIRECTS = 2;

const mix = (hash: number, word: number): number => {
  const mixed = Math.imul(hash ^ word, 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
};

/** Pairs of IPv4 addresses that are remembered, as bits; words of each: both addresses, and what was found. */
const PAIR_BITS = 14;
const PAIR_WORDS = 3;
const HELD = 1;
const FOREIGN = 2;

/** Which share of how many, from 0. */
export interface ShareOf {
  readonly index: number;
  readonly of: number;
}

export class Share {
  private readonly quoted = new Int32Array(STRIDE);
  private readonly pairs = new Int32Array(PAIR_WORDS << PAIR_BITS);

  /**
   * @param workloads by owner, the number of its workload
   * @param quotes one of QUOTES_
   */
  constructor(
    readonly share: ShareOf,
    private readonly owners: OwnerLookup,
    private readonly workloads: Int32Array,
    private readonly quotes: number,
  ) {}

  /** Marks those of rows 0..count-1 that are not this share's. */
  mark(rows: Int32Array, bytes: Uint8Array, count: number): void {
    for (let i = 0; i < count; i++) {
      const base = i * STRIDE;
      const isPlain = rows[base + FAMILY] === 4 && rows[base + PROTOCOL] !== ICMP;
      if (isPlain ? this.holdsPair(rows, base, bytes) : this.holds(rows, base, bytes)) continue;
      const flags = rows[base + FLAGS]!;
      rows[base + FLAGS] = flags | FLAG_FOREIGN;
      if ((flags & FLAG_DUPLICATE) === 0 && rows[base + FRAGMENT] === 0) rows[base + STATUS] = STATUS_FOREIGN;
    }
  }

  /** Whether the packet is this share's, as its own bytes say. */
  holds(rows: Int32Array, base: number, bytes: Uint8Array): boolean {
    const { index, of } = this.share;
    return shareOf(this.hash(rows, base, bytes), of) === index;
  }

  /** IPv4 without quotes: the two addresses tell, and most are known. */
  private holdsPair(rows: Int32Array, base: number, bytes: Uint8Array): boolean {
    const { pairs } = this;
    const source = rows[base + SRC]!;
    const destination = rows[base + DST]!;
    const place = Math.imul(Math.imul(source, 0x9e3779b1) ^ destination, 0x85ebca6b) >>> (32 - PAIR_BITS);
    const at = place * PAIR_WORDS;
    if (pairs[at] !== source || pairs[at + 1] !== destination || pairs[at + 2] === 0) {
      pairs[at] = source;
      pairs[at + 1] = destination;
      pairs[at + 2] = this.holds(rows, base, bytes) ? HELD : FOREIGN;
    }
    return pairs[at + 2] === HELD;
  }

  private hash(rows: Int32Array, base: number, bytes: Uint8Array): number {
    const family = rows[base + FAMILY]!;
    if (family === 0) return 0;
    const protocol = rows[base + PROTOCOL]!;
    if (this.quotes !== QUOTES_NOTHING && protocol === (family === 6 ? ICMPV6 : ICMP)) {
      const from = this.quoteOf(rows, base, protocol);
      if (from >= 0) {
        const { quoted } = this;
        parseQuoted(bytes, from, rows[base + END]!, family, quoted, 0);
        // A quote that is cut before its addresses is about no connection, in whatever share.
        if (quoted[FAMILY] === family) return this.pair(quoted, 0);
      }
    }
    return this.pair(rows, base);
  }

  /** Where the packet that the message quotes begins; -1 where it quotes none. */
  private quoteOf(rows: Int32Array, base: number, protocol: number): number {
    if (rows[base + STATUS] !== STATUS_OK || (rows[base + FRAGMENT]! & FRAG_LATER) !== 0) return -1;
    const kind = icmpClass(protocol, rows[base + ICMP_TYPE]!);
    if (kind === ICMP_ERROR) return rows[base + L4]! + ERROR_HEADER;
    return kind === ICMP_REDIRECT6 && this.quotes === QUOTES_REDIRECTS ? rows[base + L4]! + REDIRECT_HEADER : -1;
  }

  /** The same for both directions. */
  private pair(rows: Int32Array, base: number): number {
    const source = this.end(rows, base, SRC);
    const destination = this.end(rows, base, DST);
    return mix(mix(0x3c6ef372, source ^ destination), (source + destination) | 0);
  }

  private end(rows: Int32Array, base: number, word: number): number {
    const owner = this.owners.ownerOf(rows, base, word);
    if (owner >= 0) return mix(mix(0x243f6a88, this.workloads[owner]!), 1);
    let hash = mix(0x13198a2e, rows[base + FAMILY]!);
    for (let at = base + word; at < base + word + 4; at++) hash = mix(hash, rows[at]!);
    return hash;
  }
}

/** The share of `of` that a hash falls into. */
const shareOf = (hash: number, of: number): number => {
  let last = Math.imul(hash ^ (hash >>> 16), 0x2c1b3c6d);
  last = Math.imul(last ^ (last >>> 12), 0x297a2d39);
  return Math.floor((((last ^ (last >>> 15)) >>> 0) * of) / 2 ** 32);
};

/** A parser that marks what is of other shares; itself where there are none. */
export const markingForeign = (parser: PacketParser, share: Share | null): PacketParser =>
  share === null
    ? parser
    : {
        parse(frames, interfaces, out) {
          parser.parse(frames, interfaces, out);
          share.mark(out.rows, frames.bytes, out.count);
        },
      };
