/**
 * Everything that `policap explain` says, as plain data (cold). sentences.ts, text.ts and json.ts read it.
 *
 * In:  a packet's facts, or a question and its answer.  Out: an Explanation.
 */
import type { Compiled } from '../compile.js';
import type { JudgedPair } from '../query/answer-groups.js';
import { createTimeText } from '../report/fields.js';
import { ownerName, workloadName } from '../report/owners.js';
import {
  MARK_DUPLICATE,
  MARK_MIDSTREAM,
  MARK_ONE_WAY,
  MARK_ORIGINAL,
  type Reason,
  reasonOf,
  type Verdict,
  verdictOf,
} from '../verdict/verdict.js';
import type { Header } from './conditions.js';
import { type ConnectionExplanation, explainConnection } from './connection.js';
import { type DecisionExplanation, explainDecision } from './decision.js';
import type { PacketFacts } from './packet.js';

export interface ExplainedEnd {
  /** As `policap query` names it; an address where nobody owns it. */
  readonly name: string;
  /** The workload, where it is another name. */
  readonly workload: string | null;
  readonly address: string | null;
}

export interface ExplainedPacket {
  readonly number: number;
  readonly time: string | null;
  readonly row: Int32Array;
  /** From the initiator to the responder. */
  readonly isOriginal: boolean;
  readonly isMidstream: boolean;
  readonly isOneWay: boolean;
  readonly copyOf: number | null;
  readonly connection: number | null;
  /** The packet that opened its connection, where another one did. */
  readonly openedBy: number | null;
  readonly refusedAt: number | null;
}

export interface Explanation {
  readonly verdict: Verdict;
  readonly reason: Reason;
  /** null for a question. */
  readonly packet: ExplainedPacket | null;
  readonly source: ExplainedEnd | null;
  readonly destination: ExplainedEnd | null;
  readonly service: string | null;
  /** Ready backends that disagree. */
  readonly backends: { readonly allowed: readonly string[]; readonly dropped: readonly string[] } | null;
  /** null where nothing was decided. */
  readonly decision: DecisionExplanation | null;
  /** Of a question, what the answer has besides: sentences on other ends, and on the service mesh. */
  readonly besides: readonly string[];
  /** null where connection tracking did not see the packet by itself, and for questions. */
  readonly connection: ConnectionExplanation | null;
}

export function explainPacket({ packet, opening, header, tracked, compiled }: PacketFacts): Explanation {
  const { code, marks, decision, connection, row, other } = packet;
  const isCopy = (marks & MARK_DUPLICATE) !== 0;
  const verdict = verdictOf(code);
  const reason = reasonOf(code);
  const { source, destination } = opening?.decision ? opening : packet;
  const outcomes = decision && ([decision.egress, decision.ingress, decision.forward] as const);
  return {
    verdict,
    reason,
    packet: {
      number: packet.number,
      time: createTimeText()(packet.seconds, packet.nanoseconds),
      row,
      isOriginal: (marks & MARK_ORIGINAL) !== 0,
      isMidstream: (marks & MARK_MIDSTREAM) !== 0,
      isOneWay: (marks & MARK_ONE_WAY) !== 0,
      copyOf: isCopy ? other : null,
      connection: connection === 0 ? null : connection,
      openedBy: opening === null || opening === packet ? null : opening.number,
      refusedAt: reason === 'connection-dropped' && !isCopy ? other : null,
    },
    source: header && endOf(compiled, source, header.source),
    destination: header && endOf(compiled, destination, header.destination),
    service: decision === null || decision.service < 0 ? null : ownerName(compiled.inventory.owners[decision.service]!),
    backends: decision?.backends ?? null,
    decision: header && outcomes && explainDecision(compiled, header, outcomes, source, destination),
    besides: [],
    connection: tracked && explainConnection(tracked, row),
  };
}

/** @param pair as the query judged it @param question what it asked @param service behind which the destination stands  @param besides sentences of the whole answer */
export function explainPair(
  compiled: Compiled,
  { verdict, reason, outcomes }: Pick<JudgedPair, 'verdict' | 'reason' | 'outcomes'>,
  question: Header,
  service: string | null,
  besides: readonly string[] = [],
): Explanation {
  const owner = ({ owner: named, address }: Header['source']): number =>
    named >= 0 || address === null ? named : (compiled.inventory.byAddress.get(address)?.owner ?? -1);
  const [source, destination] = [owner(question.source), owner(question.destination)];
  return {
    verdict,
    reason,
    packet: null,
    source: endOf(compiled, source, question.source),
    destination: endOf(compiled, destination, question.destination),
    service,
    backends: null,
    decision: explainDecision(compiled, question, outcomes, source, destination),
    besides,
    connection: null,
  };
}

function endOf({ inventory }: Compiled, owner: number, { address }: Header['source']): ExplainedEnd {
  const it = inventory.owners[owner];
  if (it === undefined) return { name: address ?? '', workload: null, address };
  const [name, workload] = [ownerName(it), workloadName(it)];
  return { name, workload: workload === name ? null : workload, address };
}
