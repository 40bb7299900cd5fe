/**
 * Selectors of identities -> pods, and what else has the labels (CI8 to CI11) (cold).
 *
 * In:  a selector of a policy.  Out: pods by what Cilium derives their labels from: their own labels, their namespace and its
 * labels, their service account, the name of the cluster. Which cluster this is no file tells: where a selector asks, its pods
 * are not sure. Equal selectors give the same list of pods.
 */
import type { Pod } from '../../cluster/inventory.js';
import { NAME_LABEL } from '../../cluster/namespaces.js';
import type { Selector } from '../../cluster/selector.js';
import type { CiliumRequirement, CiliumSelector } from '../../policy/cilium/model.js';
import { HIDDEN_LABELS } from '../../profile/cilium.js';
import { EVERY, labelHider, type PodSelection } from '../selectors.js';

export const NAMESPACE = 'io.kubernetes.pod.namespace';
const NAMESPACE_LABELS = 'io.cilium.k8s.namespace.labels.';
const SERVICE_ACCOUNT = 'io.cilium.k8s.policy.serviceaccount';
const CLUSTER = 'io.cilium.k8s.policy.cluster';
/** Labels of pods that begin so are Cilium's own, whatever the pod says. */
const RESERVED_PREFIX = 'io.cilium.k8s';

const isHidden = labelHider(HIDDEN_LABELS)!;

export interface SelectedPods {
  readonly pods: readonly Pod[];
  /** false: they match if this is the cluster that the selector asks for. */
  readonly isSure: boolean;
}

export interface IdentitySelection {
  /** Pods that hold all requirements. */
  pods(requirements: readonly CiliumRequirement[]): SelectedPods;
  /** Pods of one namespace by their own labels: what a Service selects. */
  inNamespace(namespace: string, labels: Readonly<Record<string, string>>): readonly Pod[];
  readonly all: readonly Pod[];
}

export const asksFor = ({ requirements }: CiliumSelector, test: (it: CiliumRequirement) => boolean): boolean =>
  requirements.some(test);

const isKubernetes = ({ source }: CiliumRequirement): boolean => source === 'any' || source === 'k8s';
export const isNamespaceName = (it: CiliumRequirement): boolean => isKubernetes(it) && it.key === NAMESPACE;
export const isNamespaceLabel = (it: CiliumRequirement): boolean =>
  isKubernetes(it) && it.key.startsWith(NAMESPACE_LABELS);
export const isReserved = ({ source }: CiliumRequirement): boolean => source === 'reserved';
/** Whether no pod tells itself apart by this label (P23). */
export const isHiddenLabel = (it: CiliumRequirement): boolean =>
  isKubernetes(it) && it.key !== NAMESPACE && !it.key.startsWith(RESERVED_PREFIX) && isHidden(it.key);

export const inNamespace = (namespace: string): CiliumRequirement => ({
  source: 'k8s',
  key: NAMESPACE,
  operator: 'In',
  values: [namespace],
});

const NOBODY: SelectedPods = { pods: [], isSure: true };

export function createIdentitySelection(selection: PodSelection): IdentitySelection {
  const cache = new Map<string, SelectedPods>();
  const byService = new Map<string, readonly Pod[]>();

  function select(requirements: readonly CiliumRequirement[]): SelectedPods {
    const namespaces: Selector['matchExpressions'][number][] = [];
    const pods: Selector['matchExpressions'][number][] = [];
    const accounts: CiliumRequirement[] = [];
    let isSure = true;
    for (const it of requirements) {
      const { key, operator, values } = it;
      if (!isKubernetes(it) || (key.startsWith(RESERVED_PREFIX) && !isDerived(key)) || isHiddenLabel(it)) {
        // No pod has the label.
        if (operator === 'In' || operator === 'Exists') return NOBODY;
      } else if (key === NAMESPACE) namespaces.push({ key: NAME_LABEL, operator, values });
      else if (isNamespaceLabel(it)) {
        namespaces.push({ key: key.slice(NAMESPACE_LABELS.length), operator, values });
      } else if (key === SERVICE_ACCOUNT) accounts.push(it);
      else if (key === CLUSTER) {
        if (operator === 'DoesNotExist') return NOBODY;
        isSure &&= operator === 'Exists';
      } else pods.push({ key, operator, values });
    }
    const found = selection.inNamespaces(selector(namespaces), selector(pods));
    return {
      pods: accounts.length === 0 ? found : found.filter(pod => accounts.every(it => hasAccount(pod, it))),
      isSure,
    };
  }

  return {
    all: selection.all,
    pods(requirements) {
      const key = JSON.stringify(requirements.map(it => [it.source, it.key, it.operator, it.values]));
      let found = cache.get(key);
      if (found === undefined) {
        found = select(requirements);
        cache.set(key, found);
      }
      return found;
    },
    inNamespace(namespace, labels) {
      if (Object.keys(labels).some(isHidden)) return [];
      const key = `${namespace} ${JSON.stringify(labels)}`;
      const found =
        byService.get(key) ?? selection.inNamespace(namespace, { matchLabels: labels, matchExpressions: [] });
      byService.set(key, found);
      return found;
    },
  };
}

const isDerived = (key: string): boolean =>
  key === SERVICE_ACCOUNT || key === CLUSTER || key.startsWith(NAMESPACE_LABELS);

function hasAccount({ serviceAccount }: Pod, { operator, values }: CiliumRequirement): boolean {
  if (operator === 'In') return values.includes(serviceAccount);
  if (operator === 'NotIn') return !values.includes(serviceAccount);
  return operator === 'Exists';
}

/** Equalities as matchLabels: those are looked up in an index. */
function selector(expressions: readonly Selector['matchExpressions'][number][]): Selector {
  if (expressions.length === 0) return EVERY;
  const matchLabels: Record<string, string> = Object.create(null);
  const rest = expressions.filter(({ key, operator, values }) => {
    if (operator !== 'In' || values.length !== 1 || Object.hasOwn(matchLabels, key)) return true;
    matchLabels[key] = values[0]!;
    return false;
  });
  return { matchLabels, matchExpressions: rest };
}

/** Whether a selector's requirements hold of something that has these reserved labels alone. */
export const holdsOfReserved = (requirements: readonly CiliumRequirement[], labels: ReadonlySet<string>): boolean =>
  requirements.every(({ source, key, operator, values }) => {
    const has = (source === 'reserved' || source === 'any') && labels.has(key);
    if (operator === 'In') return has && values.includes('');
    if (operator === 'NotIn') return !has || !values.includes('');
    return (operator === 'Exists') === has;
  });
