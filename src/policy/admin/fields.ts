/**
 * The fields of policy.networking.k8s.io as data: ClusterNetworkPolicy (v1alpha2, and v1beta1 with the same fields),
 * AdminNetworkPolicy and BaselineAdminNetworkPolicy (v1alpha1).
 * Source: https://github.com/kubernetes-sigs/network-policy-api, apis/v1alpha1, apis/v1alpha2, apis/v1beta1.
 */
import { ANY, LABEL_SELECTOR, METADATA, PROTOCOLS, STRING, STRING_LIST } from '../kubernetes/fields.js';
import { oneOf, type Schema } from '../kubernetes/schema.js';
import type { AdminRule } from './model.js';

/** By kind, what a rule's action means. */
export const ACTIONS = {
  ClusterNetworkPolicy: { Accept: 'allow', Deny: 'deny', Pass: 'pass' },
  AdminNetworkPolicy: { Allow: 'allow', Deny: 'deny', Pass: 'pass' },
  BaselineAdminNetworkPolicy: { Allow: 'allow', Deny: 'deny' },
} as const satisfies Record<string, Readonly<Record<string, AdminRule['action']>>>;
export const TIERS = ['Admin', 'Baseline'] as const;

const INT32: Schema = { kind: 'int32', type: 'int32' };
const FAILS_CLOSED =
  'A peer with no other field fails closed: its rule, if it accepts, matches nothing, and denies everything if not';

/** Where the older dialect had something of its own (A15): read, so that it can be told. */
const NAMESPACES: Schema = {
  ...LABEL_SELECTOR,
  fields: { ...LABEL_SELECTOR.fields, namespaceSelector: ANY, sameLabels: ANY, notSameLabels: ANY },
};

const NAMESPACED_POD: Schema = {
  kind: 'object',
  type: 'NamespacedPod',
  noun: 'a selection of pods',
  meant: { matchLabels: 'podSelector', labels: 'podSelector' },
  fields: { namespaceSelector: LABEL_SELECTOR, podSelector: LABEL_SELECTOR, namespaces: ANY },
};

const SUBJECT: Schema = {
  kind: 'object',
  type: 'Subject',
  noun: 'a subject',
  meant: { podSelector: 'pods', namespaceSelector: 'namespaces' },
  fields: { namespaces: NAMESPACES, pods: NAMESPACED_POD },
};

const peers = (fields: Readonly<Record<string, Schema>>): Schema => ({
  kind: 'list',
  type: '[]Peer',
  element: {
    kind: 'object',
    type: 'Peer',
    noun: 'a peer',
    meant: { podSelector: 'pods', namespaceSelector: 'namespaces', ipBlock: 'networks', cidr: 'networks' },
    unknown: FAILS_CLOSED,
    fields,
  },
});

const INGRESS_PEERS = peers({ namespaces: NAMESPACES, pods: NAMESPACED_POD });
const EGRESS_PEERS = peers({
  namespaces: NAMESPACES,
  pods: NAMESPACED_POD,
  nodes: LABEL_SELECTOR,
  networks: STRING_LIST,
  domainNames: STRING_LIST,
});

const UNKNOWN_PROTOCOL = 'As long as it is not known, what the rule could match is undecided';

const PROTOCOL: Schema = {
  kind: 'object',
  type: 'ClusterNetworkPolicyProtocol',
  noun: 'a protocol',
  meant: { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp', namedPort: 'destinationNamedPort', portNumber: 'tcp' },
  unknown: UNKNOWN_PROTOCOL,
  fields: {
    ...Object.fromEntries(
      ['tcp', 'udp', 'sctp'].map((name): [string, Schema] => [
        name,
        {
          kind: 'object',
          type: `ClusterNetworkPolicyProtocol${name.toUpperCase()}`,
          noun: `a match of ${name.toUpperCase()}`,
          meant: { port: 'destinationPort', number: 'destinationPort', range: 'destinationPort' },
          unknown: UNKNOWN_PROTOCOL,
          fields: {
            destinationPort: {
              kind: 'object',
              type: 'Port',
              noun: 'a port',
              meant: { port: 'number', portRange: 'range', start: 'range', end: 'range' },
              fields: {
                number: INT32,
                range: {
                  kind: 'object',
                  type: 'PortRange',
                  noun: 'a range of ports',
                  fields: { start: INT32, end: INT32 },
                },
              },
            },
          },
        },
      ]),
    ),
    destinationNamedPort: STRING,
  },
};

const OLDER_PORT: Schema = {
  kind: 'object',
  type: 'AdminNetworkPolicyPort',
  noun: 'a port',
  meant: { port: 'portNumber', protocol: 'portNumber', endPort: 'portRange', name: 'namedPort' },
  unknown: UNKNOWN_PROTOCOL,
  fields: {
    portNumber: {
      kind: 'object',
      type: 'Port',
      noun: 'a port number',
      meant: { number: 'port' },
      fields: { protocol: oneOf('string', PROTOCOLS), port: INT32 },
    },
    namedPort: STRING,
    portRange: {
      kind: 'object',
      type: 'PortRange',
      noun: 'a range of ports',
      fields: { protocol: oneOf('string', PROTOCOLS), start: INT32, end: INT32 },
    },
  },
};

const rules = (
  kind: keyof typeof ACTIONS,
  side: 'from' | 'to',
  of: Schema,
  portsField: 'protocols' | 'ports',
  port: Schema,
): Schema => ({
  kind: 'list',
  type: '[]Rule',
  element: {
    kind: 'object',
    type: 'Rule',
    noun: 'a rule',
    meant: { [side === 'from' ? 'to' : 'from']: side, ports: portsField, protocols: portsField },
    fields: {
      name: STRING,
      action: oneOf('string', Object.keys(ACTIONS[kind])),
      [side]: of,
      [portsField]: { kind: 'list', type: `[]${portsField}`, element: port },
    },
  },
});

const policy = (
  kind: keyof typeof ACTIONS,
  own: Readonly<Record<string, Schema>>,
  ports: 'protocols' | 'ports',
  port: Schema,
) =>
  ({
    kind: 'object',
    type: kind,
    noun: `a ${kind}`,
    meant: { subject: 'spec', ingress: 'spec', egress: 'spec', priority: 'spec', tier: 'spec' },
    fields: {
      apiVersion: STRING,
      kind: STRING,
      metadata: METADATA,
      spec: {
        kind: 'object',
        type: `${kind}Spec`,
        noun: `a ${kind}'s spec`,
        meant: { podSelector: 'subject', appliedTo: 'subject', selector: 'subject' },
        fields: {
          ...own,
          subject: SUBJECT,
          ingress: rules(kind, 'from', INGRESS_PEERS, ports, port),
          egress: rules(kind, 'to', EGRESS_PEERS, ports, port),
        },
      },
      status: ANY,
    },
  }) as const satisfies Schema;

export const CLUSTER_NETWORK_POLICY = policy(
  'ClusterNetworkPolicy',
  { tier: oneOf('string', TIERS), priority: INT32 },
  'protocols',
  PROTOCOL,
);
export const ADMIN_NETWORK_POLICY = policy('AdminNetworkPolicy', { priority: INT32 }, 'ports', OLDER_PORT);
export const BASELINE_ADMIN_NETWORK_POLICY = policy('BaselineAdminNetworkPolicy', {}, 'ports', OLDER_PORT);
