/**
 * A connection's entry: WORDS 32-bit words in one Int32Array, the same for every protocol (hot: constants only).
 *
 * words[slot * WORDS + w]. The first four words are the key: the two ends in canonical order, so that both directions
 * find the one entry. All other words belong to the protocol's tracker and the judge. 80 bytes, in two lines of the cache
 * wherever they begin: what only IPv6 has stands apart (Table.tails).
 */

/** 32-bit words an entry: the last four are the judge's (tracker.ts: tagPlace). */
export const WORDS = 20;
export const TAG = 16;

/** The lower end's address (of IPv6 the first word), the higher end's, and the ports: lower << 16 | higher.
 *  ICMP: the requester, the responder, and identifier << 16 | request type << 8 | code. */
export const LOW = 0;
export const HIGH = 1;
export const PORTS = 2;
/** Protocol, family and all that is known of the connection as a whole, in bits: */
export const META = 3;
/** The other three words of both addresses of IPv6: behind a key, and a connection in Table.tails. */
export const TAIL_WORDS = 6;
export const KEY_TAIL = 4;

/** META bits 0-8 belong to the key: the protocol number, and whether the addresses are IPv6. */
export const KIND_MASK = 0x1ff;
export const KIND_IPV6 = 0x100;
/** The first packet came from the higher end. */
export const FROM_HIGH = 1 << 9;
/** A packet against the first one's direction has been seen (Linux: SEEN_REPLY). */
export const REPLIED = 1 << 10;
/** Traffic of a kind that only a real connection has (Linux: ASSURED): never evicted to make room. */
export const ASSURED = 1 << 11;
/** The entry stands in the table (flow/table.ts): its key can be found. */
export const IN_TABLE = 1 << 14;
/** Which eviction queue the entry stands in (flow/queues.ts): 0 none, 1 unreplied, 2 settled. */
export const QUEUE_SHIFT = 12;
export const QUEUE_MASK = 3 << QUEUE_SHIFT;
/** The protocol's state: an index into its state names. */
export const STATE_SHIFT = 16;
export const STATE_MASK = 15 << STATE_SHIFT;
/** TCP: kind (flow/tcp-states.ts) and direction of the last packet, and how often the last acknowledgement was repeated. */
export const LAST_KIND_SHIFT = 20;
export const LAST_KIND_MASK = 7 << LAST_KIND_SHIFT;
export const LAST_REPLY = 1 << 23;
export const RETRANS_SHIFT = 24;
export const RETRANS_MASK = 3 << RETRANS_SHIFT;

/** First word of what belongs to the protocol's tracker. */
export const PROTOCOL_WORDS = 4;

/** TCP, per direction (+ 0 original, + SEEN_WORDS reply): highest end of data sent, highest sequence number the other
 *  side's window allows, largest window advertised (scaled), highest acknowledgement sent. */
export const SEEN = 4;
export const SEEN_WORDS = 4;
export const SEEN_END = 0;
export const SEEN_MAXEND = 1;
export const SEEN_MAXWIN = 2;
export const SEEN_MAXACK = 3;
/** TCP: acknowledgement and end of the last packet; its window (low half) and its length (high half). */
export const LAST_ACK_WORD = 12;
export const LAST_END = 13;
export const LAST_WINDOW = 14;
/** TCP: bits 0-7 original's flags, 8-15 reply's flags, 16-19 and 20-23 their window scales, 24-27 LAST_ flags,
 *  28-31 window scale of an ignored SYN. */
export const TCP_BITS = 15;

/** UDP: when the connection counts as a stream if it is still active then (milliseconds of the table's clock). */
export const STREAM_AT = 4;

/** SCTP: verification tags per direction, and bits (flow/sctp.ts). */
export const VTAG = 4;
export const SCTP_BITS = 6;
