/**
 * policap submit on the command line: its options and its help. What it does (submit.ts) is loaded when it is asked for.
 */
import { Command, Option } from 'commander';
import type { Finish } from './main.js';
import { addInputOptions, type CommonOptions, wholeNumber } from './options.js';
import { queueOption, storeOption } from './queue-options.js';
import type { Terminal } from './terminal.js';
import { addVerdictOptions, modeOption, type VerdictOptions } from './verdict-options.js';

export interface SubmitCommandOptions extends CommonOptions, VerdictOptions {
  readonly queue: string;
  readonly store: string;
  readonly shares?: number;
}

/** Each of them reads all of its point. */
const MOST_SHARES = 1000;

const HELP = `
Examples:
  policap submit /srv/captures/*.pcap.gz -p policies/ -c cluster.yaml \\
      --queue redis://queue:6379 --store /srv/store
      puts the captures in the queue, and prints the id of the job
  policap worker --queue redis://queue:6379 --store /srv/store
      on any number of machines, before or after
  policap status --queue redis://queue:6379
  policap fetch ID --wait --queue redis://queue:6379 --store /srv/store
      how far it is, and what it found
  AWS_ENDPOINT_URL=https://minio:9000 policap submit /srv/captures/*.pcap.gz \\
      -p policies/ -c cluster.yaml --queue redis://queue:6379 --store s3://policap/night
      with documents and results in a bucket

Workers read the captures at the same paths, from a folder that all machines have; the documents
travel in the store. Files of one rotation (tcpdump -C, -G, -W, dumpcap -b) are one point: one worker
replays them, in order. The id is a hash of policap's version, the options, the documents and the
captures with their contents: the same submission again is the same job, and nothing is done twice.
Where captures were set aside, it tries these again.

A store in S3, or in a server that speaks it, needs the package aws4fetch
beside policap. The environment tells the rest, for submit, worker and fetch
alike: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN where the
keys have one, AWS_REGION, and AWS_ENDPOINT_URL where it is not AWS itself.

-p and -c take every path behind them, so captures come first.
`;

export function submitCommand(terminal: Terminal, finish: Finish): Command {
  const command = new Command('submit')
    .summary('put captures in a queue, for workers on many machines')
    .description('Puts the replay of captures in a queue, for workers on any number of machines, and prints its id.')
    .argument('<capture...>', 'pcap or pcapng, also gzip or zstd, where all workers can read them')
    .addOption(queueOption())
    .addOption(storeOption('for documents and results: a folder that all machines have, or s3://BUCKET[/PREFIX]'));
  addInputOptions(command)
    .addOption(modeOption())
    .addOption(
      new Option(
        '--shares <n>',
        'into which each point is divided by flow, for as many workers (docs/scale.md)',
      ).argParser(wholeNumber(1, MOST_SHARES)),
    );
  return addVerdictOptions(command)
    .addHelpText('after', HELP)
    .action(async (captures: readonly string[], _options: unknown, called: Command) => {
      const { runSubmit } = await import('./submit.js');
      finish(await runSubmit(captures, called.optsWithGlobals<SubmitCommandOptions>(), terminal));
    });
}
