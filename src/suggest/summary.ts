/**
 * A suggestion in a few lines: what stands before the policies, and what the terminal says (cold).
 *
 * In:  a Suggestion.  Out: lines.
 */
import { protocolText } from '../packet/text.js';
import { count, plural, type Style } from '../report/style.js';
import type { Suggestion } from '../suggest.js';
import { RECENT } from './completion.js';
import { listText } from './selectors.js';
import { entityName, GROUPS, type SeenGroup } from './traffic.js';

/** Lines of what is left out in a file, and on a terminal. */
const IN_FILE = 200;
const SHOWN = 10;

export function headLines({ policies, seen }: Suggestion, captures: readonly string[]): string[] {
  return [
    `${plural(policies.length, 'NetworkPolicy', 'NetworkPolicies')} that policap suggests for what was completed in ${listText(captures)},`,
    `in which ${plural(seen, 'workload')} took part. What the capture does not hold is not allowed.`,
  ];
}

export function leftOutLines(suggestion: Suggestion): string[] {
  const lines = leftOut(suggestion);
  return lines.length === 0 ? [] : ['', 'Not included:', ...cut(lines, IN_FILE).map(line => `  ${line}`)];
}

function leftOut({ traffic }: Suggestion): string[] {
  const { leftOut: tally, beyond, givenUp, unread } = traffic;
  const scanners = [...tally.scanners()].map(
    ([name, targets]) => `${name} tried ${count(targets)} or more ports or hosts that did not answer: a scan?`,
  );
  return [
    ...scanners,
    ...tally.list().map(({ text }) => text),
    ...(beyond > 0
      ? [`${plural(beyond, 'connection')} of conversations beyond the first ${count(GROUPS)} distinct ones`]
      : []),
    ...(unread > 0
      ? [
          `${plural(unread, 'packet')} of which the capture does not tell what they belong to: headers cut short (tcpdump -s 192), or later fragments alone`,
        ]
      : []),
    ...(givenUp > 0
      ? [
          `${plural(givenUp, 'connection')}, among the above, had not been completed when ${count(RECENT)} newer ones had begun`,
        ]
      : []),
  ];
}

export function summaryLines(suggestion: Suggestion, style: Style): string[] {
  const { policies, seen, silent, warnings, traffic, notes } = suggestion;
  const lines = [
    style(
      'bold',
      `${plural(policies.length, 'policy', 'policies')} for ${plural(seen, 'workload')} in completed traffic.`,
    ),
    ...warnings.map(text => `${style('yellow', 'note:')} ${text}`),
    ...notes.map(text => `${style('yellow', 'note:')} ${text}`),
  ];
  const closed = policies.filter(
    it => it.workloads.length > 0 && !it.isAddition && it.types.includes('Egress') && it.egress.length === 0,
  );
  if (closed.length > 0) {
    lines.push(
      `${style('yellow', 'note:')} all egress is denied to ${listText(closed.flatMap(it => it.workloads))}: none was seen. Is their traffic in the capture?`,
    );
  }
  if (silent.length > 0) lines.push(`no traffic, no policy: ${listText(silent)}`);
  const left = leftOut(suggestion);
  if (left.length > 0) lines.push('not included:', ...cut(left, SHOWN).map(line => `  ${line}`));
  if (traffic.late > 0)
    lines.push(`counts lack ${plural(traffic.late, 'packet')} of connections older than the last ${count(RECENT)}`);
  return [...lines, ...verdictLines(suggestion, style)];
}

function verdictLines({ verified, interrupted }: Suggestion, style: Style): string[] {
  if (interrupted !== null) return ['not verified: interrupted'];
  if (verified === null) return ['not verified: only captures in files can be read twice'];
  const { refused, unnamed, completed } = verified;
  const sum = (groups: readonly SeenGroup[]): number => groups.reduce((total, group) => total + group.connections, 0);
  const allowed = completed - sum(refused) - sum(unnamed);
  const counted = `${count(allowed)} of ${plural(completed, 'completed connection')} allowed`;
  const also =
    unnamed.length === 0 ? '' : `; ${count(sum(unnamed))} refused of protocols that NetworkPolicies cannot name`;
  const line = `verified by a second replay: ${counted}${also}`;
  if (refused.length === 0) return [style('green', line)];
  return [style('red', `${line}; and refused:`), ...cut(refused.map(groupText), SHOWN).map(text => `  ${text}`)];
}

function groupText({
  source,
  sourceAddress,
  destination,
  destinationAddress,
  protocol,
  port,
  connections,
}: SeenGroup): string {
  const from = source === null ? sourceAddress : entityName(source);
  const to = destination === null ? destinationAddress : entityName(destination);
  return `${from} → ${to}  ${protocolText(protocol)}${port > 0 ? ` ${port}` : ''}: ${plural(connections, 'connection')}`;
}

const cut = (lines: readonly string[], most: number): string[] =>
  lines.length <= most ? [...lines] : [...lines.slice(0, most - 1), `and ${count(lines.length - most + 1)} more`];
