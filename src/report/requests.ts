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
export const MOST_GROUPS = 10_000;

/** Of a text that a client chose: what is longer is kept to here. */
const MOST_TEXT = 1_000;

const kept = (text: string | undefined | null): string | null =>
  text === undefined || text === null ? null : text.length <= MOST_TEXT ? text : `${text.slice(0, MOST_TEXT)}…`;

/** Refused ones first, then the most frequent, then the earliest. */
export const byImportance = (a: RefusedRequests, b: RefusedRequests): number =>
  Number(a.verdict !== 'denied') - Number(b.verdict !== 'denied') ||
  b.requests - a.requests ||
  a.firstPacket - b.firstPacket;

/** What is equal for like ones. */
export const requestKey = (group: RefusedRequests): string => {
  const { verdict, why, source, destination, port, protocol, method, path, host, name, by } = group;
  return [verdict, why, source, destination, port, protocol, by?.source, method, path, host, name].join('\n');
};

export class RequestTally {
  readonly counts: { -readonly [K in keyof RequestCounts]: number } = { total: 0, allowed: 0, denied: 0, undecided: 0 };
  /** Refused or undecided ones beyond those that are told apart. */
  others = 0;
  /** By policy, how many it would have audited: of a mesh. */
  readonly audited = new Map<string, number>();
  private readonly groups = new Map<string, { -readonly [K in keyof RefusedRequests]: RefusedRequests[K] }>();

  constructor(private readonly inventory: Inventory) {}

  /** @param audited policies that audit it */
  add(judged: JudgedRequest, audited: readonly string[] = []): void {
    for (const policy of audited) this.audited.set(policy, (this.audited.get(policy) ?? 0) + 1);
    this.counts.total++;
    this.counts[judged.verdict]++;
    if (judged.verdict === 'allowed') return;
    const group = this.describe(judged, judged.verdict);
    const key = requestKey(group);
    const known = this.groups.get(key);
    if (known !== undefined) known.requests++;
    else if (this.groups.size >= MOST_GROUPS) this.others++;
    else this.groups.set(key, group);
  }

  /** As they came. */
  inOrder(): RefusedRequests[] {
    return [...this.groups.values()];
  }

  refused(): RefusedRequests[] {
    return this.inOrder().sort(byImportance);
  }

  private describe(judged: JudgedRequest, verdict: RefusedRequests['verdict']): RefusedRequests {
    const { reason, why, question, protocol, request, name, packet, by } = judged;
    return {
      verdict,
      reason,
      why: why === '' ? null : why,
      source: this.nameOf(question.source),
      destination: this.nameOf(question.destination),
      port: question.destinationPort,
      protocol,
      method: kept(request?.method),
      path: kept(request?.path),
      host: kept(request?.host),
      name,
      requests: 1,
      firstPacket: packet,
      by,
    };
  }

  private nameOf({ owner, address }: Endpoint): string {
    return owner >= 0 ? workloadName(this.inventory.owners[owner]!) : (address ?? '');
  }
}
