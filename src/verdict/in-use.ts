/**
 * Whose decisions connections still have (cold: once a change of policies).
 *
 * In:  the connection table, and what-if's other memories of connections.  Out: generations (Decisions.generationOf).
 */
import { type Tracker, tagPlace } from '../flow/tracker.js';
import type { Decisions } from './decisions.js';
import type { Opening } from './opening.js';
import { RECORD, STRAY_DECISION, USED } from './strays.js';
import { TAG_DECISION } from './verdict.js';

export function generationsInUse(tracker: Tracker, { strays, recent }: Opening, decisions: Decisions): Set<number> {
  const found = new Set<number>();
  const { records } = strays;
  for (let slot = tracker.next(-1); slot >= 0; slot = tracker.next(slot)) {
    found.add(decisions.generationOf(tracker.tag[tagPlace(slot) + TAG_DECISION]!));
  }
  for (let at = 0; at < records.length; at += RECORD) {
    if (records[at + USED] !== 0) found.add(decisions.generationOf(records[at + STRAY_DECISION]!));
  }
  recent.connection.forEach((connection, entry) => {
    if (connection !== 0) found.add(decisions.generationOf(recent.decision[entry]!));
  });
  return found;
}
