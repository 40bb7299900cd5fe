/**
 * Documents -> the inventory: who owns an address.
 *
 * In:  all documents; those of other kinds are counted.  Out: the inventory, problems, the count of each ignored kind.
 * Numbers in comments are items of docs/semantics.md.
 */
import type { KubernetesDocument, Problem } from '../documents/document.js';
import { formatPosition } from '../documents/document.js';
import { distinct } from './fields.js';
import type { Backend, Inventory, Node, Owner, Pod, Service } from './inventory.js';
import { addPolicyNamespaces, readNamespaces } from './namespaces.js';
import { gatewaysOf, type NodeDraft, readNodes } from './nodes.js';
import { collectObjects } from './objects.js';
import type { PodDraft } from './pods.js';
import { readServices, type ServiceDraft } from './services.js';
import { Oddity, plural } from './warnings.js';
import { readPods } from './workloads.js';

export interface ReadCluster {
  readonly inventory: Inventory;
  readonly problems: readonly Problem[];
  /** Kind -> how many documents of it were given. */
  readonly ignored: Map<string, number>;
}

export function readCluster(documents: readonly KubernetesDocument[]): ReadCluster {
  return createClusterReader()(documents);
}

export type ClusterReader = (documents: readonly KubernetesDocument[]) => ReadCluster;

/** Reads again and again: where all documents but policies are those of before (by identity), so is what was read. */
export function createClusterReader(isPolicy: IsPolicy = isNetworkPolicy): ClusterReader {
  let before: readonly KubernetesDocument[] = [];
  /** Where policies stand among the documents. */
  let policies: readonly number[] = [];
  let objects: readonly KubernetesDocument[] = [];
  let read = readObjects(objects);
  return documents => {
    if (!differInPolicies(documents, before, isPolicy)) {
      const own: KubernetesDocument[] = [];
      const places: number[] = [];
      documents.forEach((document, i) => {
        if (isPolicy(document)) places.push(i);
        else own.push(document);
      });
      policies = places;
      if (own.length !== objects.length || own.some((document, i) => document !== objects[i])) {
        objects = own;
        read = readObjects(own);
      }
    }
    before = [...documents];
    const given = policies.map(i => documents[i]!);
    const namespaces = addPolicyNamespaces(read.inventory.namespaces, given);
    return namespaces === read.inventory.namespaces ? read : { ...read, inventory: { ...read.inventory, namespaces } };
  };
}

/** Whether nothing else is new and in its place: the common change, told without a look at what is not. */
function differInPolicies(
  documents: readonly KubernetesDocument[],
  before: readonly KubernetesDocument[],
  isPolicy: IsPolicy,
): boolean {
  if (documents.length !== before.length) return false;
  for (let i = 0; i < documents.length; i++) {
    if (documents[i] !== before[i] && !(isPolicy(documents[i]!) && isPolicy(before[i]!))) return false;
  }
  return true;
}

/** Whether only the document's namespace is a cluster's business. */
export type IsPolicy = (document: KubernetesDocument) => boolean;

const isNetworkPolicy: IsPolicy = ({ kind, apiVersion }) =>
  kind === 'NetworkPolicy' && /^networking\.k8s\.io\/[^/]*$/.test(apiVersion);

function readObjects(documents: readonly KubernetesDocument[]): ReadCluster {
  const problems: Problem[] = [];
  const objects = collectObjects(documents, problems);
  const pods = readPods(objects);
  const nodes = readNodes(objects, pods);
  const services = readServices(objects, pods);
  const namespaces = readNamespaces(objects, pods, problems);
  const accounts = objects.byKind.get('ServiceAccount') ?? [];
  const serviceAccounts = new Map(
    accounts.map(({ namespace, name, reader }) => [`${namespace}/${name}`, reader.strings('metadata', 'labels')]),
  );
  const inventory = { namespaces, serviceAccounts, ...number(pods, nodes, services, problems) };
  warnOfMissingAddresses(pods, problems);
  return { inventory, problems: distinctProblems(problems), ignored: objects.ignored };
}

/** Gives every owner its number and finds out who holds which address. */
function number(
  podDrafts: readonly PodDraft[],
  nodeDrafts: readonly NodeDraft[],
  serviceDrafts: readonly ServiceDraft[],
  problems: Problem[],
): Omit<Inventory, 'namespaces' | 'serviceAccounts'> {
  let owner = 0;
  const pods = podDrafts.map(draft => toPod(draft, owner++));
  let held: Set<string> | null = null;
  const isHeld = (address: string): boolean => {
    held ??= new Set(podDrafts.filter(pod => !pod.hostNetwork).flatMap(pod => pod.addresses));
    return held.has(address);
  };
  const nodes = nodeDrafts.map((node): Node => {
    const gateways = gatewaysOf(node).filter(address => !isHeld(address));
    return { kind: 'node', owner: owner++, ...node, addresses: distinct([...node.addresses, ...gateways]) };
  });
  const byAddress = new Map<string, Owner>();
  holdAddresses(byAddress, pods, podDrafts, nodes, problems);
  pods.forEach((pod, i) => {
    if (!pod.hostNetwork && pod.addresses.some(address => byAddress.get(address) !== pod)) {
      pods[i] = withoutLostAddresses(pod, byAddress);
    }
  });
  const services = serviceDrafts.map((draft): Service => {
    const backends = draft.backends.map(list => list.map(backend => toBackend(backend, byAddress)));
    return { kind: 'service', owner: owner++, ...draft, backends };
  });
  holdServiceAddresses(byAddress, services, problems);
  return { pods, nodes, services, owners: [...pods, ...nodes, ...services], byAddress };
}

/** Written out: copying "all but" takes longer than all else that is done with a pod here. */
const toPod = (draft: PodDraft, owner: number): Pod => ({
  kind: 'pod',
  owner,
  namespace: draft.namespace,
  name: draft.name,
  labels: draft.labels,
  addresses: draft.addresses,
  node: draft.node,
  hostNetwork: draft.hostNetwork,
  serviceAccount: draft.serviceAccount,
  ports: draft.ports,
  workload: draft.workload,
  started: draft.started,
  finished: draft.finished,
  fromWorkload: draft.fromWorkload,
  sidecar: draft.sidecar,
  position: draft.position,
});

/** An address has one owner: a pod that lost it to another does not stand for it in any rule. */
function withoutLostAddresses(pod: Pod, byAddress: Map<string, Owner>): Pod {
  const kept = { ...pod, addresses: pod.addresses.filter(address => byAddress.get(address) === pod) };
  for (const address of kept.addresses) byAddress.set(address, kept);
  return kept;
}

function toBackend(
  { address, port }: { address: string; port: number },
  byAddress: ReadonlyMap<string, Owner>,
): Backend {
  const holder = byAddress.get(address);
  return { address, port, pod: holder?.kind === 'pod' ? holder.owner : -1 };
}

function holdAddresses(
  byAddress: Map<string, Owner>,
  pods: readonly Pod[],
  drafts: readonly PodDraft[],
  nodes: readonly Node[],
  problems: Problem[],
): void {
  const duplicate = new Oddity(
    count => `${plural(count, 'address', 'addresses')} held by more than one owner`,
    'of several pods the Running one that started last is taken, a pod before a node, a node before a service; a capture of the cluster taken at one moment has no such addresses',
  );
  pods.forEach((pod, i) => {
    // (19): the node's address stays the node's.
    if (pod.hostNetwork) return;
    for (const address of pod.addresses) {
      const other = byAddress.get(address) as Pod | undefined;
      if (other === undefined) byAddress.set(address, pod);
      else {
        // Pods are numbered in the order of their drafts.
        const wins = precedes(pod, drafts[i]!.phase, other, drafts[other.owner]!.phase);
        if (wins) byAddress.set(address, pod);
        const [taken, left] = wins ? [pod, other] : [other, pod];
        duplicate.add(`${address} (${podName(taken)} before ${podName(left)})`, pod.position);
      }
    }
  });
  for (const node of nodes) {
    for (const address of node.addresses) {
      const other = byAddress.get(address);
      if (other === undefined) byAddress.set(address, node);
      else duplicate.add(`${address} (${ownerName(other)} before node ${node.name})`, node.position);
    }
  }
  problems.push(...duplicate.problems);
}

/** (20): on a duplicate the Running pod that started last. */
function precedes(pod: Pod, phase: string, other: Pod, otherPhase: string): boolean {
  const running = phase === 'Running';
  if (running !== (otherPhase === 'Running')) return running;
  if (Number.isNaN(pod.started)) return false;
  return Number.isNaN(other.started) || pod.started > other.started;
}

function holdServiceAddresses(byAddress: Map<string, Owner>, services: readonly Service[], problems: Problem[]): void {
  const duplicate = new Oddity(
    count => `${plural(count, 'service address', 'service addresses')} also held by another owner`,
    'the first owner is taken; traffic to a service by such an address is judged as traffic to that owner',
  );
  for (const service of services) {
    for (const address of service.addresses) {
      const other = byAddress.get(address);
      if (other === undefined) byAddress.set(address, service);
      else duplicate.add(`${address} (${ownerName(other)} before service ${podName(service)})`, service.position);
    }
  }
  problems.push(...duplicate.problems);
}

const podName = ({ namespace, name }: { namespace: string; name: string }): string => `${namespace}/${name}`;

const ownerName = (owner: Owner): string =>
  owner.kind === 'node' ? `node ${owner.name}` : `${owner.kind} ${podName(owner)}`;

function warnOfMissingAddresses(pods: readonly PodDraft[], problems: Problem[]): void {
  const oddity = new Oddity(
    count => `${plural(count, 'Running pod')} without an address`,
    'their packets cannot be told from outside traffic: take the capture of the cluster with status (kubectl get pods -A -o yaml)',
  );
  for (const pod of pods) {
    if (pod.phase === 'Running' && pod.addresses.length === 0) oddity.add(podName(pod), pod.position);
  }
  problems.push(...oddity.problems);
}

/** Some fields are read more than once; what is wrong with them is told once. */
function distinctProblems(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ position, message }) => {
    const key = `${formatPosition(position)} ${message}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
