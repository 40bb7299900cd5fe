/**
 * Which policies are about a pod (IS1 to IS3) (cold).
 *
 * In:  the policies, a pod.  Out: those of its namespace and of the root namespace that select it, in the order in which
 * they were given. Policies that are not enforced (IS6) are none.
 */
import type { Pod } from '../cluster/inventory.js';
import { matchesLabels } from '../cluster/selector.js';
import type { AuthorizationPolicy } from '../policy/istio/model.js';

/** MeshConfig.rootNamespace by default: its policies are about every namespace. */
export const ROOT_NAMESPACE = 'istio-system';

const GATEWAY = 'gateway.networking.k8s.io/gateway-name';
const MANAGED = 'gateway.istio.io/managed';

export interface Selection {
  of(pod: Pod): readonly AuthorizationPolicy[];
  /** A waypoint: it enforces what is about services and gateways, for pods behind it. */
  isWaypoint(pod: Pod): boolean;
  /** Policies by target that a waypoint in front of the namespace's pods could enforce. */
  targeted(namespace: string): readonly AuthorizationPolicy[];
}

export function createSelection(policies: readonly AuthorizationPolicy[]): Selection {
  const enforced = policies.filter(({ isDryRun }) => !isDryRun);
  const byNamespace = new Map<string, AuthorizationPolicy[]>();
  const about = (namespace: string): readonly AuthorizationPolicy[] => {
    let found = byNamespace.get(namespace);
    if (found === undefined) {
      found = enforced.filter(it => it.namespace === namespace || it.namespace === ROOT_NAMESPACE);
      byNamespace.set(namespace, found);
    }
    return found;
  };
  const known = new Map<Pod, readonly AuthorizationPolicy[]>();
  return {
    of(pod) {
      let found = known.get(pod);
      if (found === undefined) {
        found = about(pod.namespace).filter(policy => selects(policy, pod));
        known.set(pod, found);
      }
      return found;
    },
    isWaypoint,
    targeted: namespace => about(namespace).filter(({ targets }) => targets.length > 0),
  };
}

const isWaypoint = (pod: Pod): boolean => pod.labels[MANAGED] === 'istio.io-mesh-controller';

function selects({ selector, targets, namespace }: AuthorizationPolicy, pod: Pod): boolean {
  if (targets.length > 0) {
    // (IS3): a gateway is the pods that say so.
    const gateway = Object.hasOwn(pod.labels, GATEWAY) ? pod.labels[GATEWAY] : undefined;
    return (
      namespace === pod.namespace &&
      targets.some(it => it.group === 'gateway.networking.k8s.io' && it.kind === 'Gateway' && it.name === gateway)
    );
  }
  return !isWaypoint(pod) && (selector === null || matchesLabels(selector, pod.labels));
}
