/**
 * Named ports of pods (10): a name -> the numbers it stands for, by protocol, and the pods where it does (cold).
 *
 * In:  a selection of pods.  Out: groups of pods that give the name the same numbers; the same object for the same
 * selection, so that equal sets of pods stay one set.
 */
import type { Pod } from '../cluster/inventory.js';
import type { Profile } from '../profile/profile.js';
import { portSet } from './ports.js';
import { SCTP, TCP, UDP } from './protocols.js';
import type { PortSet } from './ruleset.js';

export const PROTOCOL_OF = { TCP, UDP, SCTP } as const;
export type PortProtocol = keyof typeof PROTOCOL_OF;

export interface NamedPorts {
  readonly protocol: number;
  readonly ports: PortSet;
  readonly pods: readonly Pod[];
}

/** @param protocol null: of every protocol */
export type NamedPortsOf = (pods: readonly Pod[], name: string, protocol: PortProtocol | null) => readonly NamedPorts[];

export function createNamedPorts({ initContainerPorts }: Profile): NamedPortsOf {
  const known = new WeakMap<readonly Pod[], Map<string, readonly NamedPorts[]>>();
  return (pods, name, protocol) => {
    let byName = known.get(pods);
    if (byName === undefined) {
      byName = new Map();
      known.set(pods, byName);
    }
    const key = `${protocol ?? ''} ${name}`;
    let groups = byName.get(key);
    if (groups === undefined) {
      groups = group(pods, name, protocol, initContainerPorts);
      byName.set(key, groups);
    }
    return groups;
  };
}

function group(pods: readonly Pod[], name: string, only: PortProtocol | null, withInit: boolean): NamedPorts[] {
  const groups = new Map<string, { readonly protocol: number; readonly ports: PortSet; readonly pods: Pod[] }>();
  const protocols = only === null ? (Object.keys(PROTOCOL_OF) as PortProtocol[]) : [only];
  for (const pod of pods) {
    const named = pod.ports.filter(port => port.name === name && (withInit || port.init !== true));
    if (named.length === 0) continue;
    for (const protocol of protocols) {
      const ports = portSet(named.filter(it => it.protocol === protocol).flatMap(it => [it.port, it.port]));
      if (ports.length === 0) continue;
      const key = `${protocol} ${ports.join()}`;
      const found = groups.get(key);
      if (found === undefined) groups.set(key, { protocol: PROTOCOL_OF[protocol], ports, pods: [pod] });
      else found.pods.push(pod);
    }
  }
  return [...groups.values()];
}
