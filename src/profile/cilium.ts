/** cilium: its eBPF dataplane in the default configuration. See docs/profiles/cilium.md. */
import type { Profile } from './profile.js';
import { UPSTREAM } from './upstream.js';

/** Labels of pods that Cilium leaves out of identities by default, as the beginnings of their keys. */
export const HIDDEN_LABELS: readonly string[] = [
  'io\\.kubernetes',
  'kubernetes\\.io',
  'statefulset\\.kubernetes\\.io/pod-name',
  'apps\\.kubernetes\\.io/pod-index',
  'batch\\.kubernetes\\.io/job-completion-index',
  'batch\\.kubernetes\\.io/controller-uid',
  '.*beta\\.kubernetes\\.io',
  'k8s\\.io',
  'pod-template-generation',
  'pod-template-hash',
  'controller-revision-hash',
  'annotation',
  'controller-uid',
  'etcd_node',
];

export const CILIUM: Profile = {
  ...UPSTREAM,
  name: 'cilium',
  title: 'Cilium',
  enforces: ['admin', 'cilium'],
  toOwnNode: 'policy',
  initContainerPorts: false,
  unlistedRules: 'isolate',
  blockPeers: 'outsiders',
  // ICMP, TCP, UDP, ICMPv6; SCTP.
  protocols: { open: [1, 6, 17, 58], optional: [132] },
  egressNames: 'one',
  hiddenLabels: HIDDEN_LABELS,
  conntrack: 'cilium',
};
