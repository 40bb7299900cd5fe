/**
 * Profiles: what is asked of an endpoint past the last tier (cold).
 *
 * In:  Profile objects, the pods.  Out: contributions in tiers of their own. Numbers are facts of docs/dialects/calico.md.
 *
 * (C35): a pod has the profiles kns.NAMESPACE and ksa.NAMESPACE.ACCOUNT. Calico makes them of the namespace (it allows
 * everything) and of the service account (it has no rules), so that only profiles that say otherwise have a say here.
 */
import type { Pod } from '../../cluster/inventory.js';
import type { CalicoProfile, CalicoRule } from '../../policy/calico/model.js';
import { isEmpty } from '../addresses.js';
import type { Contribution, RuleContext, Side } from '../contribution.js';
import type { Selected } from './endpoints.js';
import { profilesOf } from './endpoints.js';
import type { RuleMatches } from './matches.js';
import { SIDES } from './policies.js';
import { RANK_OF_END, RANK_OF_PROFILE } from './ranks.js';
import type { Subject } from './sides.js';

/** (C36): Calico's own; it allows everything. */
export const DEFAULT_ALLOW = 'projectcalico-default-allow';

/** Whether its first rule that decides takes everything. */
export function allowsAll(rules: readonly CalicoRule[]): boolean {
  const first = rules.find(({ action }) => action !== 'Log');
  return first?.action === 'Allow' && isUnconditional(first);
}

function isUnconditional({ source, destination, ...rule }: CalicoRule): boolean {
  const asks = [rule.ipVersion, rule.protocol, rule.notProtocol, rule.icmp, rule.notICMP];
  return (
    rule.unsupported.length === 0 &&
    [...asks, ...Object.values(source), ...Object.values(destination)].every(field => field === null)
  );
}

export function createPodProfiles({ sets }: RuleContext, everybody: Selected, matches: RuleMatches) {
  return (profiles: ReadonlyMap<string, CalicoProfile>): Contribution[] => {
    if (profiles.size === 0) return [];
    const byNamespace = groupBy(everybody.pods, pod => profilesOf(pod)[0]);
    return SIDES.flatMap(([direction]) =>
      [...byNamespace].flatMap(([name, pods]) => {
        const profile = profiles.get(name);
        if (profile === undefined || allowsAll(profile[direction])) return [];
        const ofNamespace = { addresses: sets.of(pods), named: toSelected(pods, everybody, sets.of(pods)) };
        const accounts = [...groupBy(pods, pod => profilesOf(pod)[1])].flatMap(([account, own]) => {
          const second = profiles.get(account);
          if (second === undefined) return [];
          const subject = { addresses: sets.of(own), named: toSelected(own, everybody, sets.of(own)) };
          return [profilePart(direction, second, subject, 1, matches)];
        });
        return [
          profilePart(direction, profile, ofNamespace, 0, matches),
          ...accounts,
          endPart(direction, ofNamespace, profile.name, profile, 'Profile'),
        ];
      }),
    );
  };
}

const toSelected = (pods: readonly Pod[], { hosts: _, ...all }: Selected, podSet: Selected['podSet']): Selected => ({
  ...all,
  pods,
  hosts: [],
  podSet,
  addresses: podSet,
});

/** (C35): Pass ends a profile, and the next one is asked. */
export function profilePart(
  direction: Side,
  profile: CalicoProfile,
  subject: Subject,
  place: number,
  matches: RuleMatches,
): Contribution {
  const owner = { kind: 'Profile', policy: profile.name, namespace: '' };
  return {
    direction,
    tier: { name: place === 0 ? 'profiles' : `profiles (${place + 1})`, rank: RANK_OF_PROFILE(place) },
    order: 0,
    name: profile.name,
    rules: profile[direction].flatMap(rule => matches(direction, rule, owner, subject)),
    isolations: [],
  };
}

/** (C36): what no profile takes is dropped. */
export function endPart(
  direction: Side,
  { addresses }: Subject,
  policy: string,
  { position }: Pick<CalicoProfile, 'position'>,
  kind: string,
): Contribution {
  const origin = { kind, policy, rule: direction, position };
  const isolations = isEmpty(addresses) ? [] : [{ subjects: addresses, origin }];
  return {
    direction,
    tier: { name: 'end of profiles', rank: RANK_OF_END },
    order: 0,
    name: policy,
    rules: [],
    isolations,
  };
}

function groupBy(pods: readonly Pod[], key: (pod: Pod) => string): Map<string, Pod[]> {
  const groups = new Map<string, Pod[]>();
  for (const pod of pods) {
    const name = key(pod);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [pod]);
    else group.push(pod);
  }
  return groups;
}
