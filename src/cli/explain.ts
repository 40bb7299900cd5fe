/**
 * policap explain: a packet of a capture, or a connection by its ends -> why it gets its verdict.
 */
import type { Compiled } from '../compile.js';
import { type Explanation, explainPacket, explainPair } from '../explain/explanation.js';
import { explanationJson } from '../explain/json.js';
import { catchPacket } from '../explain/packet.js';
import { endText } from '../explain/sentences.js';
import { explanationLines } from '../explain/text.js';
import type { ConntrackKind } from '../flow/kinds.js';
import { openCaptures } from '../node/captures.js';
import { asPlugin, profileField } from '../profile/profile.js';
import { type Answer, createAnswers, QueryProblem } from '../query/answer.js';
import { meshSentence } from '../query/answer-mesh.js';
import { conntrackOf } from '../replay-memory.js';
import { ownerName } from '../report/owners.js';
import { listed } from '../report/reason-text.js';
import { plural } from '../report/style.js';
import { compileInput } from './documents.js';
import { EXIT_DONE, EXIT_INTERRUPTED, UsageError } from './errors.js';
import type { ExplainCommandOptions } from './explain-command.js';
import { noticeText } from './notice.js';
import { checkConntrack, checkTimeoutsOf } from './options.js';
import { createProgress } from './progress.js';
import { styleFor, type Terminal } from './terminal.js';

export async function runExplain(
  given: readonly string[],
  options: ExplainCommandOptions,
  terminal: Terminal,
): Promise<number> {
  const asked = whatIsAsked(given, options);
  checkConntrack(options.conntrack);
  const compiled = compileInput(
    options,
    terminal,
    styleFor(options.color, terminal.errIsTerminal, terminal.environment),
  );
  if (asked === null) {
    print(ofQuestion(compiled, options, terminal), compiled, options, terminal);
    return EXIT_DONE;
  }
  const { paths, number } = asked;
  const explained = await ofPacket(paths, number, compiled, options, terminal);
  if (explained === null) {
    terminal.say('policap: interrupted before the packet came');
    return EXIT_INTERRUPTED;
  }
  print(explained.explanation, explained.compiled, options, terminal);
  return EXIT_DONE;
}

/** null: a connection by its ends. */
function whatIsAsked(
  given: readonly string[],
  { packet, from, to }: ExplainCommandOptions,
): { readonly paths: readonly string[]; readonly number: number } | null {
  if (given.length === 0) {
    if (from !== undefined && to !== undefined) return null;
    throw new UsageError(
      from === undefined && to === undefined
        ? 'nothing to explain'
        : `${from === undefined ? '--from' : '--to'} is missing`,
      'name a packet, capture.pcapng#17, or a connection: --from shop/web-0 --to shop/db-0 --port 5432',
    );
  }
  if (from !== undefined || to !== undefined) throw new UsageError('either a packet, or --from and --to: not both');
  const named = given.map(path => /^(.*)#(\d+)$/.exec(path));
  const numbers = named.flatMap(match => (match === null ? [] : [Number(match[2])]));
  if (packet !== undefined) numbers.push(packet);
  if (numbers.length !== 1 || numbers[0] === 0) {
    throw new UsageError(
      numbers.length === 0 ? 'which packet?' : 'one packet at a time, counted from 1',
      `give its number: ${given[0]!.replace(/#\d*$/, '')}#17, or --packet 17`,
    );
  }
  const paths = given.map((path, i) => named[i]?.[1] ?? path);
  if (paths.includes('-')) throw new UsageError('explain reads its capture twice', 'give it as a file');
  if (packet === undefined && paths.length > 1) {
    throw new UsageError(
      'of several captures the packet is counted over all of them, merged by time',
      'give --packet 17',
    );
  }
  return { paths, number: numbers[0]! };
}

async function ofPacket(
  paths: readonly string[],
  number: number,
  compiled: Compiled,
  options: ExplainCommandOptions,
  terminal: Terminal,
): Promise<{ readonly explanation: Explanation; readonly compiled: Compiled } | null> {
  const { mode, timeout, tunnels, duplicates } = options;
  const conntrack = options.conntrack as ConntrackKind | undefined;
  checkTimeoutsOf([{ kind: conntrackOf({ conntrack }, compiled), why: '' }], timeout);
  const stop = new AbortController();
  const release = terminal.onInterrupt(() => stop.abort());
  const progress = createProgress(terminal);
  try {
    const replayed = { mode, conntrack, timeouts: timeout, tunnels, duplicates, captures: paths };
    const facts = await catchPacket(
      () => openCaptures(paths, {}, stop.signal),
      compiled,
      { ...replayed, onProgress: progress.update, signal: stop.signal },
      number,
    );
    progress.clear();
    if (facts === null) return null;
    if ('packets' in facts) {
      const only = facts.packets === 0 ? 'no packet that can be read' : plural(facts.packets, 'packet');
      if (facts.damage !== null) {
        terminal.say(`policap: there is no packet ${number} before the damage, but ${only}`);
        throw facts.damage;
      }
      throw new UsageError(`${paths.join(', ')}: there is no packet ${number}: the capture has ${only}`);
    }
    return { explanation: explainPacket(facts), compiled: facts.compiled };
  } finally {
    release();
    progress.clear();
  }
}

function ofQuestion(compiled: Compiled, options: ExplainCommandOptions, terminal: Terminal): Explanation {
  const { from, to, port, protocol, sourcePort, icmpType, icmpCode } = options;
  try {
    const query = { from: from!, to: to!, port, protocol, sourcePort, icmpType, icmpCode };
    const answers = createAnswers(compiled);
    const { pairs, service } = answers.pairs(query);
    const first = pairs[0]!;
    const answer = answers.answer(query);
    const { groups } = answer;
    const explanation = explainPair(compiled, first, first.question, service && ownerName(service), besidesOf(answer));
    if (pairs.length > 1) {
      const alike =
        groups.length === 0
          ? 'all get this verdict'
          : groups.map(it => `${it.verdict}: ${it.pods.join(', ')}`).join('; ');
      const ends = `${endText(explanation.source)} → ${endText(explanation.destination)}`;
      terminal.say(`policap: ${plural(pairs.length, 'pair')} of ends (${alike}); explained is ${ends}`);
    }
    return explanation;
  } catch (error) {
    if (error instanceof QueryProblem) throw new UsageError(error.message, error.hint);
    throw error;
  }
}

/** What is said of the answer as a whole: this one pair is not all of it. */
function besidesOf({ groups, mesh, destination }: Answer): string[] {
  const said = groups.map(({ verdict, pods, family }) => {
    const over = family === undefined ? '' : ` over IPv${family}`;
    return `${verdict}${over}: ${listed(pods)}`;
  });
  const inMesh = mesh === null ? '' : `${mesh.verdict}: ${meshSentence(mesh, destination.name)}`;
  const where = mesh === null || mesh.source === null ? '' : ` (${mesh.source})`;
  return [
    ...(said.length === 0 ? [] : [`This is so of these two ends; others get another answer (${said.join('; ')}).`]),
    ...(inMesh === '' ? [] : [`The service mesh behind it decides for itself; ${inMesh}${where}.`]),
  ];
}

function print(explanation: Explanation, compiled: Compiled, options: ExplainCommandOptions, terminal: Terminal): void {
  const { profile, profileFrom, ruleset } = compiled;
  if (options.output === 'json') {
    terminal.write(explanationJson(explanation, profileField(profile)));
    return;
  }
  const style = styleFor(options.color, terminal.outIsTerminal, terminal.environment);
  terminal.write(noticeText(profile, style));
  terminal.write(`${explanationLines(explanation, ruleset, style, terminal.columns).join('\n')}\n`);
  if (profile.name !== 'upstream')
    terminal.write(`${style('dim', `Policies ${asPlugin(profile)} (${profileFrom}).`)}\n`);
}
