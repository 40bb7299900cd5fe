/**
 * Problems by the policy document in which they stand (cold).
 *
 * In:  problems, and all documents.  Out: those that stand in a document of a policy; a document goes as far as the next one
 * of its file. What is left is the cluster's.
 */

import type { Compiled } from '../compile.js';
import { formatPosition, type KubernetesDocument, type Position, type Problem } from '../documents/document.js';
import { type DialectObject, isMeshDialect } from '../policy/dialects.js';
import { isPolicyDocument } from '../policy/read.js';
import { profileWarnings } from '../rules/profile-warnings.js';

interface Placed {
  readonly document: KubernetesDocument;
  readonly position: Position;
}

export function problemsByDocument(
  problems: readonly Problem[],
  documents: readonly KubernetesDocument[],
): ReadonlyMap<KubernetesDocument, readonly Problem[]> {
  const found = new Map<KubernetesDocument, Problem[]>();
  if (problems.length === 0) return found;
  const files = new Map<string, Placed[]>(problems.map(({ position }) => [position.file, []]));
  for (const document of documents) {
    const { position } = document;
    files.get(position.file)?.push({ document, position });
  }
  for (const placed of files.values()) placed.sort((a, b) => compare(a.position, b.position));
  const told = new Set<string>();
  for (const problem of problems) {
    const { position, message } = problem;
    const key = `${formatPosition(position)} ${message}`;
    const it = files.get(position.file)!.findLast(placed => compare(placed.position, position) <= 0);
    if (it === undefined || told.has(key) || !isPolicyDocument(it.document)) continue;
    told.add(key);
    found.set(it.document, [...(found.get(it.document) ?? []), problem]);
  }
  return found;
}

const compare = (a: Position, b: Position): number => a.line - b.line || a.column - b.column;

/** Where the objects of dialects begin that the profile's plugin does not enforce. */
export function dialectsLeftOut({ objects, profile }: Pick<Compiled, 'objects' | 'profile'>): ReadonlySet<string> {
  const given = Object.entries(objects) as [string, readonly DialectObject[]][];
  return new Set(
    given
      .filter(([dialect]) => !isMeshDialect(dialect) && !profile.enforces.includes(dialect))
      .flatMap(([, all]) => all.map(({ position }) => formatPosition(position))),
  );
}

/** What no check tells: of the cluster, and of what is not modelled. */
export function problemsBeside(compiled: Compiled, told: ReadonlyMap<unknown, readonly Problem[]>): Problem[] {
  const key = ({ position, message }: Problem): string => `${formatPosition(position)} ${message}`;
  const known = new Set(
    [...[...told.values()].flat(), ...profileWarnings(compiled.policies, compiled.profile)].map(key),
  );
  const leftOut = dialectsLeftOut(compiled);
  return compiled.problems.filter(it => !known.has(key(it)) && !leftOut.has(formatPosition(it.position)));
}
