/**
 * What a watch of the cluster tells, laid over the documents that were there before.
 *
 * In:  objects as they change (`kubectl get pods -A -w -o json`), or the API's watch events around them (`--output-watch-events`).
 * Out: documents as the cluster is now. An object takes the place of the one of its kind and name; one that was deleted, or a pod
 * whose containers have all ended behind its deletion, is gone. An address is one pod's: who shows it last has it, and the
 * pod that had it before is gone, though its own event may come later.
 */
import type { KubernetesDocument, Problem } from '../documents/document.js';
import { readDocuments } from '../documents/read.js';
import { valueAt } from './fields.js';

interface Known {
  /** null: it is gone. */
  readonly document: KubernetesDocument | null;
  readonly addresses: readonly string[];
}

export class ClusterEvents {
  private readonly known = new Map<string, Known>();
  /** By address, the pod that showed it last. */
  private readonly holders = new Map<string, string>();
  private events = 0;

  /** @param text an object @param name where it comes from @returns what is wrong with it: nothing of it counts then */
  apply(text: string, name: string): readonly Problem[] {
    this.events++;
    const event = eventOf(text);
    if (event?.type === 'BOOKMARK' || event?.type === 'ERROR') return [];
    const body = event === null ? text : JSON.stringify(event.object);
    const { documents, problems } = readDocuments(new TextEncoder().encode(body), `${name}, object ${this.events}`);
    if (problems.some(({ severity }) => severity === 'error')) return problems;
    for (const document of documents) this.note(document, event?.type === 'DELETED' || hasEnded(document.object));
    return problems;
  }

  /** The documents as they are now. The same objects stay the same documents. */
  over(base: readonly KubernetesDocument[]): KubernetesDocument[] {
    const identities = new Set(base.map(identityOf));
    const kept = base.filter(document => {
      const identity = identityOf(document);
      return !this.known.has(identity) && this.holds(identity, addressesOf(document));
    });
    for (const [identity, { document, addresses }] of this.known) {
      if (document === null) {
        if (!identities.has(identity)) this.known.delete(identity);
      } else if (this.holds(identity, addresses)) kept.push(document);
    }
    return kept;
  }

  private note(document: KubernetesDocument, isGone: boolean): void {
    const identity = identityOf(document);
    const addresses = isGone ? [] : addressesOf(document);
    this.known.set(identity, { document: isGone ? null : document, addresses });
    for (const address of addresses) this.holders.set(address, identity);
  }

  private holds(identity: string, addresses: readonly string[]): boolean {
    return addresses.every(address => (this.holders.get(address) ?? identity) === identity);
  }
}

const identityOf = ({ apiVersion, kind, namespace, name }: KubernetesDocument): string =>
  [apiVersion.replace(/(^|\/)[^/]*$/, ''), kind, namespace, name].join(' ');

function eventOf(text: string): { readonly type: string; readonly object: unknown } | null {
  if (!/^\s*\{\s*"(type|object)"/.test(text)) return null;
  try {
    const { type, object } = JSON.parse(text) as Record<string, unknown>;
    return typeof type === 'string' && typeof object === 'object' ? { type, object } : null;
  } catch {
    // What reads the object says what is wrong with it.
    return null;
  }
}

/** Of a pod on a network of its own. */
function addressesOf({ kind, object }: KubernetesDocument): readonly string[] {
  if (kind !== 'Pod' || valueAt(object, ['spec', 'hostNetwork']) === true) return [];
  const phase = valueAt(object, ['status', 'phase']);
  if (phase === 'Succeeded' || phase === 'Failed') return [];
  const list = valueAt(object, ['status', 'podIPs']);
  const all = [
    valueAt(object, ['status', 'podIP']),
    ...(Array.isArray(list) ? list.map(it => valueAt(it, ['ip'])) : []),
  ];
  return [...new Set(all.filter(it => typeof it === 'string' && it !== ''))] as string[];
}

/** Without watch events a deleted pod is shown once more, as it was at last. */
function hasEnded(object: unknown): boolean {
  if (valueAt(object, ['metadata', 'deletionTimestamp']) === undefined) return false;
  const states = valueAt(object, ['status', 'containerStatuses']);
  return (
    Array.isArray(states) && states.length > 0 && states.every(it => valueAt(it, ['state', 'terminated']) !== undefined)
  );
}
