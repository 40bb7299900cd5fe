/**
 * pcapng: the same packets, each marked with its verdict.
 *
 * Every packet carries a comment (`DROPPED shop/web ingress default-deny (policies/web.yaml:4)`) and, unless it is
 * undecided, the epb_verdict option that Wireshark filters on: frame.verdict.ebpf_xdp == 1 is dropped, 2 is allowed.
 */
import { PcapngWriter, VERDICT_DROP, VERDICT_NONE, VERDICT_PASS } from '../capture/pcapng-writer.js';
import { STRIDE } from '../packet/row.js';
import type { Decision } from '../verdict/decisions.js';
import {
  CODES,
  DROPPED_CONNECTION,
  MARK_DUPLICATE,
  type OutcomeRecord,
  reasonOf,
  type Verdict,
  type VerdictBatch,
  verdictOf,
} from '../verdict/verdict.js';
import { type ByEnds, createByEnds } from './by-ends.js';
import type { DecisionOutcomes } from './outcomes.js';
import { commentText, listed } from './reason-text.js';
import type { Output, Report } from './report.js';

export interface PcapngOptions {
  /** Only packets of this verdict. */
  readonly only?: Verdict;
}

/** Of a decision, by code. */
interface Comments {
  readonly it: Decision;
  readonly outcomes: DecisionOutcomes;
  readonly texts: string[];
}

const XDP: Readonly<Record<Verdict, number>> = {
  allowed: VERDICT_PASS,
  dropped: VERDICT_DROP,
  undecided: VERDICT_NONE,
};

export function createPcapngReport(output: Output, options: PcapngOptions = {}): Report {
  const verdicts = Array.from({ length: CODES }, (_, code) => verdictOf(code));
  const undecided = Array.from({ length: CODES }, (_, code) => `${verdictOf(code).toUpperCase()} ${reasonOf(code)}`);
  let comments: ByEnds<Comments>;
  let writer: PcapngWriter;

  function commentOf(rows: Int32Array, batch: VerdictBatch, i: number): string {
    const code = batch.code[i]!;
    const decision = batch.decision[i]!;
    let comment = undecided[code]!;
    if (decision >= 0) {
      const { it, outcomes, texts } = comments.get(decision, rows, i * STRIDE, batch.marks[i]!);
      texts[code] ??= describe(code, it, outcomes);
      comment = texts[code]!;
    }
    if ((batch.marks[i]! & MARK_DUPLICATE) !== 0) return `${comment}, copy of packet ${batch.packet[i]}`;
    if (code === DROPPED_CONNECTION) return `${comment}, refused at packet ${batch.packet[i]}`;
    return comment;
  }

  function describe(code: number, it: Decision, { egress, ingress, forward }: DecisionOutcomes): string {
    const verdict = verdictOf(code);
    const word = verdict.toUpperCase();
    if (it.backends !== null) {
      const { allowed, dropped } = it.backends;
      return `${word} ${reasonOf(code)}: ${listed(allowed)} would allow, ${listed(dropped)} would drop`;
    }
    const sides: [string, OutcomeRecord | null][] = [
      ['egress', egress],
      ['ingress', ingress],
      ['forward', forward],
    ];
    const said = sides
      .filter(([, outcome]) => outcome?.verdict === verdict && (verdict !== 'allowed' || outcome.reason === 'rule'))
      .map(([side, outcome]) => commentText(side, outcome!));
    const state = reasonOf(code) === reasonOf(it.code) && said.length > 0 ? '' : ` ${reasonOf(code)}`;
    return `${word}${state}${said.length === 0 ? '' : `${state === '' ? '' : ':'} ${said.join('; ')}`}`;
  }

  return {
    begin(begun) {
      comments = createByEnds(begun, (it, outcomes) => ({ it, outcomes, texts: [] }));
      writer = new PcapngWriter(output, begun.source.interfaces);
    },
    batch(frames, { rows }, batch) {
      for (let i = 0; i < batch.count; i++) {
        const verdict = verdicts[batch.code[i]!]!;
        if (options.only !== undefined && verdict !== options.only) continue;
        writer.write(frames, i, commentOf(rows, batch, i), XDP[verdict]);
      }
    },
    end() {
      writer.flush();
    },
  };
}
