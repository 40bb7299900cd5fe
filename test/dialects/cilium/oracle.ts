/**
 * Cilium's policies by their definition: no sets, no normal form, and not the model either. For every packet it asks of every
 * policy as it was written, every rule, peer and port, whether it applies: yes, no or perhaps. Written from the documentation,
 * so that a mistake of the reader or the rules is not repeated here.
 */
import type { Inventory, Node, Pod } from '../../../src/cluster/inventory.js';
import { bits, isWithin } from '../../tree/oracle.js';
import type { PacketLiteral } from '../../tree/packets.js';

export type Sure = 'yes' | 'no' | 'perhaps';

/** Loose on purpose: what YAML gives. */
// biome-ignore lint/suspicious/noExplicitAny: documents as they were written
export type Raw = any;

/** `allow` and `deny` name every rule that does, in the order in which one is reported. */
export type OracleAnswer = string | { readonly verdict: 'allow' | 'deny'; readonly rules: readonly string[] };

const and = (answers: readonly Sure[]): Sure =>
  answers.includes('no') ? 'no' : answers.includes('perhaps') ? 'perhaps' : 'yes';
const or = (answers: readonly Sure[]): Sure =>
  answers.includes('yes') ? 'yes' : answers.includes('perhaps') ? 'perhaps' : 'no';
/** What is so either way is so. */
const either = (answers: readonly Sure[]): Sure =>
  answers.every(it => it === 'yes') ? 'yes' : answers.every(it => it === 'no') ? 'no' : 'perhaps';
const sure = (is: boolean): Sure => (is ? 'yes' : 'no');
const perhaps = (answer: Sure): Sure => (answer === 'no' ? 'no' : 'perhaps');

/** What an address may be to Cilium: its labels, "source:key" to value, and the address for blocks. */
interface Identity {
  readonly labels: ReadonlyMap<string, string>;
  readonly pod: Pod | null;
  readonly node: Node | null;
  readonly address: string;
}

const NODE_LOCAL = '169.254.20.10';
const HIDDEN =
  /^(io\.kubernetes|kubernetes\.io|k8s\.io|pod-template-hash|controller-revision-hash|statefulset\.kubernetes\.io\/pod-name)/;

export interface World {
  readonly inventory: Inventory;
  readonly policies: readonly Raw[];
  readonly groups: readonly Raw[];
  readonly profile: 'cilium' | 'upstream';
}

export function oracle(world: World, packet: PacketLiteral): { egress: OracleAnswer; ingress: OracleAnswer } {
  const { inventory, profile } = world;
  const from = whoHas(packet.source, inventory);
  const into = whoHas(packet.destination, inventory);
  const both = (answer: string) => ({ egress: answer, ingress: answer });
  if (from?.kind === 'pod' && from === into) return both('loopback');
  const hosts = (node: Pod | Node | null, end: Pod | Node | null): boolean =>
    node?.kind === 'node' && end !== null && (end.kind === 'node' ? end === node : end.node === node.name);
  const isFreeLocal = (address: string): boolean => address === NODE_LOCAL && whoHas(address, inventory) === null;
  const hasHost = (end: Pod | Node | null): boolean =>
    end !== null && (end.kind === 'node' || inventory.nodes.some(it => it.name === end.node));
  if (hosts(from, into) || (isFreeLocal(packet.source) && hasHost(into))) return both('node');
  const outToOwn = hosts(into, from) || (isFreeLocal(packet.destination) && hasHost(from));
  if (outToOwn && (profile === 'upstream' || from?.kind === 'node')) return both('node');
  return {
    egress: from?.kind === 'pod' ? decide(world, 'egress', from, packet.destination, packet) : 'none',
    ingress: into?.kind === 'pod' ? decide(world, 'ingress', into, packet.source, packet) : 'none',
  };
}

function whoHas(address: string, { pods, nodes }: Inventory): Pod | Node | null {
  const has = (texts: readonly string[]): boolean => texts.some(text => bits(text) === bits(address));
  return pods.find(pod => !pod.hostNetwork && has(pod.addresses)) ?? nodes.find(node => has(node.addresses)) ?? null;
}

function decide(
  world: World,
  way: 'egress' | 'ingress',
  subject: Pod,
  peer: string,
  packet: PacketLiteral,
): OracleAnswer {
  const protocol = packet.protocol ?? 6;
  if (world.profile === 'cilium' && ![1, 6, 17, 58].includes(protocol)) {
    return protocol === 132 ? 'undecided' : { verdict: 'deny', rules: ['cilium other protocols'] };
  }
  const denying: string[] = [];
  const allowing: string[] = [];
  let mayDeny = false;
  let isSpared = false;
  let isSent = false;
  let mayAllow = false;
  let isIsolated = false;
  let mayBeIsolated = false;
  for (const { policy, spec, prefix, name } of specsOf(world.policies)) {
    const namespace: string = policy.kind === 'CiliumNetworkPolicy' ? policy.metadata.namespace : '';
    const selected = isSubject(spec.endpointSelector, namespace, subject, world);
    if (selected === 'no') continue;
    const given = { allow: spec[way] ?? [], deny: spec[`${way}Deny`] ?? [] };
    if (given.allow.length + given.deny.length === 0) continue;
    if (spec.enableDefaultDeny?.[way] !== false) {
      if (selected === 'yes') isIsolated = true;
      else mayBeIsolated = true;
    }
    given.deny.forEach((rule: Raw, i: number) => {
      const matched = and([selected, applies(rule, way, namespace, subject, peer, packet, world)]);
      if (matched === 'yes') denying.push(`${name} ${prefix}${way}Deny[${i}]`);
      if (matched === 'perhaps') mayDeny = true;
      if (lacks(rule, way, namespace, peer, world)) isSpared = true;
    });
    given.allow.forEach((rule: Raw, i: number) => {
      const matched = and([selected, applies(rule, way, namespace, subject, peer, packet, world)]);
      if (lacks(rule, way, namespace, peer, world)) isSent = true;
      if (matched === 'no') return;
      const proxied = matchingEntries(rule, way, namespace, subject, peer, packet, world);
      const asksProof = rule.authentication !== undefined && rule.authentication.mode !== 'disabled';
      if (asksProof || proxied.sent) isSent = true;
      if (!asksProof && matched === 'yes' && proxied.plain === 'yes') allowing.push(`${name} ${prefix}${way}[${i}]`);
      else mayAllow = true;
    });
  }
  if (isSpared) return 'undecided';
  if (denying.length > 0) return { verdict: 'deny', rules: denying };
  if (mayDeny || isSent) return 'undecided';
  if (allowing.length > 0) return { verdict: 'allow', rules: allowing };
  if (mayAllow || mayBeIsolated) return 'undecided';
  return isIsolated ? 'default-deny' : 'not-isolated';
}

/** By name, as they are reported. */
function specsOf(policies: readonly Raw[]) {
  const nameOf = (it: Raw): string =>
    it.metadata.namespace === undefined ? it.metadata.name : `${it.metadata.namespace}/${it.metadata.name}`;
  return [...policies]
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
    .flatMap(policy => [
      ...(policy.spec === undefined ? [] : [{ policy, spec: policy.spec, prefix: '', name: nameOf(policy) }]),
      ...(policy.specs ?? []).map((spec: Raw, i: number) => ({
        policy,
        spec,
        prefix: `specs[${i}].`,
        name: nameOf(policy),
      })),
    ]);
}

function isSubject(selector: Raw, namespace: string, pod: Pod, world: World): Sure {
  const labels: Record<string, string> = { ...selector.matchLabels };
  if (namespace !== '') labels['k8s:io.kubernetes.pod.namespace'] = namespace;
  return selects({ ...selector, matchLabels: labels }, podIdentity(pod, world).labels);
}

function applies(
  rule: Raw,
  way: 'egress' | 'ingress',
  namespace: string,
  subject: Pod,
  peer: string,
  packet: PacketLiteral,
  world: World,
): Sure {
  const { plain, asked, sent } = matchingEntries(rule, way, namespace, subject, peer, packet, world);
  return plain === 'yes' ? 'yes' : plain === 'perhaps' || asked || sent ? 'perhaps' : 'no';
}

/** Peers and ports together: what surely lets through, what a proxy looks at, what is sent to one. */
function matchingEntries(
  rule: Raw,
  way: 'egress' | 'ingress',
  namespace: string,
  subject: Pod,
  peer: string,
  packet: PacketLiteral,
  world: World,
): { plain: Sure; asked: boolean; sent: boolean } {
  const hasLayer4 = (rule.toPorts ?? []).length > 0 || (rule.icmps ?? []).length > 0;
  const l3 = reaches(rule, way, namespace, subject, peer, hasLayer4, world);
  if (l3 === 'no') return { plain: 'no', asked: false, sent: false };
  if (!hasLayer4) return { plain: l3, asked: false, sent: false };
  const plain: Sure[] = [];
  let asked = false;
  let sent = false;
  for (const icmp of rule.icmps ?? []) {
    for (const { family = 'IPv4', type } of icmp.fields ?? []) {
      const number = type === 'EchoRequest' ? (family === 'IPv4' ? 8 : 128) : Number(type);
      plain.push(sure(packet.protocol === (family === 'IPv4' ? 1 : 58) && packet.icmpType === number));
    }
  }
  for (const entry of rule.toPorts ?? []) {
    const matched =
      (entry.ports ?? []).length === 0
        ? 'perhaps'
        : or(entry.ports.map((port: Raw) => portMatches(port, rule, way, namespace, subject, peer, packet, world)));
    if (matched === 'no') continue;
    const isSent =
      ['listener', 'terminatingTLS', 'originatingTLS'].some(it => it in entry) || (entry.serverNames ?? []).length > 0;
    const isAsked = entry.rules !== undefined && !(entry.rules.dns ?? []).some((it: Raw) => it.matchPattern === '*');
    if (isSent) sent = true;
    else if (isAsked) asked = true;
    else plain.push(matched);
  }
  return { plain: and([l3, or(plain)]), asked, sent };
}

const NUMBERS: Readonly<Record<string, readonly number[]>> = {
  TCP: [6],
  UDP: [17],
  SCTP: [132],
  ANY: [6, 17, 132],
};

function portMatches(
  { port, endPort = 0, protocol = 'ANY' }: Raw,
  rule: Raw,
  way: 'egress' | 'ingress',
  namespace: string,
  subject: Pod,
  peer: string,
  packet: PacketLiteral,
  world: World,
): Sure {
  const number = packet.protocol ?? 6;
  if (!NUMBERS[protocol]!.includes(number)) return 'no';
  const dport = packet.dport!;
  if (/^\d+$/.test(port)) {
    if (port === '0') return 'yes';
    return sure(Number(port) <= dport && dport <= Math.max(endPort, Number(port)));
  }
  const kind = number === 6 ? 'TCP' : number === 17 ? 'UDP' : 'SCTP';
  const numberAt = (pod: Pod): number | undefined =>
    pod.ports.find(it => it.name === port.toLowerCase() && it.protocol === kind && it.init !== true)?.port;
  if (way === 'ingress') return sure(numberAt(subject) === dport);
  const pods = world.inventory.pods.filter(it => !it.hostNetwork);
  const selected = pods.filter(it => podReached(it, rule, namespace, world) !== 'no');
  const numbers = (of: readonly Pod[]): Set<number> => new Set(of.map(numberAt).filter(it => it !== undefined));
  const end = whoHas(peer, world.inventory);
  // Three versions of Cilium: each pod's own, one of the cluster, one of the peers.
  const readings = [
    end?.kind === 'pod' && numberAt(end) === dport,
    numbers(pods).size === 1 && numbers(pods).has(dport),
    numbers(selected).size === 1 && numbers(selected).has(dport),
  ];
  return either(readings.map(sure));
}

/** As a peer of the rule, wherever the subject is. */
function podReached(pod: Pod, rule: Raw, namespace: string, world: World): Sure {
  return identityReached(podIdentity(pod, world), rule, 'egress', namespace, true, world);
}

function reaches(
  rule: Raw,
  way: 'egress' | 'ingress',
  namespace: string,
  subject: Pod,
  peer: string,
  hasLayer4: boolean,
  world: World,
): Sure {
  const ask = (identity: Identity): Sure => identityReached(identity, rule, way, namespace, hasLayer4, world);
  const { inventory } = world;
  const end = whoHas(peer, inventory);
  if (end?.kind === 'pod') return ask(podIdentity(end, world));
  if (end?.kind === 'node') {
    const isApi = apiAddresses(inventory)?.some(it => bits(it) === bits(peer)) === true;
    const as = (label: string): Sure =>
      ask({ labels: reserved(label, ...(isApi ? ['kube-apiserver'] : [])), pod: null, node: end, address: peer });
    if (!inventory.nodes.some(it => it.name === subject.node)) return either([as('host'), as('remote-node')]);
    return as(end.name === subject.node ? 'host' : 'remote-node');
  }
  const isApi = apiAddresses(inventory)?.some(it => bits(it) === bits(peer)) === true;
  const outside = ask({ labels: worldLabels(peer, isApi), pod: null, node: null, address: peer });
  if (peer === NODE_LOCAL) {
    const host = ask({ labels: reserved('host'), pod: null, node: null, address: peer });
    return either([outside, host]);
  }
  // It may be one of Cilium's own endpoints, whose addresses nobody tells.
  const isFree = inventory.nodes.some(it => it.podCIDRs.some(cidr => isWithin(peer, cidr)));
  if (outside === 'yes' || !isFree) return outside;
  const special = ['health', 'ingress', 'unmanaged', 'init'].map(it =>
    ask({ labels: reserved(it), pod: null, node: null, address: '' }),
  );
  return or([outside, perhaps(or(special))]);
}

const reserved = (...names: string[]): Map<string, string> => new Map(names.map(name => [`reserved:${name}`, '']));

/** Told apart by family in a marker of our own: which label it is depends on the cluster. */
const worldLabels = (address: string, isApi: boolean): Map<string, string> =>
  reserved('world', address.includes(':') ? 'six' : 'four', ...(isApi ? ['kube-apiserver'] : []));

function podIdentity(pod: Pod, { inventory }: World): Identity {
  const labels = new Map<string, string>();
  for (const [key, value] of Object.entries(pod.labels)) if (!HIDDEN.test(key)) labels.set(`k8s:${key}`, value);
  labels.set('k8s:io.kubernetes.pod.namespace', pod.namespace);
  for (const [key, value] of Object.entries(inventory.namespaces.get(pod.namespace)!.labels)) {
    labels.set(`k8s:io.cilium.k8s.namespace.labels.${key}`, value);
  }
  labels.set('k8s:io.cilium.k8s.policy.serviceaccount', pod.serviceAccount);
  labels.set('k8s:io.cilium.k8s.policy.cluster', '?');
  return { labels, pod, node: null, address: '' };
}

function apiAddresses({ services }: Inventory): string[] | null {
  const service = services.find(it => it.namespace === 'default' && it.name === 'kubernetes');
  const addresses = (service?.backends ?? []).flat().map(it => it.address);
  return addresses.length === 0 ? null : addresses;
}

const isDual = ({ pods, nodes }: Inventory): boolean =>
  [...pods, ...nodes].some(it => it.addresses.some(a => a.includes(':')) && it.addresses.some(a => !a.includes(':')));

function identityReached(
  identity: Identity,
  rule: Raw,
  way: 'egress' | 'ingress',
  namespace: string,
  hasLayer4: boolean,
  world: World,
): Sure {
  const side = way === 'ingress' ? 'from' : 'to';
  const members = ['Endpoints', 'CIDR', 'CIDRSet', 'Entities', 'Nodes'].map(it => rule[`${side}${it}`]);
  if (members.some(it => Array.isArray(it) && it.length === 0)) return 'no';
  const answers: Sure[] = [];
  const isOutside = identity.labels.has('reserved:world');
  for (const selector of rule[`${side}Endpoints`] ?? [])
    answers.push(endpointMatches(selector, namespace, identity, world));
  for (const entity of rule[`${side}Entities`] ?? []) answers.push(entityMatches(entity, identity, world));
  for (const cidr of rule[`${side}CIDR`] ?? []) answers.push(sure(isOutside && inBlock(identity.address, cidr, [])));
  for (const block of rule[`${side}CIDRSet`] ?? []) answers.push(blockMatches(block, identity, world));
  for (const selector of rule[`${side}Nodes`] ?? []) {
    const { node } = identity;
    const labels = new Map(Object.entries(node?.labels ?? {}).map(([key, value]) => [`node:${key}`, value]));
    answers.push(identity.labels.has('reserved:remote-node') ? selects(selector, labels) : 'no');
  }
  for (const service of rule[`${side}Services`] ?? []) answers.push(serviceMatches(service, identity, world));
  if ((rule[`${side}FQDNs`] ?? []).length > 0) answers.push(isOutside ? 'perhaps' : 'no');
  if ((rule[`${side}Groups`] ?? []).length > 0) answers.push(isOutside ? 'perhaps' : 'no');
  const hasPeers = ['Endpoints', 'Entities', 'CIDR', 'CIDRSet', 'Nodes', 'Services', 'FQDNs', 'Groups'].some(
    it => (rule[`${side}${it}`] ?? []).length > 0,
  );
  return hasPeers ? or(answers) : sure(hasLayer4);
}

const inBlock = (address: string, cidr: string, except: readonly string[]): boolean =>
  isWithin(address, cidr.includes('/') ? cidr : `${cidr}/${cidr.includes(':') ? 128 : 32}`) &&
  !except.some(hole => isWithin(address, hole));

function blockMatches(
  { cidr, cidrGroupRef, cidrGroupSelector, except = [] }: Raw,
  identity: Identity,
  world: World,
): Sure {
  if (!identity.labels.has('reserved:world')) return 'no';
  if (cidr !== undefined) return sure(inBlock(identity.address, cidr, except));
  const named = world.groups.filter(group =>
    cidrGroupRef !== undefined
      ? group.metadata.name === cidrGroupRef
      : selects(
          cidrGroupSelector,
          new Map(Object.entries(group.metadata.labels ?? {}).map(([k, v]) => [`any:${k}`, v as string])),
        ) === 'yes',
  );
  if (named.length === 0) return cidrGroupRef !== undefined || world.groups.length === 0 ? 'perhaps' : 'no';
  return sure(
    named.some(group => group.spec.externalCIDRs.some((it: string) => inBlock(identity.address, it, except))),
  );
}

function serviceMatches({ k8sService, k8sServiceSelector }: Raw, identity: Identity, { inventory }: World): Sure {
  const wanted = (k8sServiceSelector ?? k8sService).namespace ?? '';
  const found = inventory.services.filter(
    service =>
      (wanted === '' || wanted === service.namespace) &&
      (k8sServiceSelector === undefined
        ? service.name === k8sService.serviceName
        : selects(
            k8sServiceSelector.selector,
            new Map(Object.entries(service.labels).map(([k, v]) => [`any:${k}`, v])),
          ) === 'yes'),
  );
  const isOutside = identity.labels.has('reserved:world');
  if (found.length === 0) {
    const isUnknown = k8sServiceSelector === undefined || inventory.services.length === 0;
    return isUnknown && (identity.pod !== null || isOutside) ? 'perhaps' : 'no';
  }
  return sure(
    found.some(({ selector, namespace, backends }) =>
      selector === null
        ? isOutside && backends.flat().some(({ address }) => bits(address) === bits(identity.address))
        : identity.pod?.namespace === namespace &&
          Object.entries(selector).every(([k, v]) => !HIDDEN.test(k) && identity.pod!.labels[k] === v),
    ),
  );
}

function entityMatches(entity: string, { labels, pod }: Identity, { inventory }: World): Sure {
  const has = (name: string): Sure => sure(labels.has(`reserved:${name}`));
  const api = (): Sure => {
    if (apiAddresses(inventory) !== null) return has('kube-apiserver');
    return perhaps(or([has('host'), has('remote-node'), has('world')]));
  };
  switch (entity) {
    case 'all':
      return 'yes';
    case 'cluster': {
      const known = apiAddresses(inventory) === null ? 'no' : has('kube-apiserver');
      const names = ['host', 'remote-node', 'init', 'ingress', 'health', 'unmanaged'];
      return or([sure(pod !== null), known, ...names.map(has)]);
    }
    case 'world-ipv4':
      return isDual(inventory) ? has('four') : perhaps(has('four'));
    case 'world-ipv6':
      return isDual(inventory) ? has('six') : perhaps(has('six'));
    case 'kube-apiserver':
      return api();
    default:
      return has(entity);
  }
}

function endpointMatches(selector: Raw, namespace: string, identity: Identity, world: World): Sure {
  const keys = [
    ...Object.keys(selector.matchLabels ?? {}),
    ...(selector.matchExpressions ?? []).map((it: Raw) => it.key as string),
  ];
  if (keys.some(key => key.startsWith('reserved:'))) return reservedMatches(selector, keys, identity, world);
  if (identity.pod === null) return 'no';
  const bare = keys.map(key => key.replace(/^(k8s|any):/, ''));
  if (namespace === '' || bare.includes('io.kubernetes.pod.namespace')) return selects(selector, identity.labels);
  const own = and([selects(selector, identity.labels), sure(identity.pod.namespace === namespace)]);
  if (!bare.some(key => key.startsWith('io.cilium.k8s.namespace.labels.'))) return own;
  // Some versions add the policy's namespace, some do not.
  return own === 'yes' ? 'yes' : perhaps(selects(selector, identity.labels));
}

function reservedMatches(selector: Raw, keys: readonly string[], identity: Identity, world: World): Sure {
  const { inventory } = world;
  const asks = (name: string): boolean => keys.some(key => key.startsWith(`reserved:${name}`));
  const is = (name: string): boolean => identity.labels.has(`reserved:${name}`);
  if (identity.pod !== null) return selects(selector, identity.labels);
  if (is('health') || is('ingress') || is('unmanaged') || is('init')) return selects(selector, identity.labels);
  const isApiUnknown = asks('kube-apiserver') && apiAddresses(inventory) === null;
  const withApi = (labels: ReadonlyMap<string, string>): Sure[] =>
    isApiUnknown
      ? [selects(selector, labels), selects(selector, new Map([...labels, ['reserved:kube-apiserver', '']]))]
      : [selects(selector, labels)];
  if (!is('world')) {
    if (!isApiUnknown) return selects(selector, identity.labels);
    const asEither = ['host', 'remote-node'].flatMap(it => withApi(reserved(it)));
    return perhaps(or(asEither));
  }
  const isLabelKnown = !asks('world') || (!isDual(inventory) && !asks('world-'));
  const api = is('kube-apiserver') ? ['kube-apiserver'] : [];
  const names = isLabelKnown || isApiUnknown ? ['world'] : ['world', 'world-ipv4', 'world-ipv6'];
  const answer = or(names.flatMap(name => withApi(reserved(name, ...api))));
  return isLabelKnown && !isApiUnknown ? answer : perhaps(answer);
}

/** A key without a source asks any. */
function selects(selector: Raw, labels: ReadonlyMap<string, string>): Sure {
  const find = (text: string): string | undefined => {
    const colon = text.indexOf(':');
    const [source, key] = colon < 0 ? ['any', text] : [text.slice(0, colon), text.slice(colon + 1)];
    for (const [name, value] of labels) {
      const at = name.indexOf(':');
      if (name.slice(at + 1) === key && (source === 'any' || name.slice(0, at) === source)) return value;
    }
    return undefined;
  };
  const ask = (key: string, operator: string, values: readonly string[]): Sure => {
    const value = find(key);
    if (value === '?' && (operator === 'In' || operator === 'NotIn')) return 'perhaps';
    if (operator === 'Exists') return sure(value !== undefined);
    if (operator === 'DoesNotExist') return sure(value === undefined);
    const isOne = value !== undefined && values.includes(value);
    return sure(operator === 'In' ? isOne : !isOne);
  };
  return and([
    ...Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ask(key, 'In', [value as string])),
    ...(selector.matchExpressions ?? []).map((it: Raw) => ask(it.key, it.operator, it.values ?? [])),
  ]);
}

/** Whether a pod or node lacks what the rule requires of the other side. */
function lacks(rule: Raw, way: 'egress' | 'ingress', namespace: string, peer: string, world: World): boolean {
  const required = rule[way === 'ingress' ? 'fromRequires' : 'toRequires'] ?? [];
  if (required.length === 0) return false;
  const end = whoHas(peer, world.inventory);
  if (end === null) return false;
  if (end.kind === 'node') return true;
  const identity = podIdentity(end, world);
  return and(required.map((it: Raw) => endpointMatches(it, namespace, identity, world))) === 'no';
}
