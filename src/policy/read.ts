/**
 * Documents -> policies.
 *
 * In:  all documents.  Out: the policies of every dialect that is read, in document order, and every problem at once.
 * A document that is a policy of a kind not read is never passed over in silence: verdicts would be wrong unnoticed.
 */
import type { KubernetesDocument, Problem } from '../documents/document.js';
import { formatPosition } from '../documents/document.js';
import { readNetworkPolicy } from './kubernetes/network-policy.js';
import type { NetworkPolicy } from './policy.js';

export interface ReadPolicies {
  readonly policies: readonly NetworkPolicy[];
  readonly problems: readonly Problem[];
}

export function readPolicies(documents: readonly KubernetesDocument[]): ReadPolicies {
  return createPolicyReader()(documents);
}

export type PolicyReader = (documents: readonly KubernetesDocument[]) => ReadPolicies;

interface Read {
  readonly policy: NetworkPolicy | null;
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
    const problems: Problem[] = [];
    const seen = new Map<string, KubernetesDocument>();
    for (const { document, read } of placed) {
      const duplicate = read.key === null ? null : duplicateOf(document, read.key, seen);
      // The same file may have been named twice.
      if (duplicate === 'same') continue;
      if (duplicate !== null) problems.push(duplicate);
      for (const problem of read.problems) problems.push(problem);
      if (read.policy !== null && duplicate === null) policies.push(read.policy);
    }
    return { policies, problems };
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
  const version = dialectOf(document);
  if (version === 'none') return null;
  if (version !== 'read') return { policy: null, problems: [version], key: null };
  const problems: Problem[] = [];
  const policy = readNetworkPolicy(document, problems);
  const { name, namespace } = document;
  return { policy, problems, key: name === '' ? null : `${namespace === '' ? 'default' : namespace}/${name}` };
}

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
  if (!kind.endsWith('Policy') && !OTHER_KINDS.test(kind)) return 'none';
  const slash = apiVersion.lastIndexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
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
  if (!OTHER_KINDS.test(kind) && !(OTHER_GROUPS.has(group) && /Policy$/.test(kind))) return 'none';
  const project = OTHER_GROUPS.get(group);
  const where = document.namespace === '' ? document.name : `${document.namespace}/${document.name}`;
  return {
    severity: 'warning',
    position: document.at(['kind']),
    message: `${kind} ${where} (${apiVersion}${project === undefined ? '' : `, ${project}`}) is not supported yet: all verdicts leave it out`,
    hint: `what it allows or denies is not considered; supported is NetworkPolicy of ${NETWORKING}/v1`,
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
    message: `metadata.name: Duplicate value: "${document.name}": NetworkPolicy ${key} is given twice`,
    hint: `it first stands at ${formatPosition(first.position)}; remove or rename one`,
  };
}
