/**
 * What a FrameSource that stands before another one hands through: everything but its batches.
 *
 * In:  a FrameSource.  Out: its interfaces, errors, counts and close(), as they are at any time.
 */
import type { FrameSource } from './frame.js';

export const restOf = (source: FrameSource): Omit<FrameSource, 'next'> => ({
  get interfaces() {
    return source.interfaces;
  },
  get errors() {
    return source.errors;
  },
  get bytesRead() {
    return source.bytesRead;
  },
  get bytesTotal() {
    return source.bytesTotal;
  },
  get stepsBack() {
    return source.stepsBack;
  },
  close: () => source.close(),
});
