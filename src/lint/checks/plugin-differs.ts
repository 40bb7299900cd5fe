/** Policies that the cluster's network plugin reads in another way than they are written. */
import { isRefused, profileWarnings } from '../../rules/profile-warnings.js';
import type { Check } from '../check.js';
import { policyName } from '../context.js';

export const pluginDiffers: Check = {
  id: 'plugin-differs',
  severity: 'warning',
  title: 'a policy that the network plugin reads in another way than it is written',
  needsCluster: false,
  kinds: ['NetworkPolicy'],
  *find({ compiled: { policies, profile } }) {
    for (const policy of policies) {
      if (isRefused(policy, profile)) continue;
      for (const { position, message, hint = '' } of profileWarnings([policy], profile)) {
        yield { position, about: policyName(policy), message, fix: hint };
      }
    }
  },
};
