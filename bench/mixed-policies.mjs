/**
 * Policies of every dialect over the cluster of `policap generate cluster`, for mixed.mjs.
 *
 * In:  the cluster's objects, a seed, how many in a hundred subjects and peers are wide.  Out: write(kind, i, version) -> a
 * policy as `kubectl get -o json` prints it: the same for the same arguments, and another by the same name for another
 * version. Most subjects and peers are a workload in a namespace; wide ones are a team's namespaces (a twelfth of all pods)
 * or a component of every namespace. Priorities and orders are of a whole range, so that some are shared; peers are
 * labels and blocks; ports are numbers, ranges and names.
 */
import { createRandom } from '../dist/generate/random.js';

const COMPONENTS = ['frontend', 'api', 'worker', 'cache', 'database', 'queue'];
const PORTS = [80, 443, 8080, 8443, 9090, 5432, 6379, 3306, 9092, 50051];
const APP = 'app.kubernetes.io/name';
const COMPONENT = 'app.kubernetes.io/component';
const NAMESPACE = 'kubernetes.io/metadata.name';
const TEAMS = 12;

/** What the policies need beside them. */
export const SURROUNDINGS = {
  calico: [{ apiVersion: 'projectcalico.org/v3', kind: 'Tier', metadata: { name: 'security' }, spec: { order: 100 } }],
};

export function createPolicyWriter(cluster, { seed, wide }) {
  const namespaces = cluster.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name);
  const workloads = new Map(namespaces.map(name => [name, new Set()]));
  for (const { kind, metadata } of cluster) {
    if (kind === 'Pod') workloads.get(metadata.namespace).add(metadata.labels[APP]);
  }
  const names = new Map([...workloads].map(([namespace, apps]) => [namespace, [...apps]]));
  const world = { namespaces, names };
  return (kind, i, version = 0) =>
    WRITERS[kind](i, drawn(createRandom(seed * 1_000_003 + i * 17 + version), world, wide));
}

/** What policies of all dialects draw. */
function drawn(random, { namespaces, names }, wide) {
  const dotted = n => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join('.');
  return {
    ...random,
    isOneIn: n => random.below(n) === 0,
    isWide: () => random.below(100) < wide,
    namespace: () => random.pick(namespaces),
    app: namespace => random.pick(names.get(namespace)),
    team: () => `team-${random.below(TEAMS)}`,
    component: () => random.pick(COMPONENTS),
    port: () => random.pick(PORTS),
    block: () => `${dotted(0xc0000000 + random.below(2 ** 18) * 256)}/24`,
    some: (most, draw) => Array.from({ length: 1 + random.below(most) }, draw),
  };
}

const labels = (key, value) => ({ matchLabels: { [key]: value } });

const WRITERS = { kubernetes, admin, antrea, calico };
export const KINDS = Object.keys(WRITERS);

function kubernetes(i, draw) {
  const namespace = draw.namespace();
  const from = () => {
    if (draw.isWide()) return { namespaceSelector: labels('team', draw.team()) };
    return draw.weighted([
      [6, () => ({ podSelector: labels(APP, draw.app(namespace)) })],
      [2, () => ({ podSelector: {} })],
      [1, () => ({ ipBlock: { cidr: draw.block() } })],
    ])();
  };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `allow-${i}`, namespace },
    spec: {
      podSelector: labels(APP, draw.app(namespace)),
      policyTypes: ['Ingress'],
      ingress: [
        { from: draw.some(2, from), ports: [{ protocol: 'TCP', port: draw.isOneIn(10) ? 'http' : draw.port() }] },
      ],
    },
  };
}

/** One in two by the older kind. */
function admin(i, draw) {
  const isOlder = draw.isOneIn(2);
  const selected = () => {
    const namespace = draw.namespace();
    if (!draw.isWide()) {
      const podSelector = labels(APP, draw.app(namespace));
      return { pods: { namespaceSelector: labels(NAMESPACE, namespace), podSelector } };
    }
    const podSelector = labels(COMPONENT, draw.component());
    return draw.weighted([
      [2, { namespaces: labels('team', draw.team()) }],
      [1, { pods: { namespaceSelector: labels('team', draw.team()), podSelector } }],
      [1, { pods: { namespaceSelector: {}, podSelector } }],
    ]);
  };
  // A block has no names.
  const protocol = hasNames => {
    if (isOlder) {
      return draw.weighted([
        [6, { portNumber: { protocol: 'TCP', port: draw.port() } }],
        [2, { portRange: { protocol: 'TCP', start: 8000, end: 8001 + draw.below(1000) } }],
        [hasNames ? 1 : 0, { namedPort: 'http' }],
      ]);
    }
    return draw.weighted([
      [6, { tcp: { destinationPort: { number: draw.port() } } }],
      [2, { tcp: { destinationPort: { range: { start: 8000, end: 8001 + draw.below(1000) } } } }],
      [hasNames ? 1 : 0, { destinationNamedPort: 'http' }],
    ]);
  };
  const rule = egress => {
    const action = draw.weighted([
      [4, isOlder ? 'Allow' : 'Accept'],
      [4, 'Deny'],
      [1, 'Pass'],
    ]);
    const peers = draw.some(2, () => (egress && draw.isOneIn(4) ? { networks: [draw.block()] } : selected()));
    const ports = draw.isOneIn(4) ? {} : { [isOlder ? 'ports' : 'protocols']: draw.some(2, () => protocol(!egress)) };
    return { action, [egress ? 'to' : 'from']: peers, ...ports };
  };
  const spec = {
    priority: draw.below(1001),
    subject: selected(),
    ingress: draw.some(2, () => rule(false)),
    ...(draw.isOneIn(2) && { egress: draw.some(2, () => rule(true)) }),
  };
  const group = 'policy.networking.k8s.io';
  const metadata = { name: `guard-${i}` };
  if (isOlder) return { apiVersion: `${group}/v1alpha1`, kind: 'AdminNetworkPolicy', metadata, spec };
  const tier = draw.isOneIn(5) ? 'Baseline' : 'Admin';
  return { apiVersion: `${group}/v1alpha2`, kind: 'ClusterNetworkPolicy', metadata, spec: { tier, ...spec } };
}

/** One in two of a namespace. */
function antrea(i, draw) {
  const namespace = draw.isOneIn(2) ? draw.namespace() : '';
  const tier = draw.weighted([
    [6, 'application'],
    [2, 'securityops'],
    [1, 'emergency'],
    [1, 'baseline'],
  ]);
  const pods = () => {
    const other = namespace === '' || draw.isOneIn(4) ? draw.namespace() : namespace;
    const within = other === namespace ? {} : { namespaceSelector: labels(NAMESPACE, other) };
    if (!draw.isWide()) return { ...within, podSelector: labels(APP, draw.app(other)) };
    return draw.weighted([
      [2, { namespaceSelector: labels('team', draw.team()) }],
      [1, { namespaceSelector: {}, podSelector: labels(COMPONENT, draw.component()) }],
    ]);
  };
  const subject = () => (namespace === '' ? pods() : { podSelector: labels(APP, draw.app(namespace)) });
  const port = () => {
    const range = { port: 8000, endPort: 8000 + draw.below(1000) };
    return {
      protocol: 'TCP',
      ...draw.weighted([
        [6, { port: draw.port() }],
        [2, range],
        [1, { port: 'http' }],
      ]),
    };
  };
  const rule = side => {
    const action = draw.weighted([
      [5, 'Allow'],
      [3, 'Drop'],
      [1, 'Reject'],
      [tier === 'baseline' ? 0 : 1, 'Pass'],
    ]);
    const peers = draw.some(2, () => (draw.isOneIn(5) ? { ipBlock: { cidr: draw.block() } } : pods()));
    return { action, [side]: peers, ...(draw.isOneIn(4) ? {} : { ports: draw.some(2, port) }) };
  };
  return {
    apiVersion: 'crd.antrea.io/v1beta1',
    kind: namespace === '' ? 'ClusterNetworkPolicy' : 'NetworkPolicy',
    metadata: { name: `guard-${i}`, ...(namespace !== '' && { namespace }) },
    spec: {
      tier,
      priority: 1 + draw.below(200) / 10,
      appliedTo: draw.some(2, subject),
      ingress: draw.some(3, () => rule('from')),
      ...(draw.isOneIn(2) && { egress: draw.some(2, () => rule('to')) }),
    },
  };
}

/** One in three is global. */
function calico(i, draw) {
  const namespace = draw.isOneIn(3) ? '' : draw.namespace();
  const pods = () => {
    const other = namespace === '' ? draw.namespace() : namespace;
    if (draw.isWide()) {
      return { namespaceSelector: `team == '${draw.team()}'`, selector: `${COMPONENT} == '${draw.component()}'` };
    }
    return draw.weighted([
      [6, { selector: `${APP} == '${draw.app(other)}'` }],
      [1, { selector: `${COMPONENT} in { '${draw.component()}', '${draw.component()}' }` }],
      [1, { nets: [draw.block()] }],
      [1, { selector: `!has(${COMPONENT}) || ${COMPONENT} == '${draw.component()}'` }],
    ]);
  };
  const port = () =>
    draw.weighted([
      [6, draw.port()],
      [2, `8000:${8000 + draw.below(1000)}`],
      [1, 'http'],
    ]);
  const rule = isEgress => {
    const action = draw.weighted([
      [5, 'Allow'],
      [3, 'Deny'],
      [1, 'Pass'],
    ]);
    const ports = draw.isOneIn(4) ? {} : { ports: draw.some(2, port) };
    const sides = isEgress ? { destination: { ...pods(), ...ports } } : { source: pods(), destination: ports };
    return { action, protocol: 'TCP', ...sides };
  };
  const subject = () => {
    const other = draw.namespace();
    return draw.isWide()
      ? { namespaceSelector: `team == '${draw.team()}'`, selector: `${COMPONENT} == '${draw.component()}'` }
      : { namespaceSelector: `${NAMESPACE} == '${other}'`, selector: `${APP} == '${draw.app(other)}'` };
  };
  const hasEgress = draw.isOneIn(2);
  const tier = draw.isOneIn(4) ? 'security' : 'default';
  return {
    apiVersion: 'projectcalico.org/v3',
    kind: namespace === '' ? 'GlobalNetworkPolicy' : 'NetworkPolicy',
    metadata: { name: `${tier}.guard-${i}`, ...(namespace !== '' && { namespace }) },
    spec: {
      tier,
      order: draw.below(2000),
      ...(namespace === '' ? subject() : { selector: `${APP} == '${draw.app(namespace)}'` }),
      types: hasEgress ? ['Ingress', 'Egress'] : ['Ingress'],
      ingress: draw.some(3, () => rule(false)),
      ...(hasEgress && { egress: draw.some(2, () => rule(true)) }),
    },
  };
}
