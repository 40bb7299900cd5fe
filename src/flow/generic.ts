/**
 * GRE, and every protocol without states: two timeouts, or one (hot).
 */
import { ASSURED, META, REPLIED } from './entry.js';
import { TIMEOUT_GRE, TIMEOUT_GRE_STREAM } from './timeouts.js';

/** @returns the timeout in milliseconds. */
export const grePacket = (words: Int32Array, at: number, timeouts: Int32Array): number => {
  const meta = words[at + META]!;
  if ((meta & REPLIED) === 0) return timeouts[TIMEOUT_GRE]!;
  words[at + META] = meta | ASSURED;
  return timeouts[TIMEOUT_GRE_STREAM]!;
};
