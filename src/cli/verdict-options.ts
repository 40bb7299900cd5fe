/**
 * The options that verdicts depend on beside the documents: of `replay`, and of `submit`, which has others replay.
 */
import { type Command, Option } from 'commander';
import { MOST_CONNECTIONS } from '../flow/conntrack.js';
import { conntrackOption, timeoutOption, wholeNumber } from './options.js';

const KERNELS = ['6.12', '6.18'] as const;

export interface VerdictOptions {
  readonly mode: 'what-if' | 'dataplane';
  readonly conntrack?: string;
  readonly timeout?: Readonly<Record<string, number>>;
  readonly maxConnections?: number;
  readonly verifyChecksums?: boolean;
  readonly tunnels: boolean;
  readonly duplicates: boolean;
  readonly kernel: (typeof KERNELS)[number];
  readonly beLiberal?: boolean;
}

export const modeOption = (): Option =>
  new Option(
    '--mode <mode>',
    'what-if: a refused connection is refused whole; dataplane: packet for packet, as a Linux host',
  )
    .choices(['what-if', 'dataplane'])
    .default('what-if');

/** All but the mode. */
export function addVerdictOptions(command: Command): Command {
  return command
    .addOption(conntrackOption())
    .addOption(
      new Option(
        '--timeout <name=seconds>',
        "override one of the connection table's timeouts, e.g. tcp_established=3600; repeat",
      ).argParser(timeoutOption),
    )
    .addOption(
      new Option('--max-connections <n>', 'entries of the connection table (default: 1048576)').argParser(
        wholeNumber(1, MOST_CONNECTIONS),
      ),
    )
    .addOption(
      new Option('--kernel <version>', 'where Linux kernels differ: an inexact TCP reset leaves 300 or 10 seconds')
        .choices([...KERNELS])
        .default('6.18'),
    )
    .option('--be-liberal', 'TCP segments out of the window are not invalid')
    .option('--verify-checksums', 'wrong checksums are invalid (captures are full of offloaded ones)')
    .option('--no-tunnels', 'judge tunnels from outside, not what they carry')
    .option('--no-duplicates', 'judge each copy of a packet that was seen on several interfaces');
}
