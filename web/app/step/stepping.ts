/**
 * Which packet is shown: the link's, and its document as the engine answers.
 *
 * In:  the link's parameter `packet`, the judged workspace.  Out: `shown`, what was answered last; `wanted`, where the reader is going.
 * One question is under way at a time; what was asked for meanwhile and is not wanted any more is not asked.
 */
import { batch, effect, signal } from '@preact/signals';
import { EngineFault, type Stepped } from '../../worker/protocol.js';
import { go, link } from '../link.js';
import { engine, judged, progressed } from '../workspace.js';

export const wanted = signal(1);
export const shown = signal<Stepped | null>(null);
export const fault = signal<string | null>(null);
/** A question is under way. */
export const isAsking = signal(false);

/** Browsers refuse more changes of the address than some ten a second: while a key is held, the last one counts. */
const SETTLED_MS = 200;
let timer = 0;
let askedOf: unknown = null;

/** @param isHeld the key that says so is being held down */
export function stepTo(number: number, isHeld = false): void {
  wanted.value = number;
  clearTimeout(timer);
  if (isHeld) timer = setTimeout(() => go('step', { packet: number, field: null }, true), SETTLED_MS);
  else go('step', { packet: number, field: null });
}

const packetOf = (text: string | undefined): number => {
  const number = Number(text ?? 1);
  return Number.isInteger(number) && number >= 1 ? number : 1;
};

/** Follows the link as long as the view is there. @returns ends it */
export function follow(): () => void {
  const ends = [
    effect(() => {
      const { view, parameters } = link.value;
      if (view === 'step') wanted.value = packetOf(parameters['packet']);
    }),
    effect(() => {
      const number = wanted.value;
      if (judged.value?.summary) void ask(judged.value, number);
    }),
  ];
  return () => {
    clearTimeout(timer);
    for (const end of ends) end();
  };
}

async function ask(of: unknown, number: number): Promise<void> {
  if (of !== askedOf) shown.value = null;
  askedOf = of;
  if (isAsking.peek()) return;
  isAsking.value = true;
  progressed.value = null;
  let answer: Stepped | null = null;
  let sentence: string | null = null;
  try {
    answer = await engine.step(number);
  } catch (error) {
    sentence = error instanceof EngineFault ? error.message : String(error);
  }
  const isOld = askedOf !== of;
  batch(() => {
    isAsking.value = false;
    if (isOld) return;
    shown.value = answer;
    fault.value = sentence;
  });
  if (isOld || wanted.peek() !== number) void ask(askedOf, wanted.peek());
}
