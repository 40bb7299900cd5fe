/**
 * What an operator calls an endpoint -> what the inventory knows by it.
 *
 * In:  `namespace/pod`, `namespace/kind/workload` (kind in any case, plural or short: deploy, sts, ds, rs, rc, cj),
 *      `namespace/service/name`, `node/name`, or an IP address.
 * Out: the owners meant, or the address, or why neither, with the name that was probably meant.
 */
import { nearest } from '../documents/suggest.js';
import { parseAddress } from './address.js';
import type { Inventory, Owner, Pod } from './inventory.js';

/** One thing that is meant. */
export interface NamedEndpoint {
  /** Index in inventory.owners; -1 for an address that the inventory does not know. */
  readonly owner: number;
  /** The address that was given, canonical; null where a name was given: then all of the owner's are meant. */
  readonly address: string | null;
}

export type ResolvedName =
  /** `name`: "shop/Deployment/web". A workload is all of its pods (its stand-in where none is given); never empty. */
  | { readonly name: string; readonly endpoints: readonly NamedEndpoint[] }
  | { readonly message: string; readonly hint: string };

const KINDS: readonly (readonly [string, readonly string[]])[] = [
  ['Deployment', ['deployment', 'deployments', 'deploy', 'deployment.apps', 'deployments.apps']],
  ['StatefulSet', ['statefulset', 'statefulsets', 'sts', 'statefulset.apps', 'statefulsets.apps']],
  ['DaemonSet', ['daemonset', 'daemonsets', 'ds', 'daemonset.apps', 'daemonsets.apps']],
  ['ReplicaSet', ['replicaset', 'replicasets', 'rs', 'replicaset.apps', 'replicasets.apps']],
  ['ReplicationController', ['replicationcontroller', 'replicationcontrollers', 'rc']],
  ['Job', ['job', 'jobs', 'job.batch', 'jobs.batch']],
  ['CronJob', ['cronjob', 'cronjobs', 'cj', 'cronjob.batch', 'cronjobs.batch']],
  ['Pod', ['pod', 'pods', 'po']],
  ['Service', ['service', 'services', 'svc']],
];

const KIND_NAMES = new Map(KINDS.flatMap(([kind, names]) => names.map(name => [name, kind] as const)));

export function resolveName(text: string, inventory: Inventory): ResolvedName {
  const given = text.trim();
  const address = parseAddress(given.replace(/^\[(.*)\]$/, '$1'));
  if (address !== null) {
    const owner = inventory.byAddress.get(address.text)?.owner ?? -1;
    return { name: address.text, endpoints: [{ owner, address: address.text }] };
  }
  const parts = given.split('/');
  if (parts.includes('') || parts.length < 2 || parts.length > 3) return malformed(given, parts, inventory);
  if (parts.length === 2 && NODE_NAMES.has(parts[0]!.toLowerCase())) {
    const node = inventory.nodes.find(candidate => candidate.name === parts[1]);
    if (node !== undefined) return named(`node/${node.name}`, [node]);
  }
  if (parts.length === 3 && KIND_NAMES.get(parts[1]!.toLowerCase()) === 'Service') {
    return serviceNamed(parts[0]!, parts[2]!, inventory);
  }
  const namespace = parts[0]!;
  const byNamespace = podsByNamespace(inventory);
  const pods = byNamespace.get(namespace);
  if (pods === undefined) {
    const names = [...byNamespace.keys()];
    return unknown(
      `no pods in namespace ${quote(namespace)}`,
      nearest(namespace, names),
      names,
      'namespaces with pods',
    );
  }
  return parts.length === 2
    ? podNamed(namespace, parts[1]!, pods)
    : workloadNamed(namespace, parts[1]!, parts[2]!, pods);
}

/** A file of queries asks many times about one inventory. */
const namespacesOf = new WeakMap<Inventory, Map<string, Pod[]>>();

function podsByNamespace(inventory: Inventory): Map<string, Pod[]> {
  let groups = namespacesOf.get(inventory);
  if (groups === undefined) {
    groups = new Map();
    for (const pod of inventory.pods) {
      const group = groups.get(pod.namespace);
      if (group === undefined) groups.set(pod.namespace, [pod]);
      else group.push(pod);
    }
    namespacesOf.set(inventory, groups);
  }
  return groups;
}

const NODE_NAMES = new Set(['node', 'nodes', 'no']);

const named = (name: string, owners: readonly Owner[]): ResolvedName => ({
  name,
  endpoints: owners.map(({ owner }) => ({ owner, address: null })),
});

function serviceNamed(namespace: string, name: string, { services }: Inventory): ResolvedName {
  const found = services.find(service => service.namespace === namespace && service.name === name);
  if (found !== undefined) return named(`${namespace}/service/${name}`, [found]);
  const names = services.filter(service => service.namespace === namespace).map(service => service.name);
  const message = `no Service ${quote(name)} in namespace ${quote(namespace)}`;
  return unknown(message, nearest(name, names), names, 'services', `${namespace}/service/`);
}

function podNamed(namespace: string, name: string, pods: readonly Pod[]): ResolvedName {
  const same = pods.filter(pod => pod.name === name);
  // A pod that is given stands before the stand-in of a workload with its name.
  const found = same.filter(pod => !pod.fromWorkload);
  if (found.length > 0) return named(`${namespace}/${name}`, found);
  if (same.length === 1) return named(`${namespace}/${name}`, same);
  const workloads = [...new Set(pods.map(pod => pod.workload).filter(workload => workload !== null))];
  const alike = workloads.filter(workload => workload.slice(workload.indexOf('/') + 1) === name);
  if (alike.length > 0) {
    const choices = alike.map(workload => `${namespace}/${workload}`).join(' or ');
    return {
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

function workloadNamed(namespace: string, givenKind: string, name: string, pods: readonly Pod[]): ResolvedName {
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
  // (20): finished pods answer for their workload only where there are no others.
  const live = found.filter(pod => !pod.finished);
  if (found.length > 0) return named(`${namespace}/${workload}`, live.length > 0 ? live : found);
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

function malformed(given: string, parts: readonly string[], inventory: Inventory): ResolvedName {
  const bare = parts.length === 1 ? inventory.pods.filter(pod => pod.name === given) : [];
  const hint =
    bare.length > 0
      ? `did you mean ${bare
          .slice(0, 3)
          .map(pod => `${pod.namespace}/${pod.name}`)
          .join(' or ')}?`
      : 'write namespace/pod, namespace/kind/workload (shop/deployment/web), or an IP address';
  return { message: `${quote(given)} names no endpoint`, hint };
}

const LISTED = 5;

function unknown(
  message: string,
  meant: string | null,
  all: readonly string[],
  what: string,
  prefix = '',
): ResolvedName {
  const some = [...all].sort().slice(0, LISTED).join(', ');
  const more = all.length > LISTED ? `, and ${all.length - LISTED} more` : '';
  const listed = all.length === 0 ? `there are no ${what}: give the cluster with -c` : `${what}: ${some}${more}`;
  return { message, hint: meant === null ? listed : `did you mean ${prefix}${meant}?` };
}

const quote = (text: string): string => JSON.stringify(text.slice(0, 100));
