/**
 * Where things stand in the direct tables' image and in their scratch: constants only, for those who write and who read them.
 */
import { ADDRESS_WORDS, LANE_WORDS, LANES } from './batch-layout.js';

/** Words of the image: the addresses (batch-layout.ts), which lead to records. */
export const ADDRESSES = 0;
/** Protocol + 1 -> a row of header classes; destination port -> its column there, two columns a word. */
export const PROTOCOLS = ADDRESSES + ADDRESS_WORDS;
export const PORTS = PROTOCOLS + 1;
/** 1 where the direction's rows are runs. */
export const EGRESS_RUNS = PORTS + 1;
export const INGRESS_RUNS = EGRESS_RUNS + 1;
/** (14): 1 where a pod's traffic to its own node is exempt, as the node's to its pods is. */
export const TO_OWN_NODE = INGRESS_RUNS + 1;
export const HEAD_WORDS = TO_OWN_NODE + 1;

/**
 * Words of an address's record. SELF and PLACE tell quickly who cannot be exempt: of two ends in one pod SELF is the same; of
 * a node and what runs on it PLACE is, but for the lowest bit, which the node has; EVERY_NODE has the highest.
 */
export const SELF = 0;
export const PLACE = 1;
/**
 * The subject's row: by peer the place of the pair's outcomes; or runs: how many, the first peer of each, the place of each
 * one's outcomes. Outcomes stand by header class. Who is no pod has a row where nothing is decided.
 */
export const EGRESS_ROW = 2;
export const INGRESS_ROW = 3;
export const EGRESS_PEER = 4;
export const INGRESS_PEER = 5;
/** As in lookup.ts. */
export const OWNER = 6;
export const NODE = 7;
export const RECORD_WORDS = 8;

/** Words of the scratch, behind the lanes' (batch-layout.ts): classes of headers. */
export const HEADER_CLASS = LANE_WORDS;
/** Lanes whose ends may be exempt. */
export const EXEMPT = HEADER_CLASS + LANES;
/** Runs that are searched: lanes; of each lane the first run it may be, and how many. */
export const RUN_LANE = EXEMPT + LANES + 1;
export const RUN_FIRST = RUN_LANE + LANES + 1;
export const RUN_COUNT = RUN_FIRST + LANES;
export const SCRATCH_WORDS = RUN_COUNT + LANES;
