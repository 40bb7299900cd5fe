/**
 * policap ui on the command line: its options and its help. What it does (ui.ts) is loaded when it is asked for.
 */
import { Command, Option } from 'commander';
import type { Finish } from './main.js';
import { addInputOptions, addTrackingOptions, type CommonOptions, wholeNumber } from './options.js';
import type { Terminal } from './terminal.js';

export interface UiCommandOptions extends Omit<CommonOptions, 'rules'> {
  readonly port: number;
  readonly open?: boolean;
  readonly mode: 'what-if' | 'dataplane';
  readonly conntrack?: string;
  readonly timeout?: Readonly<Record<string, number>>;
  readonly maxConnections?: number;
  readonly tunnels: boolean;
  readonly duplicates: boolean;
}

const HELP = `
The address is printed first; it holds a token, so give it to nobody.
Everything is judged in the browser, and the server answers this machine alone.
Policies and the cluster are read again when the page is reloaded.
Ctrl-C ends it.

Examples:
  policap ui
      an empty page, to drop captures, policies and a cluster on
  policap ui capture.pcapng -p policies/ -c cluster.yaml --open
      a page that has them already, in the browser
  policap ui capture.pcapng -p policies/ -c cluster.yaml --port 8080
      for a port that is forwarded: ssh -L 8080:127.0.0.1:8080 HOST

-p and -c take every path behind them, so captures come first.
`;

export function uiCommand(terminal: Terminal, finish: Finish): Command {
  const command = new Command('ui')
    .summary('captures and policies in the browser')
    .description(
      'Serves a page to this machine that replays captures, shows why, and teaches; nothing is sent anywhere.',
    )
    .argument('[capture...]', 'pcap or pcapng, also gzip or zstd');
  addInputOptions(command, { rules: false })
    .addOption(
      new Option('--port <n>', 'port on 127.0.0.1; 0 is any free one').argParser(wholeNumber(0, 65535)).default(0),
    )
    .option('--open', 'open the address in the browser')
    .addOption(new Option('--mode <mode>', 'as of replay').choices(['what-if', 'dataplane']).default('what-if'));
  return addTrackingOptions(command, { timeout: 'as of replay; repeat' })
    .addHelpText('after', HELP)
    .action(async (captures: readonly string[], _options: unknown, called: Command) => {
      const { runUi } = await import('./ui.js');
      finish(await runUi(captures, called.optsWithGlobals<UiCommandOptions>(), terminal));
    });
}
