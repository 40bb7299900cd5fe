/**
 * policap live on the command line: its options and its help. What it does (live.ts) is loaded when it is asked for.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Finish } from './main.js';
import { addInputOptions, addTrackingOptions, wholeNumber } from './options.js';
import type { ReplayCommandOptions } from './replay-command.js';
import type { Terminal } from './terminal.js';

const FORMATS = ['text', 'json', 'jsonl', 'csv', 'hubble', 'pcapng'] as const;
const SOURCES = ['tcpdump', 'raw'] as const;
const VERDICTS = ['allowed', 'dropped', 'undecided'] as const;
const LONGEST = 366 * 24 * 3600;

export interface LiveCommandOptions extends Omit<ReplayCommandOptions, 'failOn' | 'workers'> {
  readonly interface: string;
  readonly source: (typeof SOURCES)[number];
  readonly filter?: string;
  readonly snap?: number;
  readonly buffer?: number;
  readonly duration?: number;
  readonly listen?: Listen;
  readonly rotateSize?: number;
  readonly rotateSeconds?: number;
  readonly keep?: number;
  readonly onPolicyChange: 'keep' | 'reevaluate';
  readonly clusterStream?: string;
}

export interface Listen {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:9090`, `[::1]:9090`; port 0: any free one. */
function listenOn(value: string): Listen {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(value);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) throw new InvalidArgumentError('Give ADDRESS:PORT, for example 127.0.0.1:9090.');
  return { host: match[1] ?? match[2]!, port };
}

const HELP = `
Examples:
  policap live -i eth0 -p policies/ -c cluster.yaml
      what would be refused of what goes by now, until Ctrl-C
  policap live -i any --duration 3600 --snap 128 -p policies/ -c cluster.yaml -o json -w hour.json
      one hour of all interfaces, headers only
  policap live -i cni0 -p policies/ -c cluster.yaml -o jsonl --only dropped
      a line for each refused packet, as it goes by
  policap live -i eth0 -p policies/ -c cluster.yaml -o jsonl -w eth0.jsonl --rotate-seconds 3600 --keep 48
      a file an hour, of the last two days
  policap live -i eth0 -p policies/ -c cluster.yaml --listen 127.0.0.1:9090
      with its counts for Prometheus
  kubectl get pods -A -w -o json --output-watch-events | policap live -i cni0 -p policies/ -c cluster.yaml
      --cluster-stream -
      addresses are whose they are when a packet goes by
  policap live -i eth0 --source raw -p policies/ -c cluster.yaml
      what comes in, where tcpdump is not
  kubectl exec -n shop web-0 -- tcpdump -U -w - | policap replay - -p policies/ -c cluster.yaml
      from where policap is not; the last packets wait for the next ones

tcpdump reads the interface: it must be installed, and allowed to (root, or
CAP_NET_RAW). Nothing is sent, and nothing is refused: policap looks on.
Packets that tcpdump could not take in time are counted and said. A packet to
a service is judged by its translated copy where that goes by before a silence
of a quarter of a second; after one it is undecided, if the policies make a
difference between its backends.

The files of -p, -c and --rules are watched: a change is in force from the next
packet on; of a broken one the errors are said, and what was before stays.

--source raw takes packets from raw sockets, without tcpdump. It needs Linux,
root or CAP_NET_RAW, and the package raw-socket beside policap, which is built
when it is installed: with g++, make and python3.

What raw sockets see is only what comes in for this host's own addresses, so
run it in the network namespace of a pod; nothing that the host sends or
forwards. Of that, only IPv4 of TCP, UDP, SCTP and ICMP, for the kernel hands
out IPv6 without its header; only what the host's firewall lets in, with
translated addresses; whole datagrams, not their fragments; and nothing of the
link layer. Of connections that the host opens only the answers are seen:
TCP's are known by their flags, UDP's are judged as if they had come first.
The time of a packet is when it was taken, and packets of two protocols may
change places, by as many as wait then. -i binds to an interface; any is all
of them. Packets that policap could not take in time are counted and said.
`;

export function liveCommand(terminal: Terminal, finish: Finish): Command {
  const command = new Command('live')
    .summary('judge the traffic of an interface as it goes by')
    .description('Judges the packets of a network interface as they go by, until Ctrl-C, and then prints the summary.')
    .requiredOption('-i, --interface <name>', 'as tcpdump -D lists them, or any')
    .addOption(
      new Option('--source <source>', 'who takes the packets: tcpdump, or raw sockets (see below)')
        .choices([...SOURCES])
        .default('tcpdump'),
    )
    .option('--filter <expression>', "packets that tcpdump takes, such as 'not port 22' (pcap-filter(7))")
    .addOption(
      new Option('--snap <bytes>', 'of a packet that are kept (default: all)').argParser(wholeNumber(64, 262_144)),
    )
    .addOption(
      new Option('--buffer <KiB>', 'that the kernel holds until tcpdump takes it (default: 2048)').argParser(
        wholeNumber(64, 2_097_151),
      ),
    )
    .addOption(new Option('--duration <seconds>', 'ends by itself').argParser(wholeNumber(1, LONGEST)))
    .addOption(
      new Option('--listen <address:port>', 'serves /metrics for Prometheus, and /healthz, there').argParser(listenOn),
    );
  addInputOptions(command)
    .option(
      '--cluster-stream <file>',
      'pods as they come and go, as kubectl get pods -A -w -o json writes them; - for standard input',
    )
    .addOption(
      new Option('--on-policy-change <what>', 'connections that are known keep their verdicts, or are asked again')
        .choices(['keep', 'reevaluate'])
        .default('keep'),
    )
    .addOption(new Option('--mode <mode>', 'as of replay').choices(['what-if', 'dataplane']).default('what-if'))
    .addOption(new Option('-o, --output <format>', 'what is printed').choices([...FORMATS]).default('text'))
    .option('-w, --write <file>', 'write it to a file; the text summary is printed beside it')
    .addOption(
      new Option('--rotate-size <MB>', 'of a file of -w, before the next one begins: FILE_00001_TIME').argParser(
        wholeNumber(1, 1_000_000),
      ),
    )
    .addOption(
      new Option('--rotate-seconds <seconds>', 'of what goes into a file of -w').argParser(wholeNumber(1, LONGEST)),
    )
    .addOption(
      new Option('--keep <files>', 'of those that rotate; older ones are removed').argParser(wholeNumber(1, 1_000_000)),
    )
    .addOption(new Option('--only <verdict>', 'packets of one verdict').choices([...VERDICTS]))
    .option('--where <expression>', "those that it lets through, such as 'verdict == dropped && dport == 53'")
    .addOption(new Option('--top <n>', 'text: conversations shown, 0 for all').argParser(wholeNumber(0, 1e9)));
  return addTrackingOptions(command, { timeout: 'as of replay; repeat' })
    .addHelpText('after', HELP)
    .action(async (_options: unknown, called: Command) => {
      const { runLive } = await import('./live.js');
      finish(await runLive(called.optsWithGlobals<LiveCommandOptions>(), terminal));
    });
}
