/**
 * What changes of everything that pods may say as markdown, for a pull request's comment (cold).
 */
import { escaped } from '../report/markdown-table.js';
import { listed } from '../report/reason-text.js';
import { plural } from '../report/style.js';
import { CHANGE_HEADINGS, CHANGES } from './change.js';
import { commentOf, type Section } from './comment.js';
import type { ReachDiff } from './reach.js';
import { groupsOf, leftOut, noticesOf, type ReachGroup, reachHeadline } from './reach-text.js';

const HEAD = ['from', 'to', 'on', 'before', 'after'];

export function reachDiffMarkdown(diff: ReachDiff): string[] {
  const sections = CHANGES.map((change): Section => {
    const groups = groupsOf(diff.changes.filter(it => it.change === change));
    return { title: CHANGE_HEADINGS[change], head: HEAD, rows: groups.map(row), isOpen: change !== 'newly-allowed' };
  });
  return commentOf({
    before: [
      ...noticesOf(diff).flatMap(notice => [`> **${escaped(notice)}**`, '']),
      `**${reachHeadline(diff)}**`,
      '',
      ...leftOut(diff).flatMap(warning => [escaped(warning), '']),
    ],
    sections,
    after: [
      ...(diff.others > 0 ? [`And ${plural(diff.others, 'change')} beyond the limit.`, ''] : []),
      '<sub>policap diff, exact over all ports, without captures</sub>',
    ],
  });
}

const row = ({ froms, tos, on, before, after, first }: ReachGroup): string[] => [
  escaped(listed(froms)),
  escaped(listed(tos)),
  escaped(on),
  `**${first.before.verdict}** ${escaped(before)}`,
  `**${first.after.verdict}** ${escaped(after)}`,
];
