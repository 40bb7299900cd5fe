/**
 * A small shop on disk, for the command line's tests: cluster, policies, captures, in a folder of their own.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ethernet, ipv4, pcapOf, tcp } from '../support/frames.js';

const pod = (name: string, app: string, ip: string, owner: string): string => `
apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  namespace: shop
  labels: { app: ${app}${name === 'web-2' ? ', canary: "yes"' : ''} }
  ownerReferences: [{ apiVersion: apps/v1, kind: StatefulSet, name: ${owner}, uid: "1", controller: true }]
spec: { nodeName: node-1, containers: [{ name: c, image: i }] }
status: { ${ip === '' ? 'phase: Pending' : `phase: Running, podIP: ${ip}, podIPs: [{ ip: ${ip} }]`} }
`;

export const CLUSTER = [
  'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n',
  pod('web-1', 'web', '10.0.1.1', 'web'),
  pod('web-2', 'web', '10.0.1.2', 'web'),
  pod('db-0', 'db', '10.0.2.1', 'db'),
  pod('new-0', 'db', '', 'new'),
  `apiVersion: v1
kind: Service
metadata: { name: db, namespace: shop }
spec: { clusterIP: 10.96.0.7, selector: { app: db }, ports: [{ port: 54, targetPort: 5432 }] }
`,
].join('---\n');

/** db pods take TCP 5432-5433 from web pods, and 8080 from an office; nobody else. */
export const DB = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: shop }
spec:
  podSelector: { matchLabels: { app: db } }
  ingress:
    - from: [{ podSelector: { matchLabels: { app: web } } }]
      ports: [{ port: 5432, endPort: 5433 }]
    - from: [{ ipBlock: { cidr: 198.51.100.0/24 } }]
      ports: [{ port: 8080 }]
`;

/** The canary sends nowhere. */
export const CANARY = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: canary, namespace: shop }
spec: { podSelector: { matchLabels: { canary: "yes" } }, policyTypes: [Egress] }
`;

export const BROKEN = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: broken, namespace: shop }
spec:
  podSelector: {}
  ingress:
    - ports: [{ port: 99999 }, { protocol: ICMP }]
    - form: []
`;

const packet = (src: string, dst: string, sport: number, dport: number, flags: string): Uint8Array =>
  ethernet(ipv4({ src, dst }, tcp({ sport, dport, flags })));

/** Three packets: a connection that is allowed, a refused one, and the refused one's answer. */
export const FRAMES = [
  packet('10.0.1.1', '10.0.2.1', 40000, 5432, 'S'),
  packet('10.0.1.1', '10.0.2.1', 40001, 6379, 'S'),
  packet('10.0.2.1', '10.0.1.1', 6379, 40001, 'SA'),
];

export interface Shop {
  readonly folder: string;
  /** -p and -c with everything that is valid. */
  readonly input: readonly string[];
  path(name: string): string;
  remove(): void;
}

export function makeShop(): Shop {
  const folder = mkdtempSync(join(tmpdir(), 'policap-cli-'));
  const path = (name: string): string => join(folder, name);
  mkdirSync(path('policies/more'), { recursive: true });
  mkdirSync(path('empty'));
  writeFileSync(path('cluster.yaml'), CLUSTER);
  writeFileSync(path('policies/db.yaml'), DB);
  writeFileSync(path('policies/more/canary.yml'), CANARY);
  writeFileSync(path('policies/README.md'), 'no document');
  writeFileSync(path('broken.yaml'), BROKEN);
  const capture = pcapOf(FRAMES);
  writeFileSync(path('three.pcap'), capture);
  writeFileSync(path('cut.pcap'), capture.subarray(0, capture.length - 10));
  writeFileSync(path('text.pcap'), 'hello, world');
  writeFileSync(path('void.pcap'), '');
  return {
    folder,
    input: ['-p', path('policies'), '-c', path('cluster.yaml')],
    path,
    remove: () => rmSync(folder, { recursive: true }),
  };
}
