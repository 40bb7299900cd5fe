/**
 * Parsing of the ring's batches, by whichever thread claims them; and what a parsing thread does besides: it counts.
 *
 * In:  the ring, a parser of rows alone (copies are marked in order, by the reading thread).  Out: rows in the ring.
 */
import type { CaptureInterface } from '../capture/frame.js';
import type { PacketParser } from '../packet/parse.js';
import { type Count, countNext } from './counting.js';
import { CLAIMED, FILLED, PARSER_BELL, READER_BELL, type Ring, STOPPED } from './ring.js';

/** Parses for as long as the judge wants more; counts where there is nothing to parse. */
export function parseAlong(ring: Ring, parser: PacketParser, count: Count): void {
  const interfaces: CaptureInterface[] = [];
  for (;;) {
    const heard = ring.get(PARSER_BELL);
    if (ring.get(STOPPED) !== 0) return;
    // The reader may wait for either: rows to hand on, or room.
    if (parseNext(ring, parser, interfaces) || countNext(ring, count)) ring.ring(READER_BELL);
    else ring.wait(PARSER_BELL, heard);
  }
}

/**
 * @param interfaces those that this thread knows; learns the others
 * @returns whether there was a batch that nobody had claimed
 */
export function parseNext(ring: Ring, parser: PacketParser, interfaces: CaptureInterface[]): boolean {
  const batch = ring.get(CLAIMED);
  if (((ring.get(FILLED) - batch) | 0) <= 0) return false;
  // Lost to another thread, or parsed where it was read: there may be a next one.
  if (!ring.exchange(CLAIMED, batch, batch + 1) || ring.isParsed(batch)) return true;
  const { entry, interfaces: known } = ring.filled(batch);
  for (let i = interfaces.length; i < known; i++) interfaces.push({ ...ring.link(i), snapLength: 0, capture: 0 });
  parser.parse(entry.frames, interfaces, entry.packets);
  ring.setParsed(batch);
  return true;
}
