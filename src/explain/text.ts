/**
 * An explanation for people (cold): sentences first, then the rules, the way through the tree, what mattered, the connection.
 *
 * In:  an Explanation.  Out: lines.
 */

import { PROTOCOL, TCP_FLAGS } from '../packet/row.js';
import { tcpFlagText } from '../packet/text.js';
import type { Format, Style } from '../report/style.js';
import { formatInterval, formatV4, formatV6 } from '../rules/print.js';
import { hasPorts, ICMP, ICMPV6, protocolName, TCP } from '../rules/protocols.js';
import type { Ruleset } from '../rules/ruleset.js';
import type { DirectionPath } from '../tree/path.js';
import { describeOutcome } from '../tree/print.js';
import type { Verdict } from '../verdict/verdict.js';
import { connectionLines } from './connection.js';
import type { DecisionExplanation, SideExplanation } from './decision.js';
import type { Explanation } from './explanation.js';
import { type Region, type Span, WHOLE } from './region.js';
import type { RuleExplanation } from './rules.js';
import { sentences } from './sentences.js';

const FORMAT: Readonly<Record<Verdict, Format>> = { allowed: 'green', dropped: 'red', undecided: 'yellow' };

export function explanationLines(explanation: Explanation, ruleset: Ruleset, style: Style, columns: number): string[] {
  const { verdict, reason, packet, decision, connection } = explanation;
  const what =
    packet === null
      ? ''
      : `  packet ${packet.number}${packet.time === null ? '' : `, ${packet.time}`}${flagsOf(packet.row)}`;
  const head = `${style(FORMAT[verdict], style('bold', verdict.toUpperCase()))}  ${reason}${what}`;
  const lines = [head, '', ...sentences(explanation).flatMap(sentence => wrapped(sentence, columns))];
  const section = (title: string, body: readonly string[]): void => {
    if (body.length > 0) lines.push('', style('bold', title), ...body.map(line => `  ${line}`));
  };
  if (decision !== null) {
    for (const side of decision.sides) section(rulesTitle(side), rulesLines(side));
    section(
      'Tree',
      decision.sides.flatMap(({ path }) => (path === null ? [] : pathLines(path, ruleset))),
    );
    if (decision.region !== null) section('What mattered', regionLines(decision, decision.region));
  }
  if (connection !== null && packet !== null) section('Connection', connectionLines(connection, packet.row[PROTOCOL]!));
  return lines;
}

const flagsOf = (row: Int32Array): string => (row[PROTOCOL] === TCP ? `, ${tcpFlagText(row[TCP_FLAGS]!)}` : '');

/** Words, so that no line is longer than the terminal is wide. */
function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

const rulesTitle = ({ direction, outcome }: SideExplanation): string =>
  direction === 'forward' ? 'Rules' : `Rules about ${direction} of ${outcome?.subject ?? ''}`;

const RESULT: Readonly<Record<RuleExplanation['result'], string>> = {
  decides: 'decides',
  passes: 'passes on',
  'no-match': 'no match',
  'not-reached': 'not reached',
};

function rulesLines({ rules, others }: SideExplanation): string[] {
  const lines = rules.flatMap(({ policy, rule, source, action, result, reasons }) => [
    `${RESULT[result].padEnd(11)}  ${action}  ${policy} ${rule}  ${source}`,
    ...reasons.map(reason => `${' '.repeat(13)}${reason}`),
  ]);
  return others > 0 ? [...lines, `and ${others} more`] : lines;
}

function pathLines(
  { direction, kind, subject, subjects, peer, peers, steps, outcome }: DirectionPath,
  ruleset: Ruleset,
): string[] {
  if (kind === 'none') return [];
  const end = describeOutcome(outcome, ruleset);
  if (kind === 'crossing') return [`${direction}: pairs of address sets, then lists of protocols and ports: ${end}`];
  return [
    `${direction}: subject class ${subject} of ${subjects}, peer class ${peer} of ${peers} (${kind})`,
    ...steps.map(({ field, value, threshold, holds }) => `  ${field} ${value} ${holds ? '<=' : '>'} ${threshold}`),
    `  ${end}`,
  ];
}

function regionLines({ header }: DecisionExplanation, region: Region): string[] {
  const { protocol } = region;
  const ports = protocol === null ? hasPorts(header.protocol) : hasPorts(protocol);
  const isIcmp = header.protocol === ICMP || header.protocol === ICMPV6;
  return [
    'Every first packet of a connection within these gets the same answers, by the same rules:',
    `source            ${addressSpan(region.source)}`,
    `destination       ${addressSpan(region.destination)}`,
    `protocol          ${protocol === null ? 'any' : protocolName(protocol)}`,
    ...(ports
      ? [
          ...(header.sourcePort < 0 ? [] : [`source port       ${span(region.sourcePort, WHOLE.sourcePort)}`]),
          `destination port  ${span(region.destinationPort, WHOLE.destinationPort)}`,
        ]
      : []),
    ...(isIcmp
      ? [
          `ICMP type         ${span(region.icmpType, WHOLE.icmpType)}`,
          `ICMP code         ${span(region.icmpCode, WHOLE.icmpCode)}`,
        ]
      : []),
  ];
}

function span({ lo, hi }: Span<number>, whole: Span<number>): string {
  if (lo === whole.lo && hi === whole.hi) return 'any';
  if (lo < 0) return 'not given';
  return lo === hi ? `${lo}` : `${lo}-${hi}`;
}

/** `10.0.0.0/8`, `any of IPv4`. */
export function addressSpan(range: Span | null): string {
  if (range === null) return 'this pod, which has no address';
  const { lo, hi } = range;
  if (typeof lo === 'number') {
    const text = formatInterval(BigInt(lo), BigInt(hi), 32, x => formatV4(Number(x)));
    return text === '0.0.0.0/0' ? 'any of IPv4' : text;
  }
  const text = formatInterval(lo, hi as bigint, 128, formatV6);
  return text === '::/0' ? 'any of IPv6' : text;
}
