/**
 * policap explain on the command line: its options and its help. What it does (explain.ts) is loaded when it is asked for.
 */
import { Command, Option } from 'commander';
import type { Finish } from './main.js';
import { addInputOptions, type CommonOptions, conntrackOption, timeoutOption, wholeNumber } from './options.js';
import type { Terminal } from './terminal.js';

export interface ExplainCommandOptions extends CommonOptions {
  readonly packet?: number;
  readonly from?: string;
  readonly to?: string;
  readonly port?: number;
  readonly protocol?: string;
  readonly sourcePort?: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  readonly mode: 'what-if' | 'dataplane';
  readonly conntrack?: string;
  readonly timeout?: Readonly<Record<string, number>>;
  readonly tunnels: boolean;
  readonly duplicates: boolean;
  readonly output: 'text' | 'json';
}

const HELP = `
Examples:
  policap explain capture.pcapng#613 -p policies/ -c cluster.yaml
      packet 613, as Wireshark counts: its verdict, which rule, why not the others, and its connection
  policap explain a.pcap b.pcap --packet 17 -p policies/ -c cluster.yaml
      of several captures, merged by time as replay merges them
  policap explain -p policies/ -c cluster.yaml --from shop/web-0 --to shop/db-0 --port 5432
      a connection that nobody has captured
`;

export function explainCommand(terminal: Terminal, finish: Finish): Command {
  const command = new Command('explain')
    .summary('why one packet gets its verdict')
    .description(
      'Explains the verdict of a packet, or of a connection by its ends: first in sentences, then rule by rule.',
    )
    .argument('[capture...]', 'captures; CAPTURE#PACKET names the packet');
  addInputOptions(command)
    .addOption(
      new Option('--packet <n>', 'the packet, counted from 1').argParser(wholeNumber(1, Number.MAX_SAFE_INTEGER)),
    )
    .option('--from <end>', 'instead of a capture: who begins the connection')
    .option('--to <end>', 'whom it is for')
    .addOption(new Option('--port <n>', 'destination port').argParser(wholeNumber(0, 65535)))
    .option('--protocol <name>', 'TCP, UDP, SCTP, ICMP, ICMPv6, or a number (default: TCP)')
    .addOption(new Option('--source-port <n>', 'source port').argParser(wholeNumber(0, 65535)))
    .addOption(new Option('--icmp-type <n>', 'ICMP type instead of a port').argParser(wholeNumber(0, 255)))
    .addOption(new Option('--icmp-code <n>', 'ICMP code').argParser(wholeNumber(0, 255)))
    .addOption(new Option('--mode <mode>', 'as of replay').choices(['what-if', 'dataplane']).default('what-if'))
    .addOption(conntrackOption())
    .addOption(new Option('--timeout <name=seconds>', 'as of replay; repeat').argParser(timeoutOption))
    .option('--no-tunnels', 'judge tunnels from outside, not what they carry')
    .option('--no-duplicates', 'judge each copy of a packet that was seen on several interfaces')
    .addOption(new Option('-o, --output <format>', 'how it is printed').choices(['text', 'json']).default('text'))
    .addHelpText('after', HELP)
    .action(async (captures: readonly string[], _options: unknown, called: Command) => {
      const { runExplain } = await import('./explain.js');
      finish(await runExplain(captures, called.optsWithGlobals<ExplainCommandOptions>(), terminal));
    });
  return command;
}
