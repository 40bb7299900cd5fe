/**
 * A small cluster whose requests are judged: policies and frames in, what became of packets and requests out; on the fast
 * path and without it alike.
 */
import { expect } from 'vitest';
import { compile } from '../../src/compile.js';
import { readDocuments } from '../../src/documents/read.js';
import { replay } from '../../src/replay.js';
import type { RefusedRequests, RequestCounts } from '../../src/report/requests.js';
import { newFastPath } from './fast-path.js';
import { batchOf, ethernet, ipv4, ipv6, type Segment, tcp, text } from './frames.js';
import { createRecorder, createWatch, sourceOf, words } from './replay.js';

export const [FRONT, API, DNS, SERVICE] = ['10.0.1.1', '10.0.2.1', '10.0.3.1', '10.96.0.7'];

export const pod = (namespace: string, name: string, ip: string, port: number) => `
apiVersion: v1
kind: Pod
metadata: { namespace: ${namespace}, name: ${name}, labels: { app: ${name} } }
spec: { nodeName: n1, containers: [{ name: c, ports: [{ containerPort: ${port}, name: web }] }] }
status: { phase: Running, podIPs: [{ ip: ${ip} }, { ip: 'fd00::${ip.split('.')[2]}' }] }
---`;
export const CLUSTER = `${pod('shop', 'front', FRONT, 80)}${pod('shop', 'api', API, 8080)}${pod('dns', 'coredns', DNS, 53)}
apiVersion: v1
kind: Service
metadata: { namespace: shop, name: api }
spec: { clusterIP: ${SERVICE}, ports: [{ port: 80, targetPort: 8080 }], selector: { app: api } }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { namespace: shop, name: api-1, labels: { kubernetes.io/service-name: api } }
addressType: IPv4
endpoints: [{ addresses: [${API}], conditions: { ready: true } }]
ports: [{ port: 8080 }]
`;

export const policy = (name: string, app: string, namespace: string, rules: string): string => `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { namespace: ${namespace}, name: ${name} }
spec:
  endpointSelector: { matchLabels: { app: ${app} } }
${rules}
---`;
export const ingress = (http: string, from = 'front', port = '8080'): string => `  ingress:
    - fromEndpoints: [{ matchLabels: { app: ${from} } }]
      toPorts: [{ ports: [{ port: '${port}', protocol: TCP }], rules: { http: ${http} } }]`;

export interface Judged {
  readonly words: string[];
  readonly counts: RequestCounts | null;
  readonly refused: readonly RefusedRequests[];
  readonly warnings: readonly string[];
}

export interface Setting {
  readonly mode?: 'what-if' | 'dataplane';
  readonly snapLength?: number;
  readonly batch?: number;
  readonly profile?: 'cilium' | 'antrea';
  readonly conntrack?: 'linux' | 'cilium';
  /** More of the cluster. */
  readonly cluster?: string;
}

/** On the fast path and without: they must agree. */
export async function judge(policies: string, frames: readonly Uint8Array[], setting: Setting = {}): Promise<Judged> {
  const { mode = 'what-if', snapLength, batch = 2, profile = 'cilium', conntrack = 'linux', cluster = '' } = setting;
  const documents = [CLUSTER + cluster, policies].flatMap((it, i) => readDocuments(it, `${i}.yaml`).documents);
  const { compiled, problems } = compile(documents, { profile });
  if (compiled === null) throw new Error(JSON.stringify(problems));
  const options = { captures: ['test'], mode, conntrack, maxConnections: 1000 };
  const all: Judged[] = [];
  for (const fastPath of conntrack === 'linux' ? [newFastPath(options, compiled), null] : [null]) {
    const batches = [];
    for (let i = 0; i < frames.length; i += batch) {
      batches.push(batchOf(frames.slice(i, i + batch), snapLength === undefined ? {} : { snapLength }).batch);
    }
    const watch = createWatch();
    const recorder = createRecorder();
    const outcome = await replay(sourceOf(batches), compiled, { ...options, fastPath }, [recorder, watch]);
    const { requests } = watch.context();
    all.push({
      words: words(recorder.records),
      counts: requests === null ? null : { ...requests.counts },
      refused: requests?.refused() ?? [],
      warnings: outcome.warnings,
    });
  }
  if (all.length > 1) expect(all[1]).toEqual(all[0]);
  return all[0]!;
}

let port = 40_000;
export const newPort = (): number => port++;
/** A connection's packets, with what the client sends after the handshake; `src`, `dst` as the packets have them. */
export function connection(sent: readonly (string | Uint8Array)[], src = FRONT, dst = API, dport = 8080): Uint8Array[] {
  const sport = port++;
  let seq = 100;
  const frame = (from: string, to: string, segment: Segment): Uint8Array =>
    ethernet(from.includes(':') ? ipv6({ src: from, dst: to }, segment) : ipv4({ src: from, dst: to }, segment));
  const frames = [
    frame(src, dst, tcp({ sport, dport, seq, flags: 'S' })),
    frame(dst, src, tcp({ sport: dport, dport: sport, seq: 500, ack: seq + 1, flags: 'SA' })),
  ];
  seq++;
  for (const it of sent) {
    const payload = typeof it === 'string' ? text(it) : it;
    frames.push(frame(src, dst, tcp({ sport, dport, seq, ack: 501, flags: 'PA', payload })));
    seq += payload.length;
    frames.push(frame(dst, src, tcp({ sport: dport, dport: sport, seq: 501, ack: seq, flags: 'A' })));
  }
  return frames;
}

export const get = (path: string, more = '', method = 'GET'): string =>
  `${method} ${path} HTTP/1.1\r\nHost: api\r\n${more}\r\n`;

export const OPEN = ['allowed rule', 'allowed established'];
export const PASSED = ['allowed established', 'allowed established'];
export const DENIED = ['allowed http-denied', 'allowed established'];
export const UNREAD = ['undecided unsupported', 'undecided unsupported'];
