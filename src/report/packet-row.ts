/**
 * A packet of a batch as its columns read it (hot): what stands in its row and its verdict, and keys for what its outcomes say.
 *
 * In:  batches, and at() for each packet that is asked about.  Out: numbers. Outcomes are looked up once a connection and
 * verdict, and kept by key: 0 where a side says nothing.
 */
import { BATCH_FRAMES, type FrameBatch } from '../capture/frame.js';
import { Texts } from '../memory/texts.js';
import { describeOuter, type OuterPacket } from '../packet/outer.js';
import { FAMILY, OUTER_L3, type PacketBatch, PROTOCOL, STRIDE } from '../packet/row.js';
import type { Direction } from '../rules/ruleset.js';
import type { Decision } from '../verdict/decisions.js';
import { outcomeRecord } from '../verdict/outcome.js';
import { MARK_ORIGINAL, type OutcomeRecord, type VerdictBatch } from '../verdict/verdict.js';
import type { PickedRows } from './columns.js';
import { FOUND, PacketTexts, type TextMaker, TOGETHER } from './packet-texts.js';
import type { ReplayContext } from './report.js';
import { SideTexts } from './side-texts.js';

export const EGRESS = 0;
export const INGRESS = 1;
export const FORWARD = 2;
export const DECIDED = 3;
const DIRECTIONS: readonly Direction[] = ['egress', 'ingress', 'forward'];

export class PacketRow implements TextMaker, PickedRows {
  frames!: FrameBatch;
  rows!: Int32Array;
  verdicts!: VerdictBatch;
  /** The packet's place in the batch, and its row's first word. */
  i = 0;
  base = 0;
  /** Its number. */
  number = 0;
  /** The number of the batch's first packet. */
  first = 1;
  /** Keys of the outcomes, and of the decision: one more than its index. */
  private readonly said: PacketTexts;
  private saidFrom = 0;
  private saidTo = 0;
  /** Packets of the batch that were picked, and how many. */
  picked = new Int32Array(BATCH_FRAMES);
  pickedCount = 0;
  /** Of the picked, FOUND keys each, and their tunnels: asked for once a batch. */
  private keys = new Int32Array(BATCH_FRAMES * FOUND);
  private hasKeys = false;
  private tunnels: (OuterPacket | null)[] | null | undefined;
  private readonly sides: SideTexts;
  /** By direction and key. */
  private readonly outcomes: (OutcomeRecord | null)[][] = DIRECTIONS.map(() => [null]);
  private outerPacket: OuterPacket | null = null;
  private outerOf = -1;

  constructor(readonly context: ReplayContext) {
    this.sides = new SideTexts(DIRECTIONS.length, context.compiled.inventory.owners.length);
    this.said = new PacketTexts(new Texts(64, 0), this, 0);
    this.said.wanted.fill(1);
  }

  batch(frames: FrameBatch, { rows }: PacketBatch, verdicts: VerdictBatch, first: number): void {
    this.frames = frames;
    this.rows = rows;
    this.verdicts = verdicts;
    this.first = first;
    this.saidTo = 0;
    if (this.picked.length < verdicts.count) this.picked = new Int32Array(verdicts.count);
    this.pickedCount = 0;
    this.at(0);
  }

  /** Packet i of the batch is picked: in order, before anything is asked of those that are. */
  pick(i: number): void {
    this.picked[this.pickedCount++] = i;
    this.hasKeys = false;
    this.tunnels = undefined;
  }

  pickAll(): void {
    const { picked } = this;
    const { count } = this.verdicts;
    for (let i = 0; i < count; i++) picked[i] = i;
    this.pickedCount = count;
    this.hasKeys = false;
    this.tunnels = undefined;
  }

  moveTo(k: number): void {
    this.at(this.picked[k]!);
  }

  /** Of the k-th that was picked: FOUND keys from k * FOUND on, by direction and then the decision's. */
  pickedKeys(): Int32Array {
    if (!this.hasKeys) this.findKeys();
    return this.keys;
  }

  /** Of the picked; null where none came through a tunnel. */
  pickedTunnels(): readonly (OuterPacket | null)[] | null {
    if (this.tunnels !== undefined) return this.tunnels;
    const { rows, picked, pickedCount } = this;
    let isOpened = false;
    for (let k = 0; k < pickedCount; k++) isOpened ||= rows[picked[k]! * STRIDE + OUTER_L3]! >= 0;
    this.tunnels = isOpened ? Array.from({ length: pickedCount }, (_, k) => this.tunnelOf(picked[k]!)) : null;
    return this.tunnels;
  }

  at(i: number): void {
    this.i = i;
    this.base = i * STRIDE;
    this.number = this.first + i;
    this.outerOf = -1;
  }

  get code(): number {
    return this.verdicts.code[this.i]!;
  }

  get marks(): number {
    return this.verdicts.marks[this.i]!;
  }

  /** 0 where there is none that could be read. */
  get protocolKey(): number {
    const { rows, base } = this;
    return rows[base + FAMILY] === 0 ? 0 : rows[base + PROTOCOL]! + 1;
  }

  /** Of EGRESS, INGRESS or FORWARD. */
  sideKey(direction: number): number {
    return this.saidAt(direction);
  }

  /** 0 where nothing was decided. */
  get decisionKey(): number {
    return this.saidAt(DECIDED);
  }

  outcomeOf(direction: number): OutcomeRecord | null {
    return this.outcomeAt(direction, this.sideKey(direction));
  }

  /** @param key that sideKey() has told, of whatever packet */
  outcomeAt(direction: number, key: number): OutcomeRecord | null {
    return this.outcomes[direction]![key]!;
  }

  get decision(): Decision | null {
    const decision = this.verdicts.decision[this.i]!;
    return decision < 0 ? null : this.context.decisions[decision]!;
  }

  /** The tunnel that carried it. */
  get outer(): OuterPacket | null {
    if (this.outerOf !== this.i) {
      const at = this.rows[this.base + OUTER_L3]!;
      this.outerPacket = at < 0 ? null : describeOuter(this.frames, this.i, at);
      this.outerOf = this.i;
    }
    return this.outerPacket;
  }

  makeTexts(i: number, place: number): void {
    const { found } = this.said;
    const { ends, decisions } = this.context;
    const { connection, decision, code, marks } = this.verdicts;
    const d = decision[i]!;
    ends.find(d, this.rows, i * STRIDE, (marks[i]! & MARK_ORIGINAL) !== 0);
    const { source, destination } = ends;
    for (const [side, direction] of DIRECTIONS.entries()) {
      const subject = direction === 'ingress' ? destination : source;
      const outcome = decisions[d]![direction];
      found[place + side] = this.sides.numberOf(side, outcome, subject, () => this.addOutcome(side, outcome, subject));
    }
    found[place + DECIDED] = d + 1;
    this.said.remember(connection[i]!, d, code[i]!, place);
  }

  clearTexts(): void {
    throw new Error('there is no text to be cleared');
  }

  private addOutcome(side: number, outcome: number, subject: number): number {
    const { ruleset, inventory } = this.context.compiled;
    const record = outcomeRecord(DIRECTIONS[side]!, outcome, subject, ruleset, inventory);
    if (record === null) return 0;
    return this.outcomes[side]!.push(record) - 1;
  }

  private tunnelOf(i: number): OuterPacket | null {
    this.at(i);
    return this.outer;
  }

  private findKeys(): void {
    const { picked, pickedCount } = this;
    if (this.keys.length < pickedCount * FOUND) this.keys = new Int32Array(pickedCount * FOUND);
    const { keys } = this;
    const { found } = this.said;
    for (let k = 0; k < pickedCount; k++) {
      const i = picked[k]!;
      if (i < this.saidFrom || i >= this.saidTo) this.findFrom(i);
      const place = (i - this.saidFrom) * FOUND;
      const to = k * FOUND;
      keys[to] = found[place]!;
      keys[to + 1] = found[place + 1]!;
      keys[to + 2] = found[place + 2]!;
      keys[to + 3] = found[place + 3]!;
    }
    this.hasKeys = true;
  }

  /** Packets behind this one are looked for together with it (packet-texts.ts). */
  private saidAt(word: number): number {
    const { i } = this;
    if (i < this.saidFrom || i >= this.saidTo) this.findFrom(i);
    return this.said.found[(i - this.saidFrom) * FOUND + word]!;
  }

  private findFrom(i: number): void {
    const { code, decision, connection, count } = this.verdicts;
    this.saidFrom = i;
    this.saidTo = Math.min(i + TOGETHER, count);
    this.said.find(i, this.saidTo, code, decision, connection);
  }
}
