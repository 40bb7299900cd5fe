/**
 * The progress line: on stderr, on a terminal only, gone when results are printed.
 */
import type { Report } from '../report/report.js';
import { count } from '../report/style.js';
import type { Terminal } from './terminal.js';

export interface Progress {
  /** Called between batches. Now and then it lets signals and timers be served. */
  update(packets: number, bytesRead: number, bytesTotal: number | undefined): Promise<void> | undefined;
  /** Goes first among the reports: takes the line away before anything is printed at the end. */
  readonly report: Report;
  clear(): void;
}

/** Milliseconds between two looks at the event loop; a quick replay shows nothing. */
const BREATH = 50;
const FIRST = 500;
const BETWEEN = 200;

/** @param more what else the line says */
export function createProgress(terminal: Terminal, more: () => string = () => ''): Progress {
  const started = performance.now();
  let breathed = started;
  let shown = started + FIRST - BETWEEN;
  let visible = false;

  const clear = (): void => {
    if (visible) terminal.progress('');
    visible = false;
  };

  return {
    update(packets, bytesRead, bytesTotal) {
      const now = performance.now();
      if (terminal.errIsTerminal && now - shown >= BETWEEN) {
        shown = now;
        visible = true;
        const rate = Math.round((packets / (now - started)) * 1000);
        const part = bytesTotal ? `${Math.min(100, Math.floor((bytesRead / bytesTotal) * 100))}%  ` : '';
        terminal.progress(`${part}${count(packets)} packets  ${count(rate)}/s${more()}`);
      }
      if (now - breathed < BREATH) return undefined;
      breathed = now;
      return new Promise(resolve => {
        setImmediate(resolve);
      });
    },
    report: { begin: () => {}, batch: () => {}, end: clear },
    clear,
  };
}

/** The same for what is worked through row by row. */
export function createRowProgress(terminal: Terminal): {
  update(rows: number, of: number): Promise<void> | undefined;
  clear(): void;
} {
  let breathed = performance.now();
  let shown = breathed + FIRST - BETWEEN;
  let visible = false;
  return {
    update(rows, of) {
      const now = performance.now();
      if (terminal.errIsTerminal && now - shown >= BETWEEN) {
        shown = now;
        visible = true;
        terminal.progress(`${Math.floor((rows / of) * 100)}%  ${count(rows)} of ${count(of)} workloads`);
      }
      if (now - breathed < BREATH) return undefined;
      breathed = now;
      return new Promise(resolve => {
        setImmediate(resolve);
      });
    },
    clear() {
      if (visible) terminal.progress('');
      visible = false;
    },
  };
}
