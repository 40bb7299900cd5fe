/**
 * What a profile says whatever the policies do, as the tier before them (cold).
 *
 * In:  a profile, the inventory, every pod's addresses.  Out: rules of one direction without their indices, or null where
 * the profile says nothing there. A rule that opens is `unenforced`: its packets are allowed as `not-enforced`. Numbers are
 * decisions of profile/profile.ts; what stands in no file is placed at "profile NAME".
 */
import { type Inventory, NODE_LOCAL_DNS, type Pod } from '../cluster/inventory.js';
import type { Profile } from '../profile/profile.js';
import { everywhere, fromAddresses, fromCidr, isEmpty, NOWHERE } from './addresses.js';
import { heldAddresses } from './pod-sets.js';
import { portSet, subtractPorts } from './ports.js';
import { ICMP, ICMPV6, protocolName, TCP, UDP } from './protocols.js';
import type { AddressSet, Rule } from './ruleset.js';

type Draft = Pick<Rule, 'subjects' | 'peers' | 'protocol'> &
  Partial<Pick<Rule, 'destinationPorts' | 'icmp' | 'within' | 'action' | 'unenforced'>> & { readonly name: string };

const ANYWHERE = everywhere([]);

/** @param pods every pod that can be selected, those without an address included */
export function profileTier(
  direction: 'egress' | 'ingress',
  profile: Profile,
  inventory: Inventory,
  pods: AddressSet,
): { readonly name: string; readonly rules: readonly Omit<Rule, 'index'>[] } | null {
  const drafts = [
    ...otherFamilies(profile, pods),
    ...otherProtocols(profile, pods),
    ...(direction === 'egress' ? dropsOf(profile, pods) : []),
    ...icmpTypes(profile, pods),
    ...(direction === 'egress' ? openDestinations(profile, pods) : []),
    ...(direction === 'egress' ? ownNodePorts(profile, inventory) : []),
  ].filter(({ subjects, peers }) => !isEmpty(subjects) && !isEmpty(peers));
  if (drafts.length === 0) return null;
  const position = { file: `profile ${profile.name}`, line: 0, column: 0 };
  const rules = drafts.map((draft): Omit<Rule, 'index'> => {
    const { name, subjects, peers, protocol, destinationPorts = null, icmp = null, action = 'allow', within } = draft;
    const { unenforced = 'valid' } = draft;
    const origin = { kind: 'Profile', policy: profile.name, rule: name, position };
    const match = { subjects, peers, protocol, sourcePorts: null, destinationPorts, icmp, ...(within && { within }) };
    const rule = { direction, tier: 0, ...match, action, origin };
    return action === 'allow' ? { ...rule, unenforced } : rule;
  });
  return { name: profile.name, rules };
}

/** The addresses of one family; a pod without an address may have one of either, and stays out. */
const ofFamily = ({ v4, v6 }: AddressSet, family: 4 | 6): AddressSet =>
  family === 4 ? { ...NOWHERE, v4 } : { ...NOWHERE, v6 };

/** (P1) */
function otherFamilies(profile: Profile, pods: AddressSet): Draft[] {
  const { families } = profile;
  if (families.length === 0) {
    const everyone = { subjects: pods, peers: withUnaddressed(ANYWHERE, pods), protocol: null };
    return [{ name: 'everything', ...everyone, unenforced: unenforcedOf(profile) }];
  }
  return ([4, 6] as const)
    .filter(family => !families.includes(family))
    .map(family => ({
      name: `IPv${family}`,
      subjects: ofFamily(pods, family),
      peers: ofFamily(ANYWHERE, family),
      protocol: null,
    }));
}

/** (P2) */
function icmpTypes({ icmp }: Profile, pods: AddressSet): Draft[] {
  return icmp.map(({ family, type, name }) => ({
    name,
    subjects: withUnaddressed(ofFamily(pods, family), pods),
    peers: withUnaddressed(ofFamily(ANYWHERE, family), pods),
    protocol: family === 4 ? ICMP : ICMPV6,
    icmp: { type, code: null },
  }));
}

const withUnaddressed = (set: AddressSet, { unaddressed }: AddressSet): AddressSet => ({
  v4: set.v4,
  v6: set.v6,
  unaddressed,
});

/** (P21): of the protocols, either way. */
function otherProtocols({ protocols }: Profile, pods: AddressSet): Draft[] {
  if (protocols === null) return [];
  const everyone = { subjects: pods, peers: withUnaddressed(ANYWHERE, pods) };
  const known = portSet([...protocols.open, ...protocols.optional].flatMap(number => [number, number]));
  const rest = subtractPorts([0, 255], known);
  return [
    ...protocols.optional.map(protocol => ({
      name: protocolName(protocol),
      ...everyone,
      protocol,
      action: 'unsupported' as const,
    })),
    { name: 'other protocols', ...everyone, protocol: null, within: { protocols: rest }, action: 'deny' as const },
  ];
}

/** (P3) */
function dropsOf({ drops }: Profile, pods: AddressSet): Draft[] {
  return drops.map(({ protocol, port, name }) => ({
    name,
    subjects: pods,
    peers: withUnaddressed(ANYWHERE, pods),
    protocol,
    destinationPorts: port === null ? null : portSet([port, port]),
    action: 'deny',
  }));
}

/** (P4) */
function openDestinations(profile: Profile, pods: AddressSet): Draft[] {
  const unenforced = unenforcedOf(profile);
  return profile.openDestinations.map(({ cidr, name }) => {
    const peers = fromCidr(cidr) ?? NOWHERE;
    return { name, subjects: pods, peers, protocol: null, unenforced };
  });
}

/** (P18), of what (P4) and (P6) leave open. */
const unenforcedOf = ({ invalidPasses }: Profile) => (invalidPasses.includes('open') ? 'any' : 'valid');

/** (P6): a node's own pods, and its own addresses; the node-local DNS cache's is one of them. */
function ownNodePorts(profile: Profile, inventory: Inventory): Draft[] {
  const { ownNodePorts: range } = profile;
  if (range === null) return [];
  const unenforced = unenforcedOf(profile);
  const nodeLocal = inventory.byAddress.has(NODE_LOCAL_DNS) ? [] : [NODE_LOCAL_DNS];
  const podsOn = new Map<string, Pod[]>();
  for (const pod of inventory.pods) {
    if (pod.hostNetwork) continue;
    const list = podsOn.get(pod.node);
    if (list === undefined) podsOn.set(pod.node, [pod]);
    else list.push(pod);
  }
  return inventory.nodes.flatMap(node => {
    const subjects = fromAddresses((podsOn.get(node.name) ?? []).flatMap(pod => heldAddresses(pod, inventory)));
    const peers = fromAddresses([...heldAddresses(node, inventory), ...nodeLocal]);
    return [TCP, UDP].map(protocol => ({
      name: `node ports of ${node.name}`,
      subjects,
      peers,
      protocol,
      destinationPorts: portSet(range),
      unenforced,
    }));
  });
}
