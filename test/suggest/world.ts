/**
 * Random small clusters and traffic between their ends, from a seed.
 *
 * Out: Kubernetes objects, and events: what somebody tried, its frames, and whether it was completed. Labels are shared by chance,
 * pods have one or two families, ports have names or not, services translate with and without a copy in the capture.
 */
import { createRandom, type Random } from '../../src/generate/random.js';
import {
  chunk,
  ethernet,
  icmp,
  icmpError,
  ipv4,
  ipv6,
  type Segment,
  sctp,
  sctpInit,
  tcp,
  udp,
} from '../support/frames.js';

export interface WorldPod {
  readonly namespace: string;
  readonly name: string;
  readonly workload: string;
  readonly addresses: readonly string[];
  readonly hostNetwork: boolean;
  readonly node: number;
}

export type Protocol = 'TCP' | 'UDP' | 'SCTP' | 'ICMP';

export interface Event {
  /** Pods, or null for others. */
  readonly source: WorldPod | null;
  /** Where it may have gone: behind a service all of its backends. */
  readonly destinations: readonly WorldPod[];
  readonly protocol: Protocol;
  readonly port: number;
  readonly completed: boolean;
  /** Indices of its frames. */
  readonly frames: readonly number[];
}

export interface World {
  readonly objects: readonly object[];
  readonly pods: readonly WorldPod[];
  readonly events: readonly Event[];
  readonly frames: readonly Uint8Array[];
}

interface WorldService {
  readonly address: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
  readonly backends: readonly WorldPod[];
  readonly target: number;
}

const PORTS = [80, 443, 5432, 8080, 9090, 40000];
const VALUES = ['web', 'api', 'db'];
const KEYS = ['app', 'app.kubernetes.io/name', 'tier', 'version', 'pod-template-hash'];
const OUTSIDE = ['203.0.113.7', '203.0.113.8', '203.0.113.200', '198.51.100.1', '2001:db8::7', '2001:db8:1::9'];

export function createWorld(seed: number): World {
  const random = createRandom(seed);
  const chance = (share: number): boolean => random.unit() < share;
  const objects: object[] = [];
  const pods: WorldPod[] = [];
  const nodes = [0, 1].map(n => ({ name: `node-${n}`, address: `192.168.50.${10 + n}` }));
  for (const [n, { name, address }] of nodes.entries()) {
    objects.push({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name },
      spec: { podCIDR: `10.244.${n}.0/24`, podCIDRs: [`10.244.${n}.0/24`, `fd00:${n}::/64`] },
      status: { addresses: [{ type: 'InternalIP', address }] },
    });
  }
  const namespaces = ['blue', 'green'];
  for (const name of namespaces) objects.push({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  let host = 10;
  const workloads = 2 + random.below(5);
  for (let w = 0; w < workloads; w++) {
    const namespace = random.pick(namespaces);
    const labels = Object.fromEntries(KEYS.filter(() => chance(0.5)).map(key => [key, random.pick(VALUES)]));
    const hostNetwork = chance(0.1);
    const named = chance(0.6);
    const dual = chance(0.4);
    const kind = random.pick(['StatefulSet', 'DaemonSet']);
    for (let i = 0; i <= random.below(3); i++) {
      const node = random.below(2);
      const own = host++;
      const addresses = hostNetwork
        ? [nodes[node]!.address]
        : [`10.244.${node}.${own}`, ...(dual ? [`fd00:${node}::${own.toString(16)}`] : [])];
      const pod = {
        namespace,
        name: `w${w}-${i}`,
        workload: `${namespace}/${kind}/w${w}`,
        addresses,
        hostNetwork,
        node,
      };
      pods.push(pod);
      objects.push({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          namespace,
          name: pod.name,
          labels: { ...labels, ...(chance(0.2) && { extra: `v${i}` }) },
          ownerReferences: [{ apiVersion: 'apps/v1', kind, name: `w${w}`, controller: true }],
        },
        spec: {
          nodeName: `node-${node}`,
          hostNetwork,
          containers: [
            {
              name: 'main',
              ports: PORTS.slice(0, 3).map((port, p) => ({
                containerPort: port,
                ...((named || chance(0.3)) && { name: chance(0.9) ? `p${p}` : `q${p}` }),
              })),
            },
          ],
        },
        status: {
          phase: 'Running',
          podIP: addresses[0],
          podIPs: addresses.map(ip => ({ ip })),
          conditions: [{ type: 'Ready', status: 'True' }],
        },
      });
    }
  }
  const services = createServices(random, pods, objects, namespaces);
  return {
    objects,
    pods,
    ...createTraffic(
      random,
      pods,
      services,
      nodes.map(({ address }) => address),
    ),
  };
}

function createServices(random: Random, pods: readonly WorldPod[], objects: object[], namespaces: readonly string[]) {
  const services: WorldService[] = [];
  for (let s = 0; s < 3; s++) {
    const namespace = random.pick(namespaces);
    const isDns = s === 2 && random.unit() < 0.5;
    const members = pods.filter(pod => pod.namespace === namespace && (random.unit() < 0.5 || isDns));
    const protocol = isDns ? 'UDP' : random.pick(['TCP', 'UDP'] as const);
    const [port, target] = isDns ? [53, 5353] : [random.pick(PORTS), random.pick(PORTS)];
    const address = `10.96.0.${10 + s}`;
    const home = isDns ? 'kube-system' : namespace;
    const name = isDns ? 'kube-dns' : `s${s}`;
    services.push({ address, port, protocol, backends: members, target });
    objects.push(
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { namespace: home, name },
        spec: {
          clusterIP: address,
          clusterIPs: [address],
          ports: [{ name: 'main', port, protocol, targetPort: target }],
        },
      },
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { namespace: home, name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
        addressType: 'IPv4',
        ports: [{ name: 'main', port: target, protocol }],
        endpoints: members.map(pod => ({ addresses: [pod.addresses[0]], conditions: { ready: true } })),
      },
    );
  }
  return services;
}

const isV6 = (address: string): boolean => address.includes(':');

type Kind = 'completed' | 'refused' | 'unanswered' | 'midstream';

function createTraffic(
  random: Random,
  pods: readonly WorldPod[],
  services: readonly WorldService[],
  nodes: readonly string[],
): { readonly events: readonly Event[]; readonly frames: readonly Uint8Array[] } {
  const events: Event[] = [];
  const frames: Uint8Array[] = [];
  let id = 1;
  const total = 5 + random.below(20);
  for (let e = 0; e < total; e++) {
    const source = random.unit() < 0.8 ? random.pick(pods) : null;
    const service = random.unit() < 0.3 ? random.pick(services) : null;
    const target = random.unit() < 0.75 ? random.pick(pods) : null;
    const from = source === null ? random.pick([...OUTSIDE, ...nodes]) : random.pick(source.addresses);
    const family = (address: string): boolean => isV6(address) === isV6(from);
    const via = service !== null && service.backends.length > 0 && !isV6(from) ? service : null;
    const backend = via === null ? null : random.pick(via.backends);
    const to =
      backend?.addresses[0] ??
      (target === null ? random.pick([...OUTSIDE, ...nodes].filter(family)) : target.addresses.find(family));
    if (to === undefined || to === from) continue;
    const protocol: Protocol = via?.protocol ?? random.pick(['TCP', 'TCP', 'UDP', 'SCTP', 'ICMP'] as const);
    if (protocol === 'ICMP' && isV6(from)) continue;
    const kind: Kind = random.pick([
      'completed',
      'completed',
      'completed',
      'refused',
      'unanswered',
      ...(protocol === 'TCP' ? (['midstream'] as const) : []),
    ]);
    const port = via?.target ?? random.pick(PORTS);
    const sport = 32768 + ((id * 7) % 28000);
    // A connection that began earlier tells its server by the port alone: not so near to those of clients.
    if (kind === 'midstream' && port >= 32768) continue;
    const indices: number[] = [];
    const send = (message: Segment, back: boolean, vip: boolean): void => {
      const server = vip ? via!.address : to;
      const [src, dst] = back ? [server, from] : [from, server];
      const packet = isV6(from)
        ? ipv6({ src, dst }, message)
        : ipv4({ src, dst, id: (id * 64 + indices.length) & 0xffff }, message);
      indices.push(frames.length);
      frames.push(ethernet(packet));
    };
    const copies = via === null ? 'direct' : random.pick(['both', 'vip', 'direct'] as const);
    const exchange = (make: (server: number) => Segment, back: boolean): void => {
      if (copies !== 'direct') send(make(via!.port), back, true);
      if (copies !== 'vip') send(make(port), back, false);
    };
    play(protocol, kind, exchange, sport, id, [from, to]);
    id++;
    const destinations = via?.backends ?? (target !== null && backend === null ? [target] : []);
    events.push({
      source,
      destinations,
      protocol,
      port,
      completed: kind === 'completed' || kind === 'midstream',
      frames: indices,
    });
  }
  return { events, frames };
}

type Exchange = (make: (server: number) => Segment, back: boolean) => void;

function play(
  protocol: Protocol,
  kind: Kind,
  exchange: Exchange,
  sport: number,
  id: number,
  [from, to]: readonly [string, string],
): void {
  const payload = new Uint8Array(20).fill(id & 255);
  const seq = id * 100_000;
  switch (protocol) {
    case 'TCP': {
      const there = (flags: string, more: object = {}) =>
        exchange(dport => tcp({ sport, dport, seq, flags, ...more }), false);
      const back = (flags: string, more: object = {}) =>
        exchange(port => tcp({ sport: port, dport: sport, seq: seq + 5000, flags, ...more }), true);
      if (kind === 'midstream') {
        there('PA', { ack: seq + 5000, payload });
        back('PA', { ack: seq + 20, payload });
        return;
      }
      there('S');
      if (kind === 'refused') back('RA', { seq: 0, ack: seq + 1 });
      if (kind !== 'completed') return;
      back('SA', { ack: seq + 1 });
      there('A', { seq: seq + 1, ack: seq + 5001 });
      return;
    }
    case 'UDP':
      exchange(dport => udp({ sport, dport, payload }), false);
      if (kind === 'completed')
        exchange(port => udp({ sport: port, dport: sport, payload: Uint8Array.of(...payload, 1) }), true);
      // An ICMP error, which is about the datagram as it reached the server.
      if (kind === 'refused' && !isV6(from)) {
        exchange(dport => icmpError(ipv4({ src: from, dst: to }, udp({ sport, dport, payload })), { code: 3 }), true);
      }
      return;
    case 'SCTP': {
      const one = (type: number, value: Uint8Array, back: boolean): void =>
        exchange(
          port =>
            sctp({
              ...(back ? { sport: port, dport: sport } : { sport, dport: port }),
              tag: type === 1 ? 0 : id,
              chunks: [chunk(type, 0, value)],
            }),
          back,
        );
      one(1, sctpInit(id), false);
      if (kind === 'refused') one(6, new Uint8Array(0), true);
      if (kind !== 'completed') return;
      one(2, sctpInit(id), true);
      one(10, Uint8Array.of(1, 2, 3, 4), false);
      one(11, new Uint8Array(0), true);
      return;
    }
    case 'ICMP':
      exchange(() => icmp({ type: 8, id, seq: 1 }), false);
      if (kind === 'completed') exchange(() => icmp({ type: 0, id, seq: 1 }), true);
  }
}
