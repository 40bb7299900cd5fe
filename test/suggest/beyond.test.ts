/** Beyond what the capture holds: what rules allow although it was not seen, and what is said of it. */
import { describe, expect, it } from 'vitest';
import { readDocuments } from '../../src/documents/read.js';
import { plain } from '../../src/report/style.js';
import { prepare } from '../../src/suggest/observe.js';
import { summaryLines } from '../../src/suggest/summary.js';
import { ethernet, ipv4, type Segment, tcp } from '../support/frames.js';
import { documentsOf, runSuggestion } from './run.js';

const pod = (namespace: string, name: string, address: string, labels: object, owner?: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    namespace,
    name,
    labels,
    ...(owner && { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: owner, controller: true }] }),
  },
  spec: { nodeName: 'n', containers: [{ name: 'c' }] },
  status: { phase: 'Running', podIP: address, podIPs: [{ ip: address }] },
});

const service = (namespace: string, name: string, address: string, port: number, addresses: readonly string[]) => [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name },
    spec: {
      clusterIP: address,
      clusterIPs: [address],
      ports: [{ name: 'm', port, protocol: 'TCP', targetPort: port }],
    },
  },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace, name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'm', port, protocol: 'TCP' }],
    endpoints: addresses.map(it => ({ addresses: [it], conditions: { ready: true } })),
  },
];

let id = 1;
/** @param copies where else each packet is seen: behind a service */
function handshake(from: string, to: string, dport: number, copies: readonly string[] = []): Uint8Array[] {
  const sport = 40000 + id;
  const seen = (make: (server: string) => readonly [src: string, dst: string], message: Segment): Uint8Array[] =>
    [to, ...copies].map(server => {
      const [src, dst] = make(server);
      return ethernet(ipv4({ src, dst, id: id++ }, message));
    });
  return [
    ...seen(server => [from, server], tcp({ sport, dport, flags: 'S', seq: 1 })),
    ...seen(server => [server, from], tcp({ sport: dport, dport: sport, flags: 'SA', seq: 9, ack: 2 })),
    ...seen(server => [from, server], tcp({ sport, dport, flags: 'A', seq: 2, ack: 10 })),
  ];
}

const policy = (namespace: string, name: string, spec: object) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { namespace, name },
  spec,
});

describe('DNS of which no question was seen', () => {
  const dns = [
    pod('kube-system', 'coredns', '10.0.1.9', { 'k8s-app': 'kube-dns' }),
    ...service('kube-system', 'kube-dns', '10.96.0.10', 53, ['10.0.1.9']),
    pod('x', 'a', '10.0.1.1', { app: 'a' }),
  ];
  const frames = handshake('10.0.1.1', '10.0.1.9', 9153);

  it('may be asked by everybody: its own policy isolates it', async () => {
    const { suggestion, yaml } = await runSuggestion(dns, frames);
    const own = suggestion.policies.find(({ name }) => name === 'policap-coredns')!;
    expect(own.ingress[0]!.peers).toEqual([{ kind: 'everybody' }]);
    expect(own.ingress[0]!.ports).toContainEqual({ protocol: 'UDP', port: 53 });
    expect(yaml).toContain('# DNS, for every pod of the cluster: no question was seen');
  });

  it('is left to the existing policies that isolate it', async () => {
    const given = policy('kube-system', 'who-asks', {
      podSelector: {},
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ podSelector: {} }], ports: [{ protocol: 'UDP', port: 53 }] }],
    });
    const { yaml } = await runSuggestion(dns, frames, { existing: documentsOf([given], 'existing.json') });
    expect(yaml).not.toContain('for every pod of the cluster');
  });
});

describe('behind a service', () => {
  const pods = [
    pod('x', 'a', '10.0.1.1', { app: 'a' }),
    pod('x', 'w-0', '10.0.1.2', { app: 'w', n: '0' }),
    pod('x', 'w-1', '10.0.1.3', { app: 'w', n: '1' }),
    ...service('x', 'w', '10.96.0.20', 80, ['10.0.1.2', '10.0.1.3']),
  ];
  it('a backend that existing policies refuse gets its rule, whichever was seen', async () => {
    const given = policy('x', 'one-backend', {
      podSelector: { matchLabels: { app: 'a' } },
      policyTypes: ['Egress'],
      egress: [{ to: [{ podSelector: { matchLabels: { n: '0' } } }] }],
    });
    const open = policy('x', 'open', { podSelector: { matchLabels: { app: 'w' } }, ingress: [{}] });
    const { yaml } = await runSuggestion(pods, handshake('10.0.1.1', '10.96.0.20', 80, ['10.0.1.2']), {
      existing: documentsOf([given, open], 'existing.json'),
    });
    expect(yaml).toContain('"n": "1"');
  });
});

describe('a peer that shares its labels', () => {
  const objects = [
    pod('x', 'a', '10.0.1.1', { app: 'a' }),
    pod('y', 'b', '10.0.1.2', { app: 's' }),
    pod('y', 'c', '10.0.1.3', { app: 's' }),
  ];

  it('is said over the rule and among the notes, where no policy is for the peer itself', async () => {
    const { suggestion, yaml } = await runSuggestion(objects, handshake('10.0.1.2', '10.0.1.1', 80), {
      options: { namespaces: new Set(['x']) },
    });
    expect(yaml).toContain('    # y/b: the same labels also select y/c\n');
    expect(suggestion.warnings).toEqual(['y/b: the same labels also select y/c.']);
  });

  it('not where all of them were seen', async () => {
    const frames = [...handshake('10.0.1.2', '10.0.1.1', 80), ...handshake('10.0.1.3', '10.0.1.1', 80)];
    const { yaml } = await runSuggestion(objects, frames, { options: { namespaces: new Set(['x']) } });
    expect(yaml).not.toContain('also select');
  });
});

describe('what nobody can tell', () => {
  it('packets that are cut short are counted', async () => {
    const objects = [pod('x', 'a', '10.0.1.1', { app: 'a' }), pod('x', 'b', '10.0.1.2', { app: 'b' })];
    const cut = handshake('10.0.1.1', '10.0.1.2', 80).map(frame => frame.subarray(0, 34));
    const { suggestion } = await runSuggestion(objects, [...cut, ...handshake('10.0.1.1', '10.0.1.2', 81)]);
    expect(suggestion.traffic.unread).toBe(3);
    expect(summaryLines(suggestion, plain).join('\n')).toContain(
      '3 packets of which the capture does not tell what they belong to',
    );
  });

  it('a namespace that no policy can be in is an error of the documents', () => {
    const { documents } = readDocuments(JSON.stringify(pod('../../etc', 'a', '10.0.1.1', {})), 'cluster.json');
    const { observing, problems } = prepare(documents, {});
    expect(observing).toBeNull();
    expect(problems.some(({ severity, message }) => severity === 'error' && message.includes('../../etc'))).toBe(true);
  });
});
