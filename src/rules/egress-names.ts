/**
 * Named ports of egress where a plugin reads them in more than one way (P22) (cold).
 *
 * In:  a name and protocol, the pods that the rule's peers select.  Out: what every version of the plugin makes of the name,
 * and what only some do.
 *
 * Cilium looked the name up once for the whole cluster, later once among the peers of the rule, and opened the one number
 * found towards all peers, whether they have the port or not; pods that disagree about the number closed the rule. Its newest
 * version opens each pod's own number. They agree about pods that have the name where all of the cluster that has it gives it
 * the same number.
 */
import type { ContainerPort, Pod } from '../cluster/inventory.js';
import { portSet } from './ports.js';
import type { PortSet } from './ruleset.js';

export interface NamedPort {
  /** null: every peer of the rule. */
  readonly pods: readonly Pod[] | null;
  readonly ports: PortSet;
  readonly isDisputed: boolean;
}

export type EgressNames = (
  name: string,
  protocol: ContainerPort['protocol'],
  peers: readonly Pod[],
) => readonly NamedPort[];

/** @param all every pod that can be selected  @param counts whether a port of an init container counts (P8) */
export function createEgressNames(all: readonly Pod[], counts: (port: ContainerPort) => boolean): EgressNames {
  let everywhere: Map<string, Set<number>> | null = null;
  const numbersOf = (pods: readonly Pod[], name: string, protocol: string): Map<number, Pod[]> => {
    const byNumber = new Map<number, Pod[]>();
    for (const pod of pods) {
      for (const port of pod.ports) {
        if (port.name !== name || port.protocol !== protocol || !counts(port)) continue;
        const group = byNumber.get(port.port);
        if (group === undefined) byNumber.set(port.port, [pod]);
        else if (group[group.length - 1] !== pod) group.push(pod);
      }
    }
    return byNumber;
  };
  const inCluster = (name: string, protocol: string): ReadonlySet<number> => {
    if (everywhere === null) {
      everywhere = new Map();
      for (const pod of all) {
        for (const port of pod.ports) {
          if (port.name === undefined || !counts(port)) continue;
          const key = `${port.protocol} ${port.name}`;
          const numbers = everywhere.get(key) ?? new Set();
          everywhere.set(key, numbers.add(port.port));
        }
      }
    }
    return everywhere.get(`${protocol} ${name}`) ?? new Set();
  };
  return (name, protocol, peers) => {
    const known = inCluster(name, protocol);
    if (known.size === 0) return [];
    const selected = numbersOf(peers, name, protocol);
    const single = known.size === 1;
    const named: NamedPort[] = [...selected].map(([number, pods]) => ({
      pods,
      ports: portSet([number, number]),
      isDisputed: !single,
    }));
    const numbers = single ? [...known] : selected.size === 1 ? [...selected.keys()] : [];
    for (const number of numbers) named.push({ pods: null, ports: portSet([number, number]), isDisputed: true });
    return named;
  };
}
