/**
 * When V8 makes machine code of a function: later than it would by itself.
 *
 * A command reads its documents once. Most functions on that way run some ten thousand times and never again: just long
 * enough for V8 to optimise them, too short to gain from it. Of the time before the first packet of a capture that was two
 * fifths, with 2,000 pods and 10,000 rules. Eight times the default's budget leaves it to what really runs for long (the
 * largest clusters, and what a replay does in JavaScript), which comes to it some milliseconds later.
 * Measured: 0.60 times the CPU time there, 0.9 with 150,000 pods; replays of millions of packets as before.
 */
import { setFlagsFromString } from 'node:v8';

/** In bytes of bytecode that have run; V8's own is 66 or 132 kB. */
const BUDGET = 1_000_000;

/** V8 names its flags as it likes: only versions that are known to have this one are asked (Node 20 to 24). */
const NEWEST = 13;

export function optimizeLater(): void {
  if (Number.parseInt(process.versions.v8, 10) <= NEWEST) setFlagsFromString(`--interrupt-budget=${BUDGET}`);
}
