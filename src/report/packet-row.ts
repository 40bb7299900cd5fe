/**
 * A packet of a batch as its columns read it (hot): what stands in its row and its verdict, and keys for what its outcomes say.
 *
 * In:  batches, and at() for each packet that is asked about.  Out: numbers. Outcomes are looked up once a connection and
 * verdict, and kept by key: 0 where a side says nothing.
 */
import { BATCH_FRAMES, type FrameBatch } from '../capture/frame.js';
import type { Owner } from '../cluster/inventory.js';
import { describeOuter, type OuterPacket } from '../packet/outer.js';
import { FAMILY, OUTER_L3, type PacketBatch, PROTOCOL, STRIDE } from '../packet/row.js';
import type { Direction } from '../rules/ruleset.js';
import type { Decision } from '../verdict/decisions.js';
import { outcomeRecord } from '../verdict/outcome.js';
import { MARK_ORIGINAL, type OutcomeRecord, type VerdictBatch } from '../verdict/verdict.js';
import type { PickedRows } from './columns.js';
import { type KeyMaker, OutcomeKeys } from './outcome-keys.js';
import { PickedPackets } from './picked-packets.js';
import type { ReplayContext } from './report.js';
import { ContextSides } from './side-texts.js';

export const EGRESS = 0;
export const INGRESS = 1;
export const FORWARD = 2;
/** By number. */
const DIRECTIONS: readonly Direction[] = ['egress', 'ingress', 'forward'];
/** Packets whose keys are looked for together, where they are asked for one by one. */
const TOGETHER = 32;

export class PacketRow implements KeyMaker, PickedRows {
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
  private readonly keys: OutcomeKeys;
  /** Packets whose keys were looked for. */
  private saidFrom = 0;
  private saidTo = 0;
  /** Packets of the batch that were picked, and how many. */
  picked = new Int32Array(BATCH_FRAMES);
  pickedCount = 0;
  /** Of the picked, what their rows say, their keys and their tunnels: asked for once a batch. */
  private fields: PickedPackets | null = null;
  private hasFields = false;
  private hasKeys = false;
  private tunnels: (OuterPacket | null)[] | null | undefined;
  private readonly sides = new ContextSides(DIRECTIONS.length);
  /** By direction and key. */
  private readonly outcomes: (OutcomeRecord | null)[][] = DIRECTIONS.map(() => [null]);
  private outerPacket: OuterPacket | null = null;
  private outerOf = -1;

  constructor(readonly context: ReplayContext) {
    this.keys = new OutcomeKeys(this);
  }

  batch(frames: FrameBatch, { rows }: PacketBatch, verdicts: VerdictBatch, first: number): void {
    this.frames = frames;
    this.rows = rows;
    this.verdicts = verdicts;
    this.first = first;
    this.saidTo = 0;
    this.keys.reserve(verdicts.count);
    if (this.picked.length < verdicts.count) this.picked = new Int32Array(verdicts.count);
    this.pickedCount = 0;
    this.hasFields = false;
    this.hasKeys = false;
    this.tunnels = undefined;
    this.at(0);
  }

  /** Packet i of the batch is picked: in order, before anything is asked of those that are. */
  pick(i: number): void {
    this.picked[this.pickedCount++] = i;
  }

  pickAll(): void {
    const { picked } = this;
    const { count } = this.verdicts;
    for (let i = 0; i < count; i++) picked[i] = i;
    this.pickedCount = count;
  }

  moveTo(k: number): void {
    this.at(this.picked[k]!);
  }

  /** Keys by the packet's place in the batch: of those that were picked. */
  pickedKeys(): OutcomeKeys {
    if (!this.hasKeys) this.findKeys();
    return this.keys;
  }

  /** At k for the k-th that was picked. */
  pickedFields(): PickedPackets {
    if (this.hasFields) return this.fields!;
    if (this.fields === null || this.fields.room < this.pickedCount)
      this.fields = new PickedPackets(this.picked.length);
    this.fields.gather(this.rows, this.picked, this.pickedCount);
    this.hasFields = true;
    return this.fields;
  }

  /** Of the picked; null where none came through a tunnel. */
  pickedTunnels(): readonly (OuterPacket | null)[] | null {
    if (this.tunnels !== undefined) return this.tunnels;
    const { picked, pickedCount } = this;
    const { isTunnelled } = this.pickedFields();
    this.tunnels = isTunnelled ? Array.from({ length: pickedCount }, (_, k) => this.tunnelOf(picked[k]!)) : null;
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
    const { i, keys } = this;
    if (i < this.saidFrom || i >= this.saidTo) this.findFrom(i);
    return direction === EGRESS ? keys.egress[i]! : direction === INGRESS ? keys.ingress[i]! : keys.forward[i]!;
  }

  /** One more than the decision's index, 0 where nothing was decided. */
  get decisionKey(): number {
    return Math.max(this.verdicts.decision[this.i]!, -1) + 1;
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

  /** What its decision's owners are indices of. */
  get owners(): readonly Owner[] {
    const decision = this.verdicts.decision[this.i]!;
    return (decision < 0 ? this.context : this.context.of(decision)).compiled.inventory.owners;
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

  makeKeys(i: number): void {
    const { ends, decisions } = this.context;
    const { verdicts } = this;
    const index = verdicts.decision[i]!;
    const by = this.context.of(index);
    const sides = this.sides.of(by);
    ends.find(index, this.rows, i * STRIDE, (verdicts.marks[i]! & MARK_ORIGINAL) !== 0);
    const { source, destination } = ends;
    const { egress, ingress, forward } = decisions[index]!;
    this.keys.learn(
      i,
      verdicts,
      sides.numberOf(EGRESS, egress, source, () => this.addOutcome(by, EGRESS, egress, source)),
      sides.numberOf(INGRESS, ingress, destination, () => this.addOutcome(by, INGRESS, ingress, destination)),
      sides.numberOf(FORWARD, forward, source, () => this.addOutcome(by, FORWARD, forward, source)),
    );
  }

  private addOutcome({ compiled }: ReplayContext, side: number, outcome: number, subject: number): number {
    const record = outcomeRecord(DIRECTIONS[side]!, outcome, subject, compiled.ruleset, compiled.inventory);
    if (record === null) return 0;
    return this.outcomes[side]!.push(record) - 1;
  }

  private tunnelOf(i: number): OuterPacket | null {
    this.at(i);
    return this.outer;
  }

  private findKeys(): void {
    const { picked, pickedCount, verdicts } = this;
    if (pickedCount === verdicts.count) this.keys.find(0, pickedCount, verdicts);
    else for (let k = 0; k < pickedCount; k++) this.keys.find(picked[k]!, picked[k]! + 1, verdicts);
    this.hasKeys = true;
  }

  /** Those behind this one are looked for together with it. */
  private findFrom(i: number): void {
    this.saidFrom = i;
    this.saidTo = Math.min(i + TOGETHER, this.verdicts.count);
    this.keys.find(i, this.saidTo, this.verdicts);
  }
}
