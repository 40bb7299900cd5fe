/**
 * What a profile makes of the given policies that their author may not expect (cold).
 *
 * In:  policies, a profile.  Out: which policies the profile refuses (P7), and warnings, each at its rule.
 */
import type { Position, Problem } from '../documents/document.js';
import type { LabelSelector, NetworkPolicy, PolicyRule } from '../policy/policy.js';
import type { Profile } from '../profile/profile.js';
import { labelHider } from './selectors.js';

const hasNamedPort = ({ ports }: PolicyRule): boolean => (ports ?? []).some(({ port }) => typeof port === 'string');
const hasRange = ({ ports }: PolicyRule): boolean =>
  (ports ?? []).some(({ port, endPort }) => endPort !== null && endPort !== port);

const rulesOf = ({ ingress, egress, unlisted = [] }: NetworkPolicy): readonly PolicyRule[] => [
  ...ingress,
  ...egress,
  ...unlisted,
];

/** (P7): one named port, and the policy does not exist: its subjects are not isolated by it. */
export const isRefused = (policy: NetworkPolicy, { refusesNamedPorts }: Profile): boolean =>
  refusesNamedPorts && rulesOf(policy).some(hasNamedPort);

const keysOf = ({ matchLabels, matchExpressions }: LabelSelector): string[] => [
  ...Object.keys(matchLabels),
  ...matchExpressions.map(({ key }) => key),
];

/** Each with the place of the rule it stands in. */
const podSelectorsOf = (policy: NetworkPolicy): (readonly [LabelSelector, Position])[] => [
  [policy.podSelector, policy.position],
  ...rulesOf(policy).flatMap(({ peers, position }) =>
    (peers ?? []).flatMap(peer =>
      peer.kind === 'pods' && peer.podSelector !== null ? [[peer.podSelector, position] as const] : [],
    ),
  ),
];

export function profileWarnings(policies: readonly NetworkPolicy[], profile: Profile): Problem[] {
  const problems: Problem[] = [];
  const warn = (position: Position, message: string, hint: string): void => {
    problems.push({ severity: 'warning', position, message, hint });
  };
  const { title } = profile;
  const isHidden = labelHider(profile.hiddenLabels);
  for (const policy of policies) {
    const name = `NetworkPolicy ${policy.namespace}/${policy.name}`;
    const named = rulesOf(policy).find(hasNamedPort);
    if (isRefused(policy, profile) && named !== undefined) {
      const message = `${title} refuses ${name} as a whole, as it names a port: what it selects stays open`;
      warn(named.position, message, 'write the number instead of the name');
      continue;
    }
    // (P15)
    const [unlisted] = policy.unlisted ?? [];
    if (profile.unlistedRules === 'isolate' && unlisted !== undefined) {
      const direction = policy.isolatesEgress ? 'ingress' : 'egress';
      warn(
        unlisted.position,
        `${title} reads these rules of ${name} although policyTypes does not list ${direction}: what it selects is isolated for ${direction}`,
        'list the direction, or remove the rules',
      );
    }
    // (P23)
    for (const [selector, position] of isHidden === null ? [] : podSelectorsOf(policy)) {
      const key = keysOf(selector).find(isHidden!);
      if (key === undefined) continue;
      warn(
        position,
        `${title} does not tell pods by their label ${key}: to ${name}, no pod has it`,
        'select by another label, or add the label to those that make identities (the option `labels`)',
      );
    }
    if (profile.portRanges) continue;
    for (const { position } of rulesOf(policy).filter(hasRange)) {
      warn(
        position,
        `${title} does not read endPort: of this range only \`port\` is open`,
        'list the ports one by one',
      );
    }
  }
  return problems;
}
