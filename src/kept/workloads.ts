/**
 * The map of workloads: who talked to whom, and what became of it (cold: a look at each connection).
 *
 * In:  the connections of a judgement.  Out: the ends, each a workload as `policap query` takes it, and an edge from an initiator to
 * a responder with connections and packets by verdict. Addresses that nobody owns are one end.
 */
import type { Owner } from '../cluster/inventory.js';
import type { ConnectionRow } from '../report/connection-columns.js';
import { workloadName } from '../report/owners.js';
import { type Verdict, verdictOf } from '../verdict/verdict.js';
import type { Table } from './table.js';

export interface MapEnd {
  /** null: of a node, or of nobody. */
  readonly namespace: string | null;
  /** null: addresses that nobody owns. */
  readonly workload: string | null;
  /** Owners that took part. */
  readonly members: number;
}

type Counts = Record<Verdict, number>;

export interface MapEdge {
  /** Indices of ends. */
  readonly from: number;
  readonly to: number;
  readonly connections: Readonly<Counts>;
  readonly packets: Readonly<Counts>;
}

export interface WorkloadMap {
  readonly ends: readonly MapEnd[];
  /** Most refused connections first, then most connections. */
  readonly edges: readonly MapEdge[];
}

const MOST_ENDS = 2 ** 26;

const noCounts = (): Counts => ({ allowed: 0, dropped: 0, undecided: 0 });

export function workloadMap(connections: Table<ConnectionRow>): WorkloadMap {
  const ends: { namespace: string | null; workload: string | null; members: number }[] = [];
  const placeOf = new Map<string | null, number>();
  /** By owner key (connection-columns.ts), which end it is a member of. */
  const placeByOwner: (number | undefined)[] = [];
  const edges = new Map<number, { from: number; to: number; connections: Counts; packets: Counts }>();

  const endOf = (row: ConnectionRow, end: number): number => (placeByOwner[row.ownerKey(end)] ??= join(row.owner(end)));

  function join(owner: Owner | null): number {
    const workload = owner === null ? null : workloadName(owner);
    let place = placeOf.get(workload);
    if (place === undefined) {
      const namespace = owner !== null && 'namespace' in owner ? owner.namespace : null;
      place = ends.push({ namespace, workload, members: 0 }) - 1;
      placeOf.set(workload, place);
    }
    if (owner !== null) ends[place]!.members++;
    return place;
  }

  for (let i = 0; i < connections.count; i++) {
    const row = connections.moveTo(i);
    const { table, slot } = row;
    const [from, to] = [endOf(row, 0), endOf(row, 1)];
    const key = from * MOST_ENDS + to;
    const edge = edges.get(key) ?? { from, to, connections: noCounts(), packets: noCounts() };
    edges.set(key, edge);
    const verdict = verdictOf(row.code);
    const dropped = table.dropped[slot]!;
    edge.connections[verdict]++;
    edge.packets.dropped += dropped;
    edge.packets[verdict] += table.packets[2 * slot]! + table.packets[2 * slot + 1]! - dropped;
  }
  const total = ({ connections: { allowed, dropped, undecided } }: MapEdge): number => allowed + dropped + undecided;
  return {
    ends,
    edges: [...edges.values()].sort((a, b) => b.connections.dropped - a.connections.dropped || total(b) - total(a)),
  };
}
