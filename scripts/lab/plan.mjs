/**
 * The plan of a lab: who exists, and in which network namespace.
 *
 * In:  the case's cluster.yaml (Kubernetes objects) and play.yaml (see README.md here).
 * Out: a Plan: nodes, pods, external hosts and services with their addresses. Pure; nothing is started.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

/** @typedef {{ name: string, namespace: string, addresses: string[] }} Place  `namespace`: the network namespace */
/** @typedef {Place & { podCIDRs: string[], index: number }} NodePlace */
/** @typedef {Place & { node: NodePlace, hostNetwork: boolean, labels: Record<string, string>, ports: any[], interface: string, running: boolean }} PodPlace */
/** @typedef {{ address: string, port: number }} Backend */
/** @typedef {{ name: string, port: number, protocol: string, nodePort: number, backends: Backend[] }} ServicePort */
/** @typedef {{ name: string, addresses: string[], local: boolean, type: string, ports: ServicePort[] }} ServicePlan */
/** @typedef {{ folder: string, play: any, nodes: NodePlace[], pods: PodPlace[], hosts: Place[], services: ServicePlan[],
 *   router: Place, objects: any[] }} Plan */

export const isIPv6 = (/** @type {string} */ address) => address.includes(':');
const IS_ADDRESS = /^(\d+\.\d+\.\d+\.\d+|[0-9a-f]*:[0-9a-f:]*)$/i;

/**
 * @param {string} folder the case's folder
 * @param {string} prefix of every network namespace's name, so that labs can run side by side
 * @returns {Plan}
 */
export function readPlan(folder, prefix) {
  const play = parse(readFileSync(join(folder, 'play.yaml'), 'utf8')) ?? {};
  const objects = parseAllDocuments(readFileSync(join(folder, 'cluster.yaml'), 'utf8'))
    .map(document => document.toJS())
    .flatMap(document => (document?.kind?.endsWith('List') ? document.items : [document]))
    .filter(Boolean);
  const kind = (/** @type {string} */ name) => objects.filter(object => object.kind === name);
  let count = 0;
  const space = () => `${prefix}${count++}`;

  const names = new Set(kind('Node').map(node => node.metadata.name));
  for (const pod of kind('Pod')) names.add(pod.spec?.nodeName ?? 'node-1');
  /** @type {NodePlace[]} */
  const nodes = [...names].map((name, index) => {
    const node = kind('Node').find(object => object.metadata.name === name);
    const given = (node?.status?.addresses ?? [])
      .map((/** @type {any} */ entry) => entry.address)
      .filter((/** @type {string} */ address) => IS_ADDRESS.test(address));
    // Routing needs an address of each family, also where the cluster does not say one.
    if (!given.some((/** @type {string} */ a) => !isIPv6(a))) given.push(`172.18.0.${index + 2}`);
    if (!given.some(isIPv6)) given.push(`fd00:172:18::${index + 2}`);
    const podCIDRs = node?.spec?.podCIDRs ?? (node?.spec?.podCIDR ? [node.spec.podCIDR] : []);
    return { name, namespace: space(), addresses: given, podCIDRs, index };
  });

  /** @type {PodPlace[]} */
  const pods = kind('Pod').map((pod, index) => {
    const node = /** @type {NodePlace} */ (nodes.find(n => n.name === (pod.spec?.nodeName ?? 'node-1')));
    const hostNetwork = pod.spec?.hostNetwork === true;
    const addresses = (pod.status?.podIPs ?? [{ ip: pod.status?.podIP }])
      .map((/** @type {any} */ entry) => entry.ip)
      .filter(Boolean);
    return {
      name: `${pod.metadata.namespace ?? 'default'}/${pod.metadata.name}`,
      namespace: hostNetwork ? node.namespace : space(),
      addresses,
      node,
      hostNetwork,
      labels: pod.metadata.labels ?? {},
      ports: (pod.spec?.containers ?? []).flatMap((/** @type {any} */ container) => container.ports ?? []),
      interface: `veth${index}`,
      running: addresses.length > 0 && !['Succeeded', 'Failed'].includes(pod.status?.phase),
    };
  });

  const router = { name: 'router', namespace: space(), addresses: routerAddresses(nodes) };
  /** @type {Place[]} */
  const hosts = Object.entries(play.hosts ?? {}).map(([name, addresses]) => ({
    name,
    namespace: space(),
    addresses: [addresses].flat().map(String),
  }));
  const services = kind('Service').map(service => servicePlan(service, kind('EndpointSlice'), pods));
  /** @type {Plan} */
  const plan = { folder, play, nodes, pods: pods.filter(pod => pod.running), hosts, services, router, objects };
  // A literal address that nobody owns is an external host of its own.
  for (const step of play.steps ?? [])
    for (const end of [step.from, step.to, step.in])
      if (typeof end === 'string' && IS_ADDRESS.test(end) && !ownerOf(plan, end))
        hosts.push({ name: end, namespace: space(), addresses: [end] });
  return plan;
}

/** The router takes the first address of the nodes' networks, or the last where a node has that. @param {NodePlace[]} nodes */
function routerAddresses(nodes) {
  const taken = nodes.flatMap(node => node.addresses);
  return [false, true].map(six => {
    const first = /** @type {string} */ (nodes[0]?.addresses.find(a => isIPv6(a) === six));
    const stem = six ? first.replace(/:[^:]*$/, ':') : first.replace(/\d+$/, '');
    const gateway = `${stem}1`;
    return taken.includes(gateway) ? `${stem}${six ? 'fffe' : '254'}` : gateway;
  });
}

/** @param {any} service @param {any[]} slices @param {PodPlace[]} pods @returns {ServicePlan} */
function servicePlan(service, slices, pods) {
  const space = service.metadata.namespace ?? 'default';
  const name = `${space}/${service.metadata.name}`;
  const spec = service.spec ?? {};
  const own = slices.filter(
    slice =>
      (slice.metadata.namespace ?? 'default') === space &&
      slice.metadata.labels?.['kubernetes.io/service-name'] === service.metadata.name,
  );
  const selected = pods.filter(
    pod =>
      pod.running &&
      pod.name.startsWith(`${space}/`) &&
      spec.selector &&
      Object.entries(spec.selector).every(([key, value]) => pod.labels[key] === value),
  );
  const ports = (spec.ports ?? []).map((/** @type {any} */ port) => {
    const protocol = port.protocol ?? 'TCP';
    /** @type {Backend[]} */
    const backends = own.length
      ? own.flatMap(slice =>
          (slice.ports ?? [])
            .filter(
              (/** @type {any} */ p) => (p.name ?? '') === (port.name ?? '') && (p.protocol ?? 'TCP') === protocol,
            )
            .flatMap((/** @type {any} */ p) =>
              (slice.endpoints ?? [])
                .filter((/** @type {any} */ endpoint) => endpoint.conditions?.ready !== false)
                .flatMap((/** @type {any} */ endpoint) =>
                  endpoint.addresses.map((/** @type {string} */ address) => ({ address, port: p.port })),
                ),
            ),
        )
      : selected.flatMap(pod => {
          const target = port.targetPort ?? port.port;
          const number =
            typeof target === 'number'
              ? target
              : pod.ports.find(p => p.name === target && (p.protocol ?? 'TCP') === protocol)?.containerPort;
          return number ? pod.addresses.map(address => ({ address, port: number })) : [];
        });
    return { name: port.name ?? '', port: port.port, protocol, nodePort: port.nodePort ?? 0, backends };
  });
  const addresses = [...new Set([...(spec.clusterIPs ?? []), spec.clusterIP])].filter(a => a && a !== 'None');
  return { name, addresses, local: spec.externalTrafficPolicy === 'Local', type: spec.type ?? 'ClusterIP', ports };
}

/**
 * Whose namespace an address stands in.
 * @param {Plan} plan @param {string} address @returns {Place | ServicePlan | undefined}
 */
export function ownerOf(plan, address) {
  const places = [...plan.pods.filter(pod => !pod.hostNetwork), ...plan.nodes, ...plan.hosts, plan.router];
  return [...places, ...plan.services].find(place => place.addresses.includes(address));
}

/**
 * Resolves an end of a step: "ns/pod", "service/ns/name", "node/name", a host's name, or an address.
 * @param {Plan} plan @param {string} text @param {4 | 6} [family]
 * @returns {{ place: Place | ServicePlan, address: string }}
 */
export function resolveEnd(plan, text, family) {
  const byAddress = ownerOf(plan, text);
  if (byAddress) return { place: byAddress, address: text };
  const place =
    plan.pods.find(pod => pod.name === text) ??
    plan.hosts.find(host => host.name === text) ??
    plan.nodes.find(node => `node/${node.name}` === text || node.name === text) ??
    plan.services.find(service => `service/${service.name}` === text) ??
    (text === 'router' ? plan.router : undefined);
  if (!place) throw new Error(`play.yaml: "${text}" is no pod, node, service, host or address of this case`);
  const address = family ? place.addresses.find(a => isIPv6(a) === (family === 6)) : place.addresses[0];
  if (!address) throw new Error(`play.yaml: "${text}" has no IPv${family ?? '4 or IPv6'} address`);
  return { place, address };
}
