/**
 * pcapng: the same packets, each marked with its verdict.
 *
 * Every packet carries a comment (`DROPPED shop/web ingress default-deny (policies/web.yaml:4)`) and, unless it is
 * undecided, the epb_verdict option that Wireshark filters on: frame.verdict.ebpf_xdp == 1 is dropped, 2 is allowed.
 */
import { PcapngWriter, VERDICT_DROP, VERDICT_NONE, VERDICT_PASS } from '../capture/pcapng-writer.js';
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
import { createOutcomes, type Outcomes } from './outcomes.js';
import { commentText, listed } from './reason-text.js';
import type { Output, ReplayContext, Report } from './report.js';

export interface PcapngOptions {
  /** Only packets of this verdict. */
  readonly only?: Verdict;
}

const XDP: Readonly<Record<Verdict, number>> = {
  allowed: VERDICT_PASS,
  dropped: VERDICT_DROP,
  undecided: VERDICT_NONE,
};

export function createPcapngReport(output: Output, options: PcapngOptions = {}): Report {
  const verdicts = Array.from({ length: CODES }, (_, code) => verdictOf(code));
  /** Comments by decision and code. */
  const comments: string[] = [];
  let context: ReplayContext;
  let outcomes: Outcomes;
  let writer: PcapngWriter;

  function commentOf(batch: VerdictBatch, i: number): string {
    const code = batch.code[i]!;
    const key = (batch.decision[i]! + 1) * CODES + code;
    comments[key] ??= describe(code, batch.decision[i]!);
    if ((batch.marks[i]! & MARK_DUPLICATE) !== 0) return `${comments[key]}, copy of packet ${batch.packet[i]}`;
    if (code === DROPPED_CONNECTION) return `${comments[key]}, refused at packet ${batch.packet[i]}`;
    return comments[key]!;
  }

  function describe(code: number, decision: number): string {
    const verdict = verdictOf(code);
    const word = verdict.toUpperCase();
    if (decision < 0) return `${word} ${reasonOf(code)}`;
    const it = context.decisions[decision]!;
    if (it.backends !== null) {
      const { allowed, dropped } = it.backends;
      return `${word} ${reasonOf(code)}: ${listed(allowed)} would allow, ${listed(dropped)} would drop`;
    }
    const { egress, ingress, forward } = outcomes.of(it);
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
      context = begun;
      outcomes = createOutcomes(begun.compiled);
      writer = new PcapngWriter(output, begun.source.interfaces);
    },
    batch(frames, _packets, batch) {
      for (let i = 0; i < batch.count; i++) {
        const verdict = verdicts[batch.code[i]!]!;
        if (options.only !== undefined && verdict !== options.only) continue;
        writer.write(frames, i, commentOf(batch, i), XDP[verdict]);
      }
    },
    end() {
      writer.flush();
    },
  };
}
