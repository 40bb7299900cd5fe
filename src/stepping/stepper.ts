/**
 * Stepping through captures: any packet's document, at once where its neighbour was asked for before.
 *
 * In:  captures that can be opened again and again, compiled policies, the replay's options.  Out: StepDocuments. The first one reads the
 * whole capture for its contents; each one outside the window reads up to the window's end. A window is `side` packets each side.
 * Who comes near its end has the next one read meanwhile: that replay lets others run between its batches.
 */
import type { CaptureError } from '../capture/frame.js';
import type { Compiled } from '../compile.js';
import type { Reopen } from '../explain/packet.js';
import type { Contents } from './contents.js';
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
  /** Nothing more is read. */
  close(): void;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** A window that is being read. */
interface Coming extends Range {
  readonly window: Promise<Window | null>;
  readonly stop: AbortController;
}

/** @param side packets that are kept each side of the one that was asked for */
export function createStepper(
  reopen: Reopen,
  compiled: Compiled,
  options: SteppingOptions,
  side: number = SIDE,
): Stepper {
  let contents: Read | null = null;
  let window: Window | null = null;
  let coming: Coming | null = null;

  const around = (number: number, of: Contents): Range => ({
    from: Math.max(1, number - side),
    to: Math.min(of.packets, number + side),
  });

  async function windowWith(number: number, of: Contents): Promise<Window> {
    if (window !== null && holds(window, number)) return window;
    // What is not needed any more is let go before the next one is read.
    window = null;
    const expected = coming !== null && holds(coming, number) ? await coming.window : null;
    if (expected === null) {
      coming?.stop.abort();
      coming = null;
    }
    window ??= expected ?? (await readWindow(reopen, compiled, options, of, around(number, of)));
    return window!;
  }

  /** Reads on where the window's end is near. */
  function readAhead(number: number, { from, to }: Range, of: Contents): void {
    const near = { from: Math.max(1, number - side / 2), to: Math.min(of.packets, number + side / 2) };
    const isNear = (range: Range): boolean => range.from <= near.from && range.to >= near.to;
    if (isNear({ from, to }) || (coming !== null && isNear(coming))) return;
    coming?.stop.abort();
    const stop = new AbortController();
    const range = around(number, of);
    const resting = { ...options, onProgress: rest };
    const read = readWindow(reopen, compiled, resting, of, range, stop.signal);
    // Who comes there reads it for himself, and is told what is wrong.
    const mine: Coming = { ...range, stop, window: read.catch(() => null) };
    coming = mine;
    void mine.window.then(done => {
      if (coming !== mine) return;
      coming = null;
      if (done !== null) window = done;
    });
  }

  return {
    async step(number) {
      contents ??= await readContents(reopen, compiled, options);
      const { contents: of, damage } = contents;
      const total = of.packets;
      if (!(Number.isInteger(number) && number >= 1 && number <= total)) return { document: null, total, damage };
      const here = await windowWith(number, of);
      const document = stepDocument(here.packets.get(number)!, of, options);
      readAhead(number, here, of);
      return { document, total, damage };
    },
    close() {
      coming?.stop.abort();
      coming = null;
    },
  };
}

const holds = ({ from, to }: Range, number: number): boolean => number >= from && number <= to;

const rest = (): Promise<void> => new Promise(resume => setTimeout(resume));
