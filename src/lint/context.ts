/**
 * What checks ask: compiled policies with the documents they stand in, and who is selected by whom (cold).
 *
 * In:  what was compiled, and all documents.  Out: the same answers as the rules had, from the same code.
 */
import type { Pod } from '../cluster/inventory.js';
import type { Compiled } from '../compile.js';
import {
  formatPosition,
  type KubernetesDocument,
  type Path,
  type Position,
  type Problem,
} from '../documents/document.js';
import { type DialectObject, isMeshDialect } from '../policy/dialects.js';
import type { LabelSelector, NetworkPolicy, Peer, PolicyRule } from '../policy/policy.js';
import { isPolicyDocument, readPolicies } from '../policy/read.js';
import { containsV4, containsV6, parseV4, parseV6 } from '../rules/addresses.js';
import { createPodSets, type PodSets } from '../rules/pod-sets.js';
import { isRefused } from '../rules/profile-warnings.js';
import type { AddressSet } from '../rules/ruleset.js';
import { createPodSelection, EVERY, type PodSelection } from '../rules/selectors.js';
import { createGroups, type Groups } from './groups.js';
import { problemsByDocument } from './problems.js';

export type PodsPeer = Extract<Peer, { kind: 'pods' }>;
export type BlockPeer = Extract<Peer, { kind: 'ipBlock' }>;
export type Side = 'egress' | 'ingress';

/** A rule of a NetworkPolicy in a direction that counts. */
export interface PlacedRule {
  readonly policy: NetworkPolicy;
  readonly direction: Side;
  readonly index: number;
  readonly rule: PolicyRule;
}

export interface LintContext {
  readonly compiled: Compiled;
  /** NetworkPolicies that are enforced: all that the checks of fields look at. */
  readonly policies: readonly NetworkPolicy[];
  readonly rules: readonly PlacedRule[];
  /** Policies of other kinds, those of the profile's plugin. */
  readonly others: readonly { readonly dialect: string; readonly object: DialectObject }[];
  readonly selection: PodSelection;
  readonly sets: PodSets;
  /** By the subjects of each direction. */
  readonly groups: Readonly<Record<Side, Groups>>;
  subjects(policy: NetworkPolicy): readonly Pod[];
  /** (5): the pods of a peer. */
  peerPods(policy: NetworkPolicy, peer: PodsPeer): readonly Pod[];
  /** Pods whose addresses, or who themselves, are in the set. */
  podsIn(set: AddressSet, among: readonly Pod[]): readonly Pod[];
  /** What the readers of policies warned of, by the document it stands in. */
  readonly readerWarnings: ReadonlyMap<KubernetesDocument, readonly Problem[]>;
  /** Whether anybody warned of anything in the policy document that begins there: there is more to it than the rules tell. */
  hasWarnings(position: Position): boolean;
  at(policy: NetworkPolicy, path: Path): Position;
  document(policy: NetworkPolicy): KubernetesDocument | undefined;
}

export const policyName = ({ namespace, name }: NetworkPolicy): string => `NetworkPolicy ${namespace}/${name}`;

/** `from` or `to`. */
export const peersField = (direction: Side): 'from' | 'to' => (direction === 'ingress' ? 'from' : 'to');

export const pathOf = ({ direction, index }: PlacedRule, ...rest: Path): Path => ['spec', direction, index, ...rest];

const SIDES = ['ingress', 'egress'] as const;

export function createContext(compiled: Compiled, documents: readonly KubernetesDocument[]): LintContext {
  const { inventory, profile, objects } = compiled;
  const selection = createPodSelection(inventory, profile.hiddenLabels);
  const sets = createPodSets(inventory);
  const byPlace = new Map<string, KubernetesDocument>();
  for (const document of documents) {
    if (isPolicyDocument(document)) byPlace.set(formatPosition(document.position), document);
  }
  const document = ({ position }: NetworkPolicy): KubernetesDocument | undefined =>
    byPlace.get(formatPosition(position));
  const warnings = problemsByDocument(compiled.problems, documents);
  const warned = new Set([...warnings.keys()].map(({ position }) => formatPosition(position)));
  const policies = compiled.policies.filter(policy => !isRefused(policy, profile));
  let egress: Groups | null = null;
  let ingress: Groups | null = null;
  return {
    compiled,
    groups: {
      get egress() {
        egress ??= createGroups(compiled.ruleset.egress, inventory);
        return egress;
      },
      get ingress() {
        ingress ??= createGroups(compiled.ruleset.ingress, inventory);
        return ingress;
      },
    },
    policies,
    rules: policies.flatMap(policy =>
      SIDES.flatMap(direction => policy[direction].map((rule, index) => ({ policy, direction, index, rule }))),
    ),
    others: Object.entries(objects).flatMap(([dialect, all]: [string, readonly DialectObject[]]) =>
      isMeshDialect(dialect) || !profile.enforces.includes(dialect)
        ? []
        : all.filter(({ declares }) => declares !== undefined).map(object => ({ dialect, object })),
    ),
    selection,
    sets,
    subjects: policy => selection.inNamespace(policy.namespace, policy.podSelector),
    peerPods: (policy, { namespaceSelector, podSelector }) =>
      namespaceSelector === null
        ? selection.inNamespace(policy.namespace, podSelector ?? EVERY)
        : selection.inNamespaces(namespaceSelector, podSelector ?? EVERY),
    podsIn(set, among) {
      const held = new Set<number>(set.unaddressed);
      for (const pod of among) if (pod.addresses.some(address => holds(set, address))) held.add(pod.owner);
      return among.filter(({ owner }) => held.has(owner));
    },
    readerWarnings: problemsByDocument(readPolicies(documents).problems, documents),
    hasWarnings: position => warned.has(formatPosition(position)),
    at: (policy, path) => document(policy)?.at(path) ?? policy.position,
    document,
  };
}

function holds(set: AddressSet, address: string): boolean {
  const v4 = parseV4(address);
  if (v4 !== null) return containsV4(set, v4);
  const v6 = parseV6(address);
  return v6 !== null && containsV6(set, v6);
}

/** As people write it: `app=web,tier in (a, b)`; the empty one is `{}`. */
export function selectorWords({ matchLabels, matchExpressions }: LabelSelector): string {
  const words = [
    ...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`),
    ...matchExpressions.map(({ key, operator, values }) =>
      operator === 'Exists'
        ? key
        : operator === 'DoesNotExist'
          ? `!${key}`
          : `${key} ${operator} (${values.join(', ')})`,
    ),
  ];
  return words.length === 0 ? '{}' : words.join(',');
}
