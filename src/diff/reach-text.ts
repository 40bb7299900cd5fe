/**
 * What changes of everything that pods may say, as text for a terminal (cold).
 *
 * Changes that say the same of many sources (or of many destinations) stand together: one policy that isolates a database
 * changes what everybody may say to it.
 */
import { VERDICT_FORMAT, whyText } from '../report/connection-text.js';
import { listed } from '../report/reason-text.js';
import { count, plain, plural, type Style } from '../report/style.js';
import { CHANGE_HEADINGS, CHANGES } from './change.js';
import type { ReachAnswer, ReachChange, ReachDiff } from './reach.js';
import type { DiffTextOptions } from './text.js';
import { trafficText } from './traffic-text.js';

/** Changes that differ in one end alone. */
export interface ReachGroup {
  readonly froms: readonly string[];
  readonly tos: readonly string[];
  readonly on: string;
  readonly before: string;
  readonly after: string;
  readonly first: ReachChange;
}

const SHOWN = 20;

export function reachDiffText(diff: ReachDiff, options: DiffTextOptions = {}): string[] {
  const { style = plain, top = SHOWN } = options;
  const lines = [
    ...noticesOf(diff).map(notice => style('red', style('bold', notice))),
    style('bold', reachHeadline(diff)),
    ...leftOut(diff).map(warning => style('dim', warning)),
    '',
  ];
  let left = 0;
  let room = top === 0 ? Number.POSITIVE_INFINITY : top;
  for (const change of CHANGES) {
    const groups = groupsOf(diff.changes.filter(it => it.change === change));
    const shown = groups.slice(0, room);
    room -= shown.length;
    left += groups.length - shown.length;
    if (shown.length === 0) continue;
    lines.push(style('bold', CHANGE_HEADINGS[change]), ...shown.flatMap(group => groupLines(group, style)), '');
  }
  if (left > 0) lines.push(style('dim', `and ${plural(left, 'more group')}: --top 0 shows all`), '');
  if (diff.others > 0) lines.push(style('dim', `and ${plural(diff.others, 'change')} beyond the limit`), '');
  return lines.slice(0, -1);
}

/** What the answer is not about. */
export const leftOut = ({ warnings }: ReachDiff): string[] => warnings.filter(it => it.includes(' left out, as '));

export const noticesOf = ({ before, after }: ReachDiff): string[] => [
  ...new Set([before, after].flatMap(({ notice }) => (notice === undefined ? [] : [notice]))),
];

/** `Of 110 pairs of workloads, 12 would be newly refused something, 3 newly allowed something.` */
export function reachHeadline({ pairs }: ReachDiff): string {
  const { total, newlyDropped, newlyAllowed, undecided } = pairs;
  if (newlyDropped + newlyAllowed + undecided === 0) {
    return `Nothing changes between ${plural(total, 'pair')} of workloads and blocks outside.`;
  }
  const some = (number: number): string => (number === 0 ? 'none' : count(number));
  const unknown = undecided === 0 ? '' : `, ${count(undecided)} undecided before or after`;
  return `Of ${plural(total, 'pair')} of workloads and blocks outside, ${some(newlyDropped)} would be newly refused something, ${some(newlyAllowed)} newly allowed something${unknown}.`;
}

/** Those with the same destination together, then those that are left with the same source. */
export function groupsOf(changes: readonly ReachChange[]): ReachGroup[] {
  const single = changes.map((first): ReachGroup => {
    const { from, to, family, traffic, pairs, of } = first;
    const on = `${trafficText(traffic)}${family === undefined ? '' : ` (IPv${family} only)`}${pairs < of ? '  between some pods' : ''}`;
    return { froms: [from], tos: [to], on, before: why(first.before), after: why(first.after), first };
  });
  const byDestination = joined(single, 'froms');
  const lone = byDestination.filter(({ froms }) => froms.length === 1);
  return [...byDestination.filter(({ froms }) => froms.length > 1), ...joined(lone, 'tos')];
}

/** Groups that are alike but for these ends, together. */
function joined(groups: readonly ReachGroup[], ends: 'froms' | 'tos'): ReachGroup[] {
  const found = new Map<string, ReachGroup & { [K in typeof ends]: string[] }>();
  for (const group of groups) {
    const { on, before, after } = group;
    const key = JSON.stringify([group[ends === 'froms' ? 'tos' : 'froms'], on, before, after]);
    const known = found.get(key);
    if (known === undefined) found.set(key, { ...group, froms: [...group.froms], tos: [...group.tos] });
    else known[ends].push(...group[ends]);
  }
  return [...found.values()];
}

/** `dropped    ingress default-deny: shop/db (policies/db.yaml:1)`. */
const why = (answer: ReachAnswer): string => whyText({ ...answer, forward: null });

function groupLines({ froms, tos, on, before, after, first }: ReachGroup, style: Style): string[] {
  const ends = `${style('bold', listed(froms))} → ${style('bold', listed(tos))}`;
  const answer = (verdict: ReachAnswer['verdict'], text: string): string =>
    `${style(VERDICT_FORMAT[verdict], verdict.padEnd(9))}  ${style('dim', text)}`;
  return [
    `  ${ends}  ${on}`,
    `      before  ${answer(first.before.verdict, before)}`,
    `      after   ${answer(first.after.verdict, after)}`,
  ];
}
