/**
 * Documents -> policies.
 *
 * In:  all documents.  Out: the policies of every dialect that is read, in document order, and every problem at once.
 * A document that is a policy of a kind not read is never passed over in silence: verdicts would be wrong unnoticed.
 */
import type { KubernetesDocument, Problem } from '../documents/document.js';
import { formatPosition } from '../documents/document.js';
import {
  type DialectKind,
  type DialectName,
  type DialectObject,
  type DialectObjects,
  dialectKindOf,
  noObjects,
  objectName,
} from './dialects.js';
import { readNetworkPolicy } from './kubernetes/network-policy.js';
import type { NetworkPolicy } from './policy.js';

export interface ReadPolicies {
  readonly policies: readonly NetworkPolicy[];
  /** Of the other dialects. */
  readonly objects: DialectObjects;
  readonly problems: readonly Problem[];
}

export function readPolicies(documents: readonly KubernetesDocument[]): ReadPolicies {
  return createPolicyReader()(documents);
}

export type PolicyReader = (documents: readonly KubernetesDocument[]) => ReadPolicies;

interface Read {
  readonly policy: NetworkPolicy | null;
  readonly object: { readonly dialect: DialectName; readonly it: DialectObject } | null;
  readonly problems: readonly Problem[];
  /** By which a second one of the name is known; null: without a name, or no policy that is read. */
  readonly key: string | null;
}

/** Reads again and again: a document that was there the last time (by identity) is the same policy object. */
export function createPolicyReader(): PolicyReader {
  let documentsBefore: readonly KubernetesDocument[] = [];
  let before: readonly Placed[] = [];
  return documents => {
    const placed = placeAll(documents, documentsBefore, before);
    documentsBefore = [...documents];
    before = placed;
    const policies: NetworkPolicy[] = [];
    const objects = noObjects();
    const problems: Problem[] = [];
    const seen = new Map<string, KubernetesDocument>();
    for (const { document, read } of placed) {
      const duplicate = read.key === null ? null : duplicateOf(document, read.key, seen);
      // The same file may have been named twice.
      if (duplicate === 'same') continue;
      if (duplicate !== null) problems.push(duplicate);
      for (const problem of read.problems) problems.push(problem);
      if (duplicate !== null) continue;
      if (read.policy !== null) policies.push(read.policy);
      if (read.object !== null) (objects[read.object.dialect] as DialectObject[]).push(read.object.it);
    }
    return { policies, objects, problems };
  };
}

/** A policy, and where it stands among the documents. */
interface Placed {
  readonly at: number;
  readonly document: KubernetesDocument;
  readonly read: Read;
}

function placeAll(
  documents: readonly KubernetesDocument[],
  documentsBefore: readonly KubernetesDocument[],
  before: readonly Placed[],
): Placed[] {
  const known = new Map(before.map(it => [it.document, it.read]));
  const placed: Placed[] = [];
  let next = 0;
  for (let i = 0; i < documents.length; i++) {
    const document = documents[i]!;
    if (documentsBefore[i] === document) {
      // A cluster has ten times as many pods as policies: what stands where it stood is not asked what it is.
      while (next < before.length && before[next]!.at < i) next++;
      if (next < before.length && before[next]!.at === i) placed.push(before[next]!);
      continue;
    }
    const read = known.get(document) ?? readOne(document);
    if (read !== null) placed.push({ at: i, document, read });
  }
  return placed;
}

/** null where it is no policy at all. */
function readOne(document: KubernetesDocument): Read | null {
  const { name, namespace, kind } = document;
  const own = namespace === '' ? 'default' : namespace;
  const dialect = kindOf(document);
  if (dialect !== undefined) {
    const problems: Problem[] = [];
    const it = dialect.read(document, problems);
    const object = it === null ? null : { dialect: dialect.dialect, it };
    // Some projects serve one kind in two groups, by names that differ in their prefix.
    const where = it !== null ? objectName(it) : dialect.isNamespaced ? `${own}/${name}` : name;
    return { policy: null, object, problems, key: name === '' ? null : `${dialect.dialect} ${kind} ${where}` };
  }
  const version = dialectOf(document);
  if (version === 'none') return null;
  if (version !== 'read') return { policy: null, object: null, problems: [version], key: null };
  const problems: Problem[] = [];
  const policy = readNetworkPolicy(document, problems);
  return { policy, object: null, problems, key: name === '' ? null : `${kind} ${own}/${name}` };
}

function groupOf(apiVersion: string): { readonly group: string; readonly version: string } {
  const slash = apiVersion.lastIndexOf('/');
  return { group: apiVersion.slice(0, Math.max(slash, 0)), version: apiVersion.slice(slash + 1) };
}

/** undefined where it is of no dialect, or of a version that is not read. */
function kindOf({ apiVersion, kind }: KubernetesDocument): DialectKind | undefined {
  const { group, version } = groupOf(apiVersion);
  const found = dialectKindOf(group, kind);
  return found?.versions.includes(version) ? found : undefined;
}

/** Whether the document is the policies' business alone: all that a cluster's inventory needs of it is its namespace. */
export const isPolicyDocument = (document: KubernetesDocument): boolean =>
  kindOf(document) !== undefined ||
  (document.kind === 'NetworkPolicy' && groupOf(document.apiVersion).group === NETWORKING);

const NETWORKING = 'networking.k8s.io';

/** Groups whose policies decide about packets, by the project that enforces them. */
const OTHER_GROUPS = new Map([
  ['policy.networking.k8s.io', 'the upstream network policy API'],
  ['projectcalico.org', 'Calico'],
  ['crd.projectcalico.org', 'Calico'],
  ['cilium.io', 'Cilium'],
  ['crd.antrea.io', 'Antrea'],
  ['security.antrea.tanzu.vmware.com', 'Antrea'],
  ['k8s.ovn.org', 'OVN-Kubernetes'],
  ['security.istio.io', 'Istio'],
  ['policy.linkerd.io', 'Linkerd'],
  ['networking.gke.io', 'GKE'],
  ['networking.k8s.aws', 'the Amazon VPC CNI'],
]);

const OTHER_KINDS =
  /^(?:(?:Cilium(?:Clusterwide)?|Global|Staged(?:Global|Kubernetes)?|Cluster|Admin|BaselineAdmin|Multi|Application|ClusterBaselineAdmin)?NetworkPolicy|EgressFirewall|EgressNetworkPolicy|MultiNetworkPolicy|AuthorizationPolicy|ServerAuthorization)$/;

/** `read`, `none` where it is no policy at all, or the problem with its kind or version. */
function dialectOf(document: KubernetesDocument): 'read' | 'none' | Problem {
  const { apiVersion, kind } = document;
  const { group } = groupOf(apiVersion);
  const read = dialectKindOf(group, kind);
  if (read === undefined && !kind.endsWith('Policy') && !OTHER_KINDS.test(kind)) return 'none';
  if (kind === 'NetworkPolicy') {
    if (apiVersion === `${NETWORKING}/v1`) return 'read';
    if (group === 'extensions') {
      return {
        severity: 'error',
        position: document.at(['apiVersion']),
        message: `no matches for kind "NetworkPolicy" in version "${apiVersion}": it was removed in Kubernetes 1.16`,
        hint: `write apiVersion: ${NETWORKING}/v1; the fields are the same`,
      };
    }
    if (group === NETWORKING || !OTHER_GROUPS.has(group)) {
      return {
        severity: 'error',
        position: document.at(['apiVersion']),
        message: `no matches for kind "NetworkPolicy" in version "${apiVersion}"`,
        hint: `write apiVersion: ${NETWORKING}/v1`,
      };
    }
  }
  if (read === undefined && !OTHER_KINDS.test(kind) && !(OTHER_GROUPS.has(group) && /Policy$/.test(kind)))
    return 'none';
  const project = OTHER_GROUPS.get(group);
  const where = document.namespace === '' ? document.name : `${document.namespace}/${document.name}`;
  return {
    severity: 'warning',
    position: document.at(['kind']),
    message: `${kind} ${where} (${apiVersion}${project === undefined ? '' : `, ${project}`}) is not supported yet: all verdicts leave it out`,
    hint:
      read === undefined
        ? `what it allows or denies is not considered; supported is NetworkPolicy of ${NETWORKING}/v1`
        : `what it says is not considered; supported is ${kind} of ${read.versions.map(it => `${group}/${it}`).join(', ')}`,
  };
}

/** (24) */
function duplicateOf(
  document: KubernetesDocument,
  key: string,
  seen: Map<string, KubernetesDocument>,
): Problem | 'same' | null {
  const first = seen.get(key);
  if (first === undefined) {
    seen.set(key, document);
    return null;
  }
  if (formatPosition(first.position) === formatPosition(document.position)) return 'same';
  return {
    severity: 'error',
    position: document.at(['metadata', 'name']),
    message: `metadata.name: Duplicate value: "${document.name}": ${key.replace(/^[a-z]+ /, '')} is given twice`,
    hint: `it first stands at ${formatPosition(first.position)}; remove or rename one`,
  };
}
