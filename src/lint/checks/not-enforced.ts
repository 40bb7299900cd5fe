/** Policies that the cluster's network plugin does not enforce: what they refuse passes. */
import type { DialectObject } from '../../policy/dialects.js';
import { isMeshDialect, objectName } from '../../policy/dialects.js';
import { NO_PLUGIN } from '../../profile/detect.js';
import { noticeOf } from '../../profile/profile.js';
import { plural } from '../../report/style.js';
import { isRefused, profileWarnings } from '../../rules/profile-warnings.js';
import { type Check, KINDS } from '../check.js';
import { policyName } from '../context.js';

const FIX = 'run a plugin that enforces them, or name the one that does with --profile';

export const notEnforced: Check = {
  id: 'not-enforced',
  severity: 'error',
  title: 'a policy that the network plugin does not enforce',
  needsCluster: false,
  kinds: KINDS.filter(kind => kind !== 'istio'),
  *find({ compiled: { policies, objects, profile, profileFrom, inventory } }) {
    const [first] = policies;
    const given = (Object.entries(objects) as [string, readonly DialectObject[]][])
      .filter(([dialect]) => !isMeshDialect(dialect) && !profile.enforces.includes(dialect))
      .flatMap(([, all]) => all.filter(({ declares }) => declares !== undefined));
    if (noticeOf(profile) !== null && first !== undefined) {
      const message = `${profile.title} (${profileFrom}) enforces no policies: ${plural(policies.length, 'NetworkPolicy has', 'NetworkPolicies have')} no effect, and everything is allowed`;
      yield { position: first.position, about: policyName(first), message, fix: FIX };
    }
    for (const kind of new Set(given.map(it => it.kind))) {
      const all = given.filter(it => it.kind === kind);
      const [one] = all as [DialectObject];
      const rest = all.length === 1 ? '' : `, nor ${all.length - 1} more`;
      const message = `${profile.title} (${profileFrom}) does not enforce ${kind}: ${objectName(one)} has no effect${rest}`;
      yield { position: one.position, about: `${kind} ${objectName(one)}`, message, fix: FIX };
    }
    for (const policy of policies) {
      if (!isRefused(policy, profile)) continue;
      for (const { position, message, hint = '' } of profileWarnings([policy], profile)) {
        yield { position, about: policyName(policy), message, fix: hint };
      }
    }
    // Where no DaemonSet is given the plugin is not either: then nothing can be said.
    const runsDaemonSets = inventory.pods.some(({ workload }) => workload?.startsWith('DaemonSet/'));
    if (first !== undefined && runsDaemonSets && profileFrom === NO_PLUGIN.why) {
      const message =
        'none of the cluster’s DaemonSets is a network plugin that policap knows: whether anything enforces the policies is not known';
      yield { severity: 'note', position: first.position, about: policyName(first), message, fix: FIX };
    }
  },
};
