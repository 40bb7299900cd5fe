/**
 * For the tests of checks: documents in text -> findings.
 */
import { type Compiled, compile } from '../../src/compile.js';
import type { KubernetesDocument } from '../../src/documents/document.js';
import { readDocuments } from '../../src/documents/read.js';
import { type LintOptions, type LintResult, lint } from '../../src/lint/lint.js';
import type { ProfileName } from '../../src/profile/profile.js';

export interface Linted extends LintResult {
  readonly compiled: Compiled;
  readonly documents: readonly KubernetesDocument[];
}

/** @param files by name: their texts */
export function linted(
  files: Readonly<Record<string, string>>,
  options: LintOptions & { readonly profile?: ProfileName } = {},
): Linted {
  const { profile, ...rest } = options;
  const documents = Object.entries(files).flatMap(([name, text]) => {
    const read = readDocuments(text, name);
    if (read.problems.length > 0) throw new Error(JSON.stringify(read.problems));
    return read.documents;
  });
  const { compiled, problems } = compile(documents, { engine: 'linear', profile });
  if (compiled === null) throw new Error(JSON.stringify(problems));
  const result = lint(compiled, documents, { texts: new Map(Object.entries(files)), ...rest });
  return { ...result, compiled, documents };
}

/** `check file:line` of each finding. */
export const places = ({ findings }: LintResult): string[] =>
  findings.map(({ check, position }) => `${check} ${position.file}:${position.line}`);

let last = 0;

/** A pod in YAML; each has an address of its own. */
export function podYaml(
  namespace: string,
  name: string,
  labels: Readonly<Record<string, string>>,
  { ports = [] as readonly unknown[], ips = [`10.1.${(++last >> 8) & 255}.${last & 255}`] } = {},
): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, labels },
    spec: { nodeName: 'node-1', containers: [{ name: 'main', ports }] },
    status: { phase: 'Running', podIPs: ips.map(ip => ({ ip })) },
  });
}
