/**
 * The destination pods of a rule: on them its ports are looked up (10) (cold).
 *
 * In:  a rule of a NetworkPolicy.  Out: for ingress the subjects, for egress the pods of its peers; null where the rule is
 * about others too, whose ports nobody knows.
 */
import type { ContainerPort, Pod } from '../cluster/inventory.js';
import type { PolicyPort } from '../policy/policy.js';
import type { LintContext, PlacedRule } from './context.js';

export function destinationPods({ policy, rule, direction }: PlacedRule, context: LintContext): readonly Pod[] | null {
  if (direction === 'ingress') return context.subjects(policy);
  if (rule.peers === null) return null;
  const pods = new Set<Pod>();
  for (const peer of rule.peers) {
    if (peer.kind === 'ipBlock') return null;
    for (const pod of context.peerPods(policy, peer)) pods.add(pod);
  }
  return [...pods];
}

/** Whether the number is among those that the entry opens. */
export function isOpened(
  { protocol, port, endPort }: PolicyPort,
  given: Pick<ContainerPort, 'protocol' | 'port'>,
): boolean {
  return (
    typeof port === 'number' && protocol === given.protocol && given.port >= port && given.port <= (endPort ?? port)
  );
}

/** `8080`, `8000-8100` */
export const portWords = ({ port, endPort }: PolicyPort): string =>
  endPort === null || endPort === port ? `${port}` : `${port}-${endPort}`;
