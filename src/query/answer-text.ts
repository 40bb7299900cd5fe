/**
 * Answers in words: the verdict first, then why, for each side (cold).
 */
import { protocolText } from '../packet/text.js';
import { answerText, listed } from '../report/reason-text.js';
import type { Format, Style } from '../report/style.js';
import { NETWORK_POLICY_NAME } from '../rules/contribution.js';
import { hasPorts } from '../rules/protocols.js';
import type { OutcomeRecord, Verdict } from '../verdict/verdict.js';
import type { Answer } from './answer.js';
import { meshSentence } from './answer-mesh.js';

const FORMAT: Readonly<Record<Verdict, Format>> = { allowed: 'green', dropped: 'red', undecided: 'yellow' };
/** Pods named in one group. */
const PODS_SHOWN = 6;

/** The lines of one answer, without line ends. */
export function answerLines(answer: Answer, style: Style, columns: number): string[] {
  const { verdict, source, destination, service, groups } = answer;
  const ends = `${endText(source, style)} → ${endText(destination, style)}`;
  const via = service === null || service === destination.name ? '' : `  via ${service}`;
  const head = `${style(FORMAT[verdict], style('bold', verdict.toUpperCase()))}  ${ends}  ${serviceText(answer)}${via}`;
  const mesh = meshLines(answer, style, columns);
  if (groups.length === 0) return [head, ...sideLines(answer, answer, style, '  ', columns), ...mesh];
  const byFamily = groups.every(({ family }) => family !== undefined);
  const lines = [`${head}: its ${byFamily ? 'address families' : 'pods'} differ`];
  for (const group of groups) {
    const family = group.family === undefined ? '' : `IPv${group.family}: `;
    lines.push(
      `  ${style(FORMAT[group.verdict], group.verdict.padEnd(9))}  ${family}${listed(group.pods, PODS_SHOWN)}`,
    );
    lines.push(...sideLines(group, answer, style, '    ', columns));
  }
  return [...lines, ...mesh];
}

function endText({ name, address, count }: Answer['source'], style: Style): string {
  const what = style('bold', name);
  if (count > 1) return `${what} (${count} pods)`;
  return address === null || address === name ? what : `${what} (${address})`;
}

function serviceText({ protocol, query, port }: Answer): string {
  const name = protocolText(protocol);
  if (query.icmpType !== undefined) {
    return `${name} type ${query.icmpType}${query.icmpCode === undefined ? '' : ` code ${query.icmpCode}`}`;
  }
  if (!hasPorts(protocol)) return name;
  if (query.port === undefined) return `${name}, no port given`;
  const request = query.request === undefined ? '' : `  ${query.request}`;
  return `${port === query.port ? `${name} ${port}` : `${name} ${query.port} (target port ${port})`}${request}`;
}

const MESH_FORMAT = { allowed: 'green', denied: 'red', undecided: 'yellow' } as const;

/** Below what the plugin says: behind it a proxy of the mesh decides for itself. */
function meshLines({ mesh, destination }: Answer, style: Style, columns: number): string[] {
  if (mesh === null) return [];
  const { verdict, source } = mesh;
  const said = meshSentence(mesh, destination.name);
  const text = `  mesh     ${style(MESH_FORMAT[verdict], verdict.padEnd(9))}  ${said}`;
  return withSource(text, 2 + SIDE_WIDTH, said, source, style, columns);
}

/** Of a side's name and its verdict, with the space behind each. */
const SIDE_WIDTH = 7 + 2 + 9 + 2;

/** Where it stands: behind the text, or below it where the line is full. @param width of what stands before `said` */
function withSource(
  text: string,
  width: number,
  said: string,
  source: string | null,
  style: Style,
  columns: number,
): string[] {
  if (source === null) return [text];
  return width + said.length + 2 + source.length <= columns
    ? [`${text}  ${style('dim', source)}`]
    : [text, ' '.repeat(width) + style('dim', source)];
}

function sideLines(
  { egress, ingress, forward }: Pick<Answer, 'egress' | 'ingress' | 'forward'>,
  { source, destination, groups, alike }: Answer,
  style: Style,
  indent: string,
  columns: number,
): string[] {
  const sideLine = (side: string, outcome: OutcomeRecord | null, end: Answer['source']): string[] => {
    const word = (outcome === null ? '-' : outcome.verdict).padEnd(9);
    const name = end.count > 1 && alike && groups.length === 0 ? end.name : (outcome?.subject ?? end.name);
    const said = sentence(side, outcome, name);
    const text = `${indent}${side.padEnd(7)}  ${style(outcome === null ? 'dim' : FORMAT[outcome.verdict], word)}  ${said}`;
    return withSource(text, indent.length + SIDE_WIDTH, said, outcome?.source ?? null, style, columns);
  };
  const sides = [...sideLine('egress', egress, source), ...sideLine('ingress', ingress, destination)];
  const silent = egress === null && ingress === null;
  if (forward !== null) return [...(silent ? [] : sides), ...sideLine('rules', forward, source)];
  return silent && groups.length > 0 ? [] : sides;
}

function sentence(side: string, outcome: OutcomeRecord | null, name: string): string {
  if (outcome === null) return `${name} is no pod that policies select: nothing is decided on this side`;
  const { subject, reason, policies, policy, rule } = outcome;
  const hasTiers = outcome.tier !== undefined && outcome.tier !== NETWORK_POLICY_NAME;
  const tier = hasTiers ? ` (tier ${outcome.tier})` : '';
  const named = [policy, rule].filter(part => part !== null).join(' ');
  switch (reason) {
    case 'no-policy':
      return subject === '' ? 'no rule matches, and the default allows' : `no policy isolates ${name} for ${side}`;
    case 'rule':
      return `${named} ${outcome.verdict === 'dropped' ? 'denies' : 'allows'} it${answerText(outcome)}${tier}`;
    case 'default-deny':
      return subject === ''
        ? 'no rule matches, and the default denies'
        : `${name} is isolated by ${listed(policies)}; no rule allows this${answerText(outcome)}${tier}`;
    case 'loopback':
      return 'a pod always reaches itself';
    case 'node':
      return 'a node and its own pods always reach each other';
    case 'not-enforced':
      return `${policy ?? 'the plugin'} asks no policy about ${rule ?? 'this'}`;
    case 'http-denied':
      return `the connection is open, and no rule about requests lets this one through (the first is ${named})`;
    default:
      return named === '' ? reason : `${reason}: ${named}${tier}`;
  }
}
