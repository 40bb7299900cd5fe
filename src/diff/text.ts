/**
 * A diff of a capture as text for a terminal (cold).
 */
import { endText, serviceText, VERDICT_FORMAT, whyText } from '../report/connection-text.js';
import { listed } from '../report/reason-text.js';
import type { ConnectionAnswer } from '../report/side-by-side.js';
import { count, plain, plural, type Style } from '../report/style.js';
import { CHANGE_HEADINGS, CHANGES } from './change.js';
import type { ChangedConnections, Diff } from './connections.js';

export interface DiffTextOptions {
  readonly style?: Style;
  /** Groups shown, 0 for all. */
  readonly top?: number;
}

const SHOWN = 20;

export function diffText(diff: Diff, options: DiffTextOptions = {}): string[] {
  const { style = plain, top = SHOWN } = options;
  const { changes, others } = diff;
  const shown = top === 0 ? changes : changes.slice(0, top);
  const lines = [
    ...noticesOf(diff).map(notice => style('red', style('bold', notice))),
    `${style('bold', listed(diff.captures))}  ${headline(diff)}`,
    ...besides(diff),
    '',
  ];
  for (const change of CHANGES) {
    const its = shown.filter(it => it.change === change);
    if (its.length > 0) lines.push(style('bold', CHANGE_HEADINGS[change]), ...groupLines(its, style), '');
  }
  if (shown.length < changes.length) {
    lines.push(style('dim', `and ${plural(changes.length - shown.length, 'more group')}: --top 0 shows all`), '');
  }
  if (others.connections > 0) {
    lines.push(style('dim', `and ${plural(others.connections, 'connection')} of groups beyond the limit`), '');
  }
  return [...lines, ...totalLines(diff)];
}

/** What both sides would say first of all, once. */
export const noticesOf = ({ before, after }: Pick<Diff, 'before' | 'after'>): string[] => [
  ...new Set([before, after].flatMap(({ notice }) => (notice === undefined ? [] : [notice]))),
];

/** `9 of 28 connections would be newly refused in 9 groups, none newly allowed.` */
export function headline({ connections, changes }: Diff): string {
  const { total, newlyDropped, newlyAllowed, undecided } = connections;
  if (total === 0) return 'no connections';
  if (newlyDropped + newlyAllowed + undecided === 0) {
    return total === 1
      ? 'The one connection is judged as before.'
      : `All ${plural(total, 'connection')} are judged as before.`;
  }
  const groups = changes.filter(({ change }) => change === 'newly-dropped').length;
  const refused =
    newlyDropped === 0
      ? `None of ${plural(total, 'connection')} would be newly refused`
      : `${count(newlyDropped)} of ${plural(total, 'connection')} would be newly refused in ${plural(groups, 'group')}`;
  const unknown = undecided === 0 ? '' : `, ${count(undecided)} undecided before or after`;
  return `${refused}, ${newlyAllowed === 0 ? 'none' : count(newlyAllowed)} newly allowed${unknown}.`;
}

/** What changes although connections open alike; nothing where nothing does. */
export function besides({ packets: { elsewhere }, requests, before, after }: Diff): string[] {
  const kinds: [number, string][] = [
    [elsewhere.newlyDropped, 'newly refused'],
    [elsewhere.newlyAllowed, 'newly allowed'],
    [elsewhere.undecided, 'undecided before or after'],
  ];
  const parts = kinds.flatMap(([number, title]) => (number === 0 ? [] : [`${plural(number, 'packet')} ${title}`]));
  const asked: [number, string][] = [
    [requests.newlyDenied, 'newly refused'],
    [requests.newlyPassed, 'newly let through'],
  ];
  const denied = asked.flatMap(([number, title]) => (number === 0 ? [] : [`${plural(number, 'request')} ${title}`]));
  const mesh =
    before.mesh?.denied === after.mesh?.denied
      ? []
      : [
          `the service mesh refuses ${count(after.mesh?.denied ?? 0)} requests, ${count(before.mesh?.denied ?? 0)} before`,
        ];
  return [
    ...(parts.length === 0 ? [] : [`Besides, in connections that open as before: ${parts.join(', ')}.`]),
    ...(denied.length === 0 ? [] : [`On connections that both let pass: ${denied.join(', ')}.`]),
    ...mesh.map(text => `Besides, ${text}.`),
  ];
}

function groupLines(changes: readonly ChangedConnections[], style: Style): string[] {
  const width = (title: string, of: (it: ChangedConnections) => number): number =>
    Math.max(title.length, ...changes.map(it => count(of(it)).length));
  const connections = width('connections', it => it.connections);
  const packets = width('packets', it => it.packets);
  const indent = ' '.repeat(connections + packets + 4);
  return [
    style('dim', `${'connections'.padStart(connections)}  ${'packets'.padStart(packets)}`),
    ...changes.flatMap(it => {
      const numbers = `${count(it.connections).padStart(connections)}  ${count(it.packets).padStart(packets)}`;
      const via = it.service === null ? '' : style('dim', `  via ${it.service}`);
      const ends = `${style('bold', endText(it.source))} → ${style('bold', endText(it.destination))}`;
      return [
        `${numbers}  ${ends}  ${serviceText(it)}${via}${style('dim', `  first at packet ${count(it.firstPacket)}`)}`,
        `${indent}before  ${answerLine(it.before, style)}`,
        `${indent}after   ${answerLine(it.after, style)}`,
      ];
    }),
  ];
}

const answerLine = (answer: ConnectionAnswer, style: Style): string =>
  `${style(VERDICT_FORMAT[answer.verdict], answer.verdict.padEnd(9))}  ${style('dim', whyText(answer))}`;

/** Rows of what each side says by itself: `connections`, `packets`, and requests where some rule looks at them. */
export function totalRows({ before, after }: Diff): (readonly [string, ...number[]])[] {
  const verdicts = ['allowed', 'dropped', 'undecided'] as const;
  const both = [
    ['before', before],
    ['after', after],
  ] as const;
  return both.map(([name, side]) => [name, ...verdicts.map(verdict => side.connections[verdict])]);
}

function totalLines(diff: Diff): string[] {
  const cell = (text: string): string => text.padStart(11);
  return [
    `${'connections'.padEnd(11)}${['allowed', 'dropped', 'undecided'].map(cell).join('')}`,
    ...totalRows(diff).map(
      ([name, ...numbers]) => `${name.padEnd(11)}${numbers.map(number => cell(count(number))).join('')}`,
    ),
  ];
}
