/**
 * npm run kernel: policap and the running kernel, side by side on anyone's own capture.
 *
 * In:  the command line, and a terminal.  Out: how many packets agree, what was left out and why, the first disagreements
 * with both sides' words; the exit code: 0 all agree, 1 some do not, 2 usage, documents or a machine where the kernel
 * cannot be asked, 3 a damaged capture.
 */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { compileInput, type InputOptions } from '../../src/cli/documents.js';
import {
  DocumentError,
  EXIT_DAMAGED,
  EXIT_DONE,
  EXIT_FINDING,
  EXIT_USAGE,
  problemLines,
  UsageError,
} from '../../src/cli/errors.js';
import { addInputOptions, timeoutOption, wholeNumber } from '../../src/cli/options.js';
import type { Terminal } from '../../src/cli/terminal.js';
import { emitEnforcer } from '../../src/enforcer/index.js';
import { openCaptures } from '../../src/node/captures.js';
import { SourceError } from '../../src/node/sources.js';
import { asPlugin } from '../../src/profile/profile.js';
import { count, plain, plural } from '../../src/report/style.js';
import { emitNft } from '../../src/rules/emit-nft.js';
import {
  type Answers,
  type Disagreement,
  disagreements,
  kernelAnswers,
  leftOut,
  policapAnswers,
  withoutRules,
} from './agreement.js';
import { collect } from './collect.js';
import { closeKernel, judgeByKernel, kernelProfile, kernelRefusal, kernelVersion } from './kernel.js';

interface ProgramOptions extends InputOptions {
  readonly timeout?: Readonly<Record<string, number>>;
  readonly verifyChecksums?: boolean;
  readonly beLiberal?: boolean;
  readonly tunnels: boolean;
  readonly first: number;
  readonly top: number;
}

/** nf_conntrack_max as Linux sets it: above it, which connection goes is chance. */
const MOST = 262_144;

const HELP = `
Each packet is judged twice: by policap in dataplane mode, and by this machine's kernel with the ruleset of
policap compile --emit nft, in a network namespace of its own. Needs root, nft, ip, bridge and python3.

With --profile the ruleset is the one that Calico, kube-router or Weave Net installs; then verdict, state and entry are
compared, not the rules.

Examples:
  npm run kernel -- pcaps/shop/capture.pcapng -p pcaps/shop/policies -c pcaps/shop/cluster.yaml
  npm run kernel -- pcaps/shop/capture.pcapng -p pcaps/shop/policies -c pcaps/shop/cluster.yaml --profile calico
`;

function createCommand(terminal: Terminal): Command {
  return addInputOptions(new Command('npm run kernel --'))
    .argument('<capture...>', 'captures, merged by time')
    .option('--timeout <name=seconds>', 'another timeout, in both', wholeTimeout)
    .option('--verify-checksums', 'a wrong checksum is invalid, in both')
    .option('--be-liberal', 'accept TCP packets out of the window, in both')
    .option('--no-tunnels', 'compare tunnels from outside, not what they carry')
    .option('--first <packets>', 'compare this many packets', wholeNumber(1, 10_000_000), 1_000_000)
    .option('--top <number>', 'show this many disagreements', wholeNumber(0, 1_000_000), 10)
    .addHelpText('after', HELP)
    .exitOverride()
    .configureOutput({
      writeOut: text => void terminal.write(text),
      writeErr: text => terminal.say(text.trimEnd()),
    });
}

/** The kernel's settings are whole seconds. */
function wholeTimeout(value: string, before: Readonly<Record<string, number>> | undefined): Record<string, number> {
  const timeouts = timeoutOption(value, before);
  if (!Object.values(timeouts).every(Number.isInteger))
    throw new InvalidArgumentError('The kernel takes whole seconds.');
  return timeouts;
}

export async function kernelProgram(args: readonly string[], terminal: Terminal): Promise<number> {
  const command = createCommand(terminal);
  try {
    command.parse(args, { from: 'user' });
    return await run(command.args, command.opts<ProgramOptions>(), terminal);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_DONE : EXIT_USAGE;
    if (error instanceof DocumentError) {
      terminal.say(problemLines(error.problems, plain).join('\n'));
      return EXIT_USAGE;
    }
    if (error instanceof UsageError || error instanceof SourceError) {
      terminal.say(`error: ${error.message}`);
      return EXIT_USAGE;
    }
    throw error;
  } finally {
    await closeKernel();
  }
}

async function run(paths: readonly string[], options: ProgramOptions, terminal: Terminal): Promise<number> {
  const refusal = kernelRefusal();
  if (refusal !== null) {
    terminal.say(`error: ${refusal}`);
    return EXIT_USAGE;
  }
  const compiled = compileInput(options, terminal, plain);
  const { timeout: timeouts, verifyChecksums, beLiberal: liberal, tunnels, first } = options;
  if (compiled.profile.name !== 'upstream' && compiled.ruleset.forward.length > 0) {
    throw new UsageError(`plain rules have no place in the ruleset of ${compiled.profile.title}: leave out --rules`);
  }
  const source = await openCaptures(paths);
  const kernel = kernelProfile();
  const packets = await collect(source, compiled, {
    timeouts,
    verifyChecksums,
    liberal,
    tunnels,
    kernel,
    first,
    maxConnections: MOST,
  });
  source.close();
  const asked = packets.flatMap(({ time, bytes }) => (bytes === null ? [] : [{ time, bytes }]));
  const { profile, policies, inventory } = compiled;
  const enforcer = emitEnforcer(profile.name, policies, inventory);
  const ruleset = enforcer ?? emitNft(compiled.ruleset, inventory);
  const said = kernelAnswers(packets, await judgeByKernel(asked, ruleset, { timeouts, verifyChecksums, liberal }));
  // An enforcer's rules have no names of policap's.
  const [ours, theirs] = [policapAnswers(packets), said].map(it => (enforcer === null ? it : withoutRules(it))) as [
    Answers,
    Answers,
  ];
  const found = disagreements(ours, theirs);
  const agree = `${count(ours.size - found.length)} of ${plural(ours.size, 'packet')} agree`;
  const shape = enforcer === null ? '' : `, policies ${asPlugin(profile)}`;
  terminal.write(`${paths.join(', ')}: ${agree} with Linux ${kernelVersion()}${shape}\n`);
  const left = [...leftOut(packets)].map(([why, number]) => `${count(number)} ${why}`);
  if (left.length > 0) terminal.write(`not compared: ${left.join(', ')}\n`);
  if (packets.length === first) terminal.write(`the first ${plural(first, 'packet')} only (--first)\n`);
  for (const disagreement of found.slice(0, options.top)) terminal.write(describeDisagreement(disagreement));
  if (found.length > options.top) terminal.write(`and ${count(found.length - options.top)} more: --top shows them\n`);
  for (const error of source.errors) terminal.say(`error: ${error.message}`);
  if (found.length > 0) return EXIT_FINDING;
  return source.errors.length > 0 ? EXIT_DAMAGED : EXIT_DONE;
}

const describeDisagreement = ({ number, policap, kernel }: Disagreement): string =>
  `packet ${number}\n  policap  ${policap}\n  kernel   ${kernel}\n`;
