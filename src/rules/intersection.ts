/**
 * What two rules both match (cold).
 *
 * In:  the conditions of two rules.  Out: conditions that hold for exactly the packets for which both hold, or null where
 * there are none. Where one side's condition is the whole answer its object is kept: shared sets compile fast.
 */
import * as addresses from './addresses.js';
import { intersectPorts } from './ports.js';
import { hasPorts, ICMP, ICMPV6 } from './protocols.js';
import type { AddressSet, HeaderRanges, PortSet, Rule } from './ruleset.js';

export type Conditions = Pick<
  Rule,
  'subjects' | 'peers' | 'protocol' | 'sourcePorts' | 'destinationPorts' | 'icmp' | 'within'
>;

/** Asked about each pair of sets once. */
export type IntersectSets = (a: AddressSet, b: AddressSet) => AddressSet;

export function createSetIntersection(): IntersectSets {
  const known = new WeakMap<AddressSet, WeakMap<AddressSet, AddressSet>>();
  return (a, b) => {
    if (a === b) return a;
    let ofA = known.get(a);
    if (ofA === undefined) {
      ofA = new WeakMap();
      known.set(a, ofA);
    }
    let set = ofA.get(b);
    if (set === undefined) {
      const both = addresses.intersect(a, b);
      set = isSame(both, a) ? a : isSame(both, b) ? b : both;
      ofA.set(b, set);
    }
    return set;
  };
}

const isSame = (a: AddressSet, b: AddressSet): boolean =>
  sameItems(a.v4, b.v4) && sameItems(a.v6, b.v6) && sameItems(a.unaddressed, b.unaddressed);

const sameItems = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i]);

/** Headers first: they are small, and most pairs differ there. */
export function intersectConditions(a: Conditions, b: Conditions, sets: IntersectSets): Conditions | null {
  if (a.protocol !== null && b.protocol !== null && a.protocol !== b.protocol) return null;
  const sourcePorts = bothPorts(a.sourcePorts, b.sourcePorts);
  const destinationPorts = bothPorts(a.destinationPorts, b.destinationPorts);
  if (sourcePorts?.length === 0 || destinationPorts?.length === 0) return null;
  const icmp = bothIcmp(a.icmp, b.icmp);
  if (icmp === 'none') return null;
  const within = bothRanges(a.within, b.within);
  if (within === 'none') return null;
  const headers = { protocol: a.protocol ?? b.protocol, sourcePorts, destinationPorts, icmp };
  if (!canMatch(headers, within)) return null;
  const subjects = sets(a.subjects, b.subjects);
  if (addresses.isEmpty(subjects)) return null;
  const peers = sets(a.peers, b.peers);
  if (addresses.isEmpty(peers)) return null;
  return { subjects, peers, ...headers, ...(within && { within }) };
}

function bothPorts(a: PortSet | null, b: PortSet | null): PortSet | null {
  if (a === null || a === b) return b;
  return b === null ? a : intersectPorts(a, b);
}

function bothIcmp(a: Rule['icmp'], b: Rule['icmp']): Rule['icmp'] | 'none' {
  if (a === null) return b;
  if (b === null) return a;
  if (a.type !== b.type || (a.code !== null && b.code !== null && a.code !== b.code)) return 'none';
  return a.code === null ? b : a;
}

const RANGES = ['protocols', 'icmpTypes', 'icmpCodes'] as const;

function bothRanges(a: HeaderRanges | undefined, b: HeaderRanges | undefined): HeaderRanges | undefined | 'none' {
  if (a === undefined || a === b) return b;
  if (b === undefined) return a;
  const both: { -readonly [K in keyof HeaderRanges]: PortSet } = {};
  for (const field of RANGES) {
    const set = bothPorts(a[field] ?? null, b[field] ?? null);
    if (set?.length === 0) return 'none';
    if (set !== null) both[field] = set;
  }
  return both;
}

/** Whether a packet can have such a header at all. */
function canMatch(
  { protocol, sourcePorts, destinationPorts, icmp }: Omit<Conditions, 'subjects' | 'peers' | 'within'>,
  within: HeaderRanges | undefined,
): boolean {
  const asksPorts = sourcePorts !== null || destinationPorts !== null;
  const asksIcmp = icmp !== null || within?.icmpTypes !== undefined || within?.icmpCodes !== undefined;
  if (asksPorts && asksIcmp) return false;
  if (protocol === null) return true;
  if (asksPorts && !hasPorts(protocol)) return false;
  if (asksIcmp && protocol !== ICMP && protocol !== ICMPV6) return false;
  if (within?.protocols !== undefined && intersectPorts(within.protocols, [protocol, protocol]).length === 0)
    return false;
  return true;
}
