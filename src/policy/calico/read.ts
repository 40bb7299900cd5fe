/**
 * Calico's kinds, in both of their groups (C1 of docs/dialects/calico.md): data.
 */
import type { DialectKind } from '../dialects.js';
import type { CalicoObject } from './model.js';
import { readCalicoPolicy, readStagedKubernetes } from './policies.js';
import { readHostEndpoint, readNetworkSet, readProfile, readTier } from './sets.js';

type Read = DialectKind<CalicoObject>['read'];

const KINDS: readonly (readonly [kind: string, isNamespaced: boolean, read: Read])[] = [
  ['NetworkPolicy', true, readCalicoPolicy('NetworkPolicy')],
  ['GlobalNetworkPolicy', false, readCalicoPolicy('GlobalNetworkPolicy')],
  ['StagedNetworkPolicy', true, readCalicoPolicy('StagedNetworkPolicy')],
  ['StagedGlobalNetworkPolicy', false, readCalicoPolicy('StagedGlobalNetworkPolicy')],
  ['StagedKubernetesNetworkPolicy', true, readStagedKubernetes],
  ['Tier', false, readTier],
  ['NetworkSet', true, readNetworkSet('NetworkSet')],
  ['GlobalNetworkSet', false, readNetworkSet('GlobalNetworkSet')],
  ['HostEndpoint', false, readHostEndpoint],
  ['Profile', false, readProfile],
];

const GROUPS = [
  { group: 'projectcalico.org', versions: ['v3'] },
  { group: 'crd.projectcalico.org', versions: ['v1'] },
];

export const CALICO_KINDS: readonly DialectKind<CalicoObject>[] = GROUPS.flatMap(({ group, versions }) =>
  KINDS.map(([kind, isNamespaced, read]) => ({
    dialect: 'calico' as const,
    group,
    versions,
    kind,
    isNamespaced,
    read,
  })),
);
