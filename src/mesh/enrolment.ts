/**
 * Which pods are in the mesh, and by what (IS20 to IS23) (cold).
 *
 * In:  the inventory.  Out: for a pod: its sidecar, ztunnel, or nothing enforces; and whether that is told or assumed.
 */
import type { Inventory, Labels, Pod } from '../cluster/inventory.js';
import { matchesLabels } from '../cluster/selector.js';

export interface Enrolment {
  /** `none`: out of the mesh, no policy is enforced for it and it has no identity. */
  readonly proxy: 'sidecar' | 'ztunnel' | 'none';
  /** Nothing tells: it is taken for a pod that will get a sidecar. */
  readonly isAssumed: boolean;
  /** The waypoint in front of it, '' where none is named (IS23). */
  readonly waypoint: string;
}

const INJECT = 'sidecar.istio.io/inject';
const MODE = 'istio.io/dataplane-mode';
const WAYPOINT = 'istio.io/use-waypoint';

const NONE: Enrolment = { proxy: 'none', isAssumed: false, waypoint: '' };
const SIDECAR: Enrolment = { proxy: 'sidecar', isAssumed: false, waypoint: '' };
const ASSUMED: Enrolment = { proxy: 'sidecar', isAssumed: true, waypoint: '' };

export interface Enrolments {
  of(pod: Pod): Enrolment;
  /** Some pod shows that it is in a mesh: then a pod that shows nothing may well be in none. */
  readonly isMeshShown: boolean;
}

export function createEnrolments(inventory: Inventory): Enrolments {
  const known = new Map<Pod, Enrolment>();
  const of = (pod: Pod): Enrolment => {
    let enrolment = known.get(pod);
    if (enrolment === undefined) {
      enrolment = enrolmentOf(pod, inventory);
      known.set(pod, enrolment);
    }
    return enrolment;
  };
  let isShown: boolean | null = null;
  return {
    of,
    get isMeshShown() {
      isShown ??= inventory.pods.some(pod => of(pod).proxy !== 'none' && !of(pod).isAssumed);
      return isShown;
    },
  };
}

function enrolmentOf(pod: Pod, inventory: Inventory): Enrolment {
  // (IS20): a sidecar would take the whole node's traffic.
  if (pod.hostNetwork) return NONE;
  if (pod.sidecar === 'running') return SIDECAR;
  const ofNamespace = inventory.namespaces.get(pod.namespace)?.labels ?? {};
  // (IS21): the label is asked first, then the annotation.
  const inject = labelOf(pod.labels, INJECT) ?? ANNOTATED[pod.sidecar ?? 'absent'];
  if (inject === 'true') return SIDECAR;
  // (IS22): the pod's own word counts before its namespace's.
  const mode = labelOf(pod.labels, MODE) ?? labelOf(ofNamespace, MODE);
  if (mode === 'ambient')
    return { proxy: 'ztunnel', isAssumed: false, waypoint: waypointOf(pod, ofNamespace, inventory) };
  if (inject === 'false' || labelOf(ofNamespace, 'istio-injection') === 'disabled') return NONE;
  const isInjected =
    labelOf(ofNamespace, 'istio-injection') === 'enabled' || labelOf(ofNamespace, 'istio.io/rev') !== undefined;
  // A pod that runs without one was not injected, whatever its namespace says now.
  return isInjected && pod.fromWorkload ? SIDECAR : ASSUMED;
}

const ANNOTATED = { asked: 'true', refused: 'false', running: undefined, absent: undefined } as const;

const labelOf = (labels: Labels, key: string): string | undefined =>
  Object.hasOwn(labels, key) ? labels[key] : undefined;

function waypointOf(pod: Pod, ofNamespace: Labels, { services }: Inventory): string {
  const named = [
    labelOf(pod.labels, WAYPOINT),
    ...services
      .filter(it => it.namespace === pod.namespace && it.selector !== null && matchesLabels(it.selector, pod.labels))
      .map(({ labels }) => labelOf(labels, WAYPOINT)),
    labelOf(ofNamespace, WAYPOINT),
  ];
  return named.find(name => name !== undefined && name !== '' && name !== 'none') ?? '';
}
