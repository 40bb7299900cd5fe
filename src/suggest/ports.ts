/**
 * Ports as a rule writes them (cold): names where all pods give the number the same one, ranges where numbers follow another.
 *
 * In:  a protocol, a number, and the pods that the rule's port is about.  Out: a RulePort.
 * A name is kept only if it means this number, and nothing else, on every one of these pods.
 */
import type { Pod } from '../cluster/inventory.js';

export type Protocol = 'TCP' | 'UDP' | 'SCTP';

export interface RulePort {
  readonly protocol: Protocol;
  readonly port: number | string;
  readonly endPort?: number;
}

/** Fewer numbers in a row are written one by one. */
const SHORTEST_RANGE = 3;

export function namePort(protocol: Protocol, port: number, pods: readonly Pod[]): RulePort {
  const [name, ...more] = new Set(pods.map(({ ports }) => nameIn(ports, protocol, port)));
  return { protocol, port: name !== undefined && name !== '' && more.length === 0 ? name : port };
}

/** '' where the pod has no name for it, or one that means something else too. */
function nameIn(ports: Pod['ports'], protocol: Protocol, port: number): string {
  // Whether names of init containers count depends on the plugin.
  const found = ports.find(
    it => it.protocol === protocol && it.port === port && it.name !== undefined && it.init !== true,
  );
  if (found?.name === undefined) return '';
  const meant = ports.filter(({ name }) => name === found.name);
  return meant.every(it => it.port === port && it.protocol === protocol) ? found.name : '';
}

export const portText = ({ protocol, port, endPort }: RulePort): string =>
  `${protocol} ${port}${endPort === undefined ? '' : `-${endPort}`}`;

/** In order: by protocol, names first; numbers in a row as ranges, if the plugin reads them. */
export function inOrder(ports: readonly RulePort[], ranges: boolean): RulePort[] {
  const sorted = [...ports].sort(
    (a, b) =>
      (a.protocol < b.protocol ? -1 : a.protocol > b.protocol ? 1 : 0) ||
      Number(typeof a.port === 'number') - Number(typeof b.port === 'number') ||
      (typeof a.port === 'number' ? a.port - (b.port as number) : a.port < b.port ? -1 : 1),
  );
  if (!ranges) return sorted;
  const out: RulePort[] = [];
  for (let i = 0; i < sorted.length; ) {
    const { protocol, port } = sorted[i]!;
    let end = i + 1;
    if (typeof port === 'number') {
      while (end < sorted.length && sorted[end]!.protocol === protocol && sorted[end]!.port === port + end - i) end++;
    }
    if (end - i < SHORTEST_RANGE) out.push(sorted[i++]!);
    else {
      out.push({ protocol, port: port as number, endPort: (port as number) + end - i - 1 });
      i = end;
    }
  }
  return out;
}
