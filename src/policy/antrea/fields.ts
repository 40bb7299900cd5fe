/**
 * The fields of crd.antrea.io/v1beta1 as data: ClusterNetworkPolicy, NetworkPolicy, Tier, ClusterGroup, Group.
 * Source: https://github.com/antrea-io/antrea, pkg/apis/crd/v1beta1/types.go and build/charts/antrea/crds.
 */
import { ANY, LABEL_SELECTOR, METADATA, STRING, STRING_LIST } from '../kubernetes/fields.js';
import { list, object, type Schema } from '../kubernetes/schema.js';

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
      namespaces: object('PeerNamespaces', 'a match of namespaces', { match: STRING, sameLabels: STRING_LIST }),
      group: STRING,
      fqdn: STRING,
      serviceAccount: NAMESPACED_NAME,
      scope: STRING,
    },
    { matchLabels: 'podSelector', cidr: 'ipBlock', domainNames: 'fqdn' },
  ),
);

const PORTS = list(
  'NetworkPolicyPort',
  object('NetworkPolicyPort', 'a port', {
    protocol: STRING,
    port: { kind: 'intOrString', type: 'int32 or string' },
    endPort: INT32,
    sourcePort: INT32,
    sourceEndPort: INT32,
  }),
);

const PROTOCOLS = list(
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
      http: object('HTTPProtocol', 'a match of HTTP', { host: STRING, method: STRING, path: STRING }),
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
        action: STRING,
        ports: PORTS,
        protocols: PROTOCOLS,
        l7Protocols: L7_PROTOCOLS,
        [side]: PEERS,
        ...(side === 'to' && {
          toServices: list(
            'PeerService',
            object('PeerService', 'a service', { name: STRING, namespace: STRING, scope: STRING }),
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

export const policyFields = (kind: string): Schema =>
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

export const groupFields = (kind: string): Schema =>
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
