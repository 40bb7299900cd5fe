/**
 * What an operator calls an endpoint -> what the inventory knows by it.
 *
 * In:  `namespace/pod`, `namespace/kind/workload` (kind in any case, plural or short: deploy, sts, ds, rs, rc, cj), or an
 *      IP address.
 * Out: the pods meant, or the address and its owner, or why neither, with the name that was probably meant.
 */
import { nearest } from '../documents/suggest.js';
import { parseAddress } from './address.js';
import type { Inventory, Owner, Pod } from './inventory.js';

export type Endpoint =
  /** One pod, or all pods of a workload (its stand-in where none is given); never empty. `name`: "shop/Deployment/web". */
  | { readonly kind: 'pods'; readonly name: string; readonly pods: readonly Pod[] }
  /** Canonical address; owner null where the inventory does not know it. */
  | { readonly kind: 'address'; readonly address: string; readonly owner: Owner | null }
  | { readonly kind: 'unknown'; readonly message: string; readonly hint: string };

const KINDS: readonly (readonly [string, readonly string[]])[] = [
  ['Deployment', ['deployment', 'deployments', 'deploy', 'deployment.apps', 'deployments.apps']],
  ['StatefulSet', ['statefulset', 'statefulsets', 'sts', 'statefulset.apps', 'statefulsets.apps']],
  ['DaemonSet', ['daemonset', 'daemonsets', 'ds', 'daemonset.apps', 'daemonsets.apps']],
  ['ReplicaSet', ['replicaset', 'replicasets', 'rs', 'replicaset.apps', 'replicasets.apps']],
  ['ReplicationController', ['replicationcontroller', 'replicationcontrollers', 'rc']],
  ['Job', ['job', 'jobs', 'job.batch', 'jobs.batch']],
  ['CronJob', ['cronjob', 'cronjobs', 'cj', 'cronjob.batch', 'cronjobs.batch']],
  ['Pod', ['pod', 'pods', 'po']],
];

const KIND_NAMES = new Map(KINDS.flatMap(([kind, names]) => names.map(name => [name, kind] as const)));

export function resolveEndpoint(text: string, inventory: Inventory): Endpoint {
  const given = text.trim();
  const address = parseAddress(given.replace(/^\[(.*)\]$/, '$1'));
  if (address !== null) {
    return { kind: 'address', address: address.text, owner: inventory.byAddress.get(address.text) ?? null };
  }
  const parts = given.split('/');
  if (parts.includes('') || parts.length < 2 || parts.length > 3) return malformed(given, parts, inventory);
  const namespace = parts[0]!;
  const known = new Set(inventory.pods.map(pod => pod.namespace));
  if (!known.has(namespace)) {
    return unknown(
      `no pods in namespace ${quote(namespace)}`,
      nearest(namespace, known),
      [...known],
      'namespaces with pods',
    );
  }
  const pods = inventory.pods.filter(pod => pod.namespace === namespace);
  return parts.length === 2
    ? podNamed(namespace, parts[1]!, pods)
    : workloadNamed(namespace, parts[1]!, parts[2]!, pods);
}

function podNamed(namespace: string, name: string, pods: readonly Pod[]): Endpoint {
  const named = pods.filter(pod => pod.name === name);
  // A pod that is given stands before the stand-in of a workload with its name.
  const found = named.filter(pod => !pod.fromWorkload);
  if (found.length > 0) return { kind: 'pods', name: `${namespace}/${name}`, pods: found };
  if (named.length === 1) return { kind: 'pods', name: `${namespace}/${name}`, pods: named };
  const workloads = [...new Set(pods.map(pod => pod.workload).filter(workload => workload !== null))];
  const same = workloads.filter(workload => workload.slice(workload.indexOf('/') + 1) === name);
  if (same.length > 0) {
    const choices = same.map(workload => `${namespace}/${workload}`).join(' or ');
    return {
      kind: 'unknown',
      message: `no pod ${quote(name)} in namespace ${quote(namespace)}`,
      hint: `did you mean ${choices}?`,
    };
  }
  const names = pods.map(pod => pod.name);
  return unknown(
    `no pod ${quote(name)} in namespace ${quote(namespace)}`,
    nearest(name, names),
    names,
    'pods',
    `${namespace}/`,
  );
}

function workloadNamed(namespace: string, givenKind: string, name: string, pods: readonly Pod[]): Endpoint {
  // Kinds of operators (Rollout, ...) are known by the owner references alone.
  const owning = new Map(
    pods.flatMap(({ workload }) => (workload === null ? [] : [kindOf(workload)])).map(k => [k.toLowerCase(), k]),
  );
  const kind = KIND_NAMES.get(givenKind.toLowerCase()) ?? owning.get(givenKind.toLowerCase());
  if (kind === undefined) {
    const names = [...KIND_NAMES.keys(), ...owning.keys()];
    const kinds = KINDS.map(([known]) => known);
    return unknown(`${quote(givenKind)} is no kind of workload`, nearest(givenKind, names), kinds, 'kinds');
  }
  if (kind === 'Pod') return podNamed(namespace, name, pods);
  const workload = `${kind}/${name}`;
  const found = pods.filter(pod => pod.workload === workload);
  if (found.length > 0) return { kind: 'pods', name: `${namespace}/${workload}`, pods: found };
  const names = [...new Set(pods.map(pod => pod.workload).filter(other => other !== null))];
  const sameName = names.find(other => other.endsWith(`/${name}`));
  const meant = sameName ?? nearest(workload, names);
  return unknown(
    `no ${kind} ${quote(name)} in namespace ${quote(namespace)}`,
    meant,
    names,
    'workloads',
    `${namespace}/`,
  );
}

const kindOf = (workload: string): string => workload.slice(0, workload.indexOf('/'));

function malformed(given: string, parts: readonly string[], inventory: Inventory): Endpoint {
  const bare = parts.length === 1 ? inventory.pods.filter(pod => pod.name === given) : [];
  const hint =
    bare.length > 0
      ? `did you mean ${bare
          .slice(0, 3)
          .map(pod => `${pod.namespace}/${pod.name}`)
          .join(' or ')}?`
      : 'write namespace/pod, namespace/kind/workload (shop/deployment/web), or an IP address';
  return { kind: 'unknown', message: `${quote(given)} names no endpoint`, hint };
}

const LISTED = 5;

function unknown(message: string, meant: string | null, all: readonly string[], what: string, prefix = ''): Endpoint {
  const some = [...all].sort().slice(0, LISTED).join(', ');
  const more = all.length > LISTED ? `, and ${all.length - LISTED} more` : '';
  const listed = all.length === 0 ? `there are no ${what}: give the cluster with -c` : `${what}: ${some}${more}`;
  return { kind: 'unknown', message, hint: meant === null ? listed : `did you mean ${prefix}${meant}?` };
}

const quote = (text: string): string => JSON.stringify(text.slice(0, 100));
