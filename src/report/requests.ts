/**
 * Requests counted as they are judged: what the summary says of layer 7 (cold, in bounded memory).
 *
 * In:  each judged request (verdict/layer7.ts).  Out: how many passed, and like ones that did not, most frequent first. Alike
 * are those between the same workloads and port that ask the same and fare the same.
 */
import type { Inventory } from '../cluster/inventory.js';
import type { Endpoint } from '../tree/classifier.js';
import type { JudgedRequest, RefusedBy } from '../verdict/layer7.js';
import { workloadName } from './owners.js';

/** Like requests that were refused or could not be judged. */
export interface RefusedRequests {
  readonly verdict: 'denied' | 'undecided';
  /** `http-denied`, `dns-denied`, `unsupported`; of a mesh `rule`, `default-deny`, `unsupported`. */
  readonly reason: string;
  /** Why it is undecided; null where it is refused. */
  readonly why: string | null;
  readonly source: string;
  readonly destination: string;
  /** Destination port, behind a service the pod's own. */
  readonly port: number;
  /** TCP: a connection as a whole. */
  readonly protocol: JudgedRequest['protocol'];
  /** null where no request was read. */
  readonly method: string | null;
  readonly path: string | null;
  readonly host: string | null;
  /** Of a DNS question. */
  readonly name: string | null;
  readonly requests: number;
  /** Packet that completes the first of them. */
  readonly firstPacket: number;
  /** Who refuses it; null where it is undecided. */
  readonly by: RefusedBy | null;
}

export interface RequestCounts {
  readonly total: number;
  readonly allowed: number;
  readonly denied: number;
  readonly undecided: number;
}

/** Like requests that are told apart. */
const MOST_GROUPS = 10_000;

interface Group {
  readonly first: JudgedRequest;
  readonly source: string;
  readonly destination: string;
  requests: number;
}

export class RequestTally {
  readonly counts: { -readonly [K in keyof RequestCounts]: number } = { total: 0, allowed: 0, denied: 0, undecided: 0 };
  /** Refused or undecided ones beyond those that are told apart. */
  others = 0;
  /** By policy, how many it would have audited: of a mesh. */
  readonly audited = new Map<string, number>();
  private readonly groups = new Map<string, Group>();

  constructor(private readonly inventory: Inventory) {}

  /** @param audited policies that audit it */
  add(judged: JudgedRequest, audited: readonly string[] = []): void {
    for (const policy of audited) this.audited.set(policy, (this.audited.get(policy) ?? 0) + 1);
    const { verdict, request, name, why, protocol, by, question } = judged;
    this.counts.total++;
    this.counts[verdict]++;
    if (verdict === 'allowed') return;
    const source = this.nameOf(question.source);
    const destination = this.nameOf(question.destination);
    const asked = [request?.method, request?.path, request?.host, name];
    const key = [verdict, why, source, destination, question.destinationPort, protocol, by?.source, ...asked].join(
      '\n',
    );
    const group = this.groups.get(key);
    if (group !== undefined) group.requests++;
    else if (this.groups.size >= MOST_GROUPS) this.others++;
    else this.groups.set(key, { first: judged, source, destination, requests: 1 });
  }

  /** Refused ones first, then the most frequent, then the earliest. */
  refused(): RefusedRequests[] {
    return [...this.groups.values()]
      .sort(
        (a, b) =>
          Number(a.first.verdict !== 'denied') - Number(b.first.verdict !== 'denied') ||
          b.requests - a.requests ||
          a.first.packet - b.first.packet,
      )
      .map(describe);
  }

  private nameOf({ owner, address }: Endpoint): string {
    return owner >= 0 ? workloadName(this.inventory.owners[owner]!) : (address ?? '');
  }
}

function describe({ first, source, destination, requests }: Group): RefusedRequests {
  const { verdict, reason, request, name, why, protocol, by, question, packet } = first;
  return {
    verdict: verdict === 'denied' ? 'denied' : 'undecided',
    reason,
    why: why === '' ? null : why,
    source,
    destination,
    port: question.destinationPort,
    protocol,
    method: request?.method ?? null,
    path: request?.path ?? null,
    host: request?.host ?? null,
    name,
    requests,
    firstPacket: packet,
    by,
  };
}
