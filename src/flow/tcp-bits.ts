/**
 * TCP: bits of the packet's flags, and of the entry's TCP_BITS word (hot: constants only).
 */

export const FIN_FLAG = 1;
export const SYN_FLAG = 2;
export const RST_FLAG = 4;
export const ACK_FLAG = 16;

/** Per direction, 8 bits each (<< 8 for the reply direction): */
export const FLAG_WINDOW_SCALE = 1;
export const FLAG_SACK_PERMITTED = 2;
/** This side sent the first FIN. */
export const FLAG_CLOSE_INIT = 4;
/** No window checks for what this side sends: its window cannot be known. */
export const FLAG_LIBERAL = 8;
/** This side has sent data that the other has not acknowledged yet. */
export const FLAG_UNACKNOWLEDGED = 16;
/** SEEN_MAXACK is known. */
export const FLAG_MAXACK_SET = 32;
export const FLAGS_BITS = 0xff;

/** Window scales: 4 bits for the original direction, 4 for the reply. */
export const SCALE_SHIFT = 16;

/** What was remembered of an ignored SYN, and of the opening: */
export const LAST_WINDOW_SCALE = 1 << 24;
export const LAST_SACK_PERMITTED = 1 << 25;
/** The SYN may be answered with a challenge ACK (RFC 5961, 4.2). */
export const LAST_CHALLENGE = 1 << 26;
export const LAST_SIMULTANEOUS = 1 << 27;
export const LAST_FLAGS = 15 << 24;
export const LAST_SCALE_SHIFT = 28;
