/**
 * The fields of Cilium's kinds, cilium.io/v2, as data.
 * Source: https://github.com/cilium/cilium, pkg/policy/api and pkg/k8s/apis/cilium.io/v2.
 */
import { ANY, LABEL_SELECTOR, METADATA, STRING, STRING_LIST } from '../kubernetes/fields.js';
import { list, type ObjectSchema, object, oneOf, type Schema } from '../kubernetes/schema.js';
import { ENTITIES } from './model.js';

export const PROTOCOLS = ['TCP', 'UDP', 'SCTP', 'ANY', 'VRRP', 'IGMP', 'GRE', 'IPIP', 'IPV6', 'ESP', 'AH'] as const;
export const MODES = ['disabled', 'required', 'test-always-fail'] as const;
export const MISMATCHES = ['LOG', 'ADD', 'DELETE', 'REPLACE'] as const;
/** By name, their numbers. */
export const FAMILIES = { IPv4: 4, IPv6: 6 } as const;

const BOOL: Schema = { kind: 'bool', type: 'bool' };

const SELECTOR = { ...(LABEL_SELECTOR as ObjectSchema), type: 'api.EndpointSelector' };
const SELECTORS = list('api.EndpointSelector', SELECTOR);

const BLOCK = object(
  'api.CIDRRule',
  'an entry of a CIDR set',
  { cidr: STRING, cidrGroupRef: STRING, cidrGroupSelector: LABEL_SELECTOR, except: STRING_LIST },
  { exceptCIDRs: 'except', cidrs: 'cidr', ipBlock: 'cidr' },
);

const NAME = object('api.FQDNSelector', 'a name', { matchName: STRING, matchPattern: STRING });

const PORTS = list(
  'api.PortProtocol',
  object(
    'api.PortProtocol',
    'a port',
    { port: STRING, endPort: { kind: 'int32', type: 'int32' }, protocol: oneOf('string', PROTOCOLS) },
    { containerPort: 'port', targetPort: 'port', number: 'port' },
  ),
);

const HTTP = object('api.PortRuleHTTP', 'an HTTP rule', {
  path: STRING,
  method: STRING,
  host: STRING,
  headers: STRING_LIST,
  headerMatches: list(
    'api.HeaderMatch',
    object('api.HeaderMatch', 'a header match', {
      mismatch: oneOf('string', MISMATCHES),
      name: STRING,
      value: STRING,
      secret: object('api.Secret', 'a secret', { namespace: STRING, name: STRING }),
    }),
  ),
});

const PORT_RULE = object(
  'api.PortRule',
  'an entry of toPorts',
  {
    ports: PORTS,
    terminatingTLS: ANY,
    originatingTLS: ANY,
    serverNames: STRING_LIST,
    listener: object('api.Listener', 'a listener', { envoyConfig: ANY, name: STRING, priority: ANY }),
    rules: object('api.L7Rules', 'the rules of layer 7', {
      http: list('api.PortRuleHTTP', HTTP),
      dns: list('api.PortRuleDNS', NAME),
      kafka: list('kafka.PortRule', ANY),
      l7proto: STRING,
      l7: list('api.PortRuleL7', ANY),
    }),
  },
  { port: 'ports', protocol: 'ports' },
);

const PORT_DENY_RULE = object('api.PortDenyRule', 'an entry of toPorts', { ports: PORTS }, { port: 'ports' });

const ICMPS = list(
  'api.ICMPRule',
  object('api.ICMPRule', 'an ICMP rule', {
    fields: list(
      'api.ICMPField',
      object('api.ICMPField', 'an ICMP field', {
        family: oneOf('string', Object.keys(FAMILIES)),
        type: { kind: 'intOrString', type: 'int32 or string' },
      }),
    ),
  }),
);

const AUTHENTICATION = object('api.Authentication', 'authentication', { mode: oneOf('string', MODES) });

const FROM = {
  fromEndpoints: SELECTORS,
  fromRequires: SELECTORS,
  fromCIDR: STRING_LIST,
  fromCIDRSet: list('api.CIDRRule', BLOCK),
  fromEntities: list('string', oneOf('string', ENTITIES)),
  fromGroups: list('api.Groups', ANY),
  fromNodes: SELECTORS,
};

const TO = {
  toEndpoints: SELECTORS,
  toRequires: SELECTORS,
  toCIDR: STRING_LIST,
  toCIDRSet: list('api.CIDRRule', BLOCK),
  toEntities: list('string', oneOf('string', ENTITIES)),
  toGroups: list('api.Groups', ANY),
  toNodes: SELECTORS,
  toServices: list(
    'api.Service',
    object('api.Service', 'a service', {
      k8sService: object('api.K8sServiceNamespace', 'a service', { serviceName: STRING, namespace: STRING }),
      k8sServiceSelector: object('api.K8sServiceSelectorNamespace', 'a selector of services', {
        selector: LABEL_SELECTOR,
        namespace: STRING,
      }),
    }),
  ),
};

const FROM_MEANT = {
  from: 'fromEndpoints',
  fromCidr: 'fromCIDR',
  fromEntity: 'fromEntities',
  fromFQDNs: 'fromCIDR',
  fromServices: 'fromEndpoints',
  ports: 'toPorts',
  fromPorts: 'toPorts',
  toEndpoints: 'fromEndpoints',
  toEntities: 'fromEntities',
  toCIDR: 'fromCIDR',
  toCIDRSet: 'fromCIDRSet',
};

const TO_MEANT = {
  to: 'toEndpoints',
  toCidr: 'toCIDR',
  toEntity: 'toEntities',
  toFQDN: 'toFQDNs',
  ports: 'toPorts',
  fromEndpoints: 'toEndpoints',
  fromEntities: 'toEntities',
  fromCIDR: 'toCIDR',
  fromCIDRSet: 'toCIDRSet',
};

const SPEC = object(
  'api.Rule',
  'a spec',
  {
    endpointSelector: SELECTOR,
    nodeSelector: SELECTOR,
    ingress: list(
      'api.IngressRule',
      object(
        'api.IngressRule',
        'an ingress rule',
        { ...FROM, toPorts: list('api.PortRule', PORT_RULE), icmps: ICMPS, authentication: AUTHENTICATION },
        FROM_MEANT,
      ),
    ),
    ingressDeny: list(
      'api.IngressDenyRule',
      object(
        'api.IngressDenyRule',
        'an ingressDeny rule',
        { ...FROM, toPorts: list('api.PortDenyRule', PORT_DENY_RULE), icmps: ICMPS },
        FROM_MEANT,
      ),
    ),
    egress: list(
      'api.EgressRule',
      object(
        'api.EgressRule',
        'an egress rule',
        {
          ...TO,
          toFQDNs: list('api.FQDNSelector', NAME),
          toPorts: list('api.PortRule', PORT_RULE),
          icmps: ICMPS,
          authentication: AUTHENTICATION,
        },
        TO_MEANT,
      ),
    ),
    egressDeny: list(
      'api.EgressDenyRule',
      object(
        'api.EgressDenyRule',
        'an egressDeny rule',
        { ...TO, toPorts: list('api.PortDenyRule', PORT_DENY_RULE), icmps: ICMPS },
        TO_MEANT,
      ),
    ),
    enableDefaultDeny: object('api.DefaultDenyConfig', 'enableDefaultDeny', { ingress: BOOL, egress: BOOL }),
    labels: ANY,
    description: STRING,
    log: ANY,
  },
  { podSelector: 'endpointSelector', selector: 'endpointSelector', from: 'ingress', to: 'egress' },
);

const wrapped = (kind: string): Schema =>
  object(
    `v2.${kind}`,
    `a ${kind}`,
    {
      apiVersion: STRING,
      kind: STRING,
      metadata: METADATA,
      spec: SPEC,
      specs: list('api.Rule', SPEC),
      status: ANY,
    },
    { endpointSelector: 'spec', nodeSelector: 'spec', ingress: 'spec', egress: 'spec' },
  );

export const NETWORK_POLICY = wrapped('CiliumNetworkPolicy');
export const CLUSTERWIDE_POLICY = wrapped('CiliumClusterwideNetworkPolicy');

export const CIDR_GROUP = object(
  'v2.CiliumCIDRGroup',
  'a CiliumCIDRGroup',
  {
    apiVersion: STRING,
    kind: STRING,
    metadata: METADATA,
    spec: object(
      'v2.CiliumCIDRGroupSpec',
      'a CiliumCIDRGroup spec',
      { externalCIDRs: STRING_LIST },
      {
        cidrs: 'externalCIDRs',
        externalCidrs: 'externalCIDRs',
      },
    ),
    status: ANY,
  },
  { externalCIDRs: 'spec' },
);
