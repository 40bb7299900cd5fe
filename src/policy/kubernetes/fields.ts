/**
 * The fields of NetworkPolicy, networking.k8s.io/v1, as data.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/
 */
import { list, oneOf, type Schema } from './schema.js';

export const STRING: Schema = { kind: 'string', type: 'string' };
export const STRING_LIST: Schema = { kind: 'list', type: '[]string', element: STRING };
export const ANY: Schema = { kind: 'any' };

export const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const;
export const PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const;
export const POLICY_TYPES: readonly string[] = ['Ingress', 'Egress'];

export const LABEL_SELECTOR: Extract<Schema, { kind: 'object' }> = {
  kind: 'object',
  type: 'v1.LabelSelector',
  noun: 'a label selector',
  meant: { labels: 'matchLabels', matchlabels: 'matchLabels', matchLabel: 'matchLabels' },
  fields: {
    matchLabels: { kind: 'strings', type: 'map[string]string' },
    matchExpressions: {
      kind: 'list',
      type: '[]v1.LabelSelectorRequirement',
      element: {
        kind: 'object',
        type: 'v1.LabelSelectorRequirement',
        noun: 'a label selector requirement',
        fields: { key: STRING, operator: oneOf('v1.LabelSelectorOperator', OPERATORS), values: STRING_LIST },
      },
    },
  },
};

const PEER: Schema = {
  kind: 'object',
  type: 'v1.NetworkPolicyPeer',
  noun: 'a peer',
  meant: {
    matchLabels: 'podSelector',
    labels: 'podSelector',
    cidr: 'ipBlock',
    ipBlocks: 'ipBlock',
    namespace: 'namespaceSelector',
  },
  fields: {
    podSelector: LABEL_SELECTOR,
    namespaceSelector: LABEL_SELECTOR,
    ipBlock: {
      kind: 'object',
      type: 'v1.IPBlock',
      noun: 'an ipBlock',
      fields: { cidr: STRING, except: STRING_LIST },
    },
  },
};

const PEERS: Schema = { kind: 'list', type: '[]v1.NetworkPolicyPeer', element: PEER };

const PORTS: Schema = {
  kind: 'list',
  type: '[]v1.NetworkPolicyPort',
  element: {
    kind: 'object',
    type: 'v1.NetworkPolicyPort',
    noun: 'a port',
    meant: { containerPort: 'port', targetPort: 'port', name: 'port', number: 'port' },
    fields: {
      protocol: oneOf('v1.Protocol', PROTOCOLS),
      port: { kind: 'intOrString', type: 'int32 or string' },
      endPort: { kind: 'int32', type: 'int32' },
    },
  },
};

const ANY_FIELDS = (names: readonly string[]): Record<string, Schema> =>
  Object.fromEntries(names.map(name => [name, ANY]));

export const METADATA: Schema = {
  kind: 'object',
  type: 'v1.ObjectMeta',
  noun: 'metadata',
  fields: {
    name: STRING,
    namespace: STRING,
    generateName: STRING,
    labels: { kind: 'strings', type: 'map[string]string' },
    annotations: { kind: 'strings', type: 'map[string]string' },
    ...ANY_FIELDS([
      'uid',
      'resourceVersion',
      'generation',
      'creationTimestamp',
      'deletionTimestamp',
      'deletionGracePeriodSeconds',
      'ownerReferences',
      'finalizers',
      'managedFields',
      'selfLink',
      'clusterName',
    ]),
  },
};

export const NETWORK_POLICY_SPEC: Extract<Schema, { kind: 'object' }> = {
  kind: 'object',
  type: 'v1.NetworkPolicySpec',
  noun: 'a NetworkPolicy spec',
  meant: { selector: 'podSelector', types: 'policyTypes', from: 'ingress', to: 'egress' },
  fields: {
    podSelector: LABEL_SELECTOR,
    policyTypes: list('v1.PolicyType', oneOf('v1.PolicyType', POLICY_TYPES)),
    ingress: {
      kind: 'list',
      type: '[]v1.NetworkPolicyIngressRule',
      element: {
        kind: 'object',
        type: 'v1.NetworkPolicyIngressRule',
        noun: 'an ingress rule',
        meant: { to: 'from', podSelector: 'from', namespaceSelector: 'from', ipBlock: 'from', protocol: 'ports' },
        fields: { from: PEERS, ports: PORTS },
      },
    },
    egress: {
      kind: 'list',
      type: '[]v1.NetworkPolicyEgressRule',
      element: {
        kind: 'object',
        type: 'v1.NetworkPolicyEgressRule',
        noun: 'an egress rule',
        meant: { from: 'to', podSelector: 'to', namespaceSelector: 'to', ipBlock: 'to', protocol: 'ports' },
        fields: { to: PEERS, ports: PORTS },
      },
    },
  },
};

export const NETWORK_POLICY: Schema = {
  kind: 'object',
  type: 'v1.NetworkPolicy',
  noun: 'a NetworkPolicy',
  meant: { podSelector: 'spec', ingress: 'spec', egress: 'spec', policyTypes: 'spec' },
  fields: {
    apiVersion: STRING,
    kind: STRING,
    metadata: METADATA,
    spec: NETWORK_POLICY_SPEC,
    // Served by Kubernetes 1.24 to 1.27.
    status: ANY,
  },
};
