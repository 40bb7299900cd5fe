/**
 * A person at a terminal, for the command line's tests: runs `main` and keeps what was printed where.
 */
import { main } from '../../src/cli/main.js';
import type { Terminal } from '../../src/cli/terminal.js';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Person {
  readonly input?: string;
  readonly environment?: Record<string, string>;
  readonly isTerminal?: boolean;
  readonly columns?: number;
  /** How many chunks the reader of the results takes before it leaves. */
  readonly patience?: number;
  /** Presses Ctrl-C as soon as the command listens, or when it has nothing to do but wait. */
  readonly interrupts?: 'at once' | 'while it waits';
}

export async function policap(args: readonly string[], person: Person = {}): Promise<Ran> {
  const { code, bytes, err } = await policapBytes(args, person);
  return { code, out: bytes.toString(), err };
}

/** For results that are no text. */
export async function policapBytes(args: readonly string[], person: Person = {}) {
  const out: Uint8Array[] = [];
  const err: string[] = [];
  let taken = 0;
  const terminal: Terminal = {
    write(chunk) {
      if (taken++ >= (person.patience ?? Number.POSITIVE_INFINITY)) return false;
      out.push(Buffer.from(chunk));
      return true;
    },
    say: text => {
      err.push(`${text}\n`);
    },
    progress: text => {
      err.push(`\r${text}`);
    },
    outIsTerminal: person.isTerminal ?? false,
    errIsTerminal: person.isTerminal ?? false,
    columns: person.columns ?? 100,
    environment: person.environment ?? {},
    readInput: () => new TextEncoder().encode(person.input ?? ''),
    onInterrupt(listener) {
      if (person.interrupts === 'at once') listener();
      if (person.interrupts !== 'while it waits') return () => {};
      const timer = setTimeout(listener, 50);
      return () => clearTimeout(timer);
    },
  };
  const code = await main(args, terminal);
  return { code, bytes: Buffer.concat(out), err: err.join('') };
}
