/**
 * The traffic of a replay that was completed: distinct (who, whom, protocol, port), counted (cold; called once a connection).
 *
 * In:  a what-if replay, and what a decision says of each side.  Out: TrafficSeen. Workloads are told apart by name, everybody
 * else by address. Memory: GROUPS conversations; those beyond are counted and left out, and `beyond` says how many.
 */
import type { FrameBatch } from '../capture/frame.js';
import { type PacketBatch, STRIDE } from '../packet/row.js';
import { Groups, NO_ADDRESS } from '../report/groups.js';
import { ownerName } from '../report/owners.js';
import type { ReplayContext, Report } from '../report/report.js';
import type { Decision } from '../verdict/decisions.js';
import type { VerdictBatch } from '../verdict/verdict.js';
import {
  BACKWARD,
  COMPLETED,
  Completion,
  DATA,
  FORWARD,
  INFERRED,
  KEY_DESTINATION,
  KEY_FAMILY,
  KEY_PORT,
  KEY_PROTOCOL,
  KEY_SOURCE,
  KEY_WORDS,
  RECENT,
  REFUSED,
  UNREACHABLE,
} from './completion.js';
import { addressAt, type LeftOutEnd, LeftOutTally } from './left-out.js';
import { type Entities, type Entity, listEntities } from './workloads.js';

/** A distinct conversation that was completed. */
export interface SeenGroup {
  /** null: an address that nobody owns. */
  readonly source: Entity | null;
  readonly sourceAddress: string;
  /** Behind a service, where it went; the service itself where that is not known. */
  readonly destination: Entity | null;
  /** As it stands in the packets: behind a service the service's. */
  readonly destinationAddress: string;
  readonly family: 4 | 6;
  readonly protocol: number;
  /** The responder's port, behind a service the one that it translates to; 0 where the protocol has none. */
  readonly port: number;
  /** Owner index of the service that was addressed, -1 for none. */
  readonly service: number;
  /** What `sideOf` said. */
  readonly sides: number;
  connections: number;
  packets: number;
  /** Of those, whose initiator is inferred. */
  inferred: number;
  /** Seconds since 1970 of the first connection's first packet. */
  first: number;
}

export interface TrafficSeen {
  readonly entities: Entities;
  readonly groups: readonly SeenGroup[];
  readonly leftOut: LeftOutTally;
  /** Completed connections of conversations beyond the first GROUPS distinct ones. */
  readonly beyond: number;
  /** Connections that were not completed when RECENT newer ones had begun. */
  readonly givenUp: number;
  /** Packets of connections older than that: they are in no count. */
  readonly late: number;
  /** Packets of which it is not known what connection they belong to. */
  readonly unread: number;
}

export const GROUPS = 1 << 16;
/** Values of `sideOf`: a small whole number. */
const SIDE_BITS = 4;

export interface TrafficOptions {
  /** Told apart beside who, whom, and on what: from 0 to 15. */
  sidesOf(decision: Decision): number;
  /** UDP without an answer, and data in one direction, count as completed. */
  readonly oneWay: boolean;
  readonly groups?: number;
  readonly recent?: number;
}

export interface TrafficReport extends Report {
  /** After the replay. */
  seen(): TrafficSeen;
}

const UDP = 17;
const TCP = 6;

export function createTrafficReport(options: TrafficOptions): TrafficReport {
  let traffic: Traffic;
  return {
    begin(context) {
      traffic = new Traffic(context, options);
    },
    batch: (frames, packets, verdicts) => traffic.batch(frames, packets, verdicts),
    end: () => traffic.end(),
    seen: () => traffic.seen(),
  };
}

class Traffic {
  private readonly entities: Entities;
  private readonly completion: Completion;
  private readonly groups: Groups;
  private readonly records: SeenGroup[] = [];
  private readonly leftOut = new LeftOutTally();
  private beyond = 0;
  /** By slot, what completion.ts does not know: entities (-1: nobody), service, sides, time of the first packet. */
  private readonly sources: Int32Array;
  private readonly destinations: Int32Array;
  private readonly services: Int32Array;
  private readonly sides: Uint8Array;
  private readonly times: Float64Array;
  private frames!: FrameBatch;
  private packets!: PacketBatch;
  private verdicts!: VerdictBatch;

  constructor(
    private readonly context: ReplayContext,
    private readonly options: TrafficOptions,
  ) {
    const recent = options.recent ?? RECENT;
    this.entities = listEntities(context.compiled.inventory);
    this.completion = new Completion(this, recent);
    this.groups = new Groups(options.groups ?? GROUPS);
    this.sources = new Int32Array(recent);
    this.destinations = new Int32Array(recent);
    this.services = new Int32Array(recent);
    this.sides = new Uint8Array(recent);
    this.times = new Float64Array(recent);
  }

  batch(frames: FrameBatch, packets: PacketBatch, verdicts: VerdictBatch): void {
    this.frames = frames;
    this.packets = packets;
    this.verdicts = verdicts;
    this.completion.batch(frames, packets, verdicts);
  }

  end(): void {
    this.completion.end();
  }

  seen(): TrafficSeen {
    const { entities, records: groups, leftOut, beyond } = this;
    const { givenUp, late, unread } = this.completion;
    return { entities, groups, leftOut, beyond, givenUp, late, unread };
  }

  opened(slot: number, i: number, original: boolean): void {
    const { ends, decisions } = this.context;
    const { entities, completion, verdicts, frames } = this;
    const index = verdicts.decision[i]!;
    this.times[slot] = frames.seconds[i]! + frames.nanoseconds[i]! / 1e9;
    this.sides[slot] = 0;
    this.services[slot] = -1;
    if (index < 0) {
      this.sources[slot] = -1;
      this.destinations[slot] = -1;
      return;
    }
    const decision = decisions[index]!;
    ends.find(index, this.packets.rows, i * STRIDE, original);
    this.sources[slot] = ends.source < 0 ? -1 : entities.of[ends.source]!;
    this.destinations[slot] = ends.destination < 0 ? -1 : entities.of[ends.destination]!;
    this.services[slot] = decision.service;
    this.sides[slot] = this.options.sidesOf(decision);
    if (decision.port >= 0) completion.keys[slot * KEY_WORDS + KEY_PORT] = decision.port;
  }

  ended(slot: number): void {
    const seen = this.completion.seen[slot]!;
    const protocol = this.completion.keys[slot * KEY_WORDS + KEY_PROTOCOL]!;
    const oneWay = isOneWay(seen, protocol);
    if ((seen & COMPLETED) !== 0 || (oneWay && this.options.oneWay)) this.count(slot, seen);
    else this.leave(slot, oneWay ? 'one-way' : (seen & (REFUSED | UNREACHABLE)) !== 0 ? 'refused' : 'unanswered');
  }

  private count(slot: number, seen: number): void {
    const { groups, records, times } = this;
    const { keys, packets } = this.completion;
    const at = slot * KEY_WORDS;
    const [source, destination] = [this.entityAt(this.sources[slot]!), this.entityAt(this.destinations[slot]!)];
    const service = this.services[slot]!;
    const sides = this.sides[slot]!;
    const family = keys[at + KEY_FAMILY] === 6 ? 6 : 4;
    const shape = ((service + 1) << (SIDE_BITS + 1)) | (sides << 1) | (family === 6 ? 1 : 0);
    let group = groups.find(
      keys,
      shape,
      this.sources[slot]!,
      this.destinations[slot]!,
      keys[at + KEY_PROTOCOL]!,
      keys[at + KEY_PORT]!,
      source?.kind === 'workload' ? NO_ADDRESS : at + KEY_SOURCE,
      destination?.kind === 'workload' ? NO_ADDRESS : at + KEY_DESTINATION,
    );
    if (group < 0) {
      group = groups.add();
      if (group < 0) {
        this.beyond++;
        return;
      }
      records.push({
        source,
        sourceAddress: addressAt(keys, at + KEY_SOURCE, family),
        destination,
        destinationAddress: addressAt(keys, at + KEY_DESTINATION, family),
        family,
        protocol: keys[at + KEY_PROTOCOL]!,
        port: keys[at + KEY_PORT]!,
        service,
        sides,
        connections: 0,
        packets: 0,
        inferred: 0,
        first: times[slot]!,
      });
    }
    const record = records[group]!;
    record.connections++;
    record.packets += packets[slot]!;
    if ((seen & INFERRED) !== 0) record.inferred++;
    record.first = Math.min(record.first, times[slot]!);
  }

  private leave(slot: number, reason: 'one-way' | 'refused' | 'unanswered'): void {
    const { keys, packets } = this.completion;
    const at = slot * KEY_WORDS;
    const family = keys[at + KEY_FAMILY]!;
    const source = this.endAt(this.sources[slot]!, addressAt(keys, at + KEY_SOURCE, family));
    const destination = this.endAt(this.destinations[slot]!, addressAt(keys, at + KEY_DESTINATION, family));
    this.leftOut.add(reason, source, destination, keys[at + KEY_PROTOCOL]!, keys[at + KEY_PORT]!, 1, packets[slot]!);
  }

  private entityAt(index: number): Entity | null {
    return index < 0 ? null : this.entities.list[index]!;
  }

  private endAt(index: number, address: string): LeftOutEnd {
    const entity = this.entityAt(index);
    return { name: entity === null ? null : entityName(entity), address };
  }
}

export const entityName = (entity: Entity): string =>
  entity.kind === 'workload' ? entity.name : ownerName(entity.kind === 'node' ? entity.node : entity.service);

/** What an answer is not necessary for: datagrams, and data where the capture holds one direction. */
function isOneWay(seen: number, protocol: number): boolean {
  if ((seen & (REFUSED | UNREACHABLE | COMPLETED)) !== 0) return false;
  if (protocol === UDP) return (seen & FORWARD) !== 0;
  const directions = seen & (FORWARD | BACKWARD);
  return protocol === TCP && (seen & DATA) !== 0 && directions !== (FORWARD | BACKWARD);
}
