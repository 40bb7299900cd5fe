/**
 * Live traffic of a network interface, through the tcpdump program.
 *
 * In:  an interface, and what tcpdump is to do.  Out: a LiveSource: the capture that it writes, and what it says of itself:
 * how many packets the kernel dropped because nobody took them in time, and how it ended.
 *
 * Contract: when the signal aborts, tcpdump writes what it holds, then the source ends as a file does. Ctrl-C in a terminal
 * reaches tcpdump by itself, too, to the same end. Its counts come every INTERVAL while it runs (it prints them on SIGUSR1:
 * tcpdump(8), Signals) and at its end.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { LiveSource } from './live-source.js';
import { reason, SourceError, streamSource } from './sources.js';

export interface TcpdumpOptions {
  /** As `tcpdump -D` lists them, or `any`. */
  readonly interface: string;
  /** A pcap-filter(7) expression. */
  readonly filter?: string;
  /** Bytes of a packet that are kept. */
  readonly snap?: number;
  /** KiB that the kernel may hold for tcpdump. */
  readonly buffer?: number;
}

/** Milliseconds between two askings for its counts. */
const INTERVAL = 2000;
/** Of what tcpdump says, the last characters are kept. */
const MOST_SAID = 4000;

/**
 * @param signal ends it in order
 * @returns null where it was ended before it had begun
 * @throws SourceError where tcpdump cannot begin: no program, no permission, no such interface, a wrong filter
 */
export async function startTcpdump(options: TcpdumpOptions, signal: AbortSignal): Promise<LiveSource | null> {
  if (signal.aborted) return null;
  const { interface: name, filter, snap, buffer } = options;
  const child = spawn(
    'tcpdump',
    [
      ...['-i', name, '-n', '-U', '-w', '-'],
      ...(snap === undefined ? [] : ['-s', String(snap)]),
      ...(buffer === undefined ? [] : ['-B', String(buffer)]),
      ...(filter === undefined ? [] : ['--', filter]),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  // What started() does not wait for: a signal that it was not allowed to send.
  child.on('error', () => {});
  const said = listen(child);
  const end = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>(resolve =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  );
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', kill);
  void end.then(() => process.off('exit', kill));
  const stop = (): void => {
    child.kill('SIGINT');
  };
  signal.addEventListener('abort', stop);
  try {
    await started(child, end, name, said);
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }

  const asking = setInterval(() => child.kill('SIGUSR1'), INTERVAL);
  void end.then(() => clearInterval(asking));
  const stream = streamSource(name, child.stdout);
  return {
    source: {
      ...stream,
      close() {
        stop();
        stream.close();
      },
    },
    get lost() {
      return lostOf(said());
    },
    whoLost: 'tcpdump could not take them in time; --buffer, --snap or --filter help',
    notice: null,
    async ended() {
      const { code, signal: killedBy } = await end;
      if (signal.aborted && code === 0) return null;
      if (killedBy !== null) return `tcpdump was ended by ${killedBy}`;
      return `tcpdump ended by itself (exit code ${code})${complaint(said())}`;
    },
  };
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

function listen(child: Child): () => string {
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-MOST_SAID);
  });
  return () => said;
}

/** It has begun when it says that it listens. */
async function started(child: Child, end: Promise<unknown>, name: string, said: () => string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.once('error', error => {
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      const next = `install it, or pipe a capture from where it is: tcpdump -U -w - | policap replay -`;
      reject(new SourceError(isMissing ? `tcpdump is not installed; ${next}` : `tcpdump: ${reason(error)}`));
    });
    child.stderr.on('data', () => {
      if (/listening on /.test(said())) resolve();
    });
    void end.then(() => reject(new SourceError(`${name}: tcpdump could not begin${complaint(said())}`)));
  });
}

const LOST = /(\d+) packets? dropped by (?:kernel|interface)/g;

/** The last counts that it printed: each of the two kinds stands once in a message. */
function lostOf(said: string): number {
  const last: Record<string, number> = {};
  for (const [text, count] of said.matchAll(LOST))
    last[text.endsWith('kernel') ? 'kernel' : 'interface'] = Number(count);
  return (last['kernel'] ?? 0) + (last['interface'] ?? 0);
}

/** What it complained of: the last line that is no count. */
function complaint(said: string): string {
  const lines = said
    .split('\n')
    .map(line => line.replace(/^tcpdump: /, '').trim())
    .filter(line => line !== '' && !/^\d+ packets?\b|listening on |^verbose output|^dropped privs/.test(line));
  return lines.length === 0 ? '' : `: ${lines.at(-1)}`;
}
