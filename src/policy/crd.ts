/**
 * What the API server asks of custom resources by their schema, in its words: a decoded value -> findings.
 *
 * Source: https://github.com/kubernetes/kubernetes, apiextensions-apiserver/pkg/apiserver/validation and the messages of
 * https://github.com/kubernetes/kube-openapi, pkg/validation/errors.
 */
import type { Path, Problem } from '../documents/document.js';
import { type Findings, formatPath, shown } from '../documents/findings.js';
import { nearest } from '../documents/suggest.js';

/** @returns the name as it is allowed, null where a finding says that it is not */
export function readEnum<T extends string>(
  given: string | undefined,
  allowed: readonly T[],
  path: Path,
  findings: Findings,
): T | null {
  const found = allowed.find(name => name === given);
  if (found !== undefined) return found;
  const list = allowed.map(name => `"${name}"`).join(', ');
  if (given === undefined) {
    findings.error(path, 'Required value', `it is one of ${list}`);
    return null;
  }
  const meant = nearest(given, allowed);
  findings.error(
    path,
    `Unsupported value: ${shown(given)}: supported values: ${list}`,
    meant === null ? undefined : `did you mean "${meant}"?`,
  );
  return null;
}

export function checkRange(value: number, least: number, most: number, path: Path, findings: Findings): boolean {
  if (value >= least && value <= most) return true;
  const word = value < least ? `greater than or equal to ${least}` : `less than or equal to ${most}`;
  findings.error(path, `Invalid value: ${value}: ${formatPath(path)} in body should be ${word}`);
  return false;
}

export function checkItems(count: number, least: number, most: number, path: Path, findings: Findings): void {
  if (count < least) {
    const items = least === 1 ? 'at least 1 items' : `at least ${least} items`;
    findings.error(path, `Invalid value: ${count}: ${formatPath(path)} in body should have ${items}`);
  } else if (count > most) {
    findings.error(path, `Too many: ${count}: must have at most ${most} items`);
  }
}

/** Exactly one field of an object. @returns whether it is so */
export function checkOneField(fields: readonly string[], set: number, path: Path, findings: Findings): boolean {
  if (set === 1) return true;
  const list = fields.map(field => `\`${field}\``).join(', ');
  if (set === 0) {
    findings.error(
      path,
      `Invalid value: ${formatPath(path)} in body should have at least 1 properties`,
      `it has one of ${list}`,
    );
  } else {
    findings.error(
      path,
      `Too many: ${set}: must have at most 1 items`,
      `of ${list} one can stand in an entry: begin another entry with "- "`,
    );
  }
  return false;
}

/** What could not be decoded is not missing as well. */
export function withoutEchoes(problems: readonly Problem[]): Problem[] {
  const undecoded = new Set<string>();
  for (const { message } of problems) {
    const at = message.indexOf(': cannot unmarshal ');
    if (at > 0) undecoded.add(message.slice(0, at));
  }
  return problems.filter(({ message }) => {
    const at = message.indexOf(': Required value');
    return at < 0 || !undecoded.has(message.slice(0, at));
  });
}
