/**
 * Staged policies: left out, or taken as if they were enforced (cold).
 *
 * In:  the policies and Calico's objects as read.  Out: the same, with nothing staged left among them: without `staged`
 * they are left out, and a warning says how many; with it (C44) `Set` stands in the place of the enforced policy of its
 * name, `Delete` removes that one, `Learn` and `Ignore` change nothing. Numbers are facts of docs/dialects/calico.md.
 */
import type { Problem } from '../../documents/document.js';
import type { NetworkPolicy } from '../policy.js';
import type { CalicoObject, CalicoPolicy, StagedKubernetesNetworkPolicy } from './model.js';

type Staged = CalicoPolicy | StagedKubernetesNetworkPolicy;

export interface Settled {
  readonly policies: readonly NetworkPolicy[];
  readonly calico: readonly CalicoObject[];
  readonly problems: readonly Problem[];
}

const actionOf = (object: CalicoObject): Staged['staged'] => ('staged' in object ? object.staged : null);

const ENFORCED: Readonly<Record<string, string>> = {
  StagedNetworkPolicy: 'NetworkPolicy',
  StagedGlobalNetworkPolicy: 'GlobalNetworkPolicy',
};

const nameOf = ({ namespace, name }: { readonly namespace: string; readonly name: string }): string =>
  `${namespace}/${name}`;

/** @returns the same lists where nothing is staged */
export function settleStaged(
  policies: readonly NetworkPolicy[],
  calico: readonly CalicoObject[],
  isEnforced: boolean,
): Settled {
  const staged = calico.filter((it): it is Staged => actionOf(it) !== null);
  if (staged.length === 0) return { policies, calico, problems: [] };
  const rest = calico.filter(it => actionOf(it) === null);
  const passive = staged.filter(it => it.staged === 'Learn' || it.staged === 'Ignore');
  const left = isEnforced ? passive : staged;
  const problems = left.length === 0 ? [] : [leftOut(left, isEnforced)];
  if (!isEnforced) return { policies, calico: rest, problems };

  const replaced = new Set<string>();
  const replacedKubernetes = new Set<string>();
  const added: CalicoPolicy[] = [];
  const addedKubernetes: NetworkPolicy[] = [];
  for (const it of staged) {
    if (passive.includes(it)) continue;
    if (it.kind === 'StagedKubernetesNetworkPolicy') {
      replacedKubernetes.add(nameOf(it));
      if (it.policy !== null) addedKubernetes.push(it.policy);
    } else {
      replaced.add(`${ENFORCED[it.kind]} ${nameOf(it)}`);
      if (it.staged === 'Set') added.push(it);
    }
  }
  return {
    policies: [...policies.filter(it => !replacedKubernetes.has(nameOf(it))), ...addedKubernetes],
    calico: [...rest.filter(it => !replaced.has(`${it.kind} ${nameOf(it)}`)), ...added],
    problems,
  };
}

function leftOut(left: readonly Staged[], isEnforced: boolean): Problem {
  const [one] = left as [Staged];
  const count = left.length === 1 ? 'a staged policy is' : `${left.length} staged policies are`;
  const why = isEnforced ? ' (stagedAction Learn or Ignore)' : '';
  return {
    severity: 'warning',
    position: one.position,
    message: `${count} left out of all verdicts${why}: ${one.kind} ${nameOf(one).replace(/^\//, '')}${left.length === 1 ? '' : ' and others'}`,
    hint: isEnforced
      ? 'stagedAction: Set is judged'
      : 'Calico does not enforce them; --staged judges them as if it did',
  };
}
