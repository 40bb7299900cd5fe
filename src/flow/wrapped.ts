/**
 * A tracker in another's place (cold): the same answers, but for the methods that are given.
 */
import type { Tracker } from './tracker.js';

export const wrapped = (inner: Tracker, own: Partial<Pick<Tracker, 'track' | 'confirm' | 'discard'>>): Tracker => ({
  get slot() {
    return inner.slot;
  },
  get invalid() {
    return inner.invalid;
  },
  get tag() {
    return inner.tag;
  },
  prepare: (rows, bytes, from, to) => inner.prepare(rows, bytes, from, to),
  track: (rows, base, bytes, now, prepared) => inner.track(rows, base, bytes, now, prepared),
  confirm: refused => inner.confirm(refused),
  discard: () => inner.discard(),
  writeEnds: (slot, row) => inner.writeEnds(slot, row),
  next: slot => inner.next(slot),
  replied: slot => inner.replied(slot),
  counters: () => inner.counters(),
  ...own,
});
