/**
 * Named ports of pods (10): a name -> the numbers it stands for, by protocol, and the pods where it does (cold).
 *
 * In:  a selection of pods.  Out: groups of pods that give the name the same numbers; the same object for the same
 * selection, so that equal sets of pods stay one set.
 */
import type { Pod } from '../cluster/inventory.js';
import type { Profile } from '../profile/profile.js';
import { NO_PORTS, portSet } from './ports.js';
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
  const numbers = new Map<string, (pod: Pod) => PortSet>();

  const portSets = new Map<string, PortSet>();

  function shared(ports: PortSet): PortSet {
    const text = ports.join();
    const known = portSets.get(text) ?? ports;
    portSets.set(text, known);
    return known;
  }

  function numbersOf(name: string, protocol: PortProtocol): (pod: Pod) => PortSet {
    const key = `${protocol} ${name}`;
    let of = numbers.get(key);
    if (of === undefined) {
      of = createNumbers(
        port => port.name === name && port.protocol === protocol && (initContainerPorts || port.init !== true),
        shared,
      );
      numbers.set(key, of);
    }
    return of;
  }

  function group(pods: readonly Pod[], name: string, only: PortProtocol | null): NamedPorts[] {
    const protocols = only === null ? (Object.keys(PROTOCOL_OF) as PortProtocol[]) : [only];
    const asked = protocols.map(protocol => ({
      protocol: PROTOCOL_OF[protocol],
      numbers: numbersOf(name, protocol),
      found: new Map<PortSet, Pod[]>(),
    }));
    const groups: { readonly protocol: number; readonly ports: PortSet; readonly pods: Pod[] }[] = [];
    for (const pod of pods) {
      for (const { protocol, numbers, found } of asked) {
        const ports = numbers(pod);
        if (ports.length === 0) continue;
        const those = found.get(ports);
        if (those !== undefined) {
          those.push(pod);
          continue;
        }
        const first = [pod];
        found.set(ports, first);
        groups.push({ protocol, ports, pods: first });
      }
    }
    // All of them: the selection itself, so that their addresses are one set.
    return groups.map(it => (it.pods.length === pods.length ? { ...it, pods } : it));
  }

  return (pods, name, protocol) => {
    let byName = known.get(pods);
    if (byName === undefined) {
      byName = new Map();
      known.set(pods, byName);
    }
    const key = `${protocol ?? ''} ${name}`;
    let groups = byName.get(key);
    if (groups === undefined) {
      groups = group(pods, name, protocol);
      byName.set(key, groups);
    }
    return groups;
  };
}

/** A pod -> the numbers of those of its ports that are asked for. @param shared equal sets are one object */
export function createNumbers(
  isAsked: (port: Pod['ports'][number]) => boolean,
  shared: (ports: PortSet) => PortSet,
): (pod: Pod) => PortSet {
  const singles = new Map<number, PortSet>();
  const known = new Map<Pod, PortSet>();

  function single(port: number): PortSet {
    let ports = singles.get(port);
    if (ports === undefined) {
      ports = shared([port, port]);
      singles.set(port, ports);
    }
    return ports;
  }

  return pod => {
    const [first] = pod.ports;
    if (first === undefined) return NO_PORTS;
    // Most pods have one.
    if (pod.ports.length === 1) return isAsked(first) ? single(first.port) : NO_PORTS;
    let ports = known.get(pod);
    if (ports === undefined) {
      const asked = pod.ports.filter(isAsked);
      ports = asked.length === 0 ? NO_PORTS : shared(portSet(asked.flatMap(({ port }) => [port, port])));
      known.set(pod, ports);
    }
    return ports;
  };
}
