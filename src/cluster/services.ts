/**
 * Services and their backends (18 of docs/semantics.md): what an address and port of a service may be translated to.
 *
 * Backends are the ready endpoints: of the EndpointSlices, else of the Endpoints object, else, where the capture of the
 * cluster has neither, the running pods that the selector matches.
 */
import { parseAddress } from './address.js';
import { distinct, type Reader } from './fields.js';
import type { ContainerPort, Service, ServicePort } from './inventory.js';
import type { ClusterObject, ClusterObjects } from './objects.js';
import type { PodDraft } from './pods.js';
import { matchesLabels } from './selector.js';

export interface BackendDraft {
  readonly address: string;
  readonly port: number;
}

export type ServiceDraft = Omit<Service, 'owner' | 'kind' | 'backends'> & {
  readonly backends: readonly (readonly BackendDraft[])[];
};

type Protocol = ContainerPort['protocol'];

/** Ready addresses with the ports they serve. */
interface EndpointGroup {
  readonly addresses: readonly string[];
  readonly ports: readonly { readonly name: string; readonly protocol: Protocol; readonly port: number }[];
}

export function readServices(objects: ClusterObjects, pods: readonly PodDraft[]): ServiceDraft[] {
  const slices = readSlices(objects.byKind.get('EndpointSlice') ?? []);
  const endpoints = readEndpoints(objects.byKind.get('Endpoints') ?? []);
  const running = podsByNamespace(pods);
  return (objects.byKind.get('Service') ?? []).map(service => {
    const { namespace, name, reader, document } = service;
    const key = `${namespace}/${name}`;
    const ports = readServicePorts(reader);
    const groups = slices.get(key) ?? endpoints.get(key);
    const backends =
      groups === undefined
        ? selectBackends(reader, ports, running.get(namespace) ?? [])
        : ports.map(port => endpointBackends(port, groups));
    const labels = reader.strings('metadata', 'labels');
    const selector = reader.strings('spec', 'selector');
    return {
      ...{ namespace, name, labels, selector: Object.keys(selector).length === 0 ? null : selector },
      ...{ addresses: readServiceAddresses(reader), ports, backends, position: document.position },
    };
  });
}

function readServiceAddresses(reader: Reader): string[] {
  const spec = reader.at('spec');
  // The requested name of an ExternalName service is no address, and a headless service has none.
  const clusterIP = spec.string('clusterIP') === 'None' ? '' : spec.address('clusterIP');
  const clusterIPs = spec.list('clusterIPs').map((given, i) => (given === 'None' ? '' : spec.address('clusterIPs', i)));
  const externalIPs = spec.list('externalIPs').map((_, i) => spec.address('externalIPs', i));
  const ingress = reader.objects('status', 'loadBalancer', 'ingress').map(entry => entry.address('ip'));
  return distinct([...clusterIPs, clusterIP, ...externalIPs, ...ingress]);
}

function readServicePorts(reader: Reader): ServicePort[] {
  const ports: ServicePort[] = [];
  for (const given of reader.objects('spec', 'ports')) {
    const protocol = given.protocol('protocol');
    const port = given.port('port');
    if (protocol === null || port === 0) continue;
    const targetPort = given.targetPort('targetPort') ?? port;
    ports.push({ name: given.string('name'), protocol, port, targetPort, nodePort: given.nodePort('nodePort') });
  }
  return ports;
}

function add<T>(groups: Map<string, T[]>, key: string, group: T): void {
  const list = groups.get(key);
  if (list === undefined) groups.set(key, [group]);
  else list.push(group);
}

function readSlices(slices: readonly ClusterObject[]): Map<string, EndpointGroup[]> {
  const groups = new Map<string, EndpointGroup[]>();
  for (const { namespace, reader } of slices) {
    const service = reader.strings('metadata', 'labels')['kubernetes.io/service-name'];
    // Slices of names (addressType FQDN) lead to no address.
    if (service === undefined || reader.string('addressType') === 'FQDN') continue;
    const addresses = reader.objects('endpoints').flatMap(endpoint => {
      // An unknown readiness counts as ready (EndpointConditions in discovery/v1).
      const ready = endpoint.has('conditions', 'ready') ? endpoint.boolean('conditions', 'ready') : true;
      return ready ? endpoint.list('addresses').map((_, i) => endpoint.address('addresses', i)) : [];
    });
    add(groups, `${namespace}/${service}`, { addresses: distinct(addresses), ports: readEndpointPorts(reader) });
  }
  return groups;
}

function readEndpoints(endpoints: readonly ClusterObject[]): Map<string, EndpointGroup[]> {
  const groups = new Map<string, EndpointGroup[]>();
  for (const { namespace, name, reader } of endpoints) {
    groups.set(`${namespace}/${name}`, []);
    for (const subset of reader.objects('subsets')) {
      const addresses = subset.objects('addresses').map(entry => entry.address('ip'));
      add(groups, `${namespace}/${name}`, { addresses: distinct(addresses), ports: readEndpointPorts(subset) });
    }
  }
  return groups;
}

function readEndpointPorts(reader: Reader): EndpointGroup['ports'] {
  return reader.objects('ports').flatMap(given => {
    const protocol = given.protocol('protocol');
    const port = given.port('port');
    return protocol === null || port === 0 ? [] : [{ name: given.string('name'), protocol, port }];
  });
}

function endpointBackends({ name, protocol }: ServicePort, groups: readonly EndpointGroup[]): BackendDraft[] {
  const backends: BackendDraft[] = [];
  for (const { addresses, ports } of groups) {
    const served = ports.filter(port => port.name === name && port.protocol === protocol);
    for (const { port } of served) for (const address of addresses) backends.push({ address, port });
  }
  return backends;
}

function podsByNamespace(pods: readonly PodDraft[]): Map<string, PodDraft[]> {
  const groups = new Map<string, PodDraft[]>();
  for (const pod of pods) if (pod.addresses.length > 0) add(groups, pod.namespace, pod);
  return groups;
}

/** What the EndpointSlice controller would find: ready pods, the target port by name on each (10). */
function selectBackends(reader: Reader, ports: readonly ServicePort[], pods: readonly PodDraft[]): BackendDraft[][] {
  const selector = reader.strings('spec', 'selector');
  if (Object.keys(selector).length === 0) return ports.map(() => []);
  const unready = reader.boolean('spec', 'publishNotReadyAddresses');
  const families = new Set(reader.list('spec', 'ipFamilies'));
  const chosen = pods.filter(pod => (pod.ready || unready) && matchesLabels(selector, pod.labels));
  return ports.map(({ targetPort, protocol }) =>
    chosen.flatMap(pod => {
      const port =
        typeof targetPort === 'number'
          ? targetPort
          : pod.ports.find(candidate => candidate.name === targetPort && candidate.protocol === protocol)?.port;
      if (port === undefined) return [];
      const usable = pod.addresses.filter(address => families.size === 0 || families.has(familyName(address)));
      return usable.map(address => ({ address, port }));
    }),
  );
}

const familyName = (address: string): string => (parseAddress(address)?.family === 6 ? 'IPv6' : 'IPv4');
