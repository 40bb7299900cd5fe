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
}

/** Reads again and again: a document that was there the last time (by identity) is the same policy object. */
export function createPolicyReader(): PolicyReader {
  let before = new Map<KubernetesDocument, Read>();
  return documents => {
    const policies: NetworkPolicy[] = [];
    const problems: Problem[] = [];
    const now = new Map<KubernetesDocument, Read>();
    const seen = new Map<string, KubernetesDocument>();
    for (const document of documents) {
      const version = dialectOf(document);
      if (version === 'none') continue;
      if (version !== 'read') {
        problems.push(version);
        continue;
      }
      const duplicate = duplicateOf(document, seen);
      // The same file may have been named twice.
      if (duplicate === 'same') continue;
      if (duplicate !== null) problems.push(duplicate);
      const read = before.get(document) ?? readOne(document);
      now.set(document, read);
      problems.push(...read.problems);
      if (read.policy !== null && duplicate === null) policies.push(read.policy);
    }
    before = now;
    return { policies, problems };
  };
}

function readOne(document: KubernetesDocument): Read {
  const problems: Problem[] = [];
  return { policy: readNetworkPolicy(document, problems), problems };
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
  // A cluster has ten times as many pods as policies.
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
function duplicateOf(document: KubernetesDocument, seen: Map<string, KubernetesDocument>): Problem | 'same' | null {
  if (document.name === '') return null;
  const key = `${document.namespace === '' ? 'default' : document.namespace}/${document.name}`;
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
