/**
 * Findings as they are printed: text, json (policap.lint/1), SARIF, and GitHub's workflow commands (cold).
 */
import type { Compiled } from '../compile.js';
import { formatPosition } from '../documents/document.js';
import { CHECKS } from '../lint/checks/index.js';
import { type Finding, SEVERITIES, type Severity } from '../lint/finding.js';
import type { LintResult } from '../lint/lint.js';
import { asPlugin, profileField } from '../profile/profile.js';
import { sarifLog } from '../report/sarif.js';
import { type Format, plural, type Style } from '../report/style.js';
import type { LintCommandOptions } from './lint-command.js';
import { noticeText } from './notice.js';
import { version } from './version.js';

const FORMATS: Readonly<Record<Severity, Format>> = { error: 'red', warning: 'yellow', note: 'cyan' };

export function lintText(
  result: LintResult,
  compiled: Compiled,
  output: LintCommandOptions['output'],
  style: Style,
): string {
  switch (output) {
    case 'text':
      return noticeText(compiled.profile, style) + withLineEnds(textLines(result, compiled, style));
    case 'json':
      return `${JSON.stringify(document(result, compiled), null, 2)}\n`;
    case 'sarif':
      return `${JSON.stringify(sarif(result), null, 2)}\n`;
    case 'github':
      return withLineEnds(result.findings.map(githubLine));
  }
}

const withLineEnds = (lines: readonly string[]): string => lines.map(line => `${line}\n`).join('');

const sentenceOf = ({ about, message }: Finding): string => `${about}: ${message}`;

function textLines({ findings, silenced, leftOut, checked }: LintResult, compiled: Compiled, style: Style): string[] {
  const said = new Set<string>();
  /** The same advice is given once. */
  const adviceOf = ({ check, fix }: Finding): string[] => {
    if (fix === '' || said.has(`${check} ${fix}`)) return [];
    said.add(`${check} ${fix}`);
    return [`    ${fix}`];
  };
  const lines = findings.flatMap(finding => [
    `${style('bold', formatPosition(finding.position))}: ${style(FORMATS[finding.severity], `${finding.severity}:`)} ${sentenceOf(finding)} ${style('dim', `[${finding.check}]`)}`,
    ...adviceOf(finding),
  ]);
  const counts = countsOf(findings);
  const found = SEVERITIES.filter(severity => counts[severity] > 0).map(severity => plural(counts[severity], severity));
  const looked = `${plural(policiesOf(compiled), 'policy', 'policies')} looked at by ${plural(checked.length, 'check')}`;
  const quiet = silenced === 0 ? '' : `; ${plural(silenced, 'finding is', 'findings are')} silenced by comments`;
  if (lines.length > 0) lines.push('');
  lines.push(`${found.length === 0 ? 'Nothing found' : found.join(', ')}: ${looked}${quiet}.`);
  const reasons = new Map<string, string[]>();
  for (const { check, reason } of leftOut) reasons.set(reason, [...(reasons.get(reason) ?? []), check]);
  for (const [reason, checks] of reasons) lines.push(`Left out: ${checks.join(', ')} (${reason}).`);
  const { profile, profileFrom } = compiled;
  if (profile.name !== 'upstream') lines.push(style('dim', `Policies ${asPlugin(profile)} (${profileFrom}).`));
  return lines;
}

/** Of every kind that is a policy. */
const policiesOf = ({ policies, objects }: Compiled): number =>
  policies.length +
  Object.values(objects)
    .flat()
    .filter(object => 'declares' in object && object.declares !== undefined && object.kind !== 'Profile').length;

function countsOf(findings: readonly Finding[]): Record<Severity, number> {
  const counts = { error: 0, warning: 0, note: 0 };
  for (const { severity } of findings) counts[severity]++;
  return counts;
}

function document({ findings, silenced, leftOut, checked }: LintResult, compiled: Compiled): object {
  return {
    schema: 'policap.lint/1',
    ...profileField(compiled.profile),
    counts: countsOf(findings),
    silenced,
    checked,
    leftOut,
    findings: findings.map(({ check, severity, position, about, message, fix, removable }) => ({
      check,
      severity,
      file: position.file,
      line: position.line,
      column: position.column,
      about,
      message,
      fix,
      fixable: removable !== undefined,
    })),
  };
}

function sarif({ findings }: LintResult): object {
  const rules = CHECKS.map(({ id, severity, title }) => ({
    id,
    level: severity,
    title,
    help: `docs/lint/${id}.md says why it matters, with an example. To silence one: # policap-ignore: ${id}`,
  }));
  const results = findings.map(finding => ({
    ruleId: finding.check,
    level: finding.severity,
    message: finding.fix === '' ? sentenceOf(finding) : `${sentenceOf(finding)}. Next step: ${finding.fix}`,
    position: finding.position,
    identity: sentenceOf(finding),
  }));
  return sarifLog({ name: 'policap', version: version() }, rules, results);
}

const GITHUB: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', note: 'notice' };

/** `::warning file=a.yaml,line=3,col=5,title=redundant::...`: what a workflow prints becomes a remark in the change. */
function githubLine(finding: Finding): string {
  const { severity, check, position } = finding;
  const text = finding.fix === '' ? sentenceOf(finding) : `${sentenceOf(finding)}\n${finding.fix}`;
  const data = (value: string): string => value.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  const property = (value: string): string => data(value).replaceAll(':', '%3A').replaceAll(',', '%2C');
  const place = `file=${property(position.file)},line=${position.line},col=${position.column}`;
  return `::${GITHUB[severity]} ${place},title=${property(check)}::${data(text)}`;
}

/** For `--list-checks`. */
export function checkLines(): string[] {
  const width = Math.max(...CHECKS.map(({ id }) => id.length));
  return CHECKS.map(
    ({ id, severity, title, needsCluster }) =>
      `${id.padEnd(width)}  ${severity.padEnd(7)}  ${title}${needsCluster ? ' (asks about pods)' : ''}`,
  );
}
