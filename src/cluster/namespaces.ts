/**
 * Namespaces: those given, and those that other objects only name (7 of docs/semantics.md).
 */
import type { KubernetesDocument, Problem } from '../documents/document.js';
import type { Namespace } from './inventory.js';
import type { ClusterObjects } from './objects.js';
import type { PodDraft } from './pods.js';
import { Oddity, plural } from './warnings.js';

export const NAME_LABEL = 'kubernetes.io/metadata.name';

const synthesized = (name: string): Namespace => ({ name, labels: { [NAME_LABEL]: name }, synthesized: true });

/** A policy in a namespace without pods selects nothing: worth a namespace, no warning. @returns the same map where none is missing */
export function addPolicyNamespaces(
  namespaces: ReadonlyMap<string, Namespace>,
  policies: readonly KubernetesDocument[],
): ReadonlyMap<string, Namespace> {
  const missing = new Map<string, Namespace>();
  for (const { namespace } of policies) {
    const name = namespace === '' ? 'default' : namespace;
    if (!namespaces.has(name)) missing.set(name, synthesized(name));
  }
  return missing.size === 0 ? namespaces : new Map([...namespaces, ...missing]);
}

export function readNamespaces(
  { byKind }: ClusterObjects,
  pods: readonly PodDraft[],
  problems: Problem[],
): Map<string, Namespace> {
  const namespaces = new Map<string, Namespace>();
  for (const { name, reader } of byKind.get('Namespace') ?? []) {
    // The API server sets the label whatever was written.
    const labels = { ...reader.strings('metadata', 'labels'), [NAME_LABEL]: name };
    namespaces.set(name, { name, labels, synthesized: false });
  }
  const oddity = new Oddity(
    count => `${plural(count, 'namespace')} ${count === 1 ? 'has' : 'have'} no Namespace object`,
    `a missing namespace has only the label ${NAME_LABEL}, so that other namespaceSelectors do not match it; add kubectl get namespaces -o yaml`,
  );
  const missing = (name: string): boolean => !namespaces.has(name);
  for (const { namespace, position } of pods) {
    if (!missing(namespace)) continue;
    namespaces.set(namespace, synthesized(namespace));
    oddity.add(namespace, position);
  }
  for (const { namespace, document } of byKind.get('Service') ?? []) {
    if (!missing(namespace)) continue;
    namespaces.set(namespace, synthesized(namespace));
    oddity.add(namespace, document.position);
  }
  problems.push(...oddity.problems);
  return namespaces;
}
