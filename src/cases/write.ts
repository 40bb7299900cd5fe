/**
 * Proposed cases -> the text of a cases file (cold).
 *
 * In:  a Proposal, and the paths as the file is to name them.  Out: YAML, a case a line, as read.ts reads it.
 */
import { CASES_API_VERSION, CASES_KIND } from './model.js';
import type { Proposal, ProposedCase } from './propose.js';

export interface CasesHead {
  readonly policies: readonly string[];
  readonly cluster: readonly string[];
  readonly profile?: string;
  readonly staged?: boolean;
}

export function casesText({ cases, leftOut }: Proposal, { policies, cluster, profile, staged }: CasesHead): string {
  const lines = [
    '# What the policies allow and refuse now, as policap init found it. Keep what is meant, mend what is not; then',
    '# policap test says when a change breaks it.',
    ...leftOut.map(sentence => `# Left out: ${sentence}.`),
    `apiVersion: ${CASES_API_VERSION}`,
    `kind: ${CASES_KIND}`,
    ...(policies.length > 0 ? [`policies: ${list(policies)}`] : []),
    ...(cluster.length > 0 ? [`cluster: ${list(cluster)}`] : []),
    ...(profile === undefined ? [] : [`profile: ${profile}`]),
    ...(staged === true ? ['staged: true'] : []),
    cases.length === 0 ? 'cases: []' : 'cases:',
    ...cases.map(it => `  - ${caseText(it)}`),
  ];
  return `${lines.join('\n')}\n`;
}

function caseText({ from, to, protocol, ports, expect }: ProposedCase): string {
  const fields = [
    `from: ${oneOrMore(from)}`,
    `to: ${oneOrMore(to)}`,
    `port: ${ports.length === 1 ? ports[0] : `[${ports.join(', ')}]`}`,
    ...(protocol === 'TCP' ? [] : [`protocol: ${protocol}`]),
    `expect: ${expect}`,
  ];
  return `{ ${fields.join(', ')} }`;
}

const oneOrMore = (names: readonly string[]): string => (names.length === 1 ? quoted(names[0]!) : list(names));

const list = (texts: readonly string[]): string => `[${texts.map(quoted).join(', ')}]`;

/** Plain where YAML takes it for nothing but this text; a JSON string is a YAML string. */
const quoted = (text: string): string => (/^[A-Za-z][\w.-]*\/[\w./-]*$/.test(text) ? text : JSON.stringify(text));
