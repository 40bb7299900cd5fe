/**
 * text: the summary a person reads, on one screen.
 *
 * First what they came for, the refused conversations, most frequent first; then packets and connections by verdict; then
 * what helps to trust it. Every list that is cut says how to see the rest.
 */

import type { Compiled } from '../compile.js';
import { addressWords } from '../packet/text.js';
import { PROFILES } from '../profile/index.js';
import { asPlugin } from '../profile/profile.js';
import type { Verdict } from '../verdict/verdict.js';
import { COLUMNS, type ConversationOptions, conversationLines } from './conversation-text.js';
import type { PolicyHits } from './hits.js';
import { podRanges as podRangesOf } from './owners.js';
import { listed } from './reason-text.js';
import type { Output, Report } from './report.js';
import { requestHeadline, requestLines } from './request-text.js';
import { count, duration, type Format, plain, plural, type Style, withoutColumn } from './style.js';
import {
  createSummary,
  type PolicyChange,
  type RequestSummary,
  type Summary,
  type SummaryCollector,
  type SummaryOptions,
} from './summary.js';

export interface TextOptions extends SummaryOptions, ConversationOptions {}

/** What the text says of the documents beside the summary. */
export interface TextFacts {
  /** How many of the summary's warnings, the first ones, are about documents. */
  readonly problems: number;
  /** Whether the documents tell who owns any address. */
  readonly knowsAddresses: boolean;
  readonly podRanges: readonly { readonly cidr: string; readonly node: string }[];
}

export const textFacts = ({ problems, inventory }: Pick<Compiled, 'problems' | 'inventory'>): TextFacts => ({
  problems: problems.length,
  knowsAddresses: inventory.owners.length > 0,
  podRanges: podRangesOf(inventory),
});

const VERDICTS: readonly [Verdict, Format][] = [
  ['allowed', 'green'],
  ['dropped', 'red'],
  ['undecided', 'yellow'],
];

export function createTextReport(
  output: Output,
  options: TextOptions = {},
  summary: SummaryCollector = createSummary(options),
): Report {
  return {
    begin: summary.begin,
    batch: summary.batch,
    end(result) {
      const found = summary.end(result);
      // What is no capture at all has no summary: the error says it all.
      if (found.packets.total === 0 && found.captures.every(({ error }) => error !== null)) return;
      output.write(`${summaryText(found, textFacts(summary.compiled()), options).join('\n')}\n`);
    },
  };
}

/** The lines of the summary, without line ends. */
export function summaryText(summary: Summary, facts: TextFacts, options: TextOptions = {}): string[] {
  const style = options.style ?? plain;
  const columns = options.columns ?? COLUMNS;
  return [
    ...(summary.notice === undefined ? [] : [style('red', style('bold', summary.notice)), '']),
    ...headline(summary, style),
    ...requestHeadlines(summary, style),
    '',
    ...conversationLines(summary, options),
    ...requestLines(summary.requests, '', options),
    ...requestLines(summary.mesh, ' by the mesh', options),
    ...verdictTable(summary, columns, style),
    '',
    ...notes(summary, facts, columns, style),
    ...ending(summary, style),
  ];
}

/** The first line: what a reader came for. */
export function headline({ captures, connections, packets, denied, mode }: Summary, style: Style): string[] {
  const names = style('bold', listed(captures.map(({ name }) => name)));
  const would = mode === 'what-if' ? 'would be' : 'were';
  if (packets.total === 0) return [`${names}  no packets`];
  if (connections.total === 0) return [`${names}  no connections`];
  const open = connections.undecided > 0 ? `; ${count(connections.undecided)} undecided` : '';
  if (denied.length === 0) {
    const none = `None of ${count(connections.total)} connections ${would} refused`;
    const only = `The only connection ${mode === 'what-if' ? 'would not be' : 'was not'} refused`;
    return [`${names}  ${style(open === '' ? 'green' : 'yellow', `${connections.total === 1 ? only : none}${open}.`)}`];
  }
  const refused = `${count(connections.dropped)} of ${plural(connections.total, 'connection')} ${would} refused`;
  return [`${names}  ${style('red', refused)} in ${plural(denied.length, 'distinct conversation')}${open}.`];
}

export function requestHeadlines({ requests, mesh, mode }: Summary, style: Style): string[] {
  const line = (of: RequestSummary | undefined, what: string): string[] => {
    const text = of === undefined ? '' : requestHeadline(of, mode, what);
    if (of === undefined || text === '') return [];
    const { denied, undecided } = of.counts;
    return [style(denied > 0 ? 'red' : undecided > 0 ? 'yellow' : 'green', text)];
  };
  return [...line(requests, ''), ...line(mesh, ' or connections of the mesh')];
}

function verdictTable({ packets, connections, reasons }: Summary, width: number, style: Style): string[] {
  const columns: [string, Format | null, number, number][] = [
    ['total', null, packets.total, connections.total],
    ...VERDICTS.map(([verdict, format]): [string, Format, number, number] => [
      verdict,
      format,
      packets[verdict],
      connections[verdict],
    ]),
  ];
  const widths = columns.map(([title, , a, b]) => Math.max(title.length, count(a).length, count(b).length));
  const row = (name: string, cells: readonly string[]): string => `${name.padEnd(11)}  ${cells.join('   ')}`;
  const cell = (value: number, i: number): string => {
    const text = count(value).padStart(widths[i]!);
    const format = columns[i]![1];
    return format === null || value === 0 ? text : style(format, text);
  };
  const why = Object.entries(reasons)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, value]) => `${reason} ${count(value)}`);
  return [
    style(
      'dim',
      row(
        '',
        columns.map(([title], i) => title.padStart(widths[i]!)),
      ),
    ),
    row(
      'packets',
      columns.map(([, , value], i) => cell(value, i)),
    ),
    row(
      'connections',
      columns.map(([, , , value], i) => cell(value, i)),
    ),
    ...(why.length === 0 ? [] : wrap('reasons', why, width).map(line => style('dim', line))),
  ];
}

/** A titled list over as many lines as it takes, indented behind the first. */
function wrap(title: string, parts: readonly string[], columns: number): string[] {
  const indent = 13;
  const lines: string[] = [];
  let line = title.padEnd(indent);
  parts.forEach((part, i) => {
    const text = i < parts.length - 1 ? `${part},` : part;
    const isFirst = line.length === indent;
    if (!isFirst && line.length + 1 + text.length > columns) {
      lines.push(line);
      line = ' '.repeat(indent) + text;
    } else {
      line += isFirst ? text : ` ${text}`;
    }
  });
  return [...lines, line];
}

/** What helps to trust the verdicts, a line each, only where there is something to say. */
function notes(
  summary: Summary,
  { problems, knowsAddresses, podRanges }: TextFacts,
  columns: number,
  style: Style,
): string[] {
  const lines: string[] = [];
  const idlePolicies = summary.policies.filter(({ hits }) => hits.packets === 0);
  const idleRules = summary.policies
    .filter(({ hits }) => hits.packets > 0)
    .flatMap(({ policy, rules }) => rules.flatMap(it => (it.hits.packets === 0 ? [{ policy, it }] : [])));
  if (idlePolicies.length > 0) {
    const name = ({ policy, source }: PolicyHits): string => `${policy} (${withoutColumn(source)})`;
    lines.push(note(`policies that decided nothing (${count(idlePolicies.length)})`, idlePolicies, name, columns));
  }
  if (idleRules.length > 0) {
    const name = ({ policy, it }: (typeof idleRules)[0]): string =>
      `${policy} ${it.rule} (${withoutColumn(it.source)})`;
    lines.push(note(`rules that decided nothing (${count(idleRules.length)})`, idleRules, name, columns));
  }
  // Without a cluster (plain rules) no address is known, and none is missed.
  if (summary.unknownAddresses.length > 0 && knowsAddresses) {
    const nodeOf = createPodRangeLookup(podRanges);
    const total = `${count(summary.unknownAddresses.length)}${summary.unknownOthers > 0 ? ' and more' : ''}`;
    const name = ({ address, connections }: Summary['unknownAddresses'][0]): string => {
      const node = nodeOf(address);
      return `${address} (${count(connections)}${node === null ? '' : `, in ${node}'s pod range`})`;
    };
    lines.push(note(`addresses the cluster does not know (${total})`, summary.unknownAddresses, name, columns));
  }
  const { changes = [] } = summary;
  if (changes.length > 0) lines.push(changesText(changes));
  const observed = observedText(summary);
  if (observed !== '') lines.push(`observed: ${observed}`);
  for (const warning of summary.warnings.slice(problems)) {
    const [first = '', ...more] = sentenceLines(warning, columns - WARNING.length - 1);
    lines.push(`${style('yellow', WARNING)} ${first}`, ...more.map(line => `  ${line}`));
  }
  if (problems > 0) {
    lines.push(`${style('yellow', 'warning:')} ${plural(problems, 'warning')} about the documents (on stderr)`);
  }
  return lines.length === 0 ? [] : [...lines, ''];
}

/** Changes whose first packets are named. */
const CHANGES_NAMED = 3;

function changesText(changes: readonly PolicyChange[]): string {
  const named = changes.slice(0, CHANGES_NAMED).map(({ firstPacket }) => count(firstPacket));
  const more = changes.length > named.length ? ` and ${count(changes.length - named.length)} more (-o json)` : '';
  const sum = (of: (change: PolicyChange) => number): number => changes.reduce((total, it) => total + of(it), 0);
  const asked = sum(it => it.asked);
  const again =
    asked === 0
      ? ''
      : `; ${plural(asked, 'connection')} asked again, ${count(sum(it => it.changed))} with another verdict`;
  const what = plural(changes.length, 'change of the documents', 'changes of the documents');
  return `${what} on the way, from packet ${named.join(', ')}${more} on${again}`;
}

const WARNING = 'warning:';

/** A sentence over as many lines as it takes; a word longer than a line stays whole, so that paths can be copied. */
function sentenceLines(sentence: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of sentence.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** As many names as fit the line, at least one. */
function note<T>(title: string, things: readonly T[], nameOf: (thing: T) => string, columns: number): string {
  const head = `${title}: `;
  const more = (left: number): string => (left === 0 ? '' : ` and ${count(left)} more (-o json)`);
  let names = nameOf(things[0]!);
  for (let shown = 1; ; shown++) {
    const line = `${head}${names}${more(things.length - shown)}`;
    if (shown === things.length) return line;
    const longer = `${names}, ${nameOf(things[shown]!)}`;
    if (head.length + longer.length + more(things.length - shown - 1).length > columns) return line;
    names = longer;
  }
}

function observedText({ observed }: Summary): string {
  const parts: [number, string][] = [
    [observed.midstreamConnections, `${plural(observed.midstreamConnections, 'connection')} began before the capture`],
    [observed.oneWayPackets, `${plural(observed.oneWayPackets, 'packet')} of connections seen in one direction only`],
    [observed.translatedPackets, `${plural(observed.translatedPackets, 'packet')} to or from a service address`],
    [
      observed.duplicatePackets,
      `${plural(observed.duplicatePackets, 'copy', 'copies')} of a packet on another interface`,
    ],
    [observed.earlyEvictions, `${plural(observed.earlyEvictions, 'connection')} evicted early (--max-connections)`],
  ];
  return parts.flatMap(([value, text]) => (value > 0 ? [text] : [])).join(', ');
}

function ending({ packets, time, timing, policies, profile, profileFrom }: Summary, style: Style): string[] {
  const took = duration(timing.replayMs / 1000);
  const compiled = `${plural(policies.length, 'policy', 'policies')} compiled in ${duration(timing.compileMs / 1000)}`;
  const whose = profile === undefined ? 'as upstream specifies them' : asPlugin(PROFILES[profile]);
  const traffic = `${duration(time.seconds)} of traffic, ${plural(packets.total, 'packet')}`;
  return [
    style('dim', `${traffic}, judged in ${took} (${count(timing.packetsPerSecond)} packets/s); ${compiled}.`),
    style('dim', `Policies ${whose} (${profileFrom}).`),
  ];
}

/** The node whose pod range holds an address, null for none. */
function createPodRangeLookup(podRanges: TextFacts['podRanges']): (address: string) => string | null {
  const ranges = podRanges.flatMap(({ cidr, node }) => {
    const [address = '', length = ''] = cidr.split('/');
    const network = addressWords(address);
    return network === null ? [] : [{ network, bits: Number(length), node }];
  });
  return address => {
    const it = addressWords(address);
    if (it === null) return null;
    const found = ranges.find(
      ({ network, bits }) =>
        network.family === it.family &&
        [0, 1, 2, 3].every(word => {
          const inWord = Math.min(32, Math.max(0, bits - word * 32));
          const mask = inWord === 0 ? 0 : -1 << (32 - inWord);
          return ((it.words[word]! ^ network.words[word]!) & mask) === 0;
        }),
    );
    return found?.node ?? null;
  };
}
