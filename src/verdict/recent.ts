/**
 * The last first packets of connections: where another view of one of them is recognised (verdict/views.ts; hot).
 *
 * In:  first packets, from initiator to responder.  Out: the newest one that a packet is a view of.
 * Fixed memory; called once a connection. The packet and the remembered one must be within VIEW_WINDOW_NS.
 */
import { type Float, type Memory, OWN_MEMORY } from '../memory/memory.js';
import { SPORT, SRC, STRIDE } from '../packet/row.js';
import type { Destination } from './services.js';
import { likenessOf, sameEnd, VIEW_WINDOW_NS, type Views } from './views.js';

/** First packets remembered; a power of two. */
const RECENT = 256;
/** Chains of first packets that are alike; a power of two. */
const CHAINS = 1024;
/** RecentConnections.state: the number of the next entry. They wrap around; none is 0. */
const NEXT = 0;

const chainOf = (likeness: number): number => (likeness ^ (likeness >>> 16)) & (CHAINS - 1);

export class RecentConnections {
  readonly connection: Int32Array;
  readonly decision: Int32Array;
  /** The first packets' numbers. */
  readonly opened: Int32Array;
  /** The first packets: entry e stands at e * STRIDE. */
  readonly rows: Int32Array;
  private readonly times: Float64Array;
  /** Hardly any entry is looked at for another packet than its own view. */
  private readonly likeness: Int32Array;
  /** Number of the newest entry of each chain, and of each entry's predecessor in its chain; 0 for none. Entry n stands at
   *  n & (RECENT - 1) until n + RECENT is added. */
  private readonly heads: Int32Array;
  private readonly before: Int32Array;
  /** Whether the entry's destination stands for something: what, `destinations` says. */
  private readonly isTranslated: Int32Array;
  private readonly destinations: (Destination | null)[] = new Array(RECENT).fill(null);
  private readonly state: Int32Array;

  constructor(memory: Memory = OWN_MEMORY) {
    this.connection = memory.int32(RECENT);
    this.decision = memory.int32(RECENT);
    this.opened = memory.int32(RECENT);
    this.rows = memory.int32(RECENT * STRIDE);
    this.times = memory.float64(RECENT).fill(Number.NEGATIVE_INFINITY);
    this.likeness = memory.int32(RECENT);
    this.heads = memory.int32(CHAINS);
    this.before = memory.int32(RECENT);
    this.isTranslated = memory.int32(RECENT);
    this.state = memory.int32(1);
    this.state[NEXT] = 1;
  }

  /** A first packet that goes where it says. @param packet its number */
  add(rows: Int32Array, base: number, packet: number, now: Float, connection: number, decision: number): void {
    const { state, heads } = this;
    const number = state[NEXT]!;
    const entry = number & (RECENT - 1);
    const at = entry * STRIDE;
    for (let word = 0; word < STRIDE; word++) this.rows[at + word] = rows[base + word]!;
    const alike = likenessOf(rows, base);
    const chain = chainOf(alike);
    this.times[entry] = now;
    this.likeness[entry] = alike;
    this.before[entry] = heads[chain]!;
    heads[chain] = number;
    this.connection[entry] = connection;
    this.decision[entry] = decision;
    this.opened[entry] = packet;
    this.isTranslated[entry] = 0;
    const next = (number + 1) | 0;
    state[NEXT] = next === 0 ? 1 : next;
  }

  /** One to a service: a backend of it may be its translation (cold). */
  addTranslated(
    rows: Int32Array,
    base: number,
    packet: number,
    now: number,
    connection: number,
    decision: number,
    to: Destination,
  ): void {
    const entry = this.state[NEXT]! & (RECENT - 1);
    this.add(rows, base, packet, now, connection, decision);
    this.isTranslated[entry] = 1;
    this.destinations[entry] = to;
  }

  /**
   * Whether the packet may be a view of some entry: where not, findView() finds none. Its destination is no service's, so the
   * entry must be of a packet to a service, from the same source, or its own source must be able to stand for others.
   */
  isLike(rows: Int32Array, base: number, now: Float, masquerades: boolean): boolean {
    const { before, times, likeness, state } = this;
    const alike = likenessOf(rows, base);
    let number = this.heads[chainOf(alike)]!;
    while (isKept(number, state[NEXT]!)) {
      const entry = number & (RECENT - 1);
      if (now - times[entry]! > VIEW_WINDOW_NS) return false;
      if (likeness[entry] === alike) {
        if (masquerades) return true;
        if (this.isTranslated[entry] !== 0 && sameEnd(this.rows, entry * STRIDE, rows, base, SRC, SPORT)) return true;
      }
      number = before[entry]!;
    }
    return false;
  }

  /**
   * Entry index of the newest first packet that this one is another view of, or -1 (cold).
   * @param to what the packet's destination stands for
   */
  findView(views: Views, rows: Int32Array, base: number, now: number, to: Destination | null): number {
    const alike = likenessOf(rows, base);
    for (let number = this.heads[chainOf(alike)]!; isKept(number, this.state[NEXT]!); ) {
      const entry = number & (RECENT - 1);
      number = this.before[entry]!;
      if (now - this.times[entry]! > VIEW_WINDOW_NS) return -1;
      if (this.likeness[entry] !== alike) continue;
      const entryTo = this.isTranslated[entry] === 1 ? this.destinations[entry]! : null;
      if (views.isView(this.rows, entry * STRIDE, entryTo, rows, base, to)) return entry;
    }
    return -1;
  }
}

/** Whether no newer entry has taken the place of this one. */
const isKept = (number: number, next: number): boolean => {
  const age = (next - number) | 0;
  return number !== 0 && age > 0 && age <= RECENT;
};
