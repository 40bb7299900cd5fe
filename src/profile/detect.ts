/**
 * Which network plugin a cluster runs, as far as its workloads tell (cold).
 *
 * In:  the workloads that its pods belong to.  Out: the profile, and why; `upstream` where none is found, or where two
 * plugins are that both enforce policies: then the reason says so.
 *
 * A plugin that enforces runs as a DaemonSet on every node. Names are those of the projects' own manifests, charts and
 * operators; flannel counts only where nobody else is found, as it is often installed below a plugin that enforces.
 */
import type { ProfileName } from './profile.js';

export interface DetectedProfile {
  readonly name: ProfileName;
  /** `DaemonSet kube-system/calico-node`. */
  readonly why: string;
}

/** Of a pod, or of what stands for pods. */
export interface WorkloadOf {
  readonly namespace: string;
  /** `DaemonSet/calico-node`. */
  readonly workload: string | null;
}

const DAEMON_SETS: ReadonlyMap<string, ProfileName> = new Map([
  ['calico-node', 'calico'],
  // Flannel's network with Calico's Felix.
  ['canal', 'calico'],
  ['rke2-canal', 'calico'],
  ['cilium', 'cilium'],
  ['antrea-agent', 'antrea'],
  ['kube-router', 'kube-router'],
  ['weave-net', 'weave'],
  ['kube-flannel-ds', 'flannel'],
  ['kube-flannel', 'flannel'],
]);
const PREFIX = 'DaemonSet/';

export const NO_PLUGIN: DetectedProfile = { name: 'upstream', why: 'the cluster names no network plugin' };

export function detectProfile(pods: Iterable<WorkloadOf>): DetectedProfile {
  const found = new Map<ProfileName, string>();
  for (const { namespace, workload } of pods) {
    if (workload === null || !workload.startsWith(PREFIX)) continue;
    const name = workload.slice(PREFIX.length);
    const profile = DAEMON_SETS.get(name);
    if (profile !== undefined && !found.has(profile)) found.set(profile, `DaemonSet ${namespace}/${name}`);
  }
  const enforcers = [...found].filter(([name]) => name !== 'flannel');
  if (enforcers.length > 1) {
    const names = enforcers.map(([, why]) => why).join(' and ');
    return { name: 'upstream', why: `the cluster runs ${names}; --profile says which of them enforces` };
  }
  const [only] = enforcers.length === 1 ? enforcers : [...found];
  return only === undefined ? NO_PLUGIN : { name: only[0], why: only[1] };
}
