/**
 * Refused conversations as the summary shows them (cold).
 *
 * In:  the tally at the replay's end.  Out: a Conversation each, most connections first. There are thousands, of which a text
 * shows ten: what takes long about one is found when it is asked for. toJSON() gives them whole.
 */
import { protocolText, wordsText } from '../packet/text.js';
import { OUTCOME_NONE } from '../tree/classifier.js';
import type { Decision } from '../verdict/decisions.js';
import { type OutcomeRecord, type Reason, reasonOf, type Verdict, verdictOf } from '../verdict/verdict.js';
import { OWNERS_KEPT } from './counters.js';
import { isIcmp } from './fields.js';
import { createOutcomes, type DecisionOutcomes, type Outcomes } from './outcomes.js';
import { ownerAddress, ownerName, workloadName } from './owners.js';
import type { ReplayContext } from './report.js';
import type { GroupRecord, Tally } from './tally.js';

/** One end of a conversation. */
export interface End {
  /** What `policap query` takes: a workload, a lone pod, a node; null for an address nobody owns. */
  readonly workload: string | null;
  /** Pods of the workload that took part, at most 16. */
  readonly pods: readonly string[];
  /** Of the first packet; behind a service, of the pod that was judged. */
  readonly address: string;
}

/** A distinct refused (or undecided) conversation, from its initiator to its responder. */
export interface Conversation {
  readonly verdict: Verdict;
  readonly reason: Reason;
  readonly source: End;
  readonly destination: End;
  /** The service that was addressed: `shop/service/web`. */
  readonly service: string | null;
  readonly protocol: string;
  /** Destination port; null for protocols without ports. */
  readonly port: number | null;
  /** Of ICMP only. */
  readonly icmpType?: number | undefined;
  readonly icmpCode?: number | undefined;
  /** Which side refused: `forward` for plain rules, null where the backends disagree. */
  readonly side: 'egress' | 'ingress' | 'both' | 'forward' | null;
  readonly connections: number;
  readonly packets: number;
  /** The number of the first refused packet. */
  readonly firstPacket: number;
  readonly egress: OutcomeRecord | null;
  readonly ingress: OutcomeRecord | null;
  /** Of plain rules only. */
  readonly forward?: OutcomeRecord | null | undefined;
  /** Ready backends of the service that disagree. */
  readonly backends?: { readonly allowed: readonly string[]; readonly dropped: readonly string[] } | undefined;
}

/** The conversations with this verdict, most connections first, then most packets, then the earliest. */
export function listConversations(context: ReplayContext, tally: Tally, verdict: Verdict): Conversation[] {
  const { records, counters } = tally;
  const { connectionsByConversation, packetsByConversation } = counters;
  const outcomes = createOutcomes(context.compiled);
  return records
    .map((_, group) => group)
    .filter(group => verdictOf(context.decisions[records[group]!.decision]!.code) === verdict)
    .sort(
      (a, b) =>
        connectionsByConversation[b]! - connectionsByConversation[a]! ||
        packetsByConversation[b]! - packetsByConversation[a]! ||
        records[a]!.firstPacket - records[b]!.firstPacket,
    )
    .map(group => new Described(context, tally, outcomes, group));
}

/** All of them, by their numbers in the tally: in the order of their first packets. */
export function describeConversations(context: ReplayContext, tally: Tally): Conversation[] {
  const outcomes = createOutcomes(context.compiled);
  return tally.records.map((_, group) => new Described(context, tally, outcomes, group).toJSON());
}

class Described implements Conversation {
  constructor(
    private readonly context: ReplayContext,
    private readonly tally: Tally,
    private readonly outcomes: Outcomes,
    private readonly group: number,
  ) {}

  get verdict(): Verdict {
    return verdictOf(this.decision.code);
  }

  get reason(): Reason {
    return reasonOf(this.decision.code);
  }

  get source(): End {
    const { source, sourceAddress, family } = this.record;
    const seen = this.tally.counters.keptOf(this.group, false);
    return describeEnd(this.context, source, seen, wordsText(family, sourceAddress), 0);
  }

  get destination(): End {
    const { destination, destinationAddress, family } = this.record;
    const { service, backends } = this.decision;
    const seen = this.tally.counters.keptOf(this.group, true);
    const behindService = service >= 0 && backends === null;
    const address = wordsText(family, destinationAddress);
    return describeEnd(this.context, destination, seen, address, behindService ? family : 0);
  }

  get service(): string | null {
    const { service } = this.decision;
    return service < 0 ? null : ownerName(this.context.compiled.inventory.owners[service]!);
  }

  get protocol(): string {
    return protocolText(this.record.protocol);
  }

  get port(): number | null {
    return this.record.service < 0 || this.isIcmp ? null : this.record.service;
  }

  get icmpType(): number | undefined {
    return this.isIcmp ? this.record.service >> 8 : undefined;
  }

  get icmpCode(): number | undefined {
    return this.isIcmp ? this.record.service & 255 : undefined;
  }

  get side(): Conversation['side'] {
    return refusingSide(this.decision, this.records);
  }

  get connections(): number {
    return this.tally.counters.connectionsByConversation[this.group]!;
  }

  get packets(): number {
    return this.tally.counters.packetsByConversation[this.group]!;
  }

  get firstPacket(): number {
    return this.record.firstPacket;
  }

  get egress(): OutcomeRecord | null {
    return this.records.egress;
  }

  get ingress(): OutcomeRecord | null {
    return this.records.ingress;
  }

  get forward(): OutcomeRecord | null | undefined {
    return this.decision.forward === OUTCOME_NONE ? undefined : this.records.forward;
  }

  get backends(): Conversation['backends'] {
    return this.decision.backends ?? undefined;
  }

  toJSON(): Conversation {
    const { verdict, reason, source, destination, service, protocol, port, icmpType, icmpCode } = this;
    const { side, connections, packets, firstPacket, egress, ingress, forward, backends } = this;
    return {
      verdict,
      reason,
      source,
      destination,
      service,
      protocol,
      port,
      icmpType,
      icmpCode,
      side,
      connections,
      packets,
      firstPacket,
      egress,
      ingress,
      forward,
      backends,
    };
  }

  private get record(): GroupRecord {
    return this.tally.records[this.group]!;
  }

  private get decision(): Decision {
    return this.context.decisions[this.record.decision]!;
  }

  private get records(): DecisionOutcomes {
    const { source, destination } = this.record;
    return this.outcomes.of(this.decision, source, destination);
  }

  private get isIcmp(): boolean {
    return this.record.service >= 0 && isIcmp(this.record.protocol);
  }
}

/** @param family where the packet's address is a service's: the family of the owner's own address to show, else 0 */
function describeEnd(
  { compiled }: ReplayContext,
  owner: number,
  seen: readonly number[],
  address: string,
  family: number,
): End {
  if (owner < 0) return { workload: null, pods: [], address };
  const it = compiled.inventory.owners[owner]!;
  const shown = seen.length > 0 ? seen : [owner];
  return {
    workload: workloadName(it),
    pods: shown
      .map(index => compiled.inventory.owners[index]!)
      .filter(({ kind }) => kind === 'pod')
      .map(ownerName)
      .slice(0, OWNERS_KEPT),
    address: family === 0 ? address : (ownerAddress(it, family) ?? address),
  };
}

function refusingSide({ backends }: Decision, { egress, ingress, forward }: DecisionOutcomes): Conversation['side'] {
  if (backends !== null) return null;
  if (egress?.verdict === 'dropped') return ingress?.verdict === 'dropped' ? 'both' : 'egress';
  if (ingress?.verdict === 'dropped') return 'ingress';
  return forward?.verdict === 'dropped' ? 'forward' : null;
}
