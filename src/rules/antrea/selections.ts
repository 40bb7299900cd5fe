/**
 * What Antrea's policies select -> pods and address sets (cold).
 *
 * In:  an entry of `appliedTo`, a peer, a group.  Out: a Selected: what it surely selects, and what it could select
 * without anybody knowing. Numbers (AN..) are facts of docs/dialects/antrea.md.
 */
import type { Pod } from '../../cluster/inventory.js';
import type {
  AntreaGroup,
  AntreaPeer,
  AntreaPolicy,
  AppliedTo,
  Block,
  GroupMembers,
  SelectedPods,
  ServiceAccountName,
} from '../../policy/antrea/model.js';
import { fromAddresses, isEmpty, NOWHERE, union } from '../addresses.js';
import { blockSets } from '../blocks.js';
import { createClusterSets } from '../cluster-sets.js';
import type { RuleContext } from '../contribution.js';
import { createOutsiders } from '../outsiders.js';
import type { AddressSet } from '../ruleset.js';
import { EVERY } from '../selectors.js';
import type { NamePlaces } from './names.js';

export interface Selected {
  /** Pods, for what is looked up among them, and subjects. */
  readonly pods: readonly (readonly Pod[])[];
  /** What is no pod: nodes and blocks. */
  readonly nodes: readonly AddressSet[];
  readonly blocks: readonly AddressSet[];
  /** What could be selected, too. */
  readonly unknown: AddressSet;
  /** Any pod could be. */
  readonly isOpen: boolean;
  /** Why: for people. */
  readonly because: readonly string[];
}

const NOTHING: Selected = { pods: [], nodes: [], blocks: [], unknown: NOWHERE, isOpen: false, because: [] };

export interface Selections extends NamePlaces {
  of(entry: AppliedTo | Exclude<AntreaPeer, { kind: 'related' }>, policy: AntreaPolicy): Selected;
  /** Where the groups are others, what they select has to be asked again. */
  setGroups(groups: readonly AntreaGroup[]): void;
  /** Pods that stand behind a service; null: no such service was given. */
  backends(
    namespace: string,
    name: string,
  ): { readonly pods: readonly Pod[]; readonly addresses: readonly string[] } | null;
}

const keyOf = ({ namespace, name }: Pick<AntreaGroup, 'namespace' | 'name'>): string => `${namespace}/${name}`;

export function createSelections({ inventory, selection, sets, profile }: RuleContext): Selections {
  const clusterSets = createClusterSets(inventory);
  const outsiders = createOutsiders(inventory);
  const services = new Map(inventory.services.map(service => [keyOf(service), service]));
  const byAccount = new Map<string, Pod[]>();
  for (const pod of selection.all) {
    const key = `${pod.namespace}/${pod.serviceAccount}`;
    const list = byAccount.get(key);
    if (list === undefined) byAccount.set(key, [pod]);
    else list.push(pod);
  }
  let groups = new Map<string, AntreaGroup>();

  const everyone = sets.everyone;

  /** (AN6): without a namespaceSelector the policy's own namespace, or every one. (AN19): never hostNetwork pods. */
  function selectPods({ namespaceSelector, podSelector }: SelectedPods, namespace: string): readonly Pod[] {
    const pods = podSelector ?? EVERY;
    if (namespaceSelector !== null) return selection.inNamespaces(namespaceSelector, pods);
    return namespace === '' ? selection.inNamespaces(EVERY, pods) : selection.inNamespace(namespace, pods);
  }

  const accountPods = ({ namespace, name }: ServiceAccountName): readonly Pod[] =>
    byAccount.get(`${namespace}/${name}`) ?? [];

  const backends: Selections['backends'] = (namespace, name) => {
    const service = services.get(`${namespace}/${name}`);
    if (service === undefined) return null;
    const pods =
      service.selector === null
        ? []
        : selection.inNamespace(namespace, { matchLabels: service.selector, matchExpressions: [] });
    return { pods, addresses: service.addresses };
  };

  /** (AN8) */
  const blocksOf = (blocks: readonly Block[]): readonly AddressSet[] =>
    blockSets(
      blocks.map(({ cidr, except }) => ({ kind: 'ipBlock', cidr, except })),
      everyone,
      { ...profile, blocks: 'each', blockPeers: 'everybody' },
      outsiders,
    );

  const unknown = (set: AddressSet, because: string): Selected => ({
    ...NOTHING,
    unknown: set,
    isOpen: set === everyone,
    because: [because],
  });

  /** (AN9) */
  function groupOf(name: string, namespace: string): Selected {
    const group = groups.get(`${namespace}/${name}`);
    if (group === undefined) return unknown(everyone, `the group ${name} was not given`);
    const { members } = group;
    if (members.kind !== 'groups') return membersOf(members, namespace);
    // One level: a child that has children itself is none.
    const children = members.names.map(child => {
      const found = groups.get(`${namespace}/${child}`);
      if (found === undefined) return unknown(everyone, `the group ${child} was not given`);
      return found.members.kind === 'groups' ? NOTHING : membersOf(found.members, namespace);
    });
    return together(children);
  }

  function membersOf(members: Exclude<GroupMembers, { kind: 'groups' }>, namespace: string): Selected {
    switch (members.kind) {
      case 'pods':
        return { ...NOTHING, pods: [selectPods(members, namespace)] };
      case 'blocks':
        return { ...NOTHING, blocks: blocksOf(members.blocks) };
      case 'nodes':
        return { ...NOTHING, nodes: [clusterSets.nodes(members.selector, 'all')] };
      case 'service': {
        const where = members.namespace === '' ? namespace : members.namespace;
        const found = backends(where, members.name);
        return found === null
          ? unknown(everyone, `the service ${where}/${members.name} was not given`)
          : { ...NOTHING, pods: [found.pods] };
      }
      case 'externalEntities':
        return unknown(clusterSets.outside, 'external entities are not modelled');
      case 'none':
        return NOTHING;
    }
  }

  return {
    outside: clusterSets.outside,
    services: fromAddresses(inventory.services.flatMap(({ addresses }) => addresses)),
    everyone,
    backends,
    setGroups(given) {
      groups = new Map(given.map(group => [keyOf(group), group]));
    },
    of(entry, policy) {
      switch (entry.kind) {
        case 'pods':
          return { ...NOTHING, pods: [selectPods(entry, policy.namespace)] };
        case 'serviceAccount':
          // (AN18)
          return { ...NOTHING, pods: [accountPods(entry)] };
        case 'group':
          return groupOf(entry.name, policy.namespace);
        case 'nodes':
          // (AN17)
          return { ...NOTHING, nodes: [clusterSets.nodes(entry.selector, 'all')] };
        case 'externalEntities':
          return unknown(clusterSets.outside, 'external entities are not modelled');
        case 'block':
          return { ...NOTHING, blocks: blocksOf([entry]) };
        case 'fqdn':
          throw new Error('asked of its name (AN13)');
        case 'clusterSet':
          return unknown(clusterSets.outside, 'pods of other clusters are not known');
        case 'service':
          throw new Error('asked of its rule (AN16)');
      }
    },
  };
}

export function together(all: readonly Selected[]): Selected {
  if (all.length === 1) return all[0]!;
  return {
    pods: all.flatMap(({ pods }) => pods),
    nodes: all.flatMap(({ nodes }) => nodes),
    blocks: all.flatMap(({ blocks }) => blocks),
    unknown: unionOf(all.map(it => it.unknown)),
    isOpen: all.some(({ isOpen }) => isOpen),
    because: [...new Set(all.flatMap(({ because }) => because))],
  };
}

/** One object where one is meant. */
export function unionOf(sets: readonly AddressSet[]): AddressSet {
  const distinct = [...new Set(sets)].filter(set => !isEmpty(set));
  return distinct.length === 1 ? distinct[0]! : union([NOWHERE, ...distinct]);
}
