/**
 * Views of one connection: the same packet before and after address translation, both in the capture.
 *
 * In:  two rows, each from initiator to responder, and what their destinations stand for.  Out: whether they are one packet.
 * A translation keeps the protocol, the payload and TCP's sequence number. It changes the destination from a service to a
 * backend of it, the source to a node's (masquerade), or both; whatever else looks alike is another packet: a resolver
 * asks several servers from one port at once, a scanner sends one sequence number everywhere.
 * Both views are seen within a few milliseconds of each other. Called a few times a connection.
 */
import type { Inventory } from '../cluster/inventory.js';
import {
  DPORT,
  DST,
  FAMILY,
  FRAG_LATER,
  FRAGMENT,
  ICMP_CODE,
  ICMP_ID,
  ICMP_TYPE,
  PAYLOAD,
  PROTOCOL,
  SPORT,
  SRC,
  STATUS,
  STATUS_OK,
  TCP_ACK,
  TCP_FLAGS,
  TCP_SEQ,
} from '../packet/row.js';
import type { Classifier } from '../tree/classifier.js';
import type { Destination, Services } from './services.js';

/** How far apart, in nanoseconds, two views of one packet may be: one host forwards in microseconds. */
export const VIEW_WINDOW_NS = 10e6;

const TCP = 6;

export interface Views {
  /**
   * Whether row b is row a behind a translation, or a is b behind one.
   * @param aTo, bTo what the destinations stand for, null where they are no service's
   */
  isView(
    a: Int32Array,
    at: number,
    aTo: Destination | null,
    b: Int32Array,
    bt: number,
    bTo: Destination | null,
  ): boolean;
}

export function createViews(classifier: Classifier, inventory: Inventory, services: Services): Views {
  const leads = (to: Destination | null, rows: Int32Array, base: number, sure: boolean): boolean =>
    to !== null &&
    (services.isBackend(to, rows, base) ||
      (sure && services.mayHaveBeenBackend(to, rows, base, classifier.ownerOf(rows, base, DST))));

  /** A node's address, or a service's, may stand for another source. */
  const mayStandFor = (rows: Int32Array, base: number): boolean => {
    const owner = classifier.ownerOf(rows, base, SRC);
    return owner >= 0 && inventory.owners[owner]!.kind !== 'pod';
  };

  return {
    isView(a, at, aTo, b, bt, bTo) {
      if (!isAlike(a, at, b, bt)) return false;
      const source = sameEnd(a, at, b, bt, SRC, SPORT);
      const destination = sameEnd(a, at, b, bt, DST, DPORT);
      if (source && destination) return false;
      if (!source && (sameAddress(a, at + SRC, b, bt + SRC) || !mayStandFor(b, bt))) return false;
      // Without sequence numbers both ends changing at once, or the source's port too, is too weak a likeness.
      const isTcp = a[at + PROTOCOL] === TCP;
      if (!isTcp && !source && (!destination || a[at + SPORT] !== b[bt + SPORT])) return false;
      const sure = isTcp && source;
      return destination || leads(aTo, b, bt, sure) || leads(bTo, a, at, sure);
    },
  };
}

/**
 * A number that is the same for all views of one packet: made of words that isAlike() compares, and of the source's port,
 * which isView() wants equal of all but TCP.
 */
export const likenessOf = (rows: Int32Array, base: number): number => {
  const port = rows[base + PROTOCOL] === TCP ? 0 : rows[base + SPORT]!;
  return (
    Math.imul(rows[base + TCP_SEQ]! ^ port ^ (rows[base + PAYLOAD]! << 16), 0x9e3779b1) ^
    Math.imul(rows[base + TCP_ACK]! ^ (rows[base + ICMP_ID]! << 8) ^ rows[base + PROTOCOL]!, 0x85ebca6b)
  );
};

/** All that translation leaves alone. */
function isAlike(a: Int32Array, at: number, b: Int32Array, bt: number): boolean {
  return (
    a[at + FAMILY] === b[bt + FAMILY] &&
    a[at + PROTOCOL] === b[bt + PROTOCOL] &&
    a[at + PAYLOAD] === b[bt + PAYLOAD] &&
    a[at + TCP_SEQ] === b[bt + TCP_SEQ] &&
    a[at + TCP_ACK] === b[bt + TCP_ACK] &&
    a[at + TCP_FLAGS] === b[bt + TCP_FLAGS] &&
    a[at + ICMP_TYPE] === b[bt + ICMP_TYPE] &&
    a[at + ICMP_CODE] === b[bt + ICMP_CODE] &&
    a[at + ICMP_ID] === b[bt + ICMP_ID] &&
    b[bt + STATUS] === STATUS_OK &&
    (b[bt + FRAGMENT]! & FRAG_LATER) === 0
  );
}

/** The same address and port. @param address SRC or DST @param port SPORT or DPORT */
export const sameEnd = (a: Int32Array, at: number, b: Int32Array, bt: number, address: number, port: number): boolean =>
  a[at + port] === b[bt + port] && sameAddress(a, at + address, b, bt + address);

const sameAddress = (a: Int32Array, at: number, b: Int32Array, bt: number): boolean =>
  a[at] === b[bt] && a[at + 1] === b[bt + 1] && a[at + 2] === b[bt + 2] && a[at + 3] === b[bt + 3];
