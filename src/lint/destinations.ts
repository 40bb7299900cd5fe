/**
 * The destination pods of a rule: on them its ports are looked up (10) (cold).
 *
 * In:  a rule of a NetworkPolicy.  Out: for ingress the subjects, for egress the pods of its peers, and what ports they declare;
 * null where the rule is about others too, whose ports nobody knows. Pods that one selector chooses are looked through once.
 */
import type { ContainerPort, Pod } from '../cluster/inventory.js';
import type { PolicyPort } from '../policy/policy.js';
import type { LintContext, PlacedRule } from './context.js';

export interface Destinations {
  readonly count: number;
  /** Owner indices of the pods. */
  has(owner: number): boolean;
  /** Each pod declares some port: one that declares none may listen anywhere. */
  readonly allDeclare: boolean;
  /** Distinct. */
  readonly ports: readonly ContainerPort[];
}

export type DestinationsOf = (placed: PlacedRule) => Destinations | null;

interface Declared {
  readonly owners: ReadonlySet<number>;
  readonly allDeclare: boolean;
  readonly ports: ReadonlyMap<string, ContainerPort>;
}

export function createDestinations(context: LintContext): DestinationsOf {
  const known = new WeakMap<readonly Pod[], Declared>();

  function declaredBy(pods: readonly Pod[]): Declared {
    let declared = known.get(pods);
    if (declared === undefined) {
      const ports = new Map<string, ContainerPort>();
      for (const pod of pods) {
        for (const port of pod.ports) {
          ports.set(`${port.protocol} ${port.port} ${port.name ?? ''} ${port.init === true}`, port);
        }
      }
      const allDeclare = pods.every(pod => pod.ports.length > 0);
      declared = { owners: new Set(pods.map(({ owner }) => owner)), allDeclare, ports };
      known.set(pods, declared);
    }
    return declared;
  }

  function listsOf({ policy, rule, direction }: PlacedRule): (readonly Pod[])[] | null {
    if (direction === 'ingress') return [context.subjects(policy)];
    if (rule.peers === null) return null;
    const lists: (readonly Pod[])[] = [];
    for (const peer of rule.peers) {
      if (peer.kind === 'ipBlock') return null;
      lists.push(context.peerPods(policy, peer));
    }
    return lists;
  }

  return placed => {
    const lists = listsOf(placed);
    if (lists === null) return null;
    const all = lists.map(declaredBy);
    const [first] = all;
    return {
      count: all.length === 1 ? first!.owners.size : new Set(all.flatMap(({ owners }) => [...owners])).size,
      has: owner => all.some(({ owners }) => owners.has(owner)),
      allDeclare: all.every(({ allDeclare }) => allDeclare),
      ports: [...new Map(all.flatMap(({ ports }) => [...ports])).values()],
    };
  };
}

/** Whether the number is among those that the entry opens. */
export const isOpened = (
  { protocol, port, endPort }: PolicyPort,
  given: Pick<ContainerPort, 'protocol' | 'port'>,
): boolean =>
  typeof port === 'number' && protocol === given.protocol && given.port >= port && given.port <= (endPort ?? port);

/** `8080`, `8000-8100` */
export const portWords = ({ port, endPort }: PolicyPort): string =>
  endPort === null || endPort === port ? `${port}` : `${port}-${endPort}`;
