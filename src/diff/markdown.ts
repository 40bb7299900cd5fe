/**
 * A diff of a capture as markdown, for a pull request's comment (cold): the sentence first, then a table a kind of change.
 */
import { endText, serviceText, whyText } from '../report/connection-text.js';
import { escaped, table } from '../report/markdown-table.js';
import { listed } from '../report/reason-text.js';
import type { ConnectionAnswer } from '../report/side-by-side.js';
import { count, plural } from '../report/style.js';
import { CHANGE_HEADINGS, CHANGES } from './change.js';
import { commentOf, type Section } from './comment.js';
import type { ChangedConnections, Diff } from './connections.js';
import { besides, headline, noticesOf, totalRows } from './text.js';

const HEAD = ['connections', 'from', 'to', 'on', 'before', 'after'];

export function diffMarkdown(diff: Diff): string[] {
  const sections = CHANGES.map((change): Section => {
    const its = diff.changes.filter(it => it.change === change);
    return { title: CHANGE_HEADINGS[change], head: HEAD, rows: its.map(row), isOpen: change !== 'newly-allowed' };
  });
  return commentOf({
    before: [
      ...noticesOf(diff).flatMap(notice => [`> **${escaped(notice)}**`, '']),
      `**${headline(diff)}**`,
      '',
      ...besides(diff).flatMap(text => [text, '']),
    ],
    sections,
    after: [
      ...(diff.others.connections > 0
        ? [`And ${plural(diff.others.connections, 'connection')} of groups beyond the limit.`, '']
        : []),
      ...table(
        ['connections', 'allowed', 'dropped', 'undecided'],
        totalRows(diff).map(([name, ...numbers]) => [name, ...numbers.map(count)]),
      ),
      '',
      `<sub>policap diff over ${plural(diff.packets.total, 'packet')} of ${listed(diff.captures.map(escaped))}</sub>`,
    ],
  });
}

const row = (it: ChangedConnections): string[] => [
  count(it.connections),
  escaped(endText(it.source)),
  escaped(endText(it.destination)),
  `${serviceText(it)}${it.service === null ? '' : ` via ${escaped(it.service)}`}`,
  answer(it.before),
  answer(it.after),
];

const answer = (it: ConnectionAnswer): string => `**${it.verdict}** ${escaped(whyText(it))}`;
