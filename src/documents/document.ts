/**
 * Documents: YAML and JSON text -> objects that know where they stand.
 *
 * In:  the text of a file (several documents, `List` kinds, typed lists such as PodList).
 * Out: one KubernetesDocument an object, with a position for every node; Problems for everything wrong, all at once.
 * The YAML reader is hostile-input safe: bounded in time, depth, aliases and memory. Nothing here throws for bad input.
 */

/** Line and column count from 1, as editors and compilers do. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** `file:line:column`. What stands in no file has a name instead, and line 0. */
export const formatPosition = (p: Position): string => (p.line === 0 ? p.file : `${p.file}:${p.line}:${p.column}`);

/** A path into an object: ['spec', 'ingress', 0, 'from']; printed as the API server does: `spec.ingress[0].from`. */
export type Path = readonly (string | number)[];

/** Something wrong with an input document. Errors end the command with exit 2; warnings are shown and counted. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly position: Position;
  /** What is wrong, in the API server's own terms where it has them: `spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive`. */
  readonly message: string;
  /** The next step: `did you mean "to"?`. */
  readonly hint?: string;
}

export const warning = (position: Position, message: string, hint: string): Problem => ({
  severity: 'warning',
  position,
  message,
  hint,
});

/** One Kubernetes object as it was written. */
export interface KubernetesDocument {
  readonly apiVersion: string;
  readonly kind: string;
  /** Empty where the document names none. */
  readonly name: string;
  /** As written; '' where absent (namespaced readers take 'default'). */
  readonly namespace: string;
  /** The plain object (what JSON.parse would give). */
  readonly object: Record<string, unknown>;
  /** Where the object begins. */
  readonly position: Position;
  /** Where a node stands; of a path that does not exist, its nearest existing parent. Cold. */
  at(path: Path): Position;
}
