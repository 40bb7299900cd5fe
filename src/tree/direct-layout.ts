/**
 * Where things stand in the direct tables' image and in their scratch: constants only, for those who write and who read them.
 */
import { ADDRESS_WORDS, LANE_WORDS, LANES } from './batch-layout.js';

/** Words of the image: the addresses (batch-layout.ts), which lead to records; the IPv4 ones by a trie where this is not 0. */
export const ADDRESSES = 0;
export const TRIE = ADDRESSES + ADDRESS_WORDS;
/** Protocol + 1 -> a row of header classes; destination port -> its column there. */
export const PROTOCOLS = TRIE + 1;
export const PORTS = PROTOCOLS + 1;
/** 1 where the direction has runs. */
export const EGRESS_RUNS = PORTS + 1;
export const INGRESS_RUNS = EGRESS_RUNS + 1;
/** EGRESS_DEFAULT of who is no pod. */
export const NO_POD = INGRESS_RUNS + 1;
/** (14): 1 where a pod's traffic to its own node is exempt, as the node's to its pods is. */
export const TO_OWN_NODE = NO_POD + 1;
/** The first record, and what stands beside it. */
export const RECORDS = TO_OWN_NODE + 1;
export const OWNERS = RECORDS + 1;
export const HEAD_WORDS = OWNERS + 1;

/** Words of an address's record: where it is itself. */
export const SELF = 0;
/**
 * Tells quickly who cannot be exempt: of a node and what runs on it this is the same but for the lowest bit. Below zero where
 * it does not tell: owners of several records, EVERY_NODE.
 */
export const PLACE = 1;
/**
 * The subject's row: its place in the displaced pairs, to which the peer's column is added. Who is no pod has a row without
 * pairs.
 */
export const EGRESS_ROW = 2;
export const INGRESS_ROW = 3;
/** The peer's column; or its class, where the direction has runs. */
export const EGRESS_PEER = 4;
export const INGRESS_PEER = 5;
/**
 * Place of the outcomes, by header class, that hold where the row has no such pair. Where the direction has runs, the place
 * of these: how many, the first peer of each, the place of each one's outcomes.
 */
export const EGRESS_DEFAULT = 6;
export const INGRESS_DEFAULT = 7;
export const RECORD_WORDS = 8;
/** Words of what else is known of a record's addresses, as in lookup.ts: the records' stand one behind the other. */
export const OWNER = 0;
export const NODE = 1;
export const OWNER_WORDS = 2;

/** Words of the scratch, behind the lanes' (batch-layout.ts): classes of headers. */
export const HEADER_CLASS = LANE_WORDS;
/** Lanes whose ends may be exempt. */
export const EXEMPT = HEADER_CLASS + LANES;
/** Runs that are searched: lanes; of each lane the first run it may be, and how many. */
export const RUN_LANE = EXEMPT + LANES + 1;
export const RUN_FIRST = RUN_LANE + LANES + 1;
export const RUN_COUNT = RUN_FIRST + LANES;
export const SCRATCH_WORDS = RUN_COUNT + LANES;
