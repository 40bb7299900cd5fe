/**
 * The fields of crd.antrea.io/v1beta1 as data: ClusterNetworkPolicy, NetworkPolicy, Tier, ClusterGroup, Group.
 * Source: https://github.com/antrea-io/antrea, pkg/apis/crd/v1beta1/types.go and build/charts/antrea/crds.
 */
import { ANY, LABEL_SELECTOR, METADATA, PROTOCOLS, STRING, STRING_LIST } from '../kubernetes/fields.js';
import { list, object, oneOf, type Schema } from '../kubernetes/schema.js';

/** What a rule's action means. */
export const ACTIONS = { Allow: 'allow', Drop: 'deny', Reject: 'deny', Pass: 'pass' } as const;
export const SCOPES = ['Cluster', 'ClusterSet'] as const;
export const MATCHES = ['Self'] as const;
export const METHODS: readonly string[] = [
  'GET',
  'POST',
  'PUT',
  'HEAD',
  'DELETE',
  'TRACE',
  'OPTIONS',
  'CONNECT',
  'PATCH',
];

const INT32: Schema = { kind: 'int32', type: 'int32' };

const NAMESPACED_NAME = object('NamespacedName', 'a name with its namespace', { name: STRING, namespace: STRING });

const BLOCK = object('IPBlock', 'an ipBlock', { cidr: STRING, except: STRING_LIST });

const SELECTORS = {
  podSelector: LABEL_SELECTOR,
  namespaceSelector: LABEL_SELECTOR,
  externalEntitySelector: LABEL_SELECTOR,
  nodeSelector: LABEL_SELECTOR,
};

const APPLIED_TO = list(
  'AppliedTo',
  object(
    'AppliedTo',
    'an entry of appliedTo',
    { ...SELECTORS, group: STRING, serviceAccount: NAMESPACED_NAME, service: NAMESPACED_NAME },
    { matchLabels: 'podSelector', pods: 'podSelector', namespaces: 'namespaceSelector' },
  ),
);

const PEERS = list(
  'NetworkPolicyPeer',
  object(
    'NetworkPolicyPeer',
    'a peer',
    {
      ...SELECTORS,
      ipBlock: BLOCK,
      namespaces: object('PeerNamespaces', 'a match of namespaces', {
        match: oneOf('string', MATCHES),
        sameLabels: STRING_LIST,
      }),
      group: STRING,
      fqdn: STRING,
      serviceAccount: NAMESPACED_NAME,
      scope: oneOf('string', SCOPES),
    },
    { matchLabels: 'podSelector', cidr: 'ipBlock', domainNames: 'fqdn' },
  ),
);

const PORTS = list(
  'NetworkPolicyPort',
  object('NetworkPolicyPort', 'a port', {
    protocol: oneOf('string', PROTOCOLS),
    port: { kind: 'intOrString', type: 'int32 or string' },
    endPort: INT32,
    sourcePort: INT32,
    sourceEndPort: INT32,
  }),
);

const OTHER_PROTOCOLS = list(
  'NetworkPolicyProtocol',
  object('NetworkPolicyProtocol', 'a protocol', {
    icmp: object('ICMPProtocol', 'a match of ICMP', { icmpType: INT32, icmpCode: INT32 }),
    igmp: object('IGMPProtocol', 'a match of IGMP', { igmpType: INT32, groupAddress: STRING }),
  }),
);

const L7_PROTOCOLS = list(
  'L7Protocol',
  object(
    'L7Protocol',
    'a protocol of layer 7',
    {
      http: object('HTTPProtocol', 'a match of HTTP', { host: STRING, method: oneOf('string', METHODS), path: STRING }),
      tls: object('TLSProtocol', 'a match of TLS', { sni: STRING }),
    },
    { https: 'tls', HTTP: 'http' },
  ),
);

const rules = (side: 'from' | 'to'): Schema =>
  list(
    'Rule',
    object(
      'Rule',
      'a rule',
      {
        action: oneOf('string', Object.keys(ACTIONS)),
        ports: PORTS,
        protocols: OTHER_PROTOCOLS,
        l7Protocols: L7_PROTOCOLS,
        [side]: PEERS,
        ...(side === 'to' && {
          toServices: list(
            'PeerService',
            object('PeerService', 'a service', { name: STRING, namespace: STRING, scope: oneOf('string', SCOPES) }),
          ),
        }),
        name: STRING,
        enableLogging: { kind: 'boolean', type: 'bool' },
        logLabel: STRING,
        appliedTo: APPLIED_TO,
      },
      { [side === 'from' ? 'to' : 'from']: side },
    ),
  );

const document = (kind: string, spec: Readonly<Record<string, Schema>>, meant: Readonly<Record<string, string>>) =>
  object(kind, `a ${kind}`, {
    apiVersion: STRING,
    kind: STRING,
    metadata: METADATA,
    spec: object(`${kind}Spec`, `a ${kind}'s spec`, spec, meant),
    status: ANY,
  });

const policyFields = (kind: string): Schema =>
  document(
    kind,
    {
      tier: STRING,
      priority: { kind: 'number', type: 'float64' },
      appliedTo: APPLIED_TO,
      ingress: rules('from'),
      egress: rules('to'),
    },
    { podSelector: 'appliedTo', subject: 'appliedTo', selector: 'appliedTo' },
  );

export const TIER_FIELDS = document('Tier', { priority: INT32, description: STRING }, { order: 'priority' });

const groupFields = (kind: string): Schema =>
  document(
    kind,
    {
      ...SELECTORS,
      ipBlock: BLOCK,
      ipBlocks: list('IPBlock', BLOCK),
      serviceReference: NAMESPACED_NAME,
      childGroups: STRING_LIST,
    },
    { service: 'serviceReference', groups: 'childGroups', cidr: 'ipBlocks' },
  );

export const POLICIES = {
  ClusterNetworkPolicy: policyFields('ClusterNetworkPolicy'),
  NetworkPolicy: policyFields('NetworkPolicy'),
} as const;
export const GROUPS = { ClusterGroup: groupFields('ClusterGroup'), Group: groupFields('Group') } as const;
