/**
 * Calico's objects and the cluster's as manifests, for the tests of the dialect: terse literals through the readers.
 */
import { type CompileOptions, compile } from '../../src/compile.js';
import { readDocuments } from '../../src/documents/read.js';

type Labels = Readonly<Record<string, string>>;
export type Manifest = Readonly<Record<string, unknown>>;

export const API = 'projectcalico.org/v3';

export const namespace = (name: string, labels: Labels = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});

export const account = (ns: string, name: string, labels: Labels = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { namespace: ns, name, labels },
});

interface PodExtras {
  readonly serviceAccount?: string;
  readonly node?: string;
  readonly hostNetwork?: boolean;
  readonly ports?: readonly { readonly name: string; readonly protocol: string; readonly containerPort: number }[];
}

/** No address: not scheduled yet. */
export const pod = (
  ns: string,
  name: string,
  ips: readonly string[],
  labels: Labels = {},
  extras: PodExtras = {},
): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: ns, name, labels },
  spec: {
    nodeName: extras.node ?? 'n1',
    hostNetwork: extras.hostNetwork ?? false,
    ...(extras.serviceAccount !== undefined && { serviceAccountName: extras.serviceAccount }),
    containers: [{ name: 'c', ports: extras.ports ?? [] }],
  },
  status: { phase: 'Running', podIPs: ips.map(ip => ({ ip })) },
});

export const node = (name: string, ...addresses: readonly string[]): Manifest => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name },
  status: { addresses: addresses.map(address => ({ type: 'InternalIP', address })) },
});

interface ServicePortLiteral {
  readonly protocol: string;
  readonly port: number;
}

/** A service and its endpoints, all on the same ports. */
export const service = (
  ns: string,
  name: string,
  addresses: readonly string[],
  ports: readonly ServicePortLiteral[],
): Manifest[] => [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: ns, name },
    spec: { ports: ports.map(({ protocol, port }) => ({ name: `p${port}`, protocol, port: 80, targetPort: port })) },
  },
  ...([4, 6] as const).map(family => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: ns, name: `${name}-${family}`, labels: { 'kubernetes.io/service-name': name } },
    addressType: `IPv${family}`,
    endpoints: [{ addresses: addresses.filter(it => it.includes(':') === (family === 6)) }],
    ports: ports.map(({ protocol, port }) => ({ name: `p${port}`, protocol, port })),
  })),
];

/** "shop/web" is namespaced, "web" is not. */
const metadataOf = (name: string, labels?: Labels): Manifest => {
  const [ns, own] = name.includes('/') ? name.split('/') : [undefined, name];
  return { ...(ns !== undefined && { namespace: ns }), name: own, ...(labels !== undefined && { labels }) };
};

export const object = (kind: string, name: string, spec: unknown, labels?: Labels, apiVersion = API): Manifest => ({
  apiVersion,
  kind,
  metadata: metadataOf(name, labels),
  spec,
});

/** A NetworkPolicy of Calico where the name has a namespace, else a GlobalNetworkPolicy. */
export const policy = (name: string, spec: unknown): Manifest =>
  object(name.includes('/') ? 'NetworkPolicy' : 'GlobalNetworkPolicy', name, spec);

export const tier = (name: string, order: number | null, defaultAction?: string): Manifest =>
  object('Tier', name, { ...(order !== null && { order }), ...(defaultAction !== undefined && { defaultAction }) });

export const toText = (objects: readonly Manifest[]): string => objects.map(it => JSON.stringify(it)).join('\n---\n');

export function compileObjects(objects: readonly Manifest[], options: CompileOptions = {}) {
  const { documents, problems } = readDocuments(toText(objects), 'all.yaml');
  const result = compile(documents, { engine: 'linear', profile: 'calico', ...options });
  const all = [...problems, ...result.problems];
  const { compiled } = result;
  if (compiled === null) throw new Error(all.map(({ message }) => message).join('\n'));
  return { compiled, problems: all.map(({ message }) => message) };
}
