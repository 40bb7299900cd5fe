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
  /** A line on stderr that the next one, or what is printed next, replaces; '' to clear it. Only called where `errIsTerminal`. */
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
  let hasLine = false;
  const progress = (text: string): void => {
    process.stderr.write(`\r\u001b[K${text}`);
    hasLine = text !== '';
  };
  return {
    write(chunk) {
      if (hasLine && outIsTerminal) progress('');
      return stdout.write(chunk);
    },
    say(text) {
      if (hasLine) progress('');
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
