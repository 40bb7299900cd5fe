/**
 * Clusters (cold): how many nodes, pods and policies, a seed -> Kubernetes objects as `kubectl get -o json` prints them.
 *
 * Pods belong to workloads, a few of them large and most small, and carry the labels that real ones carry: name, component,
 * part-of and the template's hash. Namespaces carry the name and a team. Every namespace gets a default deny first, then
 * policies as people write them: from one workload of the namespace, from the namespace, from another team's namespaces,
 * from address blocks with exceptions, and egress to the resolver, to a workload and to blocks. Ports are numbers mostly,
 * names sometimes.
 */
import { createRandom, mix, type Random } from './random.js';

export interface ClusterOptions {
  readonly nodes: number;
  readonly pods: number;
  readonly policies: number;
  readonly namespaces: number;
  readonly seed: number;
}

const PORTS: readonly number[] = [80, 443, 8080, 8443, 9090, 5432, 6379, 3306, 9092, 50051];
const COMPONENTS: readonly string[] = ['frontend', 'api', 'worker', 'cache', 'database', 'queue'];
const TEAMS = 12;
const POD_NETWORK = 0x0a000000;
const NODE_NETWORK = 0xac100000;
/** 10.0.0.0/8 holds no more. */
export const MOST_PODS = 2 ** 24 - 65536;

interface Workload {
  readonly namespace: number;
  readonly name: string;
  readonly component: string;
  readonly port: number;
}

const dotted = (n: number): string => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join('.');
const namespaceName = (n: number): string => `team-${n % TEAMS}-${n}`;

export function* generateCluster(options: ClusterOptions): Generator<object> {
  const { nodes, pods, policies, namespaces, seed } = options;
  const random = createRandom(seed);
  for (let n = 0; n < namespaces; n++) {
    const labels = { 'kubernetes.io/metadata.name': namespaceName(n), team: `team-${n % TEAMS}` };
    yield { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespaceName(n), labels } };
  }
  for (let n = 0; n < nodes; n++) {
    yield {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: `node-${n}` },
      status: { addresses: [{ type: 'InternalIP', address: dotted(NODE_NETWORK + 10 + n) }] },
    };
  }
  const workloads = Array.from({ length: Math.max(namespaces, Math.ceil(pods / 12)) }, (_, w): Workload => {
    const component = random.pick(COMPONENTS);
    return { namespace: w % namespaces, name: `${component}-${w}`, component, port: random.pick(PORTS) };
  });
  for (let i = 0; i < pods; i++) {
    // One of each first, then the early ones more often.
    const w = i < workloads.length ? i : Math.floor(random.unit() ** 2 * workloads.length);
    yield pod(workloads[w]!, i, nodes === 0 ? null : `node-${random.below(nodes)}`);
  }
  const byNamespace = Array.from({ length: namespaces }, (_, n) => workloads.filter(w => w.namespace === n));
  for (let p = 0; p < policies; p++) {
    const namespace = p % namespaces;
    yield policy(p, namespace, byNamespace[namespace]!, p < namespaces, namespaces, random);
  }
}

function pod({ namespace, name, component, port }: Workload, i: number, nodeName: string | null): object {
  const hash = (mix(i >> 4) >>> 0).toString(36).slice(0, 6);
  const address = dotted(POD_NETWORK + 256 + i);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${name}-${hash}-${i}`,
      namespace: namespaceName(namespace),
      labels: {
        'app.kubernetes.io/name': name,
        'app.kubernetes.io/component': component,
        'app.kubernetes.io/part-of': `team-${namespace % TEAMS}`,
        'pod-template-hash': hash,
      },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${name}-${hash}`, controller: true }],
    },
    spec: {
      ...(nodeName === null ? {} : { nodeName }),
      containers: [{ name: 'main', ports: [{ name: 'http', containerPort: port }] }],
    },
    status: { phase: 'Running', podIP: address, podIPs: [{ ip: address }] },
  };
}

function policy(
  p: number,
  namespace: number,
  workloads: readonly Workload[],
  deny: boolean,
  namespaces: number,
  random: Random,
): object {
  const of = (name: string, spec: object): object => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `${name}-${p}`, namespace: namespaceName(namespace) },
    spec,
  });
  if (deny) return of('default-deny', { podSelector: {}, policyTypes: ['Ingress'] });
  const target = random.pick(workloads);
  const byName = ({ name }: Workload): object => ({ matchLabels: { 'app.kubernetes.io/name': name } });
  const port = random.unit() < 0.1 ? 'http' : target.port;
  const ports = [{ protocol: 'TCP', port }];
  const block = (): object => {
    const network = 0xc0000000 + random.below(2 ** 18) * 256;
    return random.unit() < 0.3
      ? { ipBlock: { cidr: `${dotted(network)}/24`, except: [`${dotted(network + 64)}/26`] } }
      : { ipBlock: { cidr: `${dotted(network)}/24` } };
  };
  const from = random.weighted<() => object[]>([
    [50, () => [{ podSelector: byName(random.pick(workloads)) }]],
    [15, () => [{ podSelector: {} }]],
    [15, () => [{ namespaceSelector: { matchLabels: { team: `team-${random.below(TEAMS)}` } } }]],
    [10, () => [block(), block()]],
    [
      10,
      () => [
        {
          namespaceSelector: {
            matchLabels: { 'kubernetes.io/metadata.name': namespaceName(random.below(namespaces)) },
          },
          podSelector: { matchLabels: { 'app.kubernetes.io/component': random.pick(COMPONENTS) } },
        },
      ],
    ],
  ]);
  const ingress = [{ from: from(), ports }];
  if (random.unit() < 0.75) return of('allow', { podSelector: byName(target), policyTypes: ['Ingress'], ingress });
  const egress = [
    { to: [{ namespaceSelector: {} }], ports: [{ protocol: 'UDP', port: 53 }] },
    { to: random.unit() < 0.7 ? [{ podSelector: byName(random.pick(workloads)) }] : [block()], ports },
  ];
  return of('allow', { podSelector: byName(target), policyTypes: ['Ingress', 'Egress'], ingress, egress });
}
