/** AuthorizationPolicies as written, in a cluster as kubectl prints it, asked about one connection or request at a time. */
import { expect } from 'vitest';
import { compile } from '../../../src/compile.js';
import { formatPosition } from '../../../src/documents/document.js';
import { readDocuments } from '../../../src/documents/read.js';
import type { Mesh, MeshAnswer, MeshConnection } from '../../../src/mesh/mesh.js';
import type { HttpRequest } from '../../../src/requests/request.js';

export interface PodText {
  /** "shop/web". */
  readonly at: string;
  readonly ip?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly account?: string;
  readonly hostNetwork?: boolean;
  /** Where its container istio-proxy is. */
  readonly proxy?: 'containers' | 'initContainers';
}

const PROXY = { name: 'istio-proxy', image: 'proxyv2' };

export const pod = ({ at, ip, labels = {}, annotations = {}, account, hostNetwork, proxy }: PodText): object => {
  const [namespace, name] = at.split('/');
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, labels, annotations },
    spec: {
      hostNetwork,
      serviceAccountName: account,
      containers: [{ name: 'c', image: 'i' }, ...(proxy === 'containers' ? [PROXY] : [])],
      initContainers: proxy === 'initContainers' ? [PROXY] : [],
    },
    status: { phase: 'Running', podIPs: ip === undefined ? [] : [{ ip }], podIP: ip },
  };
};

export const namespace = (name: string, labels: Readonly<Record<string, string>> = {}): object => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});

export const policy = (at: string, spec: string, annotations = '{}'): string => {
  const [ns, name] = at.split('/');
  return `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: ${name}, namespace: ${ns}, annotations: ${annotations}}\nspec: ${spec}\n`;
};

export interface Asked {
  /** From and to: "shop/web" or an address. */
  readonly from: string;
  readonly to: string;
  readonly port?: number;
  readonly protocol?: number;
}

export const request = (
  method: string,
  path: string,
  host = 'shop.example',
  headers: Readonly<Record<string, readonly string[]>> = {},
): HttpRequest => ({ method, path, host, headers: new Map(Object.entries(headers)) });

export interface Asking {
  readonly mesh: Mesh;
  readonly warnings: readonly string[];
  place(asked: Asked): MeshConnection;
  /** `denied rule shop/db rules[0]`, `undecided shop/db rules[0]: the path of the request`. */
  tcp(asked: Asked): string;
  http(asked: Asked, request: HttpRequest): string;
  unread(asked: Asked): string;
}

export function asking(policies: readonly string[], objects: readonly object[]): Asking {
  const own = readDocuments(policies.join('---\n'), 'p.yaml');
  const cluster = readDocuments(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }), 'c.json');
  expect([...own.problems, ...cluster.problems]).toEqual([]);
  const { compiled, problems } = compile([...own.documents, ...cluster.documents]);
  if (compiled === null) throw new Error(problems.map(it => `${formatPosition(it.position)} ${it.message}`).join('\n'));
  const { mesh, inventory } = compiled;
  const end = (text: string): { owner: number; address: string } => {
    const found = inventory.pods.find(it => `${it.namespace}/${it.name}` === text);
    if (found !== undefined) return { owner: found.owner, address: found.addresses[0] ?? '' };
    return { owner: inventory.byAddress.get(text)?.owner ?? -1, address: text };
  };
  const place = ({ from, to, port = 80, protocol = 6 }: Asked): MeshConnection => ({
    source: end(from).owner,
    sourceAddress: end(from).address,
    destination: end(to).owner,
    destinationAddress: end(to).address,
    port,
    protocol,
  });
  return {
    mesh,
    warnings: problems.map(({ message }) => message),
    place,
    tcp: asked => said(mesh.connection(place(asked))),
    http: (asked, it) => said(mesh.request(place(asked), it)),
    unread: asked => said(mesh.unread(place(asked))),
  };
}

export function said({ verdict, reason, policy: name, rule, audited, dependsOn }: MeshAnswer): string {
  const parts = [verdict, reason === 'unsupported' ? null : reason, name, rule].filter(part => part !== null);
  const on = dependsOn === undefined ? '' : `: ${dependsOn.join('; ')}`;
  return parts.join(' ') + on + (audited === undefined ? '' : ` (audited by ${audited.join()})`);
}
