/**
 * policap live's source of packets, as the command line asks for it.
 *
 * In:  --source and what goes with it.  Out: a LiveSource that has begun, and on stderr what it does not see; null where it was
 * ended before.
 */
import { type LiveSource, startLive } from '../node/live-source.js';
import { UsageError } from './errors.js';
import type { LiveCommandOptions } from './live-command.js';
import type { Terminal } from './terminal.js';

/** @throws UsageError, SourceError */
export async function openLive(
  options: LiveCommandOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<LiveSource | null> {
  const { source, filter, snap, buffer } = options;
  for (const [option, value] of Object.entries({ '--filter': filter, '--snap': snap, '--buffer': buffer })) {
    if (source !== 'raw' || value === undefined) continue;
    throw new UsageError(`${option} is tcpdump's, and --source raw goes without it`, `leave one of the two out`);
  }
  const taken = await startLive(options, signal);
  if (taken !== null && taken.notice !== null) terminal.say(`policap: ${taken.notice}`);
  return taken;
}
