/**
 * Workloads: whose pod is this, and which workloads have no pod given.
 *
 * Owner references are followed up: ReplicaSet to Deployment, Job to CronJob. Where the ReplicaSet itself is not
 * given, its name tells: the Deployment controller names it <deployment>-<pod-template-hash>, and labels its pods so.
 */
import type { ClusterObject, ClusterObjects } from './objects.js';
import { type OwnerReference, ownerReference, type PodDraft, readPod, standIn } from './pods.js';

const WORKLOADS = [
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'CronJob',
  'ReplicaSet',
  'ReplicationController',
  'Job',
] as const;

/** Pods as given, then one stand-in for each workload none of whose pods is given. */
export function readPods({ byKind }: ClusterObjects): PodDraft[] {
  const workloads = new Map<string, ClusterObject>();
  for (const kind of WORKLOADS) {
    for (const object of byKind.get(kind) ?? []) workloads.set(`${kind}/${object.namespace}/${object.name}`, object);
  }
  const pods: PodDraft[] = [];
  const represented = new Set<string>();
  for (const object of byKind.get('Pod') ?? []) {
    const workload = workloadOf(object, workloads);
    if (workload !== null) represented.add(`${object.namespace}/${workload}`);
    pods.push(readPod(object, workload));
  }
  // Owners come before what they own in WORKLOADS, so that a Deployment speaks for its ReplicaSets.
  for (const object of workloads.values()) {
    const root = rootOf(object, workloads);
    const key = `${object.namespace}/${root}`;
    if (represented.has(key)) continue;
    represented.add(key);
    pods.push(standIn(object, root));
  }
  return pods;
}

function workloadOf(pod: ClusterObject, workloads: ReadonlyMap<string, ClusterObject>): string | null {
  const owner = ownerReference(pod.reader);
  // A static pod is owned by its Node, which is no workload.
  if (owner === null || owner.kind === 'Node') return null;
  const given = workloads.get(`${owner.kind}/${pod.namespace}/${owner.name}`);
  if (given !== undefined) return rootOf(given, workloads);
  if (owner.kind === 'ReplicaSet') {
    const hash = pod.reader.string('metadata', 'labels', 'pod-template-hash');
    if (hash !== '' && owner.name.endsWith(`-${hash}`)) {
      return `Deployment/${owner.name.slice(0, -hash.length - 1)}`;
    }
  }
  return `${owner.kind}/${owner.name}`;
}

/** Follows owners as far as they are named; a circle of owners ends where it closes. */
function rootOf(workload: ClusterObject, workloads: ReadonlyMap<string, ClusterObject>): string {
  let root: OwnerReference = workload;
  let object: ClusterObject | undefined = workload;
  const seen = new Set<ClusterObject>();
  while (object !== undefined && !seen.has(object)) {
    seen.add(object);
    const owner = ownerReference(object.reader);
    // Operators own workloads by objects of their own kinds: those are not workloads to name.
    if (owner === null || !(WORKLOADS as readonly string[]).includes(owner.kind)) break;
    root = owner;
    object = workloads.get(`${owner.kind}/${workload.namespace}/${owner.name}`);
  }
  return `${root.kind}/${root.name}`;
}
