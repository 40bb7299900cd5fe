/**
 * policap generate: rule sets, header traces, clusters and captures to measure and try things with.
 *
 * Out: text (of a capture bytes) on standard output, the same for the same options. What it looks like is src/generate's business.
 */
import { Command, Option } from 'commander';
import { generateCluster, MOST_PODS } from '../generate/cluster.js';
import { FAMILIES, type FamilyName } from '../generate/families.js';
import { generateRules } from '../generate/rules.js';
import { classBenchLine, headerLine, ruleListItem } from '../generate/text.js';
import { generateTrace } from '../generate/trace.js';
import { EXIT_DONE, UsageError } from './errors.js';
import { captureCommand } from './generate-capture.js';
import { count, MOST, seed } from './generate-options.js';
import type { Finish } from './main.js';
import { wholeNumber } from './options.js';
import { type ColorChoice, styleFor, type Terminal } from './terminal.js';

export function generateCommand(terminal: Terminal, finish: Finish): Command {
  const command = new Command('generate').description(
    'make up rule sets, header traces, clusters and captures; the same ones for the same --seed',
  );
  command.addHelpText(
    'after',
    `
Examples:
  policap generate rules --family fw --count 10000 > fw.rules
      ClassBench filters, as a firewall has them
  policap generate trace --rules fw.rules --count 100000 > fw.trace
      headers that these rules are asked for
  policap generate cluster --nodes 100 --pods 3000 --policies 200 > cluster.json
      a cluster and its NetworkPolicies, for both -p and -c
  policap generate capture -p cluster.json -c cluster.json --packets 100000 > traffic.pcap
      traffic between its pods
`,
  );
  for (const make of [rulesCommand, traceCommand, clusterCommand, captureCommand])
    command.addCommand(make(terminal, finish));
  return command;
}

interface RulesOptions {
  readonly family: FamilyName;
  readonly count: number;
  readonly ip: '4' | '6';
  readonly format: 'classbench' | 'rulelist';
  readonly seed: number;
}

function rulesCommand(terminal: Terminal, finish: Finish): Command {
  return new Command('rules')
    .description('5-tuple rules in order of priority, for --rules')
    .addOption(
      new Option('--family <name>', 'access lists, firewalls, or chains of both kinds')
        .choices(FAMILIES)
        .default('acl'),
    )
    .addOption(count('how many, all different', MOST, 1000))
    .addOption(new Option('--ip <version>', 'of the addresses').choices(['4', '6']).default('4'))
    .addOption(
      new Option('--format <format>', 'filter lines, or YAML')
        .choices(['classbench', 'rulelist'])
        .default('classbench'),
    )
    .addOption(seed())
    .addHelpText(
      'after',
      `
Examples:
  policap generate rules --family ipc --count 1000 --ip 6
  policap generate rules --format rulelist --count 20 --seed 7 > rules.yaml
`,
    )
    .action((options: RulesOptions) => {
      const { family, seed, ip, format } = options;
      const filters = generateRules({ family, rules: options.count, seed, ip: ip === '6' ? 6 : 4 });
      const list = format === 'rulelist';
      const head =
        filters.length === 0 ? 'kind: RuleList\ndefault: deny\nrules: []' : 'kind: RuleList\ndefault: deny\nrules:';
      if (list) writeLines(terminal, [head]);
      writeLines(terminal, filters, list ? ruleListItem : classBenchLine);
      finish(EXIT_DONE);
    });
}

interface TraceOptions {
  readonly rules: readonly string[];
  readonly count: number;
  readonly skew: number;
  readonly seed: number;
  readonly color: ColorChoice;
}

function traceCommand(terminal: Terminal, finish: Finish): Command {
  return new Command('trace')
    .description('headers inside the rules: source, destination, source port, destination port, protocol')
    .requiredOption('--rules <file...>', 'what is asked: a RuleList, or ClassBench filters')
    .addOption(count('how many', MOST, 1000))
    .addOption(count('0: no header twice on purpose; 1 and more: few of them often', 10, 0, 'skew'))
    .addOption(seed())
    .addHelpText(
      'after',
      '\nExamples:\n  policap generate rules | policap generate trace --rules - --count 100000 --skew 1\n',
    )
    .action(async (_: unknown, command: Command) => {
      const { compileInput } = await import('./documents.js');
      const options = command.optsWithGlobals<TraceOptions>();
      const style = styleFor(options.color, terminal.errIsTerminal, terminal.environment);
      const { rules } = compileInput({ rules: options.rules }, terminal, style, { engine: 'linear' }).ruleset;
      const trace = generateTrace(rules, { headers: options.count, seed: options.seed, skew: options.skew });
      writeLines(terminal, trace, headerLine);
      finish(EXIT_DONE);
    });
}

interface ClusterOptions {
  readonly nodes: number;
  readonly pods: number;
  readonly policies: number;
  readonly namespaces?: number;
  readonly seed: number;
}

function clusterCommand(terminal: Terminal, finish: Finish): Command {
  return new Command('cluster')
    .description('namespaces, nodes, pods and NetworkPolicies as a List in JSON, for -p and -c')
    .addOption(count('nodes', 65000, 20, 'nodes'))
    .addOption(count('pods', MOST_PODS, 500, 'pods'))
    .addOption(count('NetworkPolicies, a default deny of each namespace first', MOST, 50, 'policies'))
    .addOption(
      new Option('--namespaces <n>', 'namespaces (default: one for 60 pods)').argParser(wholeNumber(1, 1_000_000)),
    )
    .addOption(seed())
    .addHelpText(
      'after',
      '\nExamples:\n  policap generate cluster --nodes 5000 --pods 150000 --policies 10000 > largest.json\n',
    )
    .action((options: ClusterOptions) => {
      const { nodes, pods, policies, seed } = options;
      const namespaces = options.namespaces ?? Math.max(1, Math.ceil(pods / 60));
      if (policies > 0 && pods === 0) throw new UsageError('--policies need --pods: policies name workloads');
      let first = true;
      terminal.write('{"apiVersion":"v1","kind":"List","items":[\n');
      writeLines(terminal, generateCluster({ nodes, pods, policies, namespaces, seed }), object => {
        const comma = first ? '' : ',';
        first = false;
        return comma + JSON.stringify(object);
      });
      terminal.write(']}\n');
      finish(EXIT_DONE);
    });
}

const CHUNK = 1 << 16;

/** In chunks; an end of the reader's ends it. */
function writeLines<T>(terminal: Terminal, items: Iterable<T>, line: (item: T) => string = String): void {
  let chunk = '';
  for (const item of items) {
    chunk += `${line(item)}\n`;
    if (chunk.length < CHUNK) continue;
    if (!terminal.write(chunk)) return;
    chunk = '';
  }
  if (chunk !== '') terminal.write(chunk);
}
