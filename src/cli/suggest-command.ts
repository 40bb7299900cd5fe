/**
 * policap suggest on the command line: its options and its help. What it does (suggest.ts) is loaded when it is asked for.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { PROFILE_NAMES, type ProfileName } from '../profile/profile.js';
import type { Finish } from './main.js';
import { addTrackingOptions, append, type CommonOptions, wholeNumber } from './options.js';
import type { Terminal } from './terminal.js';

export interface SuggestCommandOptions {
  readonly color: CommonOptions['color'];
  readonly cluster?: readonly string[];
  readonly mergeWith?: readonly string[];
  readonly profile?: ProfileName;
  readonly namespace?: readonly string[];
  readonly output: 'yaml' | 'json';
  readonly write?: string;
  readonly oneWay?: boolean;
  readonly defaultDeny?: boolean;
  readonly maxCidrs: number;
  readonly cidrPrefix: { readonly 4: number; readonly 6: number };
  readonly failOn?: 'refused';
  readonly conntrack?: string;
  readonly timeout?: Readonly<Record<string, number>>;
  readonly maxConnections?: number;
  readonly tunnels: boolean;
  readonly duplicates: boolean;
}

const HELP = `
Examples:
  policap suggest capture.pcapng -c cluster.yaml > policies.yaml
      one policy a workload, for what was completed; read them, then kubectl apply
  policap suggest node-*.pcap.gz -c cluster.yaml -n shop -w shop.yaml
      policies of one namespace only, from the captures of all nodes
  policap suggest capture.pcapng -c cluster.yaml -w policies/ --default-deny
      one file a namespace, and a default deny for what no policy is for
  policap suggest capture.pcapng -c cluster.yaml --merge-with policies/ -w missing.yaml
      only what the existing policies lack

What a capture does not hold, a policy does not allow: capture long enough, and on
every node whose pods the policies are for. The same captures are replayed against
the result, and what would be refused is printed.

-c takes every path behind it, so captures come first.
`;

/** `24` or `24,64`. */
function prefixLengths(value: string): SuggestCommandOptions['cidrPrefix'] {
  const match = /^(\d{1,2})(?:,(\d{1,3}))?$/.exec(value.trim());
  const [v4, v6] = [Number(match?.[1] ?? Number.NaN), Number(match?.[2] ?? 128)];
  if (!(v4 >= 1 && v4 <= 32 && v6 >= 1 && v6 <= 128)) {
    throw new InvalidArgumentError('Give the length for IPv4, or for IPv4 and IPv6: 24 or 24,64.');
  }
  return { 4: v4, 6: v6 };
}

export function suggestCommand(terminal: Terminal, finish: Finish): Command {
  const command = new Command('suggest')
    .summary('NetworkPolicies for the traffic of a capture')
    .description('Writes least-privilege NetworkPolicies that allow what was completed in a capture, and nothing else.')
    .argument('[capture...]', 'pcap or pcapng, also gzip or zstd; - for standard input')
    .addOption(
      new Option('-c, --cluster <path...>', 'namespaces, nodes, pods, services: files, directories, or -').argParser(
        append,
      ),
    )
    .addOption(
      new Option('--merge-with <path...>', 'existing policies: only what is missing is suggested').argParser(append),
    )
    .addOption(
      new Option(
        '--profile <plugin>',
        'the network plugin that enforces the policies (default: the one the cluster runs, else upstream)',
      ).choices([...PROFILE_NAMES]),
    )
    .addOption(new Option('-n, --namespace <name...>', 'only policies of these namespaces').argParser(append))
    .addOption(
      new Option('-o, --output <format>', 'YAML with comments, or a List').choices(['yaml', 'json']).default('yaml'),
    )
    .option('-w, --write <path>', 'write them to a file, or to a directory (dir/): one file a namespace')
    .option('--one-way', 'count what nobody answers too: syslog, metrics, captures of one direction')
    .option('--default-deny', 'a policy a namespace that denies everything else')
    .addOption(
      new Option('--max-cidrs <n>', 'blocks of addresses outside a rule may have')
        .argParser(wholeNumber(1, 1e6))
        .default(16),
    )
    .addOption(
      new Option('--cidr-prefix <v4[,v6]>', 'widen addresses outside to blocks of this length, e.g. 24,64')
        .argParser(prefixLengths)
        .default({ 4: 32, 6: 128 }, '32,128'),
    )
    .addOption(
      new Option('--fail-on <finding>', 'exit with 1 where the captures would still be refused something').choices([
        'refused',
      ]),
    );
  addTrackingOptions(command, { timeout: "override one of the connection table's timeouts; repeat" })
    .addHelpText('after', HELP)
    .action(async (captures: readonly string[], _options: unknown, called: Command) => {
      const { runSuggest } = await import('./suggest.js');
      finish(await runSuggest(captures, called.optsWithGlobals<SuggestCommandOptions>(), terminal));
    });
  return command;
}
