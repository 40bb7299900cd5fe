/**
 * Who decided on a row: what its outcomes say, with the policy's file, line and column (cold).
 */
import { EGRESS, FORWARD, INGRESS } from '../report/packet-row.js';
import { type OutcomeRecord, type Reason, reasonOf, type Verdict, verdictOf } from '../verdict/verdict.js';
import type { Table } from './table.js';

export interface RowDecision {
  readonly verdict: Verdict;
  readonly reason: Reason;
  readonly egress: OutcomeRecord | null;
  readonly ingress: OutcomeRecord | null;
  /** Of plain rules. */
  readonly forward: OutcomeRecord | null;
}

interface Judged {
  readonly code: number;
  outcomeOf(direction: number): OutcomeRecord | null;
}

export function decisionOf<Row extends Judged>(table: Table<Row>, i: number): RowDecision {
  const row = table.moveTo(i);
  const { code } = row;
  const [egress, ingress, forward] = [row.outcomeOf(EGRESS), row.outcomeOf(INGRESS), row.outcomeOf(FORWARD)];
  return { verdict: verdictOf(code), reason: reasonOf(code), egress, ingress, forward };
}
