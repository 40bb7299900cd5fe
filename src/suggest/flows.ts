/**
 * Conversations that were completed -> what rules must allow (cold).
 *
 * In:  TrafficSeen, and the inventory.  Out: flows between what rules can name: workloads, and addresses. Nothing is needed for a
 * side that allows already; what no NetworkPolicy can allow is added to what is left out.
 * A service stands for all of its ready backends: the next connection may reach any of them. One without backends stands for
 * its own address.
 */
import { type Block, contains, parseAddress, parseBlock, WIDTH } from '../cluster/address.js';
import type { Backend, Inventory, Service } from '../cluster/inventory.js';
import { protocolText } from '../packet/text.js';
import type { Profile } from '../profile/profile.js';
import { ownerAddress, ownerName, podRanges } from '../report/owners.js';
import type { LeftOutReason } from './left-out.js';
import type { Protocol } from './ports.js';
import { entityName, type SeenGroup, type TrafficSeen } from './traffic.js';
import type { Entity, Workload } from './workloads.js';

/** SeenGroup.sides: which side needs a rule, and whether a rule of NetworkPolicies would not help. */
export const NEEDS_EGRESS = 1;
export const NEEDS_INGRESS = 2;
export const DENIED = 4;

export type FlowEnd =
  | { readonly kind: 'workload'; readonly workload: Workload }
  /** An address, and who has it: a node's or service's name, null for nobody. */
  | { readonly kind: 'address'; readonly address: string; readonly name: string | null };

export interface Flow {
  readonly source: FlowEnd;
  readonly destination: FlowEnd;
  readonly protocol: Protocol;
  readonly port: number;
  /** The source's side must allow it. */
  readonly egress: boolean;
  readonly ingress: boolean;
  /** `shop/service/web`, null where none was addressed. */
  readonly service: string | null;
  /** What was seen: several backends' flows share it. */
  readonly seen: SeenGroup;
}

/** Whether NetworkPolicies have a word for it: TCP, UDP, SCTP. */
export const isNamed = (protocol: number): boolean => protocol === 6 || protocol === 17 || protocol === 132;

/** A flow that was completed, and that no rule can name. */
export interface UnnamedFlow {
  readonly flow: Flow;
  readonly reason: LeftOutReason;
}

/** Whether policies as they are, with everybody isolated, refuse some pair of the ends. */
export type Refuses = (
  source: FlowEnd,
  destination: FlowEnd,
  protocol: number,
  port: number,
) => { readonly egress: boolean; readonly ingress: boolean };

export function listFlows(
  { groups, entities, leftOut }: TrafficSeen,
  inventory: Inventory,
  profile: Pick<Profile, 'blockPeers'>,
  refuses: Refuses,
): { readonly flows: readonly Flow[]; readonly unnamed: readonly UnnamedFlow[] } {
  const unnamed: UnnamedFlow[] = [];
  const ranges = podRanges(inventory).flatMap(({ cidr }) => parseBlock(cidr) ?? []);
  const leave = (reason: LeftOutReason, group: SeenGroup): void =>
    leftOut.add(
      reason,
      { name: group.source && entityName(group.source), address: group.sourceAddress },
      { name: group.destination && entityName(group.destination), address: group.destinationAddress },
      group.protocol,
      group.port,
      group.connections,
      group.packets,
    );
  const flows = groups.flatMap(group => {
    const { sides } = group;
    // Behind a service others may be reached the next time.
    if (sides === 0 && (group.service < 0 || !isNamed(group.protocol))) return [];
    if (!isNamed(group.protocol)) {
      leave('protocol', group);
      return [];
    }
    if ((sides & DENIED) !== 0) {
      leave('denied', group);
      return [];
    }
    const protocol = protocolText(group.protocol) as Protocol;
    const service = group.service < 0 ? null : (inventory.owners[group.service] as Service);
    const source = endOf(group.source, group.sourceAddress, group.family);
    const own = destinationsOf(group, service, inventory, entities).map(({ end, port }): Flow => {
      // Which backend was reached, the capture need not show: each is asked.
      const needs =
        service === null
          ? { egress: (sides & NEEDS_EGRESS) !== 0, ingress: (sides & NEEDS_INGRESS) !== 0 }
          : refuses(source, end, group.protocol, port);
      const egress = needs.egress && source.kind === 'workload';
      const ingress = needs.ingress && end.kind === 'workload';
      const name = service === null ? null : ownerName(service);
      return { source, destination: end, protocol, port, egress, ingress, service: name, seen: group };
    });
    const reasons = own.map(flow => cannotBeNamed(flow, ranges, profile));
    for (const reason of new Set(reasons)) if (reason !== null) leave(reason, group);
    return own.filter((flow, i) => {
      const reason = reasons[i]!;
      if (reason !== null) unnamed.push({ flow, reason });
      return reason === null;
    });
  });
  return { flows, unnamed };
}

/** Why a rule cannot name the flow's other end; null where it can. */
function cannotBeNamed(
  { source, destination, egress, ingress }: Flow,
  ranges: readonly Block[],
  { blockPeers }: Pick<Profile, 'blockPeers'>,
): LeftOutReason | null {
  const peers = [...(egress ? [destination] : []), ...(ingress ? [source] : [])];
  for (const peer of peers) {
    if (peer.kind === 'workload') continue;
    if (peer.name === null && isWithin(peer.address, ranges)) return 'gone';
    if (peer.name !== null && blockPeers === 'outsiders') return 'node';
  }
  return null;
}

function isWithin(text: string, ranges: readonly Block[]): boolean {
  const { family, value } = parseAddress(text)!;
  const own: Block = {
    family,
    first: value,
    length: WIDTH[family],
    text,
    address: text,
    hostBits: false,
    lenient: false,
  };
  return ranges.some(range => contains(range, own));
}

function endOf(entity: Entity | null, address: string, family: 4 | 6): FlowEnd {
  if (entity === null) return { kind: 'address', address, name: null };
  if (entity.kind === 'workload') return { kind: 'workload', workload: entity };
  const owner = entity.kind === 'node' ? entity.node : entity.service;
  return {
    kind: 'address',
    address: owner.addresses.includes(address) ? address : (ownerAddress(owner, family) ?? address),
    name: ownerName(owner),
  };
}

interface FlowTarget {
  readonly end: FlowEnd;
  readonly port: number;
}

function destinationsOf(
  group: SeenGroup,
  service: Service | null,
  inventory: Inventory,
  entities: TrafficSeen['entities'],
): FlowTarget[] {
  const { destination, destinationAddress, family, port } = group;
  const own = { end: endOf(destination, destinationAddress, family), port };
  if (service === null) return [own];
  const backends = backendsOf(service, group, inventory, entities).filter(
    ({ address }) => address.includes(':') === (family === 6),
  );
  const targets = new Map<string, FlowTarget>();
  const add = (target: FlowTarget): void => {
    const { end } = target;
    targets.set(`${end.kind === 'workload' ? end.workload.name : end.address} ${target.port}`, target);
  };
  // Where the connection went, though it may be no ready backend any more.
  if (destination?.kind === 'workload' || backends.length === 0) add(own);
  for (const backend of backends) {
    const owner = inventory.byAddress.get(backend.address);
    const index = owner === undefined ? -1 : entities.of[owner.owner]!;
    add({ end: endOf(index < 0 ? null : entities.list[index]!, backend.address, family), port: backend.port });
  }
  return [...targets.values()];
}

/** The ready backends of those of the service's ports that the connection may have gone to. */
function backendsOf(
  service: Service,
  { destination, port, protocol }: SeenGroup,
  { byAddress }: Inventory,
  entities: TrafficSeen['entities'],
): Backend[] {
  const isTarget = (backend: Backend): boolean => {
    const owner = byAddress.get(backend.address);
    const entity = owner === undefined ? null : (entities.list[entities.of[owner.owner]!] ?? null);
    return backend.port === port && entity === destination;
  };
  return service.ports.flatMap((given, i) => {
    const backends = service.backends[i] ?? [];
    if (given.protocol !== protocolText(protocol)) return [];
    const isAddressed = destination?.kind === 'service' && (given.port === port || given.nodePort === port);
    return isAddressed || backends.some(isTarget) ? backends : [];
  });
}
