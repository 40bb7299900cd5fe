/** The kinds of crd.antrea.io that are read. */
import type { DialectKind } from '../dialects.js';
import { GROUPS, POLICIES, TIER_FIELDS } from './fields.js';
import { readGroup, readTier } from './groups.js';
import type { AntreaObject } from './model.js';
import { readPolicy } from './policies.js';

const KIND = { dialect: 'antrea', group: 'crd.antrea.io', versions: ['v1beta1'] } as const;

export const ANTREA_KINDS: readonly DialectKind<AntreaObject>[] = [
  {
    ...KIND,
    kind: 'ClusterNetworkPolicy',
    isNamespaced: false,
    schema: POLICIES.ClusterNetworkPolicy,
    read: (document, problems) => readPolicy(document, 'ClusterNetworkPolicy', problems),
  },
  {
    ...KIND,
    kind: 'NetworkPolicy',
    isNamespaced: true,
    schema: POLICIES.NetworkPolicy,
    read: (document, problems) => readPolicy(document, 'NetworkPolicy', problems),
  },
  // The older version has the same fields.
  {
    ...KIND,
    kind: 'Tier',
    versions: ['v1beta1', 'v1alpha1'],
    isNamespaced: false,
    schema: TIER_FIELDS,
    read: readTier,
  },
  {
    ...KIND,
    kind: 'ClusterGroup',
    isNamespaced: false,
    schema: GROUPS.ClusterGroup,
    read: (document, problems) => readGroup(document, 'ClusterGroup', problems),
  },
  {
    ...KIND,
    kind: 'Group',
    isNamespaced: true,
    schema: GROUPS.Group,
    read: (document, problems) => readGroup(document, 'Group', problems),
  },
];
