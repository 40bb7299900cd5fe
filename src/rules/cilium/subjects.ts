/**
 * Subjects of a policy, and the reach of a rule as each of them sees it (CI6, CI10, CI11, CI28) (cold).
 *
 * In:  a spec's selector; a rule's reach.  Out: address sets of subjects and peers that a rule of the normal form may be made
 * of. What a node is to a pod depends on where the pod runs: only where that makes a difference, and only for egress of pods
 * (a node always reaches its own pods), one pair of sets a node is needed.
 */
import type { Inventory, Pod } from '../../cluster/inventory.js';
import { matches } from '../../cluster/selector.js';
import type { CiliumSpec } from '../../policy/cilium/model.js';
import { intersect, isEmpty, NOWHERE, subtract, union } from '../addresses.js';
import type { PodSets } from '../pod-sets.js';
import type { AddressSet } from '../ruleset.js';
import type { Identities } from './identities.js';
import type { NoteKind } from './notes.js';
import type { Reach, Reached } from './reach.js';
import { type IdentitySelection, inNamespace, isHiddenLabel, isNamespaceName, isReserved } from './selectors.js';

export interface Subjects {
  readonly kind: 'endpoints' | 'nodes';
  readonly set: AddressSet;
  /** Empty where they are nodes. */
  readonly pods: readonly Pod[];
  /** false: they are subjects if this is the cluster that the policy asks for, or the nodes have the labels. */
  readonly isSure: boolean;
}

/** A pair of sets, and whether the peers surely match there. */
export interface Part {
  readonly subjects: AddressSet;
  readonly peers: AddressSet;
  readonly isSure: boolean;
}

interface ByNode {
  readonly nodes: readonly { readonly node: AddressSet; readonly subjects: AddressSet }[];
  /** Of pods whose node is not known. */
  readonly nowhere: AddressSet;
}

/** @param judgesOwnNode whether what a pod sends to its own node is judged (P5) */
export function createSubjects(
  inventory: Inventory,
  identities: Identities,
  selection: IdentitySelection,
  sets: PodSets,
  judgesOwnNode: boolean,
) {
  const byNode = new WeakMap<readonly Pod[], ByNode>();
  const both = createUnions();
  const hasStrays = inventory.pods.some(pod => !pod.hostNetwork && identities.nodeOf(pod.node) === undefined);

  function groupByNode(pods: readonly Pod[]): ByNode {
    let found = byNode.get(pods);
    if (found === undefined) {
      const groups = new Map<string, Pod[]>();
      const strays: Pod[] = [];
      for (const pod of pods) {
        if (identities.nodeOf(pod.node) === undefined) strays.push(pod);
        else {
          const group = groups.get(pod.node);
          if (group === undefined) groups.set(pod.node, [pod]);
          else group.push(pod);
        }
      }
      found = {
        nodes: [...groups].map(([name, own]) => ({ node: identities.nodeOf(name)!, subjects: sets.of(own) })),
        nowhere: strays.length === 0 ? NOWHERE : sets.of(strays),
      };
      byNode.set(pods, found);
    }
    return found;
  }

  function of(spec: CiliumSpec, namespace: string, note: (kind: NoteKind) => void): readonly Subjects[] {
    const { kind, selector } = spec.subject;
    if (kind === 'nodes') {
      const found = identities.nodesWhere(node =>
        selector.requirements.every(
          it =>
            (isReserved(it) && it.key === 'host' && it.operator === 'Exists') ||
            matches({ matchLabels: {}, matchExpressions: [it] }, node.labels),
        ),
      );
      const isOpen = selector.requirements.length === 0;
      const sure = isOpen ? union([found.known, found.unknown]) : found.known;
      if (isOpen || isEmpty(found.unknown)) return [{ kind, set: sure, pods: [], isSure: true }];
      note('nodeLabels');
      return [
        { kind, set: sure, pods: [], isSure: true },
        { kind, set: found.unknown, pods: [], isSure: false },
      ];
    }
    if (selector.requirements.some(isReserved)) note('reservedSubject');
    if (selector.requirements.some(isHiddenLabel)) note('hiddenLabels');
    // (CI6): a namespaced policy is about its own namespace; a k8s: label that says otherwise is written over.
    const requirements =
      namespace === ''
        ? selector.requirements
        : [
            ...selector.requirements.filter(it => !(isNamespaceName(it) && it.source === 'k8s' && it.isLabel === true)),
            inNamespace(namespace),
          ];
    const { pods, isSure } = selection.pods(requirements);
    if (!isSure && pods.length > 0) note('cluster');
    return [{ kind, set: sets.of(pods), pods, isSure }];
  }

  function partsOf(
    { fixed, own, remote }: Reach,
    { kind, set, pods }: Subjects,
    direction: 'ingress' | 'egress',
    isSure: boolean,
  ): Part[] {
    const part = (subjects: AddressSet, peers: AddressSet, sure = isSure): Part => ({ subjects, peers, isSure: sure });
    // A node and itself, and a node and its own pods, are no matter of rules.
    if (kind === 'nodes') return [part(set, both(fixed, remote))];
    if (own === remote) return [part(set, both(fixed, own))];
    const splits = direction === 'egress' && judgesOwnNode;
    if (!splits && !hasStrays) return [part(set, both(fixed, remote))];
    const always = intersect(own, remote);
    const parts = [part(set, both(fixed, always))];
    const onlyOwn = subtract(own, remote);
    const onlyRemote = subtract(remote, own);
    if (isEmpty(onlyOwn) && isEmpty(onlyRemote)) return parts;
    const groups = groupByNode(pods);
    if (splits) {
      for (const { node, subjects } of groups.nodes) {
        parts.push(part(subjects, both(intersect(onlyOwn, node), subtract(onlyRemote, node))));
      }
    } else parts.push(part(subtract(set, groups.nowhere), onlyRemote));
    if (!isEmpty(groups.nowhere)) parts.push(part(groups.nowhere, both(onlyOwn, onlyRemote), false));
    return parts;
  }

  return {
    of,
    /** Those that surely match first. */
    parts({ sure, unsure, nodeLocal }: Reached, subjects: Subjects, direction: 'ingress' | 'egress'): readonly Part[] {
      const { nodeLocal: local } = identities.outsiders;
      const parts = [
        ...partsOf(sure, subjects, direction, true),
        ...partsOf(unsure, subjects, direction, false),
        ...(nodeLocal === 'no' ? [] : [{ subjects: subjects.set, peers: local, isSure: nodeLocal === 'yes' }]),
      ];
      return parts.filter(({ subjects: from, peers }) => !isEmpty(from) && !isEmpty(peers));
    },
  };
}

/** One of them where the other is empty; of the same two the same object every time. */
function createUnions(): (a: AddressSet, b: AddressSet) => AddressSet {
  const known = new WeakMap<AddressSet, WeakMap<AddressSet, AddressSet>>();
  return (a, b) => {
    if (isEmpty(b)) return a;
    if (isEmpty(a)) return b;
    const withA = known.get(a) ?? new WeakMap<AddressSet, AddressSet>();
    known.set(a, withA);
    const found = withA.get(b) ?? union([a, b]);
    withA.set(b, found);
    return found;
  };
}
