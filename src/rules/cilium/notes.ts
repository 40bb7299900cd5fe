/**
 * What is not modelled, or may not be what its author means, said once a kind and not once a rule (cold).
 *
 * In:  a kind of note and the rule it is about.  Out: warnings, each at the first of its rules.
 */
import { Oddity, plural } from '../../cluster/warnings.js';
import type { Position, Problem } from '../../documents/document.js';

const rules = (count: number, verb: string, verbs: string): string =>
  `${plural(count, 'rule')} ${count === 1 ? verb : verbs}`;

const KINDS = {
  names: [
    (n: number) => `${rules(n, 'allows', 'allow')} destinations by name (toFQDNs)`,
    'a replay learns their addresses from the DNS answers in the capture; what no answer tells, and without a capture, is undecided',
  ],
  http: [
    (n: number) => `${rules(n, 'looks', 'look')} at HTTP requests`,
    'a replay judges each request that the capture shows; without a capture, connections that only such a rule may allow are undecided',
  ],
  layer7: [
    (n: number) => `${rules(n, 'looks', 'look')} at requests of Kafka or another protocol of layer 7`,
    'connections that only such a rule may allow are undecided: it may refuse each of their requests',
  ],
  dns: [
    (n: number) => `${rules(n, 'looks', 'look')} at DNS questions`,
    'a replay judges each question; without a capture, questions that only such a rule may allow are undecided',
  ],
  redirect: [
    (n: number) =>
      `${rules(n, 'sends', 'send')} connections to a proxy of its own (listener, TLS termination, server names)`,
    'what such a rule matches is undecided, as the proxy may refuse it whatever other rules say',
  ],
  authentication: [
    (n: number) => `${rules(n, 'asks', 'ask')} for authentication`,
    'what such a rule matches is undecided: it passes only between workloads that can prove who they are',
  ],
  groups: [
    (n: number) => `${rules(n, 'names', 'name')} groups of a cloud provider (fromGroups, toGroups)`,
    'which addresses they have is not known: what such a rule may match is undecided',
  ],
  nodes: [
    (n: number) => `${rules(n, 'selects', 'select')} nodes by their labels (fromNodes, toNodes)`,
    'they are read as with enable-node-selector-labels, which is off by default: without it Cilium refuses the policy',
  ],
  nodeLabels: [
    (n: number) => `${rules(n, 'asks', 'ask')} for labels of nodes that are not given`,
    'what such a rule may match is undecided: add the nodes to the cluster input (kubectl get nodes -o yaml)',
  ],
  requires: [
    (n: number) => `${rules(n, 'has', 'have')} fromRequires or toRequires, which newer versions ignore`,
    'what the requirement may forbid is undecided',
  ],
  cluster: [
    (n: number) => `${rules(n, 'asks', 'ask')} for the name of a cluster (io.cilium.k8s.policy.cluster)`,
    'the name of this one is not known: what depends on it is undecided',
  ],
  namespaceLabels: [
    (n: number) =>
      `${rules(n, 'asks', 'ask')} for labels of namespaces in a CiliumNetworkPolicy, which versions of Cilium read differently`,
    'name the namespace with io.kubernetes.pod.namespace, or write a CiliumClusterwideNetworkPolicy',
  ],
  hiddenLabels: [
    (n: number) => `${rules(n, 'selects', 'select')} pods by labels that Cilium leaves out of identities by default`,
    'no pod has them for Cilium: select by another label',
  ],
  apiServer: [
    (n: number) => `${rules(n, 'names', 'name')} kube-apiserver, whose addresses are not given`,
    'what it may match is undecided: add the service default/kubernetes with its EndpointSlices',
  ],
  podAddresses: [
    (n: number) =>
      `${rules(n, 'names', 'name')} health, ingress, unmanaged or init endpoints, whose addresses are not known`,
    'free addresses of the nodes’ pod blocks are undecided; others are not matched',
  ],
  worldFamily: [
    (n: number) => `${rules(n, 'tells', 'tell')} the world’s families apart (world-ipv4, world-ipv6)`,
    'whether the cluster knows both is not known: what such a rule may match is undecided',
  ],
  group: [
    (n: number) => `${rules(n, 'names', 'name')} a CiliumCIDRGroup that is not given`,
    'what it may match is undecided: add the groups to the input (kubectl get ciliumcidrgroups -o yaml)',
  ],
  service: [
    (n: number) => `${rules(n, 'names', 'name')} services that are not given (toServices)`,
    'what such a rule may match is undecided: add the services and their EndpointSlices to the cluster input',
  ],
  protocols: [
    (n: number) => `${rules(n, 'names', 'name')} protocols that need enable-extended-ip-protocols`,
    'what such a rule may match is undecided',
  ],
  emptyPorts: [
    (n: number) => `${rules(n, 'has', 'have')} an entry of toPorts without ports`,
    'what such an entry may match is undecided: name its ports, or leave toPorts out to mean all',
  ],
  namedPorts: [
    (n: number) =>
      `${rules(n, 'names', 'name')} ports of egress by names that pods of the cluster give different numbers`,
    'versions of Cilium read them differently: what depends on it is undecided; write the number',
  ],
  ownNode: [
    (n: number) => `${rules(n, 'denies', 'deny')} what comes from the pod’s own node`,
    'policap holds what passes from a node to its own pods for allowed: such a denial is not seen',
  ],
  reservedSubject: [
    (n: number) => `${plural(n, 'endpointSelector')} with reserved labels`,
    'only pods are known to be endpoints: others that it selects are not judged',
  ],
} as const;

export type NoteKind = keyof typeof KINDS;

export interface Note {
  readonly kind: NoteKind;
  /** "shop/web ingress[0]" */
  readonly rule: string;
  readonly position: Position;
}

export function problemsOf(notes: readonly Note[]): Problem[] {
  const oddities = new Map<NoteKind, Oddity>();
  const seen = new Set<string>();
  for (const { kind, rule, position } of notes) {
    const key = `${kind} ${rule} ${position.file} ${position.line}`;
    if (seen.has(key)) continue;
    seen.add(key);
    let oddity = oddities.get(kind);
    if (oddity === undefined) {
      const [headline, hint] = KINDS[kind];
      oddity = new Oddity(headline, hint);
      oddities.set(kind, oddity);
    }
    oddity.add(rule, position);
  }
  return [...oddities.values()].flatMap(({ problems }) => problems);
}
