/**
 * What a profile makes of the given policies that their author may not expect (cold).
 *
 * In:  policies, a profile.  Out: which policies the profile refuses (P7), and warnings, each at its rule.
 */
import type { Position, Problem } from '../documents/document.js';
import type { NetworkPolicy, PolicyRule } from '../policy/policy.js';
import type { Profile } from '../profile/profile.js';

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

export function profileWarnings(policies: readonly NetworkPolicy[], profile: Profile): Problem[] {
  const problems: Problem[] = [];
  const warn = (position: Position, message: string, hint: string): void => {
    problems.push({ severity: 'warning', position, message, hint });
  };
  const { title } = profile;
  for (const policy of policies) {
    const name = `NetworkPolicy ${policy.namespace}/${policy.name}`;
    const named = rulesOf(policy).find(hasNamedPort);
    if (isRefused(policy, profile) && named !== undefined) {
      const message = `${title} refuses ${name} as a whole, as it names a port: what it selects stays open`;
      warn(named.position, message, 'write the number instead of the name');
      continue;
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
