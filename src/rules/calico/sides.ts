/**
 * One side of a rule -> who stands there, on which ports (cold).
 *
 * In:  a source or destination, and for the subject's side the endpoints that the policy selects.  Out: pieces, each a set
 * of addresses and the ports it is matched on; a side matches where any of its pieces does. Numbers are facts of
 * docs/dialects/calico.md.
 */
import type { Pod } from '../../cluster/inventory.js';
import type { CalicoPort, CalicoRule, EntityRule } from '../../policy/calico/model.js';
import { fromAddresses, fromCidr, intersect, isEmpty, NOWHERE, subtract, union } from '../addresses.js';
import type { RuleContext } from '../contribution.js';
import { createNumbers } from '../named-ports.js';
import { ALL_PORTS, NO_PORTS, portSet, subtractPorts, unionPorts } from '../ports.js';
import { SCTP, TCP, UDP } from '../protocols.js';
import type { AddressSet, PortSet } from '../ruleset.js';
import type { Endpoints, Selected } from './endpoints.js';
import { entityOf, excludedOf } from './scope.js';

export interface Piece {
  readonly addresses: AddressSet;
  /** null = any, of protocols without ports too. */
  readonly ports: PortSet | null;
  /** Of a service's port; null: the rule's. */
  readonly protocol: number | null;
}

export interface Side {
  readonly pieces: readonly Piece[];
  /** Pods without an address, of which nobody knows whether the side's prefixes hold them. */
  readonly unsure: Piece | null;
  /** Fields whose meaning the inventory does not tell. */
  readonly unknown: readonly string[];
}

/** Endpoints of one kind that a policy selects. */
export interface Subject {
  readonly addresses: AddressSet;
  /** Who gives names to ports there. */
  readonly named: Selected;
}

const PROTOCOL_NAMES = new Map([
  [TCP, 'TCP'],
  [UDP, 'UDP'],
  [SCTP, 'SCTP'],
]);
const NUMBERS = { TCP, UDP, SCTP } as const;

export interface Sides {
  /** @param within where this is the subject's side, whom the policy is about; null: anybody */
  of(rule: CalicoRule, side: 'source' | 'destination', namespace: string, within: Subject | null): Side;
}

export function createSides({ inventory, sets }: RuleContext, endpoints: Endpoints): Sides {
  const families = createFamilies();
  const prefixes = createPrefixes(sets.everyone);
  const portSets = new Map<string, PortSet>();
  const services = new Map(inventory.services.map(it => [`${it.namespace}/${it.name}`, it]));

  /** Equal sets of ports are one object. */
  function shared(ports: PortSet): PortSet {
    const text = ports.join();
    const known = portSets.get(text) ?? ports;
    portSets.set(text, known);
    return known;
  }

  const meet = (a: AddressSet, b: AddressSet): AddressSet =>
    a === sets.everyone ? b : b === sets.everyone || a === b ? a : intersect(a, b);

  /** (C23): each ready endpoint, on its own port where that is asked. */
  function servicePieces({ services: given }: EntityRule, withPorts: boolean): Piece[] | null {
    const service = services.get(`${given!.namespace}/${given!.name}`);
    if (service === undefined) return null;
    if (!withPorts) {
      const addresses = fromAddresses(service.backends.flat().map(({ address }) => address));
      return [{ addresses, ports: null, protocol: null }];
    }
    const byPort = new Map<string, { protocol: number; port: number; addresses: string[] }>();
    service.ports.forEach(({ protocol }, i) => {
      for (const { address, port } of service.backends[i] ?? []) {
        const key = `${protocol} ${port}`;
        const group = byPort.get(key) ?? { protocol: NUMBERS[protocol], port, addresses: [] };
        group.addresses.push(address);
        byPort.set(key, group);
      }
    });
    return [...byPort.values()].map(({ protocol, port, addresses }) => ({
      addresses: fromAddresses(addresses),
      ports: shared([port, port]),
      protocol,
    }));
  }

  /** (C21), (C22): numbers, and the numbers that each endpoint gives the names. */
  function portPieces(entity: EntityRule, rule: CalicoRule, addresses: AddressSet, named: Selected): Piece[] {
    const only = numbersOf(entity.ports);
    const not = numbersOf(entity.notPorts);
    const names = { only: namesOf(entity.ports), not: namesOf(entity.notPorts) };
    const pieces: Piece[] = [];
    const add = (set: AddressSet, ports: PortSet | null): void => {
      if (!isEmpty(set) && (ports === null || ports.length > 0)) {
        pieces.push({ addresses: set, ports: ports === null ? null : shared(ports), protocol: null });
      }
    };
    const groups = hasNames(entity) ? groupByNames(named, names, rule.protocol ?? TCP) : [];
    for (const group of groups) {
      const ports = only === null ? null : unionPorts(only, group.only);
      const inside = addresses === named.podSet || addresses === named.addresses;
      add(
        inside ? group.addresses : meet(addresses, group.addresses),
        without(ports, unionPorts(not ?? [], group.not)),
      );
    }
    // Whoever has none of the names: the numbers alone.
    if (only !== null && only.length === 0) return pieces;
    const rest = groups.length === 0 ? addresses : subtract(addresses, union(groups.map(it => it.addresses)));
    add(rest, without(only, not ?? []));
    return pieces;
  }

  interface NamedGroup {
    readonly addresses: AddressSet;
    readonly only: PortSet;
    readonly not: PortSet;
  }

  const numbersByName = new Map<string, (pod: Pod) => PortSet>();

  function podNumbers(names: readonly string[], protocol: number): (pod: Pod) => PortSet {
    if (names.length === 0) return () => NO_PORTS;
    const key = JSON.stringify([names, protocol]);
    let numbers = numbersByName.get(key);
    if (numbers === undefined) {
      const protocolName = PROTOCOL_NAMES.get(protocol);
      numbers = createNumbers(it => it.protocol === protocolName && names.includes(it.name ?? ''), shared);
      numbersByName.set(key, numbers);
    }
    return numbers;
  }

  const groupsBySelected = new WeakMap<Selected, Map<string, readonly NamedGroup[]>>();

  /** Endpoints that have any of the names, by the numbers they give them. */
  function groupByNames(
    selected: Selected,
    names: { readonly only: readonly string[]; readonly not: readonly string[] },
    protocol: number,
  ): readonly NamedGroup[] {
    const known = groupsBySelected.get(selected) ?? new Map<string, readonly NamedGroup[]>();
    groupsBySelected.set(selected, known);
    const key = JSON.stringify([names, protocol]);
    const before = known.get(key);
    if (before !== undefined) return before;
    interface Group {
      readonly pods: Pod[];
      readonly addresses: string[];
      readonly only: PortSet;
      readonly not: PortSet;
    }
    const groups = new Map<PortSet, Map<PortSet, Group>>();
    const groupOf = (only: PortSet, not: PortSet): Group | null => {
      if (only.length + not.length === 0) return null;
      const byNot = groups.get(only) ?? new Map<PortSet, Group>();
      groups.set(only, byNot);
      const group = byNot.get(not) ?? { pods: [], addresses: [], only, not };
      byNot.set(not, group);
      return group;
    };
    const only = podNumbers(names.only, protocol);
    const not = podNumbers(names.not, protocol);
    for (const pod of selected.pods) groupOf(only(pod), not(pod))?.pods.push(pod);
    for (const host of selected.hosts) {
      const numbers = (wanted: readonly string[]): PortSet => {
        const own = host.ports.filter(it => it.protocol === protocol && wanted.includes(it.name));
        return own.length === 0 ? NO_PORTS : shared(portSet(own.flatMap(({ port }) => [port, port])));
      };
      groupOf(numbers(names.only), numbers(names.not))?.addresses.push(...host.expectedIPs);
    }
    const found = [...groups.values()].flatMap(byNot =>
      [...byNot.values()].map(({ pods, addresses, only, not }) => {
        // All of them are one set with what was selected.
        const set = sets.of(pods.length === selected.pods.length ? selected.pods : pods);
        return { addresses: addresses.length === 0 ? set : union([set, fromAddresses(addresses)]), only, not };
      }),
    );
    known.set(key, found);
    return found;
  }

  return {
    of(rule, side, namespace, within) {
      const entity = rule[side];
      const positive = entityOf(entity, namespace);
      const excluded = excludedOf(entity, positive);
      const selected = positive === null ? null : endpoints.select(positive);
      const unknown: string[] = [];
      let addresses = selected?.addresses ?? sets.everyone;
      // (C3): what the policy selects, on its own side.
      if (within !== null) addresses = meet(within.addresses, addresses);
      if (excluded !== null) addresses = subtract(addresses, endpoints.select(excluded).addresses);
      const before = addresses;
      if (entity.nets !== null) addresses = meet(addresses, prefixes(entity.nets));
      if (entity.notNets !== null) addresses = subtract(addresses, prefixes(entity.notNets));
      const family = familyOf(rule);
      if (family !== null) addresses = families(addresses, family);
      // (C34): a pod without an address will be somewhere: only a prefix that is everything surely holds it.
      const isPlaced = entity.notNets === null && (entity.nets === null || entity.nets.some(isWhole));
      let unsure: Piece | null = null;
      if (before.unaddressed.length > 0 && !isPlaced) {
        const ports = hasNames(entity) ? null : numberedPorts(entity);
        unsure = { addresses: { ...NOWHERE, unaddressed: before.unaddressed }, ports, protocol: null };
        addresses = { ...addresses, unaddressed: [] };
      }
      if (entity.services !== null) {
        const pieces = servicePieces(entity, side === 'destination');
        if (pieces === null) unknown.push('services');
        else {
          const kept = pieces.map(piece => ({ ...piece, addresses: meet(addresses, piece.addresses) }));
          if (entity.ports === null && entity.notPorts === null) return { pieces: kept, unsure, unknown };
          const [all] = kept;
          return { pieces: portPieces(entity, rule, all!.addresses, endpoints.all), unsure, unknown };
        }
      }
      return {
        pieces: portPieces(entity, rule, addresses, selected ?? within?.named ?? endpoints.all),
        unsure,
        unknown,
      };
    },
  };
}

/** (C27): the one family that a rule is rendered for; null: both. 0: none. */
export function familyOf(rule: CalicoRule): 4 | 6 | 0 | null {
  let families: readonly (4 | 6)[] = [4, 6];
  const keep = (kept: (family: 4 | 6) => boolean): void => {
    families = families.filter(kept);
  };
  if (rule.ipVersion !== null) keep(family => family === rule.ipVersion);
  else if (rule.protocolVersion !== null) keep(family => family === rule.protocolVersion);
  // (C26): a type is of the family's own ICMP.
  if (rule.icmp !== null || (rule.notICMP !== null && (rule.protocol === 1 || rule.protocol === 58))) {
    keep(family => family === (rule.protocol === 58 ? 6 : 4));
  }
  for (const { nets, notNets } of [rule.source, rule.destination]) {
    for (const list of [nets, notNets]) {
      if (list !== null) keep(family => list.some(net => net.includes(':') === (family === 6)));
    }
  }
  if (families.length === 2) return null;
  return families[0] ?? 0;
}

/** (C34): whether two pods that have no address yet may turn out to be of another family than the rule. */
export const mayBeOfOtherFamily = ({ ipVersion, protocolVersion, source, destination }: CalicoRule): boolean =>
  (ipVersion !== null && ipVersion !== protocolVersion) || source.notNets !== null || destination.notNets !== null;

const isWhole = (net: string): boolean => net.endsWith('/0');

/** One object for the same prefixes. */
function createPrefixes(everyone: AddressSet): (nets: readonly string[]) => AddressSet {
  const known = new Map<string, AddressSet>();
  return nets => {
    const text = nets.join();
    let set = known.get(text);
    if (set === undefined) {
      set = nets.length === 0 ? NOWHERE : union(nets.map(net => fromCidr(net) ?? NOWHERE));
      if (nets.some(isWhole)) set = { ...set, unaddressed: everyone.unaddressed };
      known.set(text, set);
    }
    return set;
  };
}

/** A set's part of one family: the same object for the same set. */
function createFamilies(): (set: AddressSet, family: 4 | 6 | 0) => AddressSet {
  const known = new WeakMap<AddressSet, Map<number, AddressSet>>();
  return (set, family) => {
    const own = known.get(set) ?? new Map<number, AddressSet>();
    known.set(set, own);
    let part = own.get(family);
    if (part === undefined) {
      part = {
        v4: family === 4 ? set.v4 : [],
        v6: family === 6 ? set.v6 : [],
        unaddressed: family === 0 ? [] : set.unaddressed,
      };
      own.set(family, part);
    }
    return part;
  };
}

const namesOf = (ports: readonly CalicoPort[] | null): readonly string[] =>
  (ports ?? []).filter(port => typeof port === 'string');

const hasNames = ({ ports, notPorts }: EntityRule): boolean => namesOf(ports).length + namesOf(notPorts).length > 0;

const numberedPorts = ({ ports, notPorts }: EntityRule): PortSet | null =>
  without(numbersOf(ports), numbersOf(notPorts) ?? []);

const without = (ports: PortSet | null, less: PortSet): PortSet | null =>
  less.length === 0 ? ports : subtractPorts(ports ?? ALL_PORTS, less);

/** null: no ports are asked. */
function numbersOf(ports: readonly CalicoPort[] | null): PortSet | null {
  if (ports === null) return null;
  return portSet(ports.flatMap(port => (typeof port === 'string' ? [] : [port[0], port[1]])));
}
