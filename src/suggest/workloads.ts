/**
 * Whom traffic is counted under: pods by their workload, nodes and services by themselves (cold).
 *
 * In:  the inventory.  Out: the entities, and of every owner index which one it belongs to. hostNetwork pods are their node, as
 * the inventory has it; finished pods send nothing.
 */
import type { Inventory, Node, Pod, Service } from '../cluster/inventory.js';
import { workloadName } from '../report/owners.js';

export interface Workload {
  readonly kind: 'workload';
  /** `shop/Deployment/web`; a lone pod's own name. */
  readonly name: string;
  readonly namespace: string;
  /** Those that policies can select. */
  readonly pods: readonly Pod[];
}

export type Entity =
  | Workload
  | { readonly kind: 'node'; readonly node: Node }
  | { readonly kind: 'service'; readonly service: Service };

export interface Entities {
  readonly list: readonly Entity[];
  /** By owner index; -1 for owners that never own a packet's address. */
  readonly of: Int32Array;
}

/** Whether a policy can select the pod, and it may take part in traffic. */
export const isSelectable = ({ hostNetwork, finished }: Pod): boolean => !hostNetwork && !finished;

export function listEntities({ owners, pods }: Inventory): Entities {
  const list: Entity[] = [];
  const of = new Int32Array(owners.length).fill(-1);
  const members = new Map<string, Pod[]>();
  for (const pod of pods) {
    if (!isSelectable(pod)) continue;
    const name = workloadName(pod);
    const known = members.get(name);
    if (known === undefined) members.set(name, [pod]);
    else known.push(pod);
  }
  for (const [name, ofWorkload] of members) {
    for (const { owner } of ofWorkload) of[owner] = list.length;
    list.push({ kind: 'workload', name, namespace: ofWorkload[0]!.namespace, pods: ofWorkload });
  }
  for (const owner of owners) {
    if (owner.kind === 'pod') continue;
    of[owner.owner] = list.length;
    list.push(owner.kind === 'node' ? { kind: 'node', node: owner } : { kind: 'service', service: owner });
  }
  return { list, of };
}
