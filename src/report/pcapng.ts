/**
 * pcapng: the same packets, each marked with its verdict.
 *
 * Every packet carries a comment (`DROPPED shop/web ingress default-deny (policies/web.yaml:4)`) and, unless it is
 * undecided, the epb_verdict option that Wireshark filters on: frame.verdict.ebpf_xdp == 1 is dropped, 2 is allowed.
 * This is what is done once a connection; the loop over packets is mark-loop.ts.
 */
import type { FrameBatch } from '../capture/frame.js';
import { VERDICT_DROP, VERDICT_NONE, VERDICT_PASS } from '../capture/packet-blocks.js';
import { MOST_COMMENT, PcapngWriter } from '../capture/pcapng-writer.js';
import { NO_TEXT } from '../memory/texts.js';
import { STRIDE } from '../packet/row.js';
import { noticeOf } from '../profile/profile.js';
import type { Direction } from '../rules/ruleset.js';
import { OUTCOME_NONE } from '../tree/classifier.js';
import type { Decision } from '../verdict/decisions.js';
import { outcomeRecord } from '../verdict/outcome.js';
import { CODES, MARK_ORIGINAL, reasonOf, type Verdict, type VerdictBatch, verdictOf } from '../verdict/verdict.js';
import { COPY, type LongFrames, MarkLoop, REFUSED } from './mark-loop.js';
import { FOUND, PacketTexts, type TextMaker } from './packet-texts.js';
import { commentText, listed } from './reason-text.js';
import type { Output, ReplayContext, Report } from './report.js';
import { ContextSides } from './side-texts.js';

export interface PcapngOptions {
  /** Only packets of this verdict. */
  readonly only?: Verdict;
}

const XDP: Readonly<Record<Verdict, number>> = {
  allowed: VERDICT_PASS,
  dropped: VERDICT_DROP,
  undecided: VERDICT_NONE,
};
const MORE = { copy: ', copy of packet ', refused: ', refused at packet ' };
const VERDICTS: readonly Verdict[] = ['allowed', 'dropped', 'undecided'];
const SIDES: readonly Direction[] = ['egress', 'ingress', 'forward'];
const SEPARATOR = '; ';
/** With a state or without, with sides behind them or without. */
const WORD_FORMS = 4;

export function createPcapngReport(output: Output, options: PcapngOptions = {}): Report {
  let marking: Marking;
  return {
    begin(begun) {
      marking = new Marking(begun, output, options.only);
    },
    batch(frames, { rows }, verdicts) {
      marking.write(frames, rows, verdicts);
    },
    flush: () => marking.writer.flush(),
    end() {
      marking.writer.flush();
    },
  };
}

class Marking implements TextMaker, LongFrames {
  readonly writer: PcapngWriter;
  private readonly texts: PacketTexts;
  private readonly loop: MarkLoop;
  private readonly runOf: (frames: FrameBatch, verdicts: VerdictBatch) => MarkLoop['run'];
  /** The batch that is written. */
  private frames!: FrameBatch;
  private rows!: Int32Array;
  private verdicts!: VerdictBatch;
  /** Texts that are there: of words by code, of sides by what they are about. */
  private readonly words = new Int32Array(CODES * WORD_FORMS);
  private readonly sides = new ContextSides(SIDES.length * VERDICTS.length * 2);

  constructor(
    private readonly context: ReplayContext,
    output: Output,
    only: Verdict | undefined,
  ) {
    const writing = context.newWriting();
    const { memory } = writing;
    this.writer = new PcapngWriter(
      output,
      context.source.interfaces,
      undefined,
      memory,
      noticeOf(context.compiled.profile) ?? '',
    );
    const { comments, blocks } = this.writer;
    // A long frame's comment is kept as a whole, too.
    this.texts = new PacketTexts(comments, this, 2 * MOST_COMMENT, memory);
    this.loop = new MarkLoop(this.texts, blocks, this, memory);
    for (let code = 0; code < CODES; code++) {
      this.texts.wanted[code] = only === undefined || verdictOf(code) === only ? 1 : 0;
      this.loop.xdp[code] = XDP[verdictOf(code)];
    }
    this.addFixed();
    const parts = {
      Texts: comments,
      PacketBlocks: blocks,
      BlockOwner: this.writer,
      PacketTexts: this.texts,
      TextMaker: this,
      MarkLoop: this.loop,
      LongFrames: this,
    };
    this.runOf = writing.loop<MarkLoop['run']>('MarkLoop_run', parts, this.loop.run.bind(this.loop));
  }

  write(frames: FrameBatch, rows: Int32Array, verdicts: VerdictBatch): void {
    this.frames = frames;
    this.rows = rows;
    this.verdicts = verdicts;
    const { code, decision, connection, packet, marks, count } = verdicts;
    const { bytes, offset, captured, original, seconds, nanoseconds, interfaceIndex } = frames;
    this.runOf(frames, verdicts)(
      count,
      code,
      decision,
      connection,
      packet,
      marks,
      bytes,
      offset,
      captured,
      original,
      seconds,
      nanoseconds,
      interfaceIndex,
    );
  }

  makeTexts(i: number, place: number): void {
    const { comments } = this.writer;
    const { found } = this.texts;
    const { connection, decision, code, marks } = this.verdicts;
    const c = code[i]!;
    const it = this.context.decisions[decision[i]!]!;
    const { ends } = this.context;
    let egress = NO_TEXT;
    let ingress = NO_TEXT;
    let forward = NO_TEXT;
    if (it.backends === null) {
      ends.find(decision[i]!, this.rows, i * STRIDE, (marks[i]! & MARK_ORIGINAL) !== 0);
      const by = this.context.of(decision[i]!);
      egress = this.sideNumber(by, 'egress', it, ends.source, c, true);
      ingress = this.sideNumber(by, 'ingress', it, ends.destination, c, egress === NO_TEXT);
      forward = this.sideNumber(by, 'forward', it, ends.source, c, egress === NO_TEXT && ingress === NO_TEXT);
    }
    found[place] = this.wordNumber(c, it, (egress | ingress | forward) !== NO_TEXT);
    found[place + 1] = egress;
    found[place + 2] = ingress;
    found[place + 3] = forward;
    let length = 0;
    for (let text = place; text < place + FOUND; text++) length += comments.lengthOf(found[text]!);
    if (it.backends !== null || length > MOST_COMMENT) {
      found.fill(NO_TEXT, place, place + FOUND);
      found[place] = comments.add(this.commentOf(i));
    }
    this.texts.remember(connection[i]!, decision[i]!, c, place);
  }

  clearTexts(): void {
    this.writer.comments.clear();
    this.texts.forget();
    this.words.fill(NO_TEXT);
    this.sides.clear();
    this.addFixed();
  }

  writeLong(i: number, more: number): void {
    const { code, decision, packet } = this.verdicts;
    const c = code[i]!;
    const comment = decision[i]! < 0 ? this.texts.bare[c]! : this.writer.comments.add(this.commentOf(i));
    this.writer.write(this.frames, i, comment, this.loop.xdp[c]!, more, packet[i]!);
  }

  /** Texts that are needed whatever comes. */
  private addFixed(): void {
    const { comments } = this.writer;
    for (let code = 0; code < CODES; code++) {
      this.texts.bare[code] = comments.add(`${verdictOf(code).toUpperCase()} ${reasonOf(code)}`);
    }
    this.loop.numbered[COPY] = comments.add(MORE.copy);
    this.loop.numbered[REFUSED] = comments.add(MORE.refused);
  }

  /** The number of what stands before the sides: `ALLOWED established: `. */
  private wordNumber(code: number, decision: Decision, saysSide: boolean): number {
    const isState = reasonOf(code) !== reasonOf(decision.code);
    const form = (isState ? 2 : 0) + (saysSide ? 1 : 0);
    const known = this.words[code * WORD_FORMS + form]!;
    if (known !== NO_TEXT) return known;
    const number = this.writer.comments.add(wordsBefore(code, decision, saysSide));
    this.words[code * WORD_FORMS + form] = number;
    return number;
  }

  /** The number of what a side says. @param isFirst no other side stands before it */
  private sideNumber(
    by: ReplayContext,
    direction: Direction,
    it: Decision,
    subject: number,
    code: number,
    isFirst: boolean,
  ): number {
    const outcome = it[direction];
    if (outcome === OUTCOME_NONE) return NO_TEXT;
    const form = SIDES.indexOf(direction) * VERDICTS.length + VERDICTS.indexOf(verdictOf(code));
    return this.sides.of(by).numberOf(2 * form + (isFirst ? 1 : 0), outcome, subject, () => {
      const text = sideText(by, direction, outcome, subject, verdictOf(code));
      return this.writer.comments.add(text === '' || isFirst ? text : SEPARATOR + text);
    });
  }

  /** The whole comment of a packet with a decision. */
  private commentOf(i: number): string {
    const { decisions, ends } = this.context;
    const { code, decision, marks } = this.verdicts;
    const c = code[i]!;
    const it = decisions[decision[i]!]!;
    const verdict = verdictOf(c);
    if (it.backends !== null) {
      const { allowed, dropped } = it.backends;
      return `${verdict.toUpperCase()} ${reasonOf(c)}: ${listed(allowed)} would allow, ${listed(dropped)} would drop`;
    }
    ends.find(decision[i]!, this.rows, i * STRIDE, (marks[i]! & MARK_ORIGINAL) !== 0);
    const by = this.context.of(decision[i]!);
    const said = SIDES.map(side =>
      sideText(by, side, it[side], side === 'ingress' ? ends.destination : ends.source, verdict),
    ).filter(text => text !== '');
    return wordsBefore(c, it, said.length > 0) + said.join(SEPARATOR);
  }
}

/** What a side says for this verdict, '' where it says nothing. */
function sideText(
  { compiled }: ReplayContext,
  direction: Direction,
  outcome: number,
  subject: number,
  verdict: Verdict,
): string {
  const record = outcomeRecord(direction, outcome, subject, compiled.ruleset, compiled.inventory);
  const says = record?.verdict === verdict && (verdict !== 'allowed' || record.reason === 'rule');
  return says ? commentText(direction, record) : '';
}

/** `ALLOWED `, `ALLOWED established: `, `DROPPED invalid-state`. */
function wordsBefore(code: number, decision: Decision, saysSide: boolean): string {
  const word = verdictOf(code).toUpperCase();
  const state = saysSide && reasonOf(code) === reasonOf(decision.code) ? '' : ` ${reasonOf(code)}`;
  return saysSide ? `${word}${state}${state === '' ? '' : ':'} ` : `${word}${state}`;
}
