/**
 * The fields of Calico's kinds, projectcalico.org/v3, as data.
 * Source: https://github.com/projectcalico/calico, api/pkg/apis/projectcalico/v3; and https://docs.tigera.io/calico/latest/reference/resources/
 */
import { ANY, METADATA, NETWORK_POLICY_SPEC, STRING, STRING_LIST } from '../kubernetes/fields.js';
import { list, type ObjectSchema, oneOf, type Schema } from '../kubernetes/schema.js';

export const ACTIONS = ['Allow', 'Deny', 'Log', 'Pass'] as const;
export const TYPES = ['Ingress', 'Egress'] as const;
export const STAGED_ACTIONS = ['Set', 'Delete', 'Learn', 'Ignore'] as const;
export const DEFAULT_ACTIONS = ['Pass', 'Deny'] as const;
/** By name, their numbers. */
export const PROTOCOLS: Readonly<Record<string, number>> = {
  TCP: 6,
  UDP: 17,
  ICMP: 1,
  ICMPv6: 58,
  SCTP: 132,
  UDPLite: 136,
};

const INT: Schema = { kind: 'int32', type: 'int' };
const NUMBER: Schema = { kind: 'number', type: 'float64' };
const BOOLEAN: Schema = { kind: 'boolean', type: 'bool' };
const PROTOCOL: Schema = { kind: 'intOrString', type: 'numorstring.Protocol', values: Object.keys(PROTOCOLS) };
const PORTS: Schema = {
  kind: 'list',
  type: '[]numorstring.Port',
  element: { kind: 'intOrString', type: 'numorstring.Port' },
};

const ICMP: Schema = {
  kind: 'object',
  type: 'v3.ICMPFields',
  noun: 'ICMP fields',
  fields: { type: INT, code: INT },
};

const ENTITY: Schema = {
  kind: 'object',
  type: 'v3.EntityRule',
  noun: 'a source or destination',
  meant: { podSelector: 'selector', cidr: 'nets', cidrs: 'nets', net: 'nets', ipBlock: 'nets', port: 'ports' },
  fields: {
    nets: STRING_LIST,
    notNets: STRING_LIST,
    selector: STRING,
    notSelector: STRING,
    namespaceSelector: STRING,
    services: {
      kind: 'object',
      type: 'v3.ServiceMatch',
      noun: 'a service match',
      fields: { name: STRING, namespace: STRING },
    },
    ports: PORTS,
    notPorts: PORTS,
    serviceAccounts: {
      kind: 'object',
      type: 'v3.ServiceAccountMatch',
      noun: 'a service account match',
      meant: { name: 'names' },
      fields: { names: STRING_LIST, selector: STRING },
    },
    // Of Calico Enterprise and Calico Cloud.
    domains: STRING_LIST,
  },
};

const RULES: Schema = {
  kind: 'list',
  type: '[]v3.Rule',
  element: {
    kind: 'object',
    type: 'v3.Rule',
    noun: 'a rule',
    meant: {
      from: 'source',
      to: 'destination',
      ports: 'destination',
      selector: 'source',
      nets: 'source',
      notIcmp: 'notICMP',
    },
    fields: {
      action: oneOf('string', ACTIONS),
      ipVersion: INT,
      protocol: PROTOCOL,
      notProtocol: PROTOCOL,
      icmp: ICMP,
      notICMP: ICMP,
      source: ENTITY,
      destination: ENTITY,
      http: {
        kind: 'object',
        type: 'v3.HTTPMatch',
        noun: 'an HTTP match',
        fields: {
          methods: STRING_LIST,
          paths: {
            kind: 'list',
            type: '[]v3.HTTPPath',
            element: { kind: 'object', type: 'v3.HTTPPath', noun: 'a path', fields: { exact: STRING, prefix: STRING } },
          },
          // Of Calico Enterprise and Calico Cloud.
          headers: ANY,
        },
      },
      metadata: {
        kind: 'object',
        type: 'v3.RuleMetadata',
        noun: 'rule metadata',
        fields: { annotations: { kind: 'strings', type: 'map[string]string' } },
      },
    },
  },
};

const document = (kind: string, noun: string, spec: Schema, meant: Record<string, string> = {}): ObjectSchema => ({
  kind: 'object',
  type: `v3.${kind}`,
  noun,
  meant,
  fields: { apiVersion: STRING, kind: STRING, metadata: METADATA, spec, status: ANY },
});

const AT_SPEC = {
  selector: 'spec',
  types: 'spec',
  ingress: 'spec',
  egress: 'spec',
  order: 'spec',
  tier: 'spec',
  nets: 'spec',
};

const NAMESPACED = {
  tier: STRING,
  order: NUMBER,
  selector: STRING,
  serviceAccountSelector: STRING,
  types: list('string', oneOf('string', TYPES)),
  ingress: RULES,
  egress: RULES,
  performanceHints: STRING_LIST,
};
const GLOBAL = {
  ...NAMESPACED,
  namespaceSelector: STRING,
  doNotTrack: BOOLEAN,
  preDNAT: BOOLEAN,
  applyOnForward: BOOLEAN,
};
const STAGED = { stagedAction: oneOf('string', STAGED_ACTIONS) };

const policy = (kind: string, fields: Readonly<Record<string, Schema>>): ObjectSchema =>
  document(
    kind,
    `a ${kind} of Calico`,
    {
      kind: 'object',
      type: `v3.${kind}Spec`,
      noun: `a ${kind} spec of Calico`,
      meant: { podSelector: 'selector', policyTypes: 'types', priority: 'order' },
      fields,
    },
    AT_SPEC,
  );

export const POLICIES = {
  NetworkPolicy: policy('NetworkPolicy', NAMESPACED),
  GlobalNetworkPolicy: policy('GlobalNetworkPolicy', GLOBAL),
  StagedNetworkPolicy: policy('StagedNetworkPolicy', { ...STAGED, ...NAMESPACED }),
  StagedGlobalNetworkPolicy: policy('StagedGlobalNetworkPolicy', { ...STAGED, ...GLOBAL }),
} as const;

export const STAGED_KUBERNETES: ObjectSchema = document('StagedKubernetesNetworkPolicy', 'a staged NetworkPolicy', {
  ...NETWORK_POLICY_SPEC,
  fields: { ...STAGED, ...NETWORK_POLICY_SPEC.fields },
});

export const TIER = document('Tier', 'a Tier', {
  kind: 'object',
  type: 'v3.TierSpec',
  noun: 'a Tier spec',
  meant: { action: 'defaultAction', priority: 'order' },
  fields: { order: NUMBER, defaultAction: oneOf('string', DEFAULT_ACTIONS) },
});

export const NETWORK_SET = document(
  'NetworkSet',
  'a network set',
  {
    kind: 'object',
    type: 'v3.NetworkSetSpec',
    noun: 'a network set spec',
    meant: { cidrs: 'nets', networks: 'nets', labels: 'metadata' },
    // Domains are of Calico Enterprise and Calico Cloud.
    fields: { nets: STRING_LIST, allowedEgressDomains: STRING_LIST },
  },
  AT_SPEC,
);

export const HOST_ENDPOINT = document('HostEndpoint', 'a HostEndpoint', {
  kind: 'object',
  type: 'v3.HostEndpointSpec',
  noun: 'a HostEndpoint spec',
  meant: { interface: 'interfaceName', expectedIps: 'expectedIPs', nodeName: 'node' },
  fields: {
    node: STRING,
    interfaceName: STRING,
    expectedIPs: STRING_LIST,
    profiles: STRING_LIST,
    ports: {
      kind: 'list',
      type: '[]v3.EndpointPort',
      element: {
        kind: 'object',
        type: 'v3.EndpointPort',
        noun: 'an endpoint port',
        fields: { name: STRING, protocol: PROTOCOL, port: INT },
      },
    },
  },
});

export const PROFILE = document('Profile', 'a Profile', {
  kind: 'object',
  type: 'v3.ProfileSpec',
  noun: 'a Profile spec',
  fields: { ingress: RULES, egress: RULES, labelsToApply: { kind: 'strings', type: 'map[string]string' } },
});
