/**
 * What a protocol's tracker answers for one packet (hot): a number.
 *
 * Zero or more: accepted, and the connection's timeout is now that many milliseconds. Below zero: one of these.
 */

/** Accepted; the timeout stays as it is. */
export const KEEP = -1;
/** Accepted; the connection is gone with this packet. */
export const GONE = -2;
/** The old connection is over: forget it, and look the packet up again. */
export const AGAIN = -3;
/** Invalid, by reason (tracker.ts): REFUSED - INVALID_x. */
export const REFUSED = -10;
/** Invalid for its window, and a FIN or RST of the other side has been refused before: the timeout is lowered. */
export const REFUSED_CLOSING = -20;
