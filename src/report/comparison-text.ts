/**
 * A comparison as text for a terminal, and as markdown for a ticket (cold).
 */
import type { Comparison, Difference, ProfileAnswer } from './comparison.js';
import { endText, serviceText, VERDICT_FORMAT, whyText } from './connection-text.js';
import { escaped, table } from './markdown-table.js';
import { listed } from './reason-text.js';
import { count, plain, plural, type Style } from './style.js';

export interface ComparisonTextOptions {
  readonly style?: Style;
  /** Differences shown, 0 for all. */
  readonly top?: number;
}

const SHOWN = 20;

export function comparisonText(comparison: Comparison, options: ComparisonTextOptions = {}): string[] {
  const { style = plain, top = SHOWN } = options;
  const { profiles, differences, others, captures } = comparison;
  const shown = top === 0 ? differences : differences.slice(0, top);
  const width = Math.max(...profiles.map(({ profile }) => profile.length));
  const lines = [
    ...noticesOf(comparison).map(notice => style('red', style('bold', notice))),
    `${style('bold', listed(captures))}  ${headline(comparison)}`,
    '',
    ...shown.flatMap(it => [...differenceLines(it, style), '']),
  ];
  if (shown.length < differences.length) {
    lines.push(
      style('dim', `and ${plural(differences.length - shown.length, 'more difference')}: --top 0 shows all`),
      '',
    );
  }
  if (others > 0) lines.push(style('dim', `and ${plural(others, 'connection')} of differences beyond the limit`), '');
  return [...lines, ...totalLines(comparison, width)];
}

const noticesOf = ({ profiles }: Comparison): string[] =>
  profiles.flatMap(({ notice }) => (notice === null ? [] : [notice]));

function headline({ profiles, connections, differences }: Comparison): string {
  const names = profiles.map(({ profile }) => profile);
  const who = `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  if (connections.total === 0) return 'no connections';
  if (connections.different === 0) return `${who} agree on ${plural(connections.total, 'connection')}.`;
  const all = `${count(connections.different)} of ${plural(connections.total, 'connection')}`;
  return `${who} differ on ${all}, in ${plural(differences.length, 'distinct conversation')}.`;
}

function differenceLines(it: Difference, style: Style): string[] {
  const names = `${style('bold', endText(it.source))} → ${style('bold', endText(it.destination))}`;
  const via = it.service === null ? '' : style('dim', `  via ${it.service}`);
  const where = style('dim', `  ${plural(it.connections, 'connection')}, first at packet ${count(it.firstPacket)}`);
  return [
    `${names}  ${serviceText(it)}${via}${where}`,
    ...alike(it.answers).map(([first, ...rest]) => {
      const who = [first, ...rest].map(({ profile }) => profile).join(', ');
      return `  ${style(VERDICT_FORMAT[first.verdict], first.verdict.padEnd(9))}  ${style('bold', who)}: ${style('dim', whyText(first))}`;
    }),
  ];
}

/** Profiles that say the same for the same reasons, together. */
function alike(answers: readonly ProfileAnswer[]): [ProfileAnswer, ...ProfileAnswer[]][] {
  const groups = new Map<string, [ProfileAnswer, ...ProfileAnswer[]]>();
  for (const answer of answers) {
    const key = `${answer.verdict} ${whyText(answer)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [answer]);
    else group.push(answer);
  }
  return [...groups.values()];
}

function totalLines({ profiles }: Comparison, width: number): string[] {
  const columns = ['allowed', 'dropped', 'undecided'] as const;
  const cell = (text: string): string => text.padStart(11);
  return [
    `${'connections'.padEnd(Math.max(width, 11))}${columns.map(cell).join('')}`,
    ...profiles.map(
      ({ profile, connections }) =>
        `${profile.padEnd(Math.max(width, 11))}${columns.map(column => cell(count(connections[column]))).join('')}`,
    ),
  ];
}

/** A table a screen or a ticket renders: a row a difference, a column a profile. */
export function comparisonMarkdown(comparison: Comparison): string[] {
  const { profiles, differences, others, captures } = comparison;
  const head = ['connection', ...profiles.map(({ title }) => title)];
  const rows = differences.map(it => [
    `${escaped(endText(it.source))} → ${escaped(endText(it.destination))} ${serviceText(it)} (${plural(it.connections, 'connection')}, packet ${it.firstPacket})`,
    ...it.answers.map(answer => `**${answer.verdict}** ${escaped(whyText(answer))}`),
  ]);
  const totals = profiles.map(({ title, connections: { allowed, dropped, undecided } }) =>
    [title, allowed, dropped, undecided].map(String),
  );
  return [
    ...noticesOf(comparison).flatMap(notice => [`> **${notice}**`, '']),
    `**${captures.map(escaped).join(', ')}**: ${headline(comparison)}`,
    '',
    ...(rows.length === 0 ? [] : [...table(head, rows), '']),
    ...(others > 0 ? [`And ${plural(others, 'connection')} of differences beyond the limit.`, ''] : []),
    ...table(['connections', 'allowed', 'dropped', 'undecided'], totals),
  ];
}
