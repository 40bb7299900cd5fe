/**
 * The last first packets of connections: where another view of one of them is recognised (verdict/views.ts).
 *
 * In:  first packets, from initiator to responder.  Out: the newest one that a packet is a view of.
 * Fixed memory; called once a connection. The packet and the remembered one must be within VIEW_WINDOW_NS.
 */
import { STRIDE } from '../packet/row.js';
import type { Destination } from './services.js';
import { likenessOf, VIEW_WINDOW_NS, type Views } from './views.js';

/** First packets remembered; a power of two. */
const RECENT = 256;
/** Chains of first packets that are alike; a power of two. */
const CHAINS = 1024;

export interface RecentConnections {
  /** @param to what the packet's destination stands for: a backend of it may be its translation */
  add(rows: Int32Array, base: number, now: number, connection: number, decision: number, to: Destination | null): void;
  /** Entry index of the newest first packet that this one is another view of, or -1. */
  findView(rows: Int32Array, base: number, now: number, to: Destination | null): number;
  readonly connection: Int32Array;
  readonly decision: Int32Array;
  /** The first packets: entry e stands at e * STRIDE. */
  readonly rows: Int32Array;
}

const chainOf = (likeness: number): number => (likeness ^ (likeness >>> 16)) & (CHAINS - 1);

export function createRecentConnections(views: Views): RecentConnections {
  const rows = new Int32Array(RECENT * STRIDE);
  const times = new Float64Array(RECENT).fill(Number.NEGATIVE_INFINITY);
  /** Hardly any entry is looked at for another packet than its own view. */
  const likeness = new Int32Array(RECENT);
  /** Number of the newest entry of each chain, and of each entry's predecessor in its chain; 0 for none. Entry n stands at
   *  n & (RECENT - 1) until n + RECENT is added. */
  const heads = new Float64Array(CHAINS);
  const before = new Float64Array(RECENT);
  const connection = new Int32Array(RECENT);
  const decision = new Int32Array(RECENT);
  const destinations: (Destination | null)[] = new Array(RECENT).fill(null);
  let next = 1;
  return {
    connection,
    decision,
    rows,
    add(source, base, now, number, decided, to) {
      const entry = next & (RECENT - 1);
      for (let word = 0; word < STRIDE; word++) rows[entry * STRIDE + word] = source[base + word]!;
      times[entry] = now;
      const alike = likenessOf(source, base);
      likeness[entry] = alike;
      before[entry] = heads[chainOf(alike)]!;
      heads[chainOf(alike)] = next;
      connection[entry] = number;
      decision[entry] = decided;
      destinations[entry] = to;
      next++;
    },
    findView(packet, base, now, to) {
      const alike = likenessOf(packet, base);
      const oldest = next - RECENT;
      for (let number = heads[chainOf(alike)]!; number > 0 && number >= oldest; ) {
        const entry = number & (RECENT - 1);
        number = before[entry]!;
        if (now - times[entry]! > VIEW_WINDOW_NS) return -1;
        if (likeness[entry] === alike && views.isView(rows, entry * STRIDE, destinations[entry]!, packet, base, to))
          return entry;
      }
      return -1;
    },
  };
}
