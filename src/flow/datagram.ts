/**
 * One datagram in fragments: what has come of it, and what a further fragment does to it.
 *
 * In:  fragments (packet/fragment.ts).  Out: one of the FRAGMENT_ words; the datagram as one IP packet when it is whole.
 * The rules are Linux's (ip_frag_queue for IPv4, nf_ct_frag6_queue for IPv6, inet_frag_queue_insert for both), measured
 * by the scripts of test/kernel/scripts/fragments.script. Linux keeps *runs*: a fragment that follows the last one makes
 * its run longer, any other begins a run of its own. Inside one run a fragment is a duplicate; across the end of a run it
 * overlaps, and that ends the datagram.
 */
import type { FragmentPart } from '../packet/fragment.js';

/** Kept. */
export const FRAGMENT_KEPT = 0;
/** Brings nothing new: not kept, and no harm to the others. Linux does not look then whether the datagram is whole. */
export const FRAGMENT_DUPLICATE = 1;
/** Not kept; the others stay. */
export const FRAGMENT_REFUSED = 2;
/** Ends the datagram. */
export const FRAGMENT_FATAL = 3;
/** IPv6: ends the datagram, and goes on by itself as the packet that it is. */
export const FRAGMENT_PASSES = 4;

/** The longest IP packet. */
const LONGEST = 65_535;
/** What Linux's buffer of a fragment takes beside its data, about. */
const OVERHEAD = 768;

interface Kept {
  readonly offset: number;
  readonly end: number;
  readonly number: number;
  /** What was captured of offset..end. */
  readonly data: Uint8Array;
  /** From the IP header up to the data; of the first fragment only. */
  readonly head: Uint8Array | null;
  /** IPv6: where `head` names the fragment header, and where that stands. */
  readonly naming: number;
  readonly header: number;
}

export class Datagram {
  /** Packet numbers of its fragments, duplicates among them. */
  readonly numbers: number[] = [];
  /** IPv4: how many fragments its source had sent when its last one came. */
  sent = 0;
  /** Packet number of the fragment at offset 0; 0 while it is missing. */
  first = 0;
  /** Bytes held, as Linux counts them. */
  bytes = 0;
  private kept: Kept[] = [];
  /** [begin, end) of the runs, in order. */
  private runs: number[] = [];
  /** End of the fragment that reaches furthest. */
  private reach = -1;
  private length = 0;
  private hasLast = false;
  private received = 0;
  private ecn = 0;

  constructor(
    readonly key: string,
    readonly family: number,
    /** IPv4: the source address. */
    readonly source: number,
    /** Nanoseconds at which it is given up. */
    readonly until: number,
  ) {}

  get isEmpty(): boolean {
    return this.kept.length === 0;
  }

  get isWhole(): boolean {
    return this.first !== 0 && this.hasLast && this.received === this.length;
  }

  /** The packet is too long, or its fragments contradict each other about congestion (RFC 3168, 5.3). */
  get isRefused(): boolean {
    const { head } = this.kept.find(({ offset }) => offset === 0)!;
    const header = this.family === 4 ? head!.length : head!.length - 48;
    return header + this.length > LONGEST || ((this.ecn & 1) !== 0 && this.ecn !== 1);
  }

  add(part: FragmentPart, bytes: Uint8Array, number: number): number {
    const { offset, more } = part;
    let { end } = part;
    if (this.family === 6 && end > LONGEST) return FRAGMENT_REFUSED;
    if (!more) {
      if (end < this.length || (this.hasLast && end !== this.length)) return this.contradiction();
      this.hasLast = true;
      this.length = end;
    } else {
      if ((end & 7) !== 0 && this.family === 6) return FRAGMENT_PASSES;
      end &= ~7;
      if (end > this.length) {
        if (this.hasLast) return this.contradiction();
        this.length = end;
      }
    }
    if (end === offset) return this.contradiction();
    const place = this.insert(offset, end);
    if (place === FRAGMENT_FATAL) return FRAGMENT_FATAL;
    const data = bytes.slice(part.data, Math.min(part.captured, part.data + end - offset));
    if (place === FRAGMENT_DUPLICATE) return this.holds(offset, data) ? FRAGMENT_DUPLICATE : FRAGMENT_REFUSED;
    this.received += end - offset;
    this.bytes += data.length + OVERHEAD;
    this.ecn |= 1 << part.ecn;
    if (offset === 0) this.first = number;
    this.kept.push({
      offset,
      end,
      number,
      data,
      head: offset === 0 ? bytes.slice(part.at, part.data) : null,
      naming: part.naming - part.at,
      header: part.header - part.at,
    });
    return FRAGMENT_KEPT;
  }

  /**
   * The whole datagram as one IP packet.
   * @returns its bytes up to the first that was not captured, and its length.
   */
  assemble(): { readonly packet: Uint8Array; readonly length: number } {
    const { head, naming, header } = this.kept.find(({ offset }) => offset === 0)!;
    const front = this.family === 4 ? head4(head!, this.length) : head6(head!, naming, header, this.length);
    const length = front.length + this.length;
    const packet = new Uint8Array(length);
    packet.set(front);
    let known = length;
    for (const { offset, end, data } of this.kept) {
      packet.set(data, front.length + offset);
      if (data.length < end - offset) known = Math.min(known, front.length + offset + data.length);
    }
    return { packet: packet.subarray(0, known), length };
  }

  /** Beyond the datagram's known end, another end, or no data: IPv4 gives the datagram up, IPv6 only this fragment. */
  private contradiction(): number {
    return this.family === 4 ? FRAGMENT_FATAL : FRAGMENT_REFUSED;
  }

  private insert(offset: number, end: number): number {
    const { runs } = this;
    const last = runs.length - 2;
    if (end > this.reach) {
      if (last >= 0 && offset < this.reach) return FRAGMENT_FATAL;
      if (last >= 0 && offset === this.reach) runs[last + 1] = end;
      else runs.push(offset, end);
      this.reach = end;
      return FRAGMENT_KEPT;
    }
    let at = 0;
    while (at <= last && offset >= runs[at + 1]!) at += 2;
    if (at > last || end <= runs[at]!) {
      runs.splice(at, 0, offset, end);
      return FRAGMENT_KEPT;
    }
    return offset >= runs[at]! && end <= runs[at + 1]! ? FRAGMENT_DUPLICATE : FRAGMENT_FATAL;
  }

  /** Whether these bytes are what is held at `from`; bytes that were not captured count as equal. */
  private holds(from: number, data: Uint8Array): boolean {
    return this.kept.every(({ offset, data: mine }) => {
      const begin = Math.max(from, offset);
      const end = Math.min(from + data.length, offset + mine.length);
      for (let at = begin; at < end; at++) if (data[at - from] !== mine[at - offset]) return false;
      return true;
    });
  }
}

/** The first fragment's header for the whole datagram: length, no fragment fields, checksum (RFC 791). */
function head4(from: Uint8Array, length: number): Uint8Array {
  const head = from.slice();
  const view = new DataView(head.buffer);
  view.setUint16(2, head.length + length);
  view.setUint16(6, 0);
  view.setUint16(10, 0);
  let sum = 0;
  for (let at = 0; at < head.length; at += 2) sum += view.getUint16(at);
  sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(10, ~(sum + (sum >>> 16)) & 0xffff);
  return head;
}

/** The first fragment's headers without the fragment header (RFC 8200, 4.5). */
function head6(from: Uint8Array, naming: number, header: number, length: number): Uint8Array {
  const head = from.slice(0, header);
  head[naming] = from[header]!;
  new DataView(head.buffer).setUint16(4, header - 40 + length);
  return head;
}
