/**
 * policap query on the command line: its options and its help. What it does (query.ts) is loaded when it is asked for.
 */
import { Command, Option } from 'commander';
import type { Finish } from './main.js';
import { addInputOptions, type CommonOptions, wholeNumber, wordList } from './options.js';
import type { Terminal } from './terminal.js';

const FORMATS = ['text', 'json', 'jsonl'] as const;
const FINDINGS = ['dropped', 'undecided', 'allowed', 'unenforced'] as const;

export interface QueryCommandOptions extends CommonOptions {
  readonly from?: string;
  readonly to?: string;
  readonly port?: number;
  readonly protocol?: string;
  readonly sourcePort?: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  readonly request?: string;
  readonly header?: readonly string[];
  readonly file?: string;
  readonly output: (typeof FORMATS)[number];
  readonly failOn?: readonly (typeof FINDINGS)[number][];
}

const HELP = `
An end is namespace/pod, namespace/kind/workload (it answers for all its pods),
namespace/service/name, node/name, or an address.

Examples:
  policap query -p policies/ -c cluster.yaml --from shop/frontend-0 --to shop/Deployment/api --port 8080
  policap query -p policies/ -c cluster.yaml --from 203.0.113.7 --to shop/web-0 --port 443 --fail-on dropped
  policap query -p policies/ -c cluster.yaml --from shop/web-0 --to 10.0.0.1 --protocol ICMP --icmp-type 8
  policap query -p policies/ -c cluster.yaml --profile kube-router --from shop/web-0 --to shop/db-0 --protocol ICMP
      as kube-router enforces the same policies
  policap query -p policies/ -c cluster.yaml --profile cilium --from shop/web-0 --to shop/api-0 --port 8080 \\
      --request "GET /v1/items" --header "Host: api.shop"
  policap query -p policies/ -c cluster.yaml -f questions.jsonl -o jsonl
      many questions, a line each: {"from": "shop/web-0", "to": "shop/db-0", "port": 5432, "protocol": "TCP"}
`;

export function queryCommand(terminal: Terminal, finish: Finish): Command {
  const command = new Command('query')
    .summary('ask about one connection, and why')
    .description('Decides about connections by name or address, without a capture.');
  addInputOptions(command)
    .option('--from <end>', 'who begins the connection')
    .option('--to <end>', 'whom it is for')
    .addOption(new Option('--port <n>', 'destination port').argParser(wholeNumber(0, 65535)))
    .option('--protocol <name>', 'TCP, UDP, SCTP, ICMP, ICMPv6, or a number (default: TCP)')
    .addOption(new Option('--source-port <n>', 'source port, where rules ask for one').argParser(wholeNumber(0, 65535)))
    .addOption(new Option('--icmp-type <n>', 'ICMP type instead of a port').argParser(wholeNumber(0, 255)))
    .addOption(new Option('--icmp-code <n>', 'ICMP code').argParser(wholeNumber(0, 255)))
    .option('--request <line>', 'an HTTP request on the connection, "GET /path": the answer is about it')
    .option('--header <field...>', 'header fields of the request, "Host: shop"')
    .option('-f, --file <file>', 'questions, a JSON object a line; - for standard input')
    .addOption(new Option('-o, --output <format>', 'how answers are printed').choices([...FORMATS]).default('text'))
    .addOption(
      new Option('--fail-on <findings>', `exit with 1 on any of: ${FINDINGS.join(', ')}`).argParser(wordList(FINDINGS)),
    )
    .addHelpText('after', HELP)
    .action(async (_options: unknown, called: Command) => {
      const { runQuery } = await import('./query.js');
      finish(runQuery(called.optsWithGlobals<QueryCommandOptions>(), terminal));
    });
  return command;
}
