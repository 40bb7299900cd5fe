/**
 * Pauses of live traffic: who looks one batch ahead must not wait for traffic that may never come.
 *
 * In:  a FrameSource whose bytes arrive over time.  Out: the same batches, and PAUSE each time that nothing came for
 * `milliseconds`: an empty batch, told apart from other empty ones, which say nothing. Frames, their order and their batches
 * stay as they are.
 * Contract: the source's own; PAUSE has no memory of the source's.
 */
import { OWN_MEMORY } from '../memory/memory.js';
import { newFrameBatch } from './adopt.js';
import type { FrameBatch, FrameSource } from './frame.js';
import { restOf } from './rest-of.js';

export const PAUSE: FrameBatch = newFrameBatch(OWN_MEMORY, 0, 0);

export function withPauses(source: FrameSource, milliseconds: number): FrameSource {
  let isPending = false;
  /** What has come, or why nothing will, until somebody asks for it. */
  let come: Promise<FrameBatch | null> | null = null;
  let wake = (): void => {};

  function waitFor(got: Promise<FrameBatch | null>): void {
    isPending = true;
    const settle = (): void => {
      come = got;
      wake();
    };
    got.then(settle, settle);
  }

  return Object.assign(restOf(source), {
    next() {
      if (!isPending) {
        const got = source.next();
        if (!(got instanceof Promise)) return got;
        waitFor(got);
      }
      return new Promise<FrameBatch | null>(resolve => {
        const pause = setTimeout(() => {
          wake = () => {};
          resolve(PAUSE);
        }, milliseconds);
        wake = () => {
          clearTimeout(pause);
          wake = () => {};
          isPending = false;
          resolve(come!);
          come = null;
        };
        if (come !== null) wake();
      });
    },
  });
}
