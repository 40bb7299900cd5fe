/**
 * Policies -> findings: every check that was asked for, in the order of files and lines (cold).
 *
 * In:  what was compiled, all documents, the files' texts (for comments that silence).  Out: findings, how many were
 * silenced, and which checks were left out and why: what is not said was looked at.
 */
import type { Compiled } from '../compile.js';
import { formatPosition, type KubernetesDocument, type Problem } from '../documents/document.js';
import { CHECKS } from './checks/index.js';
import { createContext } from './context.js';
import { type Finding, SEVERITIES } from './finding.js';
import { problemsBeside } from './problems.js';
import { BudgetSpent } from './region.js';
import { createSilence } from './silence.js';

export interface LintOptions {
  /** Ids; absent: all. */
  readonly only?: readonly string[];
  readonly ignore?: readonly string[];
  /** By file name, as positions have it. */
  readonly texts?: ReadonlyMap<string, string>;
  /** Told before each check, and null when all are done. */
  readonly onCheck?: (id: string | null) => void;
}

export interface LintResult {
  readonly findings: readonly Finding[];
  readonly silenced: number;
  readonly leftOut: readonly { readonly check: string; readonly reason: string }[];
  /** Ids of the checks that looked at everything they had to. */
  readonly checked: readonly string[];
  /** Warnings that no check tells. */
  readonly warnings: readonly Problem[];
}

export const NO_PODS = 'it asks about pods, and none are given: name the cluster with -c';

export function lint(
  compiled: Compiled,
  documents: readonly KubernetesDocument[],
  { only, ignore = [], texts = new Map(), onCheck = () => {} }: LintOptions = {},
): LintResult {
  const context = createContext(compiled, documents);
  const isSilenced = createSilence(texts);
  const findings: Finding[] = [];
  const leftOut: { check: string; reason: string }[] = [];
  const checked: string[] = [];
  let silenced = 0;
  for (const check of CHECKS) {
    const { id, severity } = check;
    if ((only !== undefined && !only.includes(id)) || ignore.includes(id)) continue;
    if (check.needsCluster && compiled.inventory.pods.length === 0) {
      leftOut.push({ check: id, reason: NO_PODS });
      continue;
    }
    onCheck(id);
    const before = leftOut.length;
    try {
      for (const found of check.find(context, reason => leftOut.push({ check: id, reason }))) {
        const finding: Finding = { check: id, severity, ...found };
        if (isSilenced(finding)) silenced++;
        else findings.push(finding);
      }
    } catch (error) {
      if (!(error instanceof BudgetSpent)) throw error;
      leftOut.push({ check: id, reason: TOO_MUCH });
    }
    if (leftOut.length === before) checked.push(id);
  }
  onCheck(null);
  return {
    findings: inOrder(findings),
    silenced,
    leftOut,
    checked,
    warnings: problemsBeside(compiled, context.readerWarnings),
  };
}

const TOO_MUCH = 'the policies are too many, or too entangled, to be compared within its limits';

/** Files keep the order in which they were first met. */
function inOrder(findings: readonly Finding[]): Finding[] {
  const files = new Map<string, number>();
  for (const { position } of findings) if (!files.has(position.file)) files.set(position.file, files.size);
  const rank = ({ severity }: Finding): number => SEVERITIES.indexOf(severity);
  const seen = new Set<string>();
  return findings
    .toSorted(
      (a, b) =>
        files.get(a.position.file)! - files.get(b.position.file)! ||
        a.position.line - b.position.line ||
        a.position.column - b.position.column ||
        rank(a) - rank(b),
    )
    .filter(({ check, position, message }) => {
      const key = `${check} ${formatPosition(position)} ${message}`;
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    });
}
