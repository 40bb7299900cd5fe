/**
 * Live traffic, from whichever source was asked for: the tcpdump program, or raw sockets.
 *
 * In:  an interface, a source and what it is to do.  Out: a LiveSource, or null where it was ended before it had begun.
 * Contract: when the signal aborts, what was taken until then still comes, then the bytes end as a file does.
 */
import type { ByteSource } from '../capture/frame.js';
import { startTcpdump, type TcpdumpOptions } from './tcpdump.js';

export interface LiveOptions extends TcpdumpOptions {
  readonly source: 'tcpdump' | 'raw';
}

export interface LiveSource {
  /** A capture, as bytes. */
  readonly source: ByteSource;
  /** Packets that went by unseen because nobody took them in time, as far as that is known by now. */
  readonly lost: number;
  /** Who could not take them, and what helps: the end of a sentence about them. */
  readonly whoLost: string;
  /** What must be known of it from the start: one sentence; null where there is nothing. */
  readonly notice: string | null;
  /** @returns why it ended, where nobody asked it to: a sentence; null otherwise. Once the source has ended. */
  ended(): Promise<string | null>;
}

/** @throws SourceError where it cannot begin */
export async function startLive({ source, ...options }: LiveOptions, signal: AbortSignal): Promise<LiveSource | null> {
  if (source === 'raw') {
    const { startRawSockets } = await import('./raw-sockets.js');
    return startRawSockets(options.interface, signal);
  }
  return startTcpdump(options, signal);
}
