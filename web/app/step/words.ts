/**
 * Times and verdicts as people read them.
 */
import type { Verdict } from '../../../src/verdict/verdict.js';

/** Beside the word: nobody has to tell the colours apart. */
export const SIGNS: Readonly<Record<Verdict, string>> = { allowed: '✓', dropped: '✗', undecided: '?' };

/** 0.0000029 -> `2.9 µs`, 12 -> `12 s`, 432000 -> `5 d`. */
export function seconds(value: number): string {
  if (value < 0) return `-${seconds(-value)}`;
  if (value === 0) return '0 s';
  if (value < 1e-6) return `${Math.round(value * 1e9)} ns`;
  if (value < 1e-3) return `${short(value * 1e6)} µs`;
  if (value < 1) return `${short(value * 1e3)} ms`;
  if (value < 120) return `${short(value)} s`;
  const whole = Math.round(value);
  const parts = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ] as const;
  const from = parts.findIndex(([n]) => n > 0);
  const said = parts.slice(from, from + 2).filter(([n]) => n > 0);
  return said.map(([n, unit]) => `${n} ${unit}`).join(' ');
}

const short = (value: number): string => `${Number(value.toPrecision(3))}`;

/** Lines of at most so many characters, broken between words, and inside one that is longer than that. */
export function wrapped(text: string, most: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ').flatMap(it => it.match(new RegExp(`.{1,${most}}`, 'g')) ?? [])) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
