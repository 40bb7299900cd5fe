/**
 * Calico's policies by their definition: no sets, no normal form, no index, and selectors that were never text. For every
 * packet it asks of every tier, policy, rule and side whether it applies. Written from Calico's reference pages and from
 * what Felix renders, apart from the code under test.
 */
import { bits, isWithin } from '../tree/oracle.js';

export type Selector =
  | { readonly op: 'all' | 'global' }
  | { readonly op: 'has'; readonly key: string }
  | {
      readonly op: '==' | '!=' | 'contains' | 'starts with' | 'ends with';
      readonly key: string;
      readonly value: string;
    }
  | { readonly op: 'in' | 'not in'; readonly key: string; readonly values: readonly string[] }
  | { readonly op: 'not'; readonly of: Selector }
  | { readonly op: 'and' | 'or'; readonly a: Selector; readonly b: Selector };

type Labels = Readonly<Record<string, string>>;

export interface Pod {
  readonly ns: string;
  readonly name: string;
  readonly labels: Labels;
  readonly account: string;
  readonly ips: readonly string[];
  readonly ports: readonly {
    readonly name: string;
    readonly protocol: 'TCP' | 'UDP' | 'SCTP';
    readonly port: number;
  }[];
}

export interface NetSet {
  /** null: global. */
  readonly ns: string | null;
  readonly name: string;
  readonly labels: Labels;
  readonly nets: readonly string[];
}

export interface Service {
  readonly ns: string;
  readonly name: string;
  readonly ips: readonly string[];
  readonly ports: readonly { readonly protocol: 'TCP' | 'UDP' | 'SCTP'; readonly port: number }[];
}

export interface Entity {
  readonly nets?: readonly string[];
  readonly notNets?: readonly string[];
  readonly selector?: Selector;
  readonly notSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly serviceAccounts?: { readonly names?: readonly string[]; readonly selector?: Selector };
  readonly services?: { readonly name: string; readonly namespace: string };
  readonly ports?: readonly (number | string)[];
  readonly notPorts?: readonly (number | string)[];
}

export interface Rule {
  readonly action: 'Allow' | 'Deny' | 'Pass' | 'Log';
  readonly ipVersion?: 4 | 6;
  readonly protocol?: string | number;
  readonly notProtocol?: string | number;
  readonly icmp?: { readonly type: number; readonly code?: number };
  readonly notICMP?: { readonly type: number; readonly code?: number };
  readonly source?: Entity;
  readonly destination?: Entity;
}

export interface Policy {
  /** null: global. */
  readonly ns: string | null;
  readonly name: string;
  readonly tier: string;
  readonly order: number | null;
  readonly selector?: Selector;
  readonly serviceAccountSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly types?: readonly ('Ingress' | 'Egress')[];
  readonly ingress: readonly Rule[];
  readonly egress: readonly Rule[];
}

export interface World {
  readonly namespaces: Readonly<Record<string, Labels>>;
  readonly accounts: Readonly<Record<string, Labels>>;
  readonly pods: readonly Pod[];
  readonly sets: readonly NetSet[];
  readonly services: readonly Service[];
  readonly tiers: readonly {
    readonly name: string;
    readonly order: number | null;
    readonly defaultAction: 'Deny' | 'Pass';
  }[];
  readonly policies: readonly Policy[];
  /** Rules of kns.NAMESPACE, where there are other ones than Calico's. */
  readonly profiles: Readonly<Record<string, { readonly ingress: readonly Rule[]; readonly egress: readonly Rule[] }>>;
}

export interface Packet {
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly sport: number;
  readonly dport: number;
  readonly icmpType: number;
  readonly icmpCode: number;
}

export function evaluate(selector: Selector, labels: Labels): boolean {
  const of = (key: string): string | null => (key in labels ? labels[key]! : null);
  switch (selector.op) {
    case 'all':
      return true;
    case 'global':
      return false;
    case 'has':
      return of(selector.key) !== null;
    case '==':
      return of(selector.key) === selector.value;
    case '!=':
      return of(selector.key) !== selector.value;
    case 'contains':
      return of(selector.key) !== null && of(selector.key)!.indexOf(selector.value) >= 0;
    case 'starts with':
      return of(selector.key) !== null && of(selector.key)!.indexOf(selector.value) === 0;
    case 'ends with':
      return (
        of(selector.key) !== null && of(selector.key)!.slice(-selector.value.length || Infinity) === selector.value
      );
    case 'in':
      return of(selector.key) !== null && selector.values.some(value => value === of(selector.key));
    case 'not in':
      return !selector.values.some(value => value === of(selector.key));
    case 'not':
      return !evaluate(selector.of, labels);
    case 'and':
      return evaluate(selector.a, labels) && evaluate(selector.b, labels);
    case 'or':
      return evaluate(selector.a, labels) || evaluate(selector.b, labels);
  }
}

/** Something that has labels, a namespace or none, and a service account or none. */
interface Endpoint {
  readonly ns: string | null;
  readonly account: string | null;
  readonly labels: Labels;
  has(address: string): boolean;
  readonly pod: Pod | null;
}

const NUMBER: Readonly<Record<string, number>> = { ICMP: 1, TCP: 6, UDP: 17, ICMPv6: 58, SCTP: 132, UDPLite: 136 };
const numberOf = (protocol: string | number): number => (typeof protocol === 'number' ? protocol : NUMBER[protocol]!);
const isFour = (address: string): boolean => !address.includes(':');

/** `none`, `loopback`, `not-isolated`, `default-deny`, or `action policy rule`: egress and ingress. */
export function oracle(world: World, packet: Packet): readonly [string, string] {
  const holder = (address: string): Pod | null =>
    world.pods.find(({ ips }) => ips.some(ip => bits(ip) === bits(address))) ?? null;
  const from = holder(packet.source);
  const to = holder(packet.destination);
  if (from !== null && from === to) return ['loopback', 'loopback'];
  return [
    from === null ? 'none' : decide(world, 'egress', from, packet),
    to === null ? 'none' : decide(world, 'ingress', to, packet),
  ];
}

function decide(world: World, direction: 'egress' | 'ingress', subject: Pod, packet: Packet): string {
  const endpoints = endpointsOf(world);
  const own = endpoints.find(({ pod }) => pod === subject)!;
  const tiers = [...world.tiers, { name: 'default', order: 1_000_000, defaultAction: 'Deny' as const }].sort(
    (a, b) => (a.order ?? Infinity) - (b.order ?? Infinity) || (a.name < b.name ? -1 : 1),
  );
  next: for (const tier of tiers) {
    const applying = world.policies
      .filter(
        policy => policy.tier === tier.name && typesOf(policy).includes(direction === 'egress' ? 'Egress' : 'Ingress'),
      )
      .filter(policy => appliesTo(policy, own, world))
      .sort((a, b) => {
        const [x, y] = [a.order ?? Infinity, b.order ?? Infinity];
        if (x !== y) return x < y ? -1 : 1;
        const [p, q] = [a, b].map(
          it => `${it.name}/${it.ns ?? ''}/${it.ns === null ? 'GlobalNetworkPolicy' : 'NetworkPolicy'}`,
        );
        return p! < q! ? -1 : 1;
      });
    if (applying.length === 0) continue;
    for (const policy of applying) {
      for (const [i, rule] of policy[direction].entries()) {
        if (rule.action === 'Log' || !matches(rule, policy.ns, packet, world, endpoints)) continue;
        if (rule.action === 'Pass') continue next;
        const name = policy.ns === null ? policy.name : `${policy.ns}/${policy.name}`;
        return `${rule.action.toLowerCase()} ${name} ${direction}[${i}]`;
      }
    }
    if (tier.defaultAction === 'Deny') return 'default-deny';
  }
  const profile = world.profiles[subject.ns];
  if (profile === undefined) return 'not-isolated';
  for (const [i, rule] of profile[direction].entries()) {
    if (rule.action === 'Log' || !matches(rule, null, packet, world, endpoints)) continue;
    // The next profile is the service account's, which has no rules.
    if (rule.action === 'Pass') break;
    if (isPlainAllow(profile[direction])) return 'not-isolated';
    return `${rule.action.toLowerCase()} kns.${subject.ns} ${direction}[${i}]`;
  }
  return 'default-deny';
}

/** policap leaves out a profile that begins by allowing everything, as Calico's own does. */
function isPlainAllow(rules: readonly Rule[]): boolean {
  const first = rules.find(({ action }) => action !== 'Log');
  if (first === undefined) return false;
  const { action, source = {}, destination = {}, ...rest } = first;
  return action === 'Allow' && [source, destination, rest].every(it => Object.keys(it).length === 0);
}

function endpointsOf(world: World): Endpoint[] {
  return [
    ...world.pods.map(
      (pod): Endpoint => ({
        ns: pod.ns,
        account: pod.account,
        labels: {
          ...prefixed('pcns.', namespaceLabels(world, pod.ns)),
          ...prefixed('pcsa.', accountLabels(world, pod.ns, pod.account)),
          ...pod.labels,
          'projectcalico.org/namespace': pod.ns,
          'projectcalico.org/orchestrator': 'k8s',
          'projectcalico.org/serviceaccount': pod.account,
        },
        has: address => pod.ips.some(ip => bits(ip) === bits(address)),
        pod,
      }),
    ),
    ...world.sets.map(
      (set): Endpoint => ({
        ns: set.ns,
        account: null,
        labels:
          set.ns === null
            ? set.labels
            : {
                ...prefixed('pcns.', namespaceLabels(world, set.ns)),
                ...set.labels,
                'projectcalico.org/namespace': set.ns,
              },
        has: address => set.nets.some(net => isWithin(address, net)),
        pod: null,
      }),
    ),
  ];
}

const prefixed = (prefix: string, labels: Labels): Labels =>
  Object.fromEntries(Object.entries(labels).map(([key, value]) => [`${prefix}${key}`, value]));

const namespaceLabels = ({ namespaces }: World, ns: string): Labels => ({
  ...namespaces[ns],
  'kubernetes.io/metadata.name': ns,
  'projectcalico.org/name': ns,
});

const accountLabels = ({ accounts }: World, ns: string, account: string): Labels => ({
  ...accounts[`${ns}/${account}`],
  'projectcalico.org/name': account,
});

function typesOf({ types, ingress, egress }: Policy): readonly string[] {
  if (types !== undefined && types.length > 0) return types;
  if (egress.length === 0) return ['Ingress'];
  return ingress.length === 0 ? ['Egress'] : ['Ingress', 'Egress'];
}

/** Of pods, which all have a namespace and a service account. */
function appliesTo(policy: Policy, { pod, labels }: Endpoint, world: World): boolean {
  if (policy.ns !== null && pod!.ns !== policy.ns) return false;
  if (policy.selector !== undefined && !evaluate(policy.selector, labels)) return false;
  const { serviceAccountSelector, namespaceSelector } = policy;
  if (
    serviceAccountSelector !== undefined &&
    !evaluate(serviceAccountSelector, accountLabels(world, pod!.ns, pod!.account))
  ) {
    return false;
  }
  return namespaceSelector === undefined || evaluate(namespaceSelector, namespaceLabels(world, pod!.ns));
}

function matches(rule: Rule, ns: string | null, packet: Packet, world: World, endpoints: readonly Endpoint[]): boolean {
  const version = isFour(packet.source) ? 4 : 6;
  if (rule.ipVersion !== undefined && rule.ipVersion !== version) return false;
  if (rule.protocol !== undefined && numberOf(rule.protocol) !== packet.protocol) return false;
  if (rule.ipVersion === undefined && rule.protocol === 'ICMP' && version !== 4) return false;
  if (rule.ipVersion === undefined && rule.protocol === 'ICMPv6' && version !== 6) return false;
  if (rule.notProtocol !== undefined && numberOf(rule.notProtocol) === packet.protocol) return false;
  const hasTypes = rule.icmp !== undefined || rule.notICMP !== undefined;
  if (hasTypes && (numberOf(rule.protocol!) === 58 ? 6 : 4) !== version) return false;
  const isOf = ({ type, code }: { readonly type: number; readonly code?: number }): boolean =>
    packet.icmpType === type && (code === undefined || packet.icmpCode === code);
  if (rule.icmp !== undefined && !isOf(rule.icmp)) return false;
  if (rule.notICMP !== undefined && isOf(rule.notICMP)) return false;
  return (['source', 'destination'] as const).every(side => {
    const entity = rule[side] ?? {};
    return matchesEntity(entity, side, ns, packet, world, endpoints);
  });
}

function matchesEntity(
  entity: Entity,
  side: 'source' | 'destination',
  ns: string | null,
  packet: Packet,
  world: World,
  endpoints: readonly Endpoint[],
): boolean {
  const address = packet[side];
  const port = side === 'source' ? packet.sport : packet.dport;
  // A list of prefixes of the other family only: no rule for this one.
  for (const list of [entity.nets, entity.notNets]) {
    if (list !== undefined && list.length > 0 && !list.some(net => isFour(net) === isFour(address))) return false;
  }
  if ((entity.nets ?? []).length > 0 && !entity.nets!.some(net => isWithin(address, net))) return false;
  if ((entity.notNets ?? []).some(net => isWithin(address, net))) return false;

  const { selector, notSelector, namespaceSelector, serviceAccounts, services } = entity;
  const asksAccounts = (serviceAccounts?.names ?? []).length > 0 || serviceAccounts?.selector !== undefined;
  const isNamed = selector !== undefined || namespaceSelector !== undefined || asksAccounts;
  const isScoped = isNamed || (ns !== null && notSelector !== undefined);
  const fits = (endpoint: Endpoint): boolean => {
    if (namespaceSelector !== undefined) {
      const isGlobal = endpoint.ns === null;
      if (namespaceSelector.op === 'global') {
        if (!isGlobal) return false;
      } else if (!evaluateIn(namespaceSelector, isGlobal ? null : namespaceLabels(world, endpoint.ns!))) return false;
    } else if (ns !== null && endpoint.ns !== ns) return false;
    if (selector !== undefined && !evaluate(selector, endpoint.labels)) return false;
    if (notSelector !== undefined && evaluate(notSelector, endpoint.labels)) return false;
    if (serviceAccounts?.names !== undefined && serviceAccounts.names.length > 0) {
      if (endpoint.account === null || !serviceAccounts.names.includes(endpoint.account)) return false;
    }
    if (serviceAccounts?.selector === undefined) return true;
    const labels = endpoint.account === null ? {} : accountLabels(world, endpoint.ns!, endpoint.account);
    return evaluate(serviceAccounts.selector, labels);
  };
  const there = endpoints.filter(endpoint => endpoint.has(address));
  if (isScoped && !there.some(fits)) return false;
  if (!isScoped && notSelector !== undefined && there.some(it => evaluate(notSelector, it.labels))) return false;

  if (services !== undefined) {
    const service = world.services.find(it => it.ns === services.namespace && it.name === services.name)!;
    if (!service.ips.some(ip => bits(ip) === bits(address))) return false;
    const isServed = service.ports.some(it => NUMBER[it.protocol] === packet.protocol && it.port === port);
    if (side === 'destination' && !isServed) return false;
  }

  const isPort = (given: number | string): boolean => {
    if (typeof given === 'number') return port === given;
    const [low, high] = given.split(':');
    if (high !== undefined) return Number(low) <= port && port <= Number(high);
    // A name is a matter of pods, and of those that the selectors name.
    return there.some(
      endpoint =>
        (!isScoped || fits(endpoint)) &&
        endpoint.pod !== null &&
        endpoint.pod.ports.some(it => it.name === given && it.port === port && NUMBER[it.protocol] === packet.protocol),
    );
  };
  if ((entity.ports ?? []).length > 0 && !entity.ports!.some(isPort)) return false;
  return !(entity.notPorts ?? []).some(isPort);
}

/** A namespaceSelector of something outside of all namespaces: no labels, and all() asks for a namespace. */
function evaluateIn(selector: Selector, labels: Labels | null): boolean {
  if (labels !== null) return evaluate(selector, labels);
  switch (selector.op) {
    case 'all':
      return false;
    case 'not':
      return !evaluateIn(selector.of, null);
    case 'and':
      return evaluateIn(selector.a, null) && evaluateIn(selector.b, null);
    case 'or':
      return evaluateIn(selector.a, null) || evaluateIn(selector.b, null);
    default:
      return evaluate(selector, {});
  }
}
