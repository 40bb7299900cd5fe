/**
 * policap compare on the command line: its options and its help. What it does (compare.ts) is loaded when it is asked for.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { PROFILE_NAMES, type ProfileName } from '../profile/profile.js';
import type { Finish } from './main.js';
import {
  addInputOptions,
  addTrackingOptions,
  type CommonOptions,
  type WordListParser,
  wholeNumber,
  wordList,
} from './options.js';
import type { Terminal } from './terminal.js';

const FINDINGS = ['different', 'unenforced'] as const;

export interface CompareCommandOptions extends Omit<CommonOptions, 'profile'> {
  readonly profiles: readonly ProfileName[];
  readonly mode: 'what-if' | 'dataplane';
  readonly output: 'text' | 'json' | 'markdown';
  readonly top?: number;
  readonly failOn?: readonly (typeof FINDINGS)[number][];
  readonly conntrack?: string;
  readonly timeout?: Readonly<Record<string, number>>;
  readonly maxConnections?: number;
  readonly tunnels: boolean;
  readonly duplicates: boolean;
}

const HELP = `
Examples:
  policap compare capture.pcapng -p policies/ -c cluster.yaml --profiles calico,kube-router,weave
      the connections on which they differ, each with everybody's reasons
  policap compare capture.pcapng -p policies/ -c cluster.yaml --profiles upstream,calico -o markdown
      a table for a ticket
  policap compare node-*.pcap.gz -p policies/ -c cluster.yaml --profiles calico,weave --fail-on different
      exit code 1 where moving from one to the other would change something

-p and -c take every path behind them, so captures come first.
`;

const readProfiles = wordList(PROFILE_NAMES);

const profileList: WordListParser<ProfileName> = Object.assign(
  (value: string, before: readonly ProfileName[] | undefined): ProfileName[] => {
    const list = readProfiles(value, before);
    const twice = list.find((name, i) => list.indexOf(name) !== i);
    if (twice !== undefined) throw new InvalidArgumentError(`${twice} is named twice.`);
    return list;
  },
  { words: PROFILE_NAMES },
);

export function compareCommand(terminal: Terminal, finish: Finish): Command {
  const command = new Command('compare')
    .summary('where network plugins would judge a capture differently')
    .description('Replays captures once as several network plugins enforce the policies, and prints where they differ.')
    .argument('[capture...]', 'pcap or pcapng, also gzip or zstd; - for standard input');
  addInputOptions(command, { profile: false })
    .addOption(
      new Option('--profiles <plugins>', `two or more of ${PROFILE_NAMES.join(', ')}`)
        .argParser(profileList)
        .makeOptionMandatory(),
    )
    .addOption(new Option('--mode <mode>', 'as for replay').choices(['what-if', 'dataplane']).default('what-if'))
    .addOption(
      new Option('-o, --output <format>', 'what is printed').choices(['text', 'json', 'markdown']).default('text'),
    )
    .addOption(new Option('--top <n>', 'text: differences shown, 0 for all').argParser(wholeNumber(0, 1e9)))
    .addOption(
      new Option('--fail-on <findings>', `exit with 1 on any of: ${FINDINGS.join(', ')}`).argParser(wordList(FINDINGS)),
    );
  addTrackingOptions(command, { timeout: 'override a timeout in every connection table that has it; repeat' })
    .addHelpText('after', HELP)
    .action(async (captures: readonly string[], _options: unknown, called: Command) => {
      const { runCompare } = await import('./compare.js');
      finish(await runCompare(captures, called.optsWithGlobals<CompareCommandOptions>(), terminal));
    });
  return command;
}
