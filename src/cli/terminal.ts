/**
 * The terminal: where a command reads and writes. Commands see only this, so that tests can stand in for a person.
 */
import { readFileSync } from 'node:fs';
import { styleText } from 'node:util';
import { openOutput } from '../node/output.js';
import { type Format, plain, type Style } from '../report/style.js';

export interface Terminal {
  /** Results, and nothing else. @returns false when nobody reads any more */
  write(chunk: string | Uint8Array): boolean;
  /** Problems and notes: whole lines, without the last line's end. */
  say(text: string): void;
  /**
   * Lines on stderr that the next ones, or what is printed next, replace; '' to clear them. They are cut where the terminal ends.
   * Only called where `errIsTerminal`.
   */
  progress(text: string): void;
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  /** Of the terminal that results go to; 100 where they go elsewhere. */
  readonly columns: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** All of standard input, once. */
  readInput(): Uint8Array;
  /** Calls back on an interrupt (Ctrl-C) until the returned function is called. @param signals others that mean the same */
  onInterrupt(listener: () => void, signals?: readonly NodeJS.Signals[]): () => void;
}

export function processTerminal(): Terminal {
  const stdout = openOutput('-');
  const outIsTerminal = process.stdout.isTTY === true;
  let shown = 0;
  const progress = (text: string): void => {
    // A terminal that does not tell its size has none.
    const width = (process.stderr.columns || 100) - 1;
    const height = (process.stderr.rows || 24) - 1;
    const all = text === '' ? [] : text.split('\n').slice(0, height);
    const lines = all.map(line => line.slice(0, width));
    const up = shown > 1 ? `\u001b[${shown - 1}A` : '';
    // One line takes the place of one: whatever stands below is nobody's.
    const clear = shown > 1 ? '\u001b[J' : '\u001b[K';
    process.stderr.write(`${up}\r${clear}${lines.join('\n')}`);
    shown = lines.length;
  };
  return {
    write(chunk) {
      if (shown > 0 && outIsTerminal) progress('');
      return stdout.write(chunk);
    },
    say(text) {
      if (shown > 0) progress('');
      process.stderr.write(`${text}\n`);
    },
    progress,
    outIsTerminal,
    errIsTerminal: process.stderr.isTTY === true,
    columns: process.stdout.isTTY ? process.stdout.columns : 100,
    environment: process.env,
    readInput: () => readFileSync(0),
    onInterrupt(listener, signals = []) {
      const all = ['SIGINT', ...signals];
      for (const signal of all) process.on(signal, listener);
      return () => {
        for (const signal of all) process.off(signal, listener);
      };
    },
  };
}

export type ColorChoice = 'auto' | 'always' | 'never';

/** https://no-color.org: NO_COLOR counts when it is not empty; --color goes before it. */
export function styleFor(choice: ColorChoice, isTerminal: boolean, environment: Terminal['environment']): Style {
  const wanted = choice === 'always' || (choice === 'auto' && isTerminal && !environment['NO_COLOR']);
  if (!wanted) return plain;
  return (format: Format, text: string) => styleText(format, text, { validateStream: false });
}
