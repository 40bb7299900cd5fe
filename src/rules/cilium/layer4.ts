/**
 * toPorts and icmps of a rule -> what of a packet's header they match (CI21 to CI27 of docs/dialects/cilium.md) (cold).
 *
 * In:  a rule, the pods it is about and those on the other side.  Out: Layer4s. Ports of one protocol and one meaning are one
 * set. No ports and no ICMP: everything (CI21).
 */
import type { ContainerPort, Pod } from '../../cluster/inventory.js';
import type { CiliumPort, CiliumPorts, CiliumRule } from '../../policy/cilium/model.js';
import { createEgressNames, type EgressNames } from '../egress-names.js';
import type { PodSets } from '../pod-sets.js';
import { portSet } from '../ports.js';
import { ICMP, ICMPV6, SCTP, TCP, UDP } from '../protocols.js';
import type { AddressSet, PortSet, RequestCondition, Rule } from '../ruleset.js';
import { conditionOf } from './layer7.js';
import type { NoteKind } from './notes.js';

/** `surely` what matches; `perhaps`; `asked`: a proxy looks at what it is (CI25); `sent`: to a proxy, whatever others allow (CI27). */
export type Meaning = 'surely' | 'perhaps' | 'asked' | 'sent';

export interface Layer4 {
  readonly protocol: number | null;
  /** null: not asked. */
  readonly ports: PortSet | null;
  readonly icmp: Rule['icmp'];
  /** Pods that it is about, on the side of their addresses; null: all. */
  readonly only: { readonly side: 'subjects' | 'peers'; readonly set: AddressSet } | null;
  readonly meaning: Meaning;
  /** `asked`: what passes; absent where that is not known. */
  readonly layer7?: RequestCondition;
}

/** @param peers the pods that the rule's peers surely or perhaps are */
export type Layer4Of = (
  rule: CiliumRule,
  subjects: readonly Pod[],
  peers: () => readonly Pod[],
  note: (kind: NoteKind) => void,
) => Layer4[];

const NUMBERS = { TCP: [TCP], UDP: [UDP], SCTP: [SCTP], ANY: [TCP, UDP, SCTP] } as const;
const NAMES: ReadonlyMap<number, ContainerPort['protocol']> = new Map([
  [TCP, 'TCP'],
  [UDP, 'UDP'],
  [SCTP, 'SCTP'],
]);

/** Ports of init containers are not known to Cilium (P8). */
const counts = (port: ContainerPort): boolean => port.init !== true;

export function createLayer4(all: readonly Pod[], sets: PodSets): Layer4Of {
  const egressNames: EgressNames = createEgressNames(all, counts);
  const shared = new Map<string, PortSet>();
  /** Equal sets of ports are one object; all ports are not asked for, but by protocols that have them. */
  const share = (flat: readonly number[]): PortSet => {
    const set = portSet(flat);
    const text = set.join();
    const known = shared.get(text) ?? set;
    shared.set(text, known);
    return known;
  };

  /** (CI22): of ingress the subject's own number. */
  function* ingressNames(name: string, protocol: number, subjects: readonly Pod[]) {
    const groups = new Map<number, Pod[]>();
    for (const pod of subjects) {
      const numbers = new Set(
        pod.ports
          .filter(it => it.name === name && it.protocol === NAMES.get(protocol) && counts(it))
          .map(it => it.port),
      );
      for (const number of numbers) {
        const group = groups.get(number);
        if (group === undefined) groups.set(number, [pod]);
        else group.push(pod);
      }
    }
    for (const [number, pods] of groups) yield { ports: share([number, number]), set: sets.of(pods) };
  }

  function entryOf(
    entry: CiliumPorts,
    rule: CiliumRule,
    subjects: readonly Pod[],
    peers: () => readonly Pod[],
    note: (kind: NoteKind) => void,
  ): Layer4[] {
    const meaning = meaningOf(entry, note);
    const layer7 = meaning === 'asked' ? conditionOf(entry.layer7) : null;
    /** (CI25): of HTTP there is none but over TCP. */
    const asking = (protocol: number): Pick<Layer4, 'layer7'> =>
      layer7 === null || (layer7.protocol === 'HTTP' && protocol !== TCP) ? {} : { layer7 };
    if (entry.ports === null) {
      note('emptyPorts');
      // (CI24)
      return [{ protocol: null, ports: null, icmp: null, only: null, meaning: weaker(meaning) }];
    }
    const numbered = new Map<string, { protocol: number; flat: number[]; meaning: Meaning; isUnclear: boolean }>();
    const named: Layer4[] = [];
    const addNumbers = (protocol: number, { low, high, isUnclear }: CiliumPort): void => {
      const own = isUnclear ? weaker(meaning) : meaning;
      const key = `${protocol} ${own} ${isUnclear}`;
      const group = numbered.get(key) ?? { protocol, flat: [], meaning: own, isUnclear };
      group.flat.push(low, high);
      numbered.set(key, group);
    };
    for (const port of entry.ports) {
      if (typeof port.protocol === 'number') {
        // (CI23)
        note('protocols');
        named.push({ protocol: port.protocol, ports: null, icmp: null, only: null, meaning: weaker(meaning) });
        continue;
      }
      for (const protocol of NUMBERS[port.protocol]) {
        if (port.name === null) addNumbers(protocol, port);
        else if (rule.direction === 'ingress') {
          for (const { ports, set } of ingressNames(port.name, protocol, subjects)) {
            const only = { side: 'subjects', set } as const;
            named.push({ protocol, ports, icmp: null, only, meaning, ...asking(protocol) });
          }
        } else {
          for (const found of egressNames(port.name, NAMES.get(protocol)!, peers())) {
            if (found.isDisputed) note('namedPorts');
            named.push({
              protocol,
              ports: share(found.ports),
              icmp: null,
              only: found.pods === null ? null : { side: 'peers', set: sets.of(found.pods) },
              meaning: found.isDisputed ? weaker(meaning) : meaning,
              ...(found.isDisputed ? {} : asking(protocol)),
            });
          }
        }
      }
    }
    const plain = [...numbered.values()].map(({ protocol, flat, meaning: own, isUnclear }): Layer4 => {
      const ports = share(flat);
      const isAll = ports[0] === 0 && ports[1] === 65535;
      const clear = isUnclear ? {} : asking(protocol);
      return { protocol, ports: isAll ? null : ports, icmp: null, only: null, meaning: own, ...clear };
    });
    return [...plain, ...named];
  }

  return (rule, subjects, peers, note) => {
    if (rule.icmps !== null) {
      return rule.icmps.map(({ family, type }) => ({
        protocol: family === 4 ? ICMP : ICMPV6,
        ports: null,
        icmp: { type, code: null },
        only: null,
        meaning: 'surely',
      }));
    }
    if (rule.ports === null) return [{ protocol: null, ports: null, icmp: null, only: null, meaning: 'surely' }];
    return rule.ports.flatMap(entry => entryOf(entry, rule, subjects, peers, note));
  };
}

const weaker = (meaning: Meaning): Meaning => (meaning === 'surely' ? 'perhaps' : meaning);

function meaningOf({ layer7, redirects }: CiliumPorts, note: (kind: NoteKind) => void): Meaning {
  if (redirects.length > 0) {
    note('redirect');
    return 'sent';
  }
  // (CI25): an empty list asks nothing.
  if (layer7 === null || ('rules' in layer7 && layer7.rules.length === 0)) return 'surely';
  if (layer7.kind === 'dns') {
    // (CI26): `*` lets every question through.
    if (layer7.rules.some(({ kind, text }) => kind === 'pattern' && text === '*')) return 'surely';
    note('dns');
    return 'asked';
  }
  note(layer7.kind === 'http' ? 'http' : 'layer7');
  return 'asked';
}
