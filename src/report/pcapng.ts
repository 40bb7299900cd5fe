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

/** Of a decision between two ends. */
interface Said {
  readonly it: Decision;
  readonly outcomes: DecisionOutcomes;
  /** Comment by code. */
  readonly comments: number[];
}

/** Connections whose last comment is remembered, direct-mapped, and words of each; the number is a power of two. */
const RECENT = 1 << 18;
const RECENT_WORDS = 4;

const XDP: Readonly<Record<Verdict, number>> = {
  allowed: VERDICT_PASS,
  dropped: VERDICT_DROP,
  undecided: VERDICT_NONE,
};

export function createPcapngReport(output: Output, options: PcapngOptions = {}): Report {
  const verdicts = Array.from({ length: CODES }, (_, code) => verdictOf(code));
  const wanted = verdicts.map(verdict => options.only === undefined || verdict === options.only);
  const xdp = verdicts.map(verdict => XDP[verdict]);
  /** Connection, decision, code, and the comment. */
  const recent = new Int32Array(RECENT * RECENT_WORDS);
  let undecided: number[];
  let copy: number;
  let refused: number;
  let said: ByEnds<Said>;
  let writer: PcapngWriter;

  function commentOf(rows: Int32Array, { decision, connection, marks }: VerdictBatch, i: number, code: number): number {
    const d = decision[i]!;
    if (d < 0) return undecided[code]!;
    const number = connection[i]!;
    const at = (number & (RECENT - 1)) * RECENT_WORDS;
    if (number !== 0 && recent[at] === number && recent[at + 1] === d && recent[at + 2] === code)
      return recent[at + 3]!;
    const { it, outcomes, comments } = said.get(d, rows, i * STRIDE, marks[i]!, number);
    comments[code] ??= writer.comments.add(describe(code, it, outcomes));
    recent[at] = number;
    recent[at + 1] = d;
    recent[at + 2] = code;
    recent[at + 3] = comments[code]!;
    return comments[code]!;
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
      said = createByEnds(begun, (it, outcomes) => ({ it, outcomes, comments: [] }));
      writer = new PcapngWriter(output, begun.source.interfaces);
      undecided = verdicts.map((verdict, code) => writer.comments.add(`${verdict.toUpperCase()} ${reasonOf(code)}`));
      copy = writer.comments.add(', copy of packet ');
      refused = writer.comments.add(', refused at packet ');
    },
    batch(frames, { rows }, batch) {
      for (let i = 0; i < batch.count; i++) {
        const code = batch.code[i]!;
        if (!wanted[code]) continue;
        const comment = commentOf(rows, batch, i, code);
        if ((batch.marks[i]! & MARK_DUPLICATE) !== 0)
          writer.write(frames, i, comment, xdp[code]!, copy, batch.packet[i]!);
        else if (code === DROPPED_CONNECTION) writer.write(frames, i, comment, xdp[code]!, refused, batch.packet[i]!);
        else writer.write(frames, i, comment, xdp[code]!);
      }
    },
    end() {
      writer.flush();
    },
  };
}
