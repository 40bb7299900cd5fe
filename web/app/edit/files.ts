/**
 * Files before and after: what differs, and what becomes of both when something else is opened. Plain functions.
 */
import type { DocumentInput, Edit } from '../../worker/protocol.js';

export type Files = readonly DocumentInput[];

export const fileOf = (files: Files, name: string): DocumentInput | undefined => files.find(it => it.name === name);

/** What makes `from` into `to`. */
export function editsBetween(from: Files, to: Files): Edit[] {
  const were = new Map(from.map(it => [it.name, it.text]));
  const are = new Set(to.map(({ name }) => name));
  return [
    ...to.filter(it => were.get(it.name) !== it.text).map(({ name, text }) => ({ name, text })),
    ...from.filter(({ name }) => !are.has(name)).map(({ name }) => ({ name, text: null })),
  ];
}

/** In the order of `files`; what is new stands at the end. */
export function withEdits(files: Files, edits: readonly Edit[]): DocumentInput[] {
  const changed = new Map(edits.map(it => [it.name, it.text]));
  const kept = files.flatMap(it => {
    const text = changed.get(it.name);
    changed.delete(it.name);
    if (text === undefined) return [it];
    return text === null ? [] : [{ name: it.name, text }];
  });
  return [...kept, ...[...changed].flatMap(([name, text]) => (text === null ? [] : [{ name, text }]))];
}

export const replaced = (files: Files, name: string, text: string): DocumentInput[] =>
  withEdits(files, [{ name, text }]);

/**
 * A state of the files (as they came in, before, in the editor), when others are opened: of those that were open already it stays as
 * it is, in place of others stands what was opened.
 * @param wasOpen what was open until now, by the same objects
 */
export function carried(state: Files, wasOpen: Files, opened: Files): Files {
  const known = new Set(wasOpen);
  if (!opened.some(it => known.has(it))) return opened;
  const kept = opened.flatMap(it => (known.has(it) ? (fileOf(state, it.name) ?? []) : it));
  const names = new Set([...opened, ...wasOpen].map(({ name }) => name));
  return [...kept, ...state.filter(({ name }) => !names.has(name))];
}

/** The policy that a new file begins with. */
export const NEW_POLICY = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: new-policy
  namespace: default
spec:
  podSelector: {}
  policyTypes:
    - Ingress
`;
