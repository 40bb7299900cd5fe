/**
 * Stepping through captures: any packet's document, at once where its neighbour was asked for before.
 *
 * In:  captures that can be opened again and again, compiled policies, the replay's options.  Out: StepDocuments. The first one reads the
 * whole capture for its contents; each one outside the window reads up to the window's end. A window is SIDE packets each side.
 */
import type { CaptureError } from '../capture/frame.js';
import type { Compiled } from '../compile.js';
import type { Reopen } from '../explain/packet.js';
import { type StepDocument, stepDocument } from './document.js';
import { type Read, readContents, readWindow, type SteppingOptions, type Window } from './window.js';

export const SIDE = 128;

export interface Stepped {
  /** null: the capture has no such packet. */
  readonly document: StepDocument | null;
  /** Packets of the capture. */
  readonly total: number;
  /** Where it is damaged; what stands before it can be stepped through. */
  readonly damage: CaptureError | null;
}

export interface Stepper {
  /** @param number of the packet, from 1. Calls must not overlap. */
  step(number: number): Promise<Stepped>;
}

/** @param side packets that are kept each side of the one that was asked for */
export function createStepper(
  reopen: Reopen,
  compiled: Compiled,
  options: SteppingOptions,
  side: number = SIDE,
): Stepper {
  let read: Read | null = null;
  let window: Window | null = null;
  return {
    async step(number) {
      read ??= await readContents(reopen, compiled, options);
      const { contents, damage } = read;
      const total = contents.packets;
      if (!(Number.isInteger(number) && number >= 1 && number <= total)) return { document: null, total, damage };
      if (window === null || number < window.from || number > window.to) {
        window = null;
        const [from, to] = [Math.max(1, number - side), Math.min(total, number + side)];
        window = await readWindow(reopen, compiled, options, contents, from, to);
      }
      return { document: stepDocument(window.packets.get(number)!, contents, options), total, damage };
    },
  };
}
