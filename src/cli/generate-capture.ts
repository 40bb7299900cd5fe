/**
 * policap generate capture: made-up traffic between pods, as a pcap file.
 *
 * Out: the file on standard output, the same for the same options and documents. Without documents the pods are numbered
 * ones; with them the cluster's own, and connections but for the refused share go where the policies allow them.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { CAPTURE_DEFAULTS, type CaptureOptions, generateCapture } from '../generate/capture.js';
import { numberedPods } from '../generate/ends.js';
import { EXIT_DONE, UsageError } from './errors.js';
import { count, seed } from './generate-options.js';
import type { Finish } from './main.js';
import { addInputOptions, type CommonOptions } from './options.js';
import type { Terminal } from './terminal.js';

interface Options extends CommonOptions, CaptureOptions {
  readonly pods: number;
  readonly ip: '4' | '6';
}

const MOST_PACKETS = 2 ** 32 - 1;
const MOST_CONNECTIONS = 10_000_000;
/** 10.244.0.0/14 holds no more. */
const MOST_PODS = 2 ** 18 - 256;
const DEFAULTS = CAPTURE_DEFAULTS;

export function captureCommand(terminal: Terminal, finish: Finish): Command {
  const command = new Command('capture').description('traffic between pods as a pcap file');
  return addInputOptions(command)
    .addOption(count('how many', MOST_PACKETS, DEFAULTS.packets, 'packets'))
    .addOption(count('connections at a time', MOST_CONNECTIONS, DEFAULTS.connections, 'connections', 1))
    .addOption(count('pods, where no -c gives them', MOST_PODS, 2000, 'pods', 1))
    .addOption(count('bytes of a packet that are kept', 65535, DEFAULTS.snap, 'snap', 1))
    .addOption(count('1: all connections equally busy; 2 and more: few of them busy', 10, DEFAULTS.skew, 'skew', 1))
    .addOption(count('packets of a connection', MOST_PACKETS, DEFAULTS.life, 'life', 3))
    .addOption(count('microseconds from a packet to the next', 1_000_000, DEFAULTS.apart, 'apart', 1))
    .addOption(
      new Option('--refused <share>', 'of connections from anywhere to anywhere, allowed or not')
        .argParser(share)
        .default(DEFAULTS.refused),
    )
    .addOption(new Option('--ip <version>', 'of the addresses').choices(['4', '6']).default('4'))
    .addOption(seed())
    .addHelpText(
      'after',
      `
Examples:
  policap generate capture --packets 100000 > traffic.pcap
      of numbered pods at 10.244.1.0 and behind
  policap generate capture -p cluster.json -c cluster.json --refused 0.05 > traffic.pcap
      of the cluster's pods, most of it allowed by its policies
`,
    )
    .action(async (_: unknown, called: Command) => {
      const options = called.optsWithGlobals<Options>();
      if (terminal.outIsTerminal)
        throw new UsageError('a capture is no text for a terminal', 'write it to a file: > traffic.pcap');
      const ip = options.ip === '6' ? 6 : 4;
      const isGiven = [options.policies, options.cluster, options.rules].some(given => given !== undefined);
      const ends = isGiven
        ? (await import('./generate-ends.js')).endsOfCluster(options, terminal, ip)
        : numberedPods(options.pods, ip);
      for (const chunk of generateCapture(ends, options)) if (!terminal.write(chunk)) break;
      finish(EXIT_DONE);
    });
}

function share(value: string): number {
  const number = /^\d*\.?\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= 0 && number <= 1)) throw new InvalidArgumentError('Give a number from 0 to 1.');
  return number;
}
