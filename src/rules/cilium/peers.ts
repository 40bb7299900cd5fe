/**
 * Peers of a rule -> whom they reach (CI5, CI9 to CI20 of docs/dialects/cilium.md) (cold).
 *
 * In:  the peers as the policy has them, its namespace.  Out: 'everybody', or what they surely match and what they may.
 * An address is one identity: pods by their labels, nodes, the world; blocks of addresses match the world alone.
 */
import type { Inventory } from '../../cluster/inventory.js';
import { matches } from '../../cluster/selector.js';
import type {
  CiliumBlock,
  CiliumEntity,
  CiliumGroup,
  CiliumPeers,
  CiliumSelector,
  CiliumService,
} from '../../policy/cilium/model.js';
import { fromAddresses, NOWHERE, subtract, union } from '../addresses.js';
import type { PodSets } from '../pod-sets.js';
import type { Identities } from './identities.js';
import type { NoteKind } from './notes.js';
import { ReachBuilder, type Reached } from './reach.js';
import {
  asksFor,
  holdsOfReserved,
  type IdentitySelection,
  inNamespace,
  isHiddenLabel,
  isNamespaceLabel,
  isNamespaceName,
  isReserved,
} from './selectors.js';

export interface PeerContext {
  /** '' where the policy is in none. */
  readonly namespace: string;
  readonly groups: readonly CiliumGroup[];
  note(kind: NoteKind): void;
}

export type PeersOf = (peers: CiliumPeers, context: PeerContext) => Reached | 'everybody';

export function createPeers(
  inventory: Inventory,
  identities: Identities,
  selection: IdentitySelection,
  sets: PodSets,
): PeersOf {
  const { nodes, apiServers, world } = identities;
  const byEntities = new Map<string, { readonly reached: Reached; readonly notes: readonly NoteKind[] }>();

  function addEntity(entity: CiliumEntity, into: ReachBuilder, { note }: PeerContext): void {
    switch (entity) {
      case 'world':
        into.world(world, true);
        return;
      case 'world-ipv4':
      case 'world-ipv6': {
        // (CI15): a cluster of one family has but the label `world`.
        if (!identities.isDualStack) note('worldFamily');
        const isFour = entity === 'world-ipv4';
        into.world(isFour ? identities.world4 : identities.world6, isFour, identities.isDualStack);
        return;
      }
      case 'cluster':
        into.pods(selection.all);
        into.nodes(nodes, nodes, true);
        if (apiServers !== null) into.others(apiServers.world);
        into.others(identities.freePodAddresses, false);
        return;
      case 'host':
        into.nodes(nodes, NOWHERE, true);
        return;
      case 'remote-node':
        into.nodes(NOWHERE, nodes, false);
        return;
      case 'kube-apiserver':
        addApiServers(into, note);
        return;
      case 'health':
      case 'ingress':
      case 'unmanaged':
      case 'init':
        // (CI14)
        note('podAddresses');
        into.others(identities.freePodAddresses, false);
        return;
      case 'none':
      case 'all':
        return;
    }
  }

  /** (CI13) */
  function addApiServers(into: ReachBuilder, note: PeerContext['note']): void {
    if (apiServers !== null) {
      into.nodes(apiServers.nodes, apiServers.nodes, false);
      into.others(apiServers.world);
      return;
    }
    note('apiServer');
    into.nodes(nodes, nodes, true, false);
    into.world(world, true, false);
  }

  function addSelector(selector: CiliumSelector, into: ReachBuilder, { namespace, note }: PeerContext): void {
    const { requirements } = selector;
    if (asksFor(selector, isHiddenLabel)) note('hiddenLabels');
    if (asksFor(selector, isReserved)) {
      addReserved(selector, into, note);
      return;
    }
    // (CI8): a namespaced policy speaks of its own namespace where it names none.
    const isOpen = namespace === '' || asksFor(selector, isNamespaceName);
    const own = isOpen ? requirements : [...requirements, inNamespace(namespace)];
    const found = selection.pods(own);
    if (!found.isSure && found.pods.length > 0) note('cluster');
    into.pods(found.pods, found.isSure);
    if (isOpen || !asksFor(selector, isNamespaceLabel)) return;
    note('namespaceLabels');
    into.pods(selection.pods(requirements).pods, false);
  }

  /** (CI9): such a selector is taken as it is, and may match what is no pod. */
  function addReserved({ requirements }: CiliumSelector, into: ReachBuilder, note: PeerContext['note']): void {
    const pods = selection.pods(requirements);
    into.pods(pods.pods, pods.isSure);
    const holds = (...labels: string[]): boolean => holdsOfReserved(requirements, new Set(labels));
    const asks = (prefix: string): boolean => requirements.some(it => isReserved(it) && it.key.startsWith(prefix));
    if (asks('kube-apiserver') && apiServers === null) {
      note('apiServer');
      const either = (label: string): boolean => holds(label) || holds(label, 'kube-apiserver');
      if (either('host') || either('remote-node')) into.nodes(nodes, nodes, true, false);
      if (either('world')) into.world(world, true, false);
      return;
    }
    const api = apiServers ?? { nodes: NOWHERE, world: NOWHERE };
    const nodeSet = (label: string) =>
      union([
        holds(label) ? subtract(nodes, api.nodes) : NOWHERE,
        holds(label, 'kube-apiserver') ? api.nodes : NOWHERE,
      ]);
    into.nodes(nodeSet('host'), nodeSet('remote-node'), holds('host'));
    // (CI15): which label the world has depends on whether the cluster has both families.
    const isSure = !asks('world') || (!identities.isDualStack && !asks('world-'));
    if (!isSure) note('worldFamily');
    const isWorld = isSure ? holds('world') : holds('world') || holds('world-ipv4') || holds('world-ipv6');
    const isApi = isSure
      ? holds('world', 'kube-apiserver')
      : ['world', 'world-ipv4', 'world-ipv6'].some(label => holds(label, 'kube-apiserver'));
    if (isWorld) into.world(subtract(world, api.world), true, isSure);
    if (isApi) into.world(api.world, false, isSure);
    // (CI14)
    if (!['health', 'ingress', 'unmanaged', 'init'].some(label => holds(label))) return;
    if (asks('health') || asks('ingress') || asks('unmanaged') || asks('init')) note('podAddresses');
    into.others(identities.freePodAddresses, false);
  }

  function addBlock(block: CiliumBlock, into: ReachBuilder, { groups, note }: PeerContext): void {
    const add = (cidr: string): void =>
      into.world(identities.worldWithin(cidr, block.except), identities.holdsNodeLocal(cidr, block.except));
    if (block.kind === 'cidr') {
      add(block.cidr);
      return;
    }
    // (CI16)
    const named = groups.filter(group =>
      block.kind === 'group' ? group.name === block.name : matches(block.selector, group.labels),
    );
    for (const { cidrs } of named) for (const cidr of cidrs) addWithout(cidr, block.except, into);
    if (named.length > 0 || (block.kind === 'groups' && groups.length > 0)) return;
    note('group');
    into.world(world, true, false);
  }

  /** A group's prefix without those of `except` that lie in it, or around it. */
  function addWithout(cidr: string, except: readonly string[], into: ReachBuilder): void {
    into.world(identities.worldWithin(cidr, except), identities.holdsNodeLocal(cidr, except));
  }

  /** (CI20) */
  function addService(wanted: CiliumService, into: ReachBuilder, { note }: PeerContext): void {
    const found = inventory.services.filter(
      service =>
        (wanted.namespace === '' || wanted.namespace === service.namespace) &&
        (wanted.kind === 'name' ? wanted.name === service.name : matches(wanted.selector, service.labels)),
    );
    for (const service of found) {
      if (service.selector !== null) {
        into.pods(selection.inNamespace(service.namespace, service.selector));
        continue;
      }
      const addresses = fromAddresses(service.backends.flatMap(list => list.map(({ address }) => address)));
      into.world(identities.outsiders.within(addresses), identities.outsiders.holdsNodeLocal(addresses));
    }
    if (found.length > 0 || (wanted.kind === 'labels' && inventory.services.length > 0)) return;
    note('service');
    into.pods(selection.all, false);
    into.world(world, true, false);
  }

  /** (CI11) */
  function addNodes({ requirements }: CiliumSelector, into: ReachBuilder, { note }: PeerContext): void {
    note('nodes');
    const found = identities.nodesWhere(node =>
      matches({ matchLabels: {}, matchExpressions: requirements.map(it => it) }, node.labels),
    );
    const isPlain = requirements.every(({ source }) => source === 'any' || source === 'node');
    into.nodes(NOWHERE, found.known, false, isPlain);
    if (requirements.length === 0) into.nodes(NOWHERE, found.unknown, false);
    else if (found.unknown.v4.length + found.unknown.v6.length > 0) {
      note('nodeLabels');
      into.nodes(NOWHERE, found.unknown, false, false);
    }
  }

  /** Entities mean the same to every policy, and their sets are the largest. */
  function reachedByEntities(entities: readonly CiliumEntity[], context: PeerContext): Reached {
    const key = entities.join();
    let found = byEntities.get(key);
    if (found === undefined) {
      const notes: NoteKind[] = [];
      const into = new ReachBuilder(sets);
      for (const entity of entities) addEntity(entity, into, { ...context, note: kind => notes.push(kind) });
      found = { reached: into.finish(), notes };
      byEntities.set(key, found);
    }
    found.notes.forEach(context.note);
    return found.reached;
  }

  return (peers, context) => {
    const into = new ReachBuilder(sets);
    switch (peers.kind) {
      case 'nobody':
        break;
      case 'entities':
        // (CI10)
        if (peers.entities.includes('all')) return 'everybody';
        return reachedByEntities(peers.entities, context);
      case 'endpoints':
        for (const selector of peers.selectors) addSelector(selector, into, context);
        break;
      case 'nodes':
        for (const selector of peers.selectors) addNodes(selector, into, context);
        break;
      case 'cidrs':
        for (const block of peers.blocks) addBlock(block, into, context);
        break;
      case 'services':
        for (const service of peers.services) addService(service, into, context);
        break;
      case 'names':
        context.note('names');
        into.world(world, true, false);
        break;
      case 'groups':
        context.note('groups');
        into.world(world, true, false);
        break;
    }
    return into.finish();
  };
}
