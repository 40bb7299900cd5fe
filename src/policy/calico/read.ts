/**
 * Calico's kinds, in both of their groups (C1 of docs/dialects/calico.md): data.
 */
import type { DialectKind } from '../dialects.js';
import type { Schema } from '../kubernetes/schema.js';
import { HOST_ENDPOINT, NETWORK_SET, POLICIES, PROFILE, STAGED_KUBERNETES, TIER } from './fields.js';
import type { CalicoObject } from './model.js';
import { readCalicoPolicy, readStagedKubernetes } from './policies.js';
import { readHostEndpoint, readNetworkSet, readProfile, readTier } from './sets.js';

type Read = DialectKind<CalicoObject>['read'];

const KINDS: readonly (readonly [kind: string, isNamespaced: boolean, schema: Schema, read: Read])[] = [
  ['NetworkPolicy', true, POLICIES.NetworkPolicy, readCalicoPolicy('NetworkPolicy')],
  ['GlobalNetworkPolicy', false, POLICIES.GlobalNetworkPolicy, readCalicoPolicy('GlobalNetworkPolicy')],
  ['StagedNetworkPolicy', true, POLICIES.StagedNetworkPolicy, readCalicoPolicy('StagedNetworkPolicy')],
  [
    'StagedGlobalNetworkPolicy',
    false,
    POLICIES.StagedGlobalNetworkPolicy,
    readCalicoPolicy('StagedGlobalNetworkPolicy'),
  ],
  ['StagedKubernetesNetworkPolicy', true, STAGED_KUBERNETES, readStagedKubernetes],
  ['Tier', false, TIER, readTier],
  ['NetworkSet', true, NETWORK_SET, readNetworkSet('NetworkSet')],
  ['GlobalNetworkSet', false, NETWORK_SET, readNetworkSet('GlobalNetworkSet')],
  ['HostEndpoint', false, HOST_ENDPOINT, readHostEndpoint],
  ['Profile', false, PROFILE, readProfile],
];

const GROUPS = [
  { group: 'projectcalico.org', versions: ['v3'] },
  { group: 'crd.projectcalico.org', versions: ['v1'] },
];

export const CALICO_KINDS: readonly DialectKind<CalicoObject>[] = GROUPS.flatMap(({ group, versions }) =>
  KINDS.map(([kind, isNamespaced, schema, read]) => ({
    dialect: 'calico' as const,
    group,
    versions,
    kind,
    isNamespaced,
    schema,
    read,
  })),
);
