/**
 * A workload -> the smallest selector that selects exactly its pods (cold).
 *
 * In:  a workload, and all pods of the inventory.  Out: a Choice. Tried in turn, the first that selects nobody else is taken:
 *   one, two or three labels that all of its pods have, those first whose keys people name workloads by;
 *   the same with labels that change with a release (version, chart);
 *   labels, and expressions that keep the others out: keys that only the others have, values that only its own pods have;
 *   labels that a controller makes up (pod-template-hash, job-name): what has them now will not have them for long.
 * Where nothing tells the workload from others, the choice names the pods that it also selects.
 */
import type { Inventory, Labels, Pod } from '../cluster/inventory.js';
import { matches, type Selector } from '../cluster/selector.js';
import { ownerName } from '../report/owners.js';
import { count } from '../report/style.js';
import { isSelectable, type Workload } from './workloads.js';

export interface Choice {
  readonly selector: Selector;
  /** Other workloads' pods that it selects too. */
  readonly also: readonly Pod[];
  /** Its keys that a controller makes up. */
  readonly passing: readonly string[];
}

/** Keys in the order in which they are preferred; all others stand behind them, by name. */
const PREFERRED = [
  'app.kubernetes.io/name',
  'app',
  'k8s-app',
  'app.kubernetes.io/component',
  'component',
  'app.kubernetes.io/instance',
  'name',
  'role',
  'tier',
];

/** They change with a release. */
const OF_RELEASE = new Set([
  'app.kubernetes.io/version',
  'app.kubernetes.io/managed-by',
  'app.kubernetes.io/part-of',
  'helm.sh/chart',
  'chart',
  'heritage',
  'release',
  'version',
]);

/** Controllers make them up. */
const PASSING = new Set([
  'pod-template-hash',
  'controller-revision-hash',
  'pod-template-generation',
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
  'batch.kubernetes.io/job-completion-index',
  'batch.kubernetes.io/job-name',
  'batch.kubernetes.io/controller-uid',
  'job-name',
  'controller-uid',
]);
const UID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const isPassing = (key: string, value: string): boolean => PASSING.has(key) || UID.test(value);

/** More labels at once than this are taken all together. */
const MOST_LABELS = 3;
/** Values in an expression. */
const MOST_VALUES = 5;

const LISTED = 5;

export const listText = (names: readonly string[]): string =>
  names.length <= LISTED
    ? names.join(', ')
    : `${names.slice(0, LISTED).join(', ')} and ${count(names.length - LISTED)} more`;

/** What is to be known about the choice, whoever names the workloads by it. */
export function choiceLines({ selector, also, passing }: Choice, workloads: readonly Workload[]): string[] {
  const own = new Set(workloads.flatMap(({ pods }) => pods));
  const others = also.filter(pod => !own.has(pod)).map(ownerName);
  const isEmpty = Object.keys(selector.matchLabels).length === 0 && selector.matchExpressions.length === 0;
  return [
    ...(isEmpty ? ['its pods have no labels: this selects every pod of the namespace'] : []),
    ...(others.length > 0 ? [`the same labels also select ${listText(others.sort())}`] : []),
    ...(passing.length > 0
      ? [`only ${passing.join(', ')} tells it apart, which a controller makes up and will change`]
      : []),
  ];
}

type Label = readonly [key: string, value: string];
type Expression = Selector['matchExpressions'][number];

/** @param hidden beginnings of keys that the network plugin's selectors do not see (P23) */
export function createChoices(inventory: Inventory, hidden: readonly string[] = []): (workload: Workload) => Choice {
  const isHidden = hidden.length === 0 ? null : new RegExp(`^(?:${hidden.join('|')})`);
  const byNamespace = new Map<string, Pod[]>();
  for (const pod of inventory.pods.filter(isSelectable)) {
    const group = byNamespace.get(pod.namespace);
    if (group === undefined) byNamespace.set(pod.namespace, [pod]);
    else group.push(pod);
  }
  const known = new Map<Workload, Choice>();
  return workload => {
    let choice = known.get(workload);
    if (choice === undefined) {
      const own = new Set(workload.pods);
      const others = byNamespace.get(workload.namespace)!.filter(pod => !own.has(pod));
      choice = choose(workload.pods, others, key => isHidden?.test(key) !== true);
      known.set(workload, choice);
    }
    return choice;
  };
}

function choose(pods: readonly Pod[], others: readonly Pod[], isSeen: (key: string) => boolean): Choice {
  const common = commonLabels(pods).filter(([key]) => isSeen(key));
  const lasting = common.filter(([key, value]) => !isPassing(key, value));
  const ofName = lasting.filter(([key]) => !OF_RELEASE.has(key));
  // Others with the same labels are asked once.
  const distinct = [
    ...new Map(others.map(({ labels }) => [JSON.stringify(Object.entries(labels).sort()), labels])).values(),
  ];
  const exact = (selector: Selector): boolean => !distinct.some(labels => matches(selector, labels));
  const found =
    search(ofName, [], exact) ??
    search(lasting, [], exact) ??
    withExpressions(ofName, pods, distinct, isSeen, exact) ??
    search(common, [], exact);
  if (found !== null) {
    const passing = Object.entries(found.matchLabels)
      .filter(([key, value]) => isPassing(key, value))
      .map(([key]) => key);
    return { selector: found, also: [], passing };
  }
  const all = selectorOf(lasting, []);
  const selected = (selector: Selector): number => distinct.filter(labels => matches(selector, labels)).length;
  const least = selected(all);
  const selector = search(lasting, [], it => selected(it) === least) ?? all;
  return { selector, also: others.filter(({ labels }) => matches(selector, labels)), passing: [] };
}

function commonLabels(pods: readonly Pod[]): Label[] {
  const [first] = pods;
  return Object.entries(first!.labels)
    .filter(([key, value]) => pods.every(({ labels }) => Object.hasOwn(labels, key) && labels[key] === value))
    .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

const rank = (key: string): number => {
  const place = PREFERRED.indexOf(key);
  return OF_RELEASE.has(key) ? PREFERRED.length + 1 : place < 0 ? PREFERRED.length : place;
};

const selectorOf = (labels: readonly Label[], matchExpressions: readonly Expression[]): Selector => ({
  matchLabels: Object.fromEntries(labels),
  matchExpressions,
});

/** The first of the smallest sets of labels that will do. The empty one is none: it would select pods that are yet to come. */
function search(
  labels: readonly Label[],
  expressions: readonly Expression[],
  will: (selector: Selector) => boolean,
): Selector | null {
  for (let size = 1; size <= Math.min(MOST_LABELS, labels.length); size++) {
    for (const subset of subsets(labels, size)) {
      const selector = selectorOf(subset, expressions);
      if (will(selector)) return selector;
    }
  }
  const all = selectorOf(labels, expressions);
  return labels.length > MOST_LABELS && will(all) ? all : null;
}

function* subsets(labels: readonly Label[], size: number, from = 0): Generator<Label[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (let i = from; i <= labels.length - size; i++) {
    for (const rest of subsets(labels, size - 1, i + 1)) yield [labels[i]!, ...rest];
  }
}

/** Expressions, as few as keep out whom the labels let in. */
function withExpressions(
  labels: readonly Label[],
  pods: readonly Pod[],
  others: readonly Labels[],
  isSeen: (key: string) => boolean,
  exact: (selector: Selector) => boolean,
): Selector | null {
  const all = selectorOf(labels, []);
  let left = others.filter(other => matches(all, other));
  const candidates = [...absentKeys(pods, left, isSeen), ...ownValues(pods, isSeen)];
  const chosen: Expression[] = [];
  while (left.length > 0) {
    const counted = candidates.map(it => left.filter(other => matches(selectorOf([], [it]), other)));
    const best = counted.reduce((best, { length }, i) => (length < counted[best]!.length ? i : best), 0);
    if (candidates.length === 0 || counted[best]!.length === left.length) return null;
    chosen.push(candidates[best]!);
    left = counted[best]!;
  }
  if (labels.length === 0) return chosen.length === 0 ? null : selectorOf([], chosen);
  return search(labels, chosen, exact);
}

/** Keys that none of the pods has. */
function absentKeys(pods: readonly Pod[], others: readonly Labels[], isSeen: (key: string) => boolean): Expression[] {
  const keys = new Set(
    others.flatMap(labels =>
      Object.entries(labels)
        .filter(([k, v]) => !isPassing(k, v))
        .map(([k]) => k),
    ),
  );
  return [...keys]
    .filter(key => isSeen(key) && !pods.some(({ labels }) => Object.hasOwn(labels, key)))
    .sort()
    .map(key => ({ key, operator: 'DoesNotExist', values: [] }));
}

/** Keys that all of the pods have, with a few values. */
function ownValues(pods: readonly Pod[], isSeen: (key: string) => boolean): Expression[] {
  return Object.keys(pods[0]!.labels)
    .filter(
      key => isSeen(key) && pods.every(({ labels }) => Object.hasOwn(labels, key) && !isPassing(key, labels[key]!)),
    )
    .map(key => ({ key, values: [...new Set(pods.map(({ labels }) => labels[key]!))].sort() }))
    .filter(({ values }) => values.length > 1 && values.length <= MOST_VALUES)
    .map(({ key, values }) => ({ key, operator: 'In', values }));
}
