/**
 * Builds a plan's network: a namespace a node, pod and external host; a bridge a node; one network between the nodes
 * and a router to the outside; plain routes or a VXLAN between the nodes.
 *
 *   pod eth0 -- vethN node:cni0 ... node:eth0 -- lan (in the router's namespace) -- router -- host
 *
 * In:  a Plan.  Out: namespaces that are up; `removeNetwork` deletes them by name.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isIPv6, resolveEnd } from './plan.mjs';
import { run, start, until } from './shell.mjs';

/** @typedef {import('./plan.mjs').Plan} Plan */

const length = (/** @type {string} */ address) => (isIPv6(address) ? 128 : 32);
const sameFamily = (/** @type {string[]} */ list, /** @type {string} */ like) =>
  list.find(address => isIPv6(address) === isIPv6(like));

/** Kernel settings of every namespace; addresses are used at once and hosts do not ask for routers. */
const SETTINGS = [
  'net.ipv4.ip_forward=1',
  'net.ipv6.conf.all.forwarding=1',
  'net.ipv4.conf.all.rp_filter=0',
  'net.ipv4.conf.default.rp_filter=0',
  'net.ipv4.conf.all.send_redirects=0',
  'net.ipv4.conf.default.send_redirects=0',
  'net.ipv6.conf.default.accept_dad=0',
  'net.ipv6.conf.default.router_solicitations=0',
  'net.ipv4.ping_group_range=0 65535',
];

/** Every namespace of the plan, once. @param {Plan} plan */
export const namespacesOf = plan => [
  ...new Set([...plan.nodes, ...plan.pods, ...plan.hosts, plan.router].map(place => place.namespace)),
];

/** @param {string} namespace @param {string[]} lines of ip(8) */
const ip = (namespace, lines) => run('ip', ['-n', namespace, '-batch', '-'], { input: lines.join('\n') + '\n' });

/** @param {string} cidr "10.0.1.0/24" -> the first host's address, the length */
export function gatewayOf(cidr) {
  const [network, length] = /** @type {[string, string]} */ (cidr.split('/'));
  const first = isIPv6(network)
    ? network.replace(/::.*$/, '::1')
    : network.replace(/\d+$/, last => String(Number(last) + 1));
  return { address: first, length: Number(length) };
}

/** The CIDR of `node` a pod's address belongs to, by its network's leading text (lab CIDRs end on a byte or a group). */
function cidrOf(/** @type {string[]} */ cidrs, /** @type {string} */ address) {
  return cidrs.find(cidr => {
    const [network, length] = /** @type {[string, string]} */ (cidr.split('/'));
    if (isIPv6(network) !== isIPv6(address)) return false;
    if (isIPv6(network)) return address.startsWith(network.replace(/::.*$/, ':'));
    const bytes = Math.floor(Number(length) / 8);
    return network.split('.').slice(0, bytes).join('.') === address.split('.').slice(0, bytes).join('.');
  });
}

/** @param {Plan} plan */
export async function buildNetwork(plan) {
  const { nodes, pods, hosts, router, play } = plan;
  const mtu = { pods: play.overlay ? 1450 : 1500, underlay: 1500, ...play.mtu };
  for (const namespace of namespacesOf(plan)) await run('ip', ['netns', 'add', namespace]);
  for (const namespace of namespacesOf(plan)) {
    await run('ip', ['netns', 'exec', namespace, 'sysctl', '-q', '-w', ...SETTINGS]);
    await ip(namespace, ['link set lo up']);
  }

  await ip(router.namespace, [
    'link add lan type bridge mcast_snooping 0',
    'link set lan up',
    ...router.addresses.map(address => `addr add ${address}/${length(address)} dev lan nodad`),
  ]);
  for (const node of nodes) await buildNode(plan, node, mtu.underlay);
  for (const pod of pods) if (!pod.hostNetwork) await buildPod(pod, mtu.pods);
  for (const [index, host] of hosts.entries()) await buildHost(router, host, `host${index}`);
  for (const node of nodes) await routeNode(plan, node);
  if (play.overlay) for (const node of nodes) await buildTunnel(plan, node, mtu.pods);
  if (play.resolver) for (const pod of pods) if (!pod.hostNetwork) writeResolver(plan, pod.namespace);
}

/** Where ip(8) looks for what stands in a namespace for the machine's /etc. @param {string} namespace */
const etcOf = namespace => `/etc/netns/${namespace}`;

/** Whom programs in a namespace ask for names. @param {Plan} plan @param {string} namespace */
function writeResolver(plan, namespace) {
  const { server, options } = plan.play.resolver;
  const { address } = resolveEnd(plan, server);
  mkdirSync(etcOf(namespace), { recursive: true });
  const lines = [`nameserver ${address}`, ...(options ? [`options ${options}`] : []), ''];
  writeFileSync(join(etcOf(namespace), 'resolv.conf'), lines.join('\n'));
}

/** @param {Plan} plan @param {import('./plan.mjs').NodePlace} node @param {number} mtu */
async function buildNode(plan, node, mtu) {
  const { play } = plan;
  const port = `node${node.index}`;
  await ip(plan.router.namespace, [
    `link add ${port} mtu ${mtu} type veth peer name eth0 netns ${node.namespace}`,
    ...(play.vlan ? [] : [`link set ${port} master lan`]),
    `link set ${port} up`,
  ]);
  if (play.vlan) await buildTags(plan, node.namespace, port, mtu);
  await ip(node.namespace, [
    `link set eth0 mtu ${mtu} up`,
    ...node.addresses.map(address => `addr add ${address}/${length(address)} dev eth0 nodad`),
    'link add cni0 type bridge mcast_snooping 0',
    'link set cni0 up',
    ...node.podCIDRs.map(gatewayOf).map(gateway => `addr add ${gateway.address}/${gateway.length} dev cni0 nodad`),
    // Gateways of pods outside the node's own ranges.
    'addr add 169.254.1.1/32 dev cni0',
    'addr add fe80::1/64 dev cni0 nodad',
  ]);
}

/**
 * Puts a switch port between a node and the nodes' network, where every frame carries the play's VLAN tags.
 * @param {Plan} plan @param {string} node its namespace @param {string} port @param {number} mtu
 */
async function buildTags(plan, node, port, mtu) {
  const { namespace } = plan.router;
  const tags = plan.play.vlan.map(
    (/** @type {any} */ tag) => `${tag.protocol === '802.1ad' ? '88a8' : '8100'}:${tag.id}`,
  );
  await ip(namespace, [
    `link add ${port}t mtu ${mtu + 4 * tags.length} type veth peer name ${port}l`,
    `link set ${port}l mtu ${mtu + 4 * tags.length} master lan`,
    `link set ${port}t up`,
    `link set ${port}l up`,
  ]);
  const script = join(dirname(fileURLToPath(import.meta.url)), 'tags.py');
  await run('ip', ['netns', 'exec', node, '/usr/bin/python3', script, 'checksums', 'eth0']);
  const tagger = start('ip', ['netns', 'exec', namespace, '/usr/bin/python3', script, port, `${port}t`, ...tags]);
  await until(`the VLAN tags of ${port}`, () => tagger.stdout.includes('ready') || tagger.stderr !== '');
  if (tagger.stderr) throw new Error(tagger.stderr);
}

/** @param {import('./plan.mjs').PodPlace} pod @param {number} mtu */
async function buildPod(pod, mtu) {
  const node = pod.node.namespace;
  await ip(node, [
    `link add ${pod.interface} mtu ${mtu} type veth peer name eth0 netns ${pod.namespace}`,
    `link set ${pod.interface} master cni0`,
    `link set ${pod.interface} type bridge_slave hairpin on`,
    `link set ${pod.interface} up`,
  ]);
  await ip(pod.namespace, [`link set eth0 mtu ${mtu} up`]);
  for (const address of pod.addresses) {
    const cidr = cidrOf(pod.node.podCIDRs, address);
    if (cidr) {
      const gateway = gatewayOf(cidr);
      await ip(pod.namespace, [
        `addr add ${address}/${gateway.length} dev eth0 nodad`,
        `route add default via ${gateway.address} dev eth0`,
      ]);
    } else {
      await ip(node, [`route add ${address}/${length(address)} dev cni0`]);
      await ip(pod.namespace, [
        `addr add ${address}/${length(address)} dev eth0 nodad`,
        `route add default via ${isIPv6(address) ? 'fe80::1' : '169.254.1.1'} dev eth0 onlink`,
      ]);
    }
  }
}

/** @param {import('./plan.mjs').Place} router @param {import('./plan.mjs').Place} host @param {string} port */
async function buildHost(router, host, port) {
  const gateways = router.addresses.filter(gateway => sameFamily(host.addresses, gateway));
  await ip(router.namespace, [
    `link add ${port} type veth peer name eth0 netns ${host.namespace}`,
    `link set ${port} up`,
    ...gateways.map(gateway => `addr add ${gateway}/${length(gateway)} dev ${port} nodad`),
    ...host.addresses.map(address => `route add ${address}/${length(address)} dev ${port}`),
  ]);
  await ip(host.namespace, [
    'link set eth0 up',
    ...host.addresses.map(address => `addr add ${address}/${length(address)} dev eth0 nodad`),
    ...gateways.map(gateway => `route add default via ${gateway} dev eth0 onlink`),
  ]);
}

/** What a node reaches through which other node, and the router everything. @param {Plan} plan @param {import('./plan.mjs').NodePlace} node */
async function routeNode(plan, node) {
  const { nodes, router, play } = plan;
  /** @type {string[]} */
  const lines = [];
  for (const other of nodes) {
    if (other === node) continue;
    for (const address of other.addresses) lines.push(`route add ${address}/${length(address)} dev eth0`);
    if (play.overlay) continue;
    for (const range of rangesOf(plan, other)) {
      const via = sameFamily(other.addresses, range);
      lines.push(`route add ${range} via ${via} dev eth0 onlink src ${sameFamily(node.addresses, range)}`);
    }
  }
  for (const gateway of router.addresses)
    lines.push(`route add default via ${gateway} dev eth0 onlink src ${sameFamily(node.addresses, gateway)}`);
  await ip(node.namespace, lines);
  await ip(router.namespace, [
    ...node.addresses.map(address => `route add ${address}/${length(address)} dev lan`),
    ...rangesOf(plan, node).map(range => `route add ${range} via ${sameFamily(node.addresses, range)} dev lan onlink`),
  ]);
}

/** Everything that lives behind a node. @param {Plan} plan @param {import('./plan.mjs').NodePlace} node */
function rangesOf(plan, node) {
  const loose = plan.pods
    .filter(pod => pod.node === node && !pod.hostNetwork)
    .flatMap(pod => pod.addresses.filter(address => !cidrOf(node.podCIDRs, address)));
  return [...node.podCIDRs, ...loose.map(address => `${address}/${length(address)}`)];
}

/** A VXLAN device to every other node, with fixed neighbours: as flannel does. @param {Plan} plan @param {import('./plan.mjs').NodePlace} node @param {number} mtu */
async function buildTunnel(plan, node, mtu) {
  const { vni = 1, port = 4789 } = plan.play.overlay;
  const mac = (/** @type {number} */ index) => `02:00:00:00:77:${(index + 1).toString(16).padStart(2, '0')}`;
  // As flannel: the network address of the node's range.
  const ends = (/** @type {import('./plan.mjs').NodePlace} */ end) => [
    end.podCIDRs.find(cidr => !isIPv6(cidr))?.split('/')[0] ?? `169.254.77.${end.index + 1}`,
    end.podCIDRs.find(isIPv6)?.split('/')[0] ?? `fd00:77::${end.index + 1}`,
  ];
  const local = node.addresses.find(address => !isIPv6(address));
  await ip(node.namespace, [
    `link add vxlan1 address ${mac(node.index)} mtu ${mtu} type vxlan id ${vni} local ${local} dev eth0 dstport ${port} nolearning`,
    'link set vxlan1 up',
    ...ends(node).map(address => `addr add ${address}/${length(address)} dev vxlan1 nodad`),
  ]);
  for (const other of plan.nodes) {
    if (other === node) continue;
    const remote = other.addresses.find(address => !isIPv6(address));
    await run('bridge', [
      '-n',
      node.namespace,
      'fdb',
      'append',
      mac(other.index),
      'dev',
      'vxlan1',
      'dst',
      String(remote),
    ]);
    await ip(node.namespace, [
      ...ends(other).map(address => `neigh add ${address} lladdr ${mac(other.index)} dev vxlan1 nud permanent`),
      ...rangesOf(plan, other).map(
        range => `route add ${range} via ${sameFamily(ends(other), range)} dev vxlan1 onlink`,
      ),
    ]);
  }
}

/** Deletes the plan's namespaces, and with them their devices, routes and rules. @param {Plan} plan */
export async function removeNetwork(plan) {
  for (const namespace of namespacesOf(plan)) {
    await run('ip', ['netns', 'del', namespace], { exit: 'any' });
    rmSync(etcOf(namespace), { recursive: true, force: true });
  }
}
