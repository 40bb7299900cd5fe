/**
 * Views of one connection: the same packet before and after address translation, both in the capture.
 *
 * In:  rows of first packets.  Out: whether two of them are one packet translated, and the recent ones that might be.
 * A translation keeps the protocol, the payload and TCP's sequence number, and changes an address (and perhaps a port)
 * of one side or both. Both views are seen within a few milliseconds of each other. Fixed memory; called once a connection.
 */
import { DPORT, DST, FAMILY, PAYLOAD, PROTOCOL, SPORT, SRC, TCP_ACK, TCP_FLAGS, TCP_SEQ } from '../packet/row.js';

/** How far apart, in nanoseconds, two views of one packet may be: one host forwards in microseconds. */
export const VIEW_WINDOW_NS = 10e6;
/** First packets remembered; a power of two. */
const RECENT = 256;
const WORDS = 32;

const sameAddress = (a: Int32Array, at: number, b: Int32Array, bt: number): boolean =>
  a[at] === b[bt] && a[at + 1] === b[bt + 1] && a[at + 2] === b[bt + 2] && a[at + 3] === b[bt + 3];

/**
 * Whether b can be a view of a behind a translation: the same packet with another source, another destination or both.
 * TCP is told by its sequence number, all else by the payload's length and the port that translation leaves alone.
 */
export function isTranslated(a: Int32Array, at: number, b: Int32Array, bt: number): boolean {
  if (a[at + FAMILY] !== b[bt + FAMILY] || a[at + PROTOCOL] !== b[bt + PROTOCOL]) return false;
  if (a[at + PAYLOAD] !== b[bt + PAYLOAD]) return false;
  const source = sameAddress(a, at + SRC, b, bt + SRC);
  const destination = sameAddress(a, at + DST, b, bt + DST);
  if (source && destination) return false;
  if (source && a[at + SPORT] !== b[bt + SPORT]) return false;
  if (destination && a[at + DPORT] !== b[bt + DPORT]) return false;
  if (a[at + PROTOCOL] === 6) {
    return (
      a[at + TCP_SEQ] === b[bt + TCP_SEQ] &&
      a[at + TCP_ACK] === b[bt + TCP_ACK] &&
      a[at + TCP_FLAGS] === b[bt + TCP_FLAGS]
    );
  }
  // Without sequence numbers both sides changing at once is too weak a likeness.
  return source || (destination && a[at + SPORT] === b[bt + SPORT]);
}

/** The last first packets of connections, newest first. */
export interface RecentConnections {
  /** @param toService the packet goes to a service address: another destination may be its translation */
  add(rows: Int32Array, base: number, now: number, connection: number, decision: number, toService: boolean): void;
  /**
   * Entry index of the newest first packet that this one is a translated view of, or -1.
   * @param translatedSource this packet's source is a node's or a service's address, which may stand for the other's source
   */
  findView(rows: Int32Array, base: number, now: number, translatedSource: boolean): number;
  readonly connection: Int32Array;
  readonly decision: Int32Array;
}

export function createRecentConnections(): RecentConnections {
  const rows = new Int32Array(RECENT * WORDS);
  const times = new Float64Array(RECENT).fill(Number.NEGATIVE_INFINITY);
  const connection = new Int32Array(RECENT);
  const decision = new Int32Array(RECENT);
  const translatable = new Uint8Array(RECENT);
  let next = 0;
  return {
    connection,
    decision,
    add(source, base, now, number, decided, toService) {
      const entry = next;
      for (let word = 0; word < WORDS; word++) rows[entry * WORDS + word] = source[base + word]!;
      times[entry] = now;
      connection[entry] = number;
      decision[entry] = decided;
      translatable[entry] = toService ? 1 : 0;
      next = (next + 1) & (RECENT - 1);
    },
    findView(packet, base, now, translatedSource) {
      for (let back = 1; back <= RECENT; back++) {
        const entry = (next - back) & (RECENT - 1);
        if (now - times[entry]! > VIEW_WINDOW_NS) return -1;
        const at = entry * WORDS;
        if (!translatedSource && !sameAddress(rows, at + SRC, packet, base + SRC)) continue;
        if (translatable[entry] === 0 && !sameAddress(rows, at + DST, packet, base + DST)) continue;
        if (isTranslated(rows, at, packet, base)) return entry;
      }
      return -1;
    },
  };
}
