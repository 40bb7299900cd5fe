/** Random clusters and policies of Cilium as documents, from small pools, so that selectors meet what is there. */
import fc from 'fast-check';
import type { PacketLiteral } from '../../tree/packets.js';
import { namespace, node, pod, service } from './ask.js';
import type { Raw } from './oracle.js';

const NAMESPACES = ['shop', 'other'] as const;
const POD_V4 = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.1.1', '10.0.1.2'];
const NODES = ['192.168.0.1', '192.168.0.2', '192.168.0.3'];
const OUTSIDE = [
  '203.0.113.9',
  '203.0.113.99',
  '198.51.100.7',
  '10.0.0.200',
  '10.0.1.250',
  '10.9.9.9',
  '2001:db8::1',
  'fd00::99',
];
const ADDRESSES = [...POD_V4, 'fd00::1', 'fd00::2', ...NODES, ...OUTSIDE, '169.254.20.10'];

/** @param often 2: as often as not; 1: a third; 0: a tenth */
const maybe = <T>(arbitrary: fc.Arbitrary<T>, often: 0 | 1 | 2 = 2): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: [1, 3, 5][often]!, arbitrary }, { weight: [9, 6, 5][often]!, arbitrary: fc.constant(undefined) });
/** Without the keys that are undefined. */
const record = (fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Raw> =>
  fc.record(fields).map(it => Object.fromEntries(Object.entries(it).filter(([, value]) => value !== undefined)));

const arbLabels = record({
  app: maybe(fc.constantFrom('a', 'b')),
  tier: maybe(fc.constantFrom('1', '2')),
  'pod-template-hash': maybe(fc.constant('x'), 1),
});

const arbPorts = fc
  .record({
    http: fc.constantFrom(0, 80, 80, 8080),
    dns: fc.constantFrom(0, 0, 53),
    protocol: fc.constantFrom('TCP', 'UDP'),
  })
  .map(({ http, dns, protocol }) => [
    ...(http === 0 ? [] : [{ name: 'http', containerPort: http, protocol: 'TCP' }]),
    ...(dns === 0 ? [] : [{ name: 'dns', containerPort: dns, protocol }]),
  ]);

const arbPod = fc.record({
  ns: fc.constantFrom(...NAMESPACES),
  labels: arbLabels,
  node: fc.constantFrom('n1', 'n1', 'n2', 'n2', 'gone'),
  account: fc.constantFrom('default', 'caller'),
  ports: arbPorts,
});

export interface RandomCluster {
  readonly objects: readonly object[];
}

export const arbCluster: fc.Arbitrary<RandomCluster> = fc
  .record({
    teams: fc.tuple(fc.constantFrom('a', 'b'), fc.constantFrom('a', 'b')),
    pods: fc.tuple(arbPod, arbPod, arbPod, arbPod, arbPod),
    isDual: fc.boolean(),
    roles: fc.tuple(fc.constantFrom('w', 'c'), fc.constantFrom('w', 'c'), fc.constantFrom('w', 'c')),
    hasApi: fc.boolean(),
    hasServices: fc.boolean(),
    hasBlocks: fc.boolean(),
    service: arbLabels,
  })
  .map(it => ({
    objects: [
      ...NAMESPACES.map((name, i) => namespace(name, { team: it.teams[i]! })),
      ...NODES.map((address, i) =>
        node(`n${i + 1}`, [address], { role: it.roles[i]! }, it.hasBlocks && i < 2 ? [`10.0.${i}.0/24`] : []),
      ),
      ...it.pods.map(({ ns, ...rest }, i) =>
        pod({ at: `${ns}/p${i}`, ...rest, ips: [POD_V4[i]!, ...(it.isDual && i < 2 ? [`fd00::${i + 1}`] : [])] }),
      ),
      ...(it.hasApi ? service('default/kubernetes', null, ['192.168.0.3', '198.51.100.7']) : []),
      ...(it.hasServices
        ? [
            ...service('other/sel', Object.keys(it.service).length === 0 ? { app: 'a' } : it.service, [], {
              kind: 'x',
            }),
            ...service('shop/ext', null, ['203.0.113.9', '10.0.0.1']),
          ]
        : []),
    ],
  }));

const arbRequirement = fc.oneof(
  fc.record({
    key: fc.constantFrom('app', 'k8s:app', 'any:tier', 'tier', 'container:app', 'pod-template-hash'),
    operator: fc.constantFrom('In', 'NotIn'),
    values: fc.constantFrom(['a'], ['a', 'b'], ['1'], ['x']),
  }),
  fc.record({
    key: fc.constantFrom(
      'app',
      'tier',
      'none',
      'io.kubernetes.pod.namespace',
      'k8s:io.cilium.k8s.policy.serviceaccount',
      'pod-template-hash',
    ),
    operator: fc.constantFrom('Exists', 'DoesNotExist'),
  }),
  fc.record({
    key: fc.constantFrom(
      'io.kubernetes.pod.namespace',
      'k8s:io.kubernetes.pod.namespace',
      'io.cilium.k8s.policy.serviceaccount',
    ),
    operator: fc.constantFrom('In', 'NotIn'),
    values: fc.constantFrom(['shop'], ['other'], ['shop', 'other'], ['caller']),
  }),
);

const arbMatchLabels = record({
  app: maybe(fc.constantFrom('a', 'b')),
  'k8s:tier': maybe(fc.constantFrom('1', '2'), 1),
  'k8s:io.kubernetes.pod.namespace': maybe(fc.constantFrom(...NAMESPACES), 1),
  'io.cilium.k8s.policy.serviceaccount': maybe(fc.constant('caller'), 0),
});

const arbPlain = record({
  matchLabels: maybe(arbMatchLabels),
  matchExpressions: maybe(fc.array(arbRequirement, { maxLength: 2 }), 1),
});

const arbSpecial: fc.Arbitrary<Raw> = fc.constantFrom(
  { matchLabels: { 'io.cilium.k8s.namespace.labels.team': 'a' } },
  { matchLabels: { 'k8s:io.cilium.k8s.namespace.labels.team': 'b', app: 'a' } },
  { matchLabels: { 'io.cilium.k8s.policy.cluster': 'one' } },
  { matchExpressions: [{ key: 'io.cilium.k8s.policy.cluster', operator: 'Exists' }] },
);

const arbReserved: fc.Arbitrary<Raw> = fc
  .record({
    key: fc.constantFrom(
      'reserved:host',
      'reserved:remote-node',
      'reserved:world',
      'reserved:world-ipv4',
      'reserved:kube-apiserver',
      'reserved:health',
    ),
    operator: fc.constantFrom('Exists', 'DoesNotExist'),
    more: maybe(
      fc.constantFrom(
        { key: 'app', operator: 'DoesNotExist' },
        { key: 'reserved:kube-apiserver', operator: 'DoesNotExist' },
        { key: 'app', operator: 'In', values: ['a'] },
      ),
      1,
    ),
  })
  .map(({ key, operator, more }) => ({ matchExpressions: [{ key, operator }, ...(more === undefined ? [] : [more])] }));

const arbPeerSelector = fc.oneof(
  { weight: 6, arbitrary: arbPlain },
  { weight: 1, arbitrary: arbSpecial },
  { weight: 2, arbitrary: arbReserved },
);

const CIDRS = [
  '0.0.0.0/0',
  '10.0.0.0/8',
  '10.0.0.0/24',
  '192.168.0.0/16',
  '203.0.113.0/24',
  '198.51.100.7/32',
  '169.254.0.0/16',
  '::/0',
  '2001:db8::/32',
  'fd00::/64',
];
const list = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { minLength: 0, maxLength: 2 });

const arbBlock: fc.Arbitrary<Raw> = fc.oneof(
  fc.constantFrom(...CIDRS).map(cidr => ({ cidr })),
  fc.constant({ cidr: '203.0.113.0/24', except: ['203.0.113.8/29'] }),
  fc.constant({ cidr: '10.0.0.0/8', except: ['10.0.0.128/25', '10.9.0.0/16'] }),
  fc.constantFrom(
    { cidrGroupRef: 'vpn' },
    { cidrGroupRef: 'gone' },
    { cidrGroupSelector: { matchLabels: { zone: 'near' } } },
    { cidrGroupRef: 'vpn', except: ['203.0.113.9/32'] },
  ),
);

const arbEntity = fc.constantFrom(
  'all',
  'world',
  'world-ipv4',
  'world-ipv6',
  'cluster',
  'host',
  'remote-node',
  'health',
  'none',
  'kube-apiserver',
  'unmanaged',
);

const arbNodes = fc.constantFrom<Raw>(
  { matchLabels: { role: 'w' } },
  {},
  { matchExpressions: [{ key: 'role', operator: 'NotIn', values: ['w'] }] },
);

const arbPeers = (side: 'from' | 'to'): fc.Arbitrary<Raw> =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant({}) },
    { weight: 6, arbitrary: list(arbPeerSelector).map(it => ({ [`${side}Endpoints`]: it })) },
    { weight: 4, arbitrary: list(arbEntity).map(it => ({ [`${side}Entities`]: it })) },
    { weight: 2, arbitrary: list(fc.constantFrom(...CIDRS, '203.0.113.9')).map(it => ({ [`${side}CIDR`]: it })) },
    { weight: 2, arbitrary: list(arbBlock).map(it => ({ [`${side}CIDRSet`]: it })) },
    { weight: 1, arbitrary: list(arbNodes).map(it => ({ [`${side}Nodes`]: it })) },
    {
      weight: 2,
      arbitrary:
        side === 'from'
          ? fc.constant({ fromGroups: [{ aws: {} }] })
          : fc.constantFrom<Raw>(
              { toGroups: [{ aws: {} }] },
              { toServices: [{ k8sService: { serviceName: 'sel', namespace: 'other' } }] },
              { toServices: [{ k8sService: { serviceName: 'ext' } }] },
              { toServices: [{ k8sService: { serviceName: 'gone', namespace: 'x' } }] },
              { toServices: [{ k8sServiceSelector: { selector: { matchLabels: { kind: 'x' } } } }] },
            ),
    },
  );

const arbPort: fc.Arbitrary<Raw> = fc.oneof(
  fc.record({ port: fc.constantFrom('80', '8080', '0'), protocol: fc.constantFrom('TCP', 'UDP', 'SCTP', 'ANY') }),
  fc.constantFrom({ port: '53' }, { port: '80', endPort: 90, protocol: 'TCP' }),
  fc.record({ port: fc.constantFrom('http', 'HTTP', 'dns', 'nope'), protocol: fc.constantFrom('TCP', 'UDP', 'ANY') }),
);

const arbEntry = (side: 'from' | 'to', isDeny: boolean): fc.Arbitrary<Raw> => {
  const plain = fc.array(arbPort, { minLength: 1, maxLength: 2 }).map(ports => ({ ports }));
  if (isDeny) return fc.oneof({ weight: 8, arbitrary: plain }, { weight: 1, arbitrary: fc.constant({}) });
  const http = { ports: [{ port: '80', protocol: 'TCP' }], rules: { http: [{ path: '/x' }] } };
  const special =
    side === 'from'
      ? fc.constantFrom<Raw>(http, { ports: [{ port: '80', protocol: 'TCP' }], terminatingTLS: {} })
      : fc.constantFrom<Raw>(
          http,
          { ports: [{ port: '53' }], rules: { dns: [{ matchPattern: '*' }] } },
          { ports: [{ port: '53', protocol: 'UDP' }], rules: { dns: [{ matchName: 'a.example' }] } },
          { ports: [{ port: '8080', protocol: 'TCP' }], serverNames: ['a.example'] },
        );
  return fc.oneof(
    { weight: 8, arbitrary: plain },
    { weight: 2, arbitrary: special },
    { weight: 1, arbitrary: fc.constant({}) },
  );
};

const arbRule = (side: 'from' | 'to', isDeny: boolean): fc.Arbitrary<Raw> =>
  fc
    .record({
      peers:
        side === 'to' && !isDeny
          ? fc.oneof(
              { weight: 12, arbitrary: arbPeers(side) },
              { weight: 1, arbitrary: fc.constant<Raw>({ toFQDNs: [{ matchName: 'a.example' }] }) },
            )
          : arbPeers(side),
      layer4: fc.oneof(
        { weight: 3, arbitrary: fc.constant<Raw>({}) },
        { weight: 5, arbitrary: fc.array(arbEntry(side, isDeny), { maxLength: 2 }).map(toPorts => ({ toPorts })) },
        {
          weight: 1,
          arbitrary: fc.constantFrom<Raw>(
            { icmps: [{ fields: [{ type: 8 }] }] },
            { icmps: [{ fields: [{ family: 'IPv6', type: 'EchoRequest' }, { type: '0' }] }] },
          ),
        },
      ),
      requires: arbPlain,
      authentication: isDeny ? fc.constant(undefined) : maybe(fc.constantFrom('disabled', 'required'), 0),
      hasRequires: fc.integer({ min: 0, max: 15 }),
    })
    .map(({ peers, layer4, requires, authentication, hasRequires }) => ({
      ...peers,
      ...layer4,
      ...(hasRequires === 0 && { [`${side}Requires`]: [requires] }),
      ...(authentication !== undefined && { authentication: { mode: authentication } }),
    }));

const arbSpec: fc.Arbitrary<Raw> = fc
  .record({
    endpointSelector: fc.oneof({ weight: 8, arbitrary: arbPlain }, { weight: 1, arbitrary: arbSpecial }),
    ingress: maybe(fc.array(arbRule('from', false), { minLength: 1, maxLength: 2 })),
    ingressDeny: maybe(fc.array(arbRule('from', true), { minLength: 1, maxLength: 1 }), 1),
    egress: maybe(fc.array(arbRule('to', false), { minLength: 1, maxLength: 2 })),
    egressDeny: maybe(fc.array(arbRule('to', true), { minLength: 1, maxLength: 1 }), 1),
    enableDefaultDeny: maybe(record({ ingress: maybe(fc.boolean()), egress: maybe(fc.boolean()) }), 1),
  })
  .map(it => Object.fromEntries(Object.entries(it).filter(([, value]) => value !== undefined)));

export const arbPolicies: fc.Arbitrary<Raw[]> = fc
  .array(
    fc.record({ isWide: fc.boolean(), ns: fc.constantFrom(...NAMESPACES), spec: arbSpec, more: maybe(arbSpec, 0) }),
    { minLength: 1, maxLength: 4 },
  )
  .map(policies =>
    policies.map(({ isWide, ns, spec, more }, i) => ({
      apiVersion: 'cilium.io/v2',
      kind: isWide ? 'CiliumClusterwideNetworkPolicy' : 'CiliumNetworkPolicy',
      metadata: isWide ? { name: `w${i}` } : { name: `p${i}`, namespace: ns },
      ...(more === undefined ? { spec } : { specs: [spec, more] }),
    })),
  );

export const arbGroups: fc.Arbitrary<Raw[]> = fc.constantFrom<Raw[]>(
  [],
  [
    {
      apiVersion: 'cilium.io/v2alpha1',
      kind: 'CiliumCIDRGroup',
      metadata: { name: 'vpn', labels: { zone: 'near' } },
      spec: { externalCIDRs: ['203.0.113.0/28', '10.0.0.0/24'] },
    },
    {
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumCIDRGroup',
      metadata: { name: 'far' },
      spec: { externalCIDRs: ['198.51.100.0/24'] },
    },
  ],
);

const arbPacket: fc.Arbitrary<PacketLiteral> = fc
  .record({
    source: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...POD_V4) },
      { weight: 2, arbitrary: fc.constantFrom(...ADDRESSES) },
    ),
    destination: fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom(...POD_V4) },
      { weight: 3, arbitrary: fc.constantFrom(...ADDRESSES) },
    ),
    protocol: fc.constantFrom(6, 6, 6, 17, 17, 132, 1, 47),
    dport: fc.constantFrom(80, 80, 85, 8080, 53, 443),
    icmpType: fc.constantFrom(0, 8, 128),
  })
  .filter(({ source, destination }) => source.includes(':') === destination.includes(':'))
  .map(({ icmpType, dport, protocol, ...ends }) => {
    if (protocol === 1) return { ...ends, protocol: ends.source.includes(':') ? 58 : 1, icmpType };
    return protocol === 47 ? { ...ends, protocol } : { ...ends, protocol, sport: 40000, dport };
  });

export const arbPackets = fc.array(arbPacket, { minLength: 12, maxLength: 24 });
