/**
 * The packets of a judgement as rows: those that `replay` writes, one a packet (hot: a filter moves over all of them).
 *
 * In:  a judgement.  Out: a Table; row i is packet i + 1. A row stands in the header itself (headers.ts), nothing is copied; what
 * its outcomes say is looked up once a header and decision.
 */
import type { OuterPacket } from '../packet/outer.js';
import { PACKET_COLUMNS } from '../report/packet-columns.js';
import { PacketRow } from '../report/packet-row.js';
import { SideTexts } from '../report/side-texts.js';
import type { Direction } from '../rules/ruleset.js';
import { outcomeRecord } from '../verdict/outcome.js';
import { MARK_ORIGINAL, type OutcomeRecord } from '../verdict/verdict.js';
import { HEADER_WORDS } from './headers.js';
import type { Judgement } from './judgement.js';
import type { Packets } from './packets.js';
import type { Table } from './table.js';

const DIRECTIONS: readonly Direction[] = ['egress', 'ingress', 'forward'];
const SIDES = DIRECTIONS.length;

export function packetsOf(judgement: Judgement): Table<PacketRow> {
  const row = new KeptRow(judgement);
  return {
    columns: PACKET_COLUMNS,
    count: judgement.packets.count,
    moveTo(i) {
      row.at(i);
      return row;
    },
  };
}

/** A batch of all packets, whose rows are headers. */
class KeptRow extends PacketRow {
  private readonly header: Int32Array;
  private readonly kept: Packets;
  private readonly side: SideTexts;
  /** By direction and key, as sideKey() tells them. */
  private readonly records: (OutcomeRecord | null)[][] = DIRECTIONS.map(() => [null]);
  /** By header: what its keys are of (the decision + 1, and the direction), and a key a side. */
  private readonly sayer: Int32Array;
  private readonly numbers: Int32Array;

  constructor({ context, packets, verdicts }: Judgement) {
    super(context);
    const { count, seconds, nanoseconds, length, header, headers } = packets;
    this.kept = packets;
    this.header = header;
    this.side = new SideTexts(SIDES, context.compiled.inventory.owners.length);
    this.sayer = new Int32Array(headers.count);
    this.numbers = new Int32Array(headers.count * SIDES);
    const none = new Int32Array(0);
    const frames = { count, bytes: new Uint8Array(0), offset: none, captured: length, original: length };
    this.batch(
      { ...frames, seconds, nanoseconds, interfaceIndex: none },
      { count, rows: headers.words, duplicateOf: new Float64Array(0), mayHoldCopies: false, wireBytes: 0 },
      // Numbers of packets are whole: nobody asks how wide they are kept.
      { count, ...verdicts, packet: verdicts.packet as unknown as Float64Array },
      1,
    );
  }

  override at(i: number): void {
    this.i = i;
    this.number = i + 1;
    // Before its constructor is done, a row stands nowhere.
    this.base = this.header === undefined || this.header.length === 0 ? 0 : this.header[i]! * HEADER_WORDS;
  }

  override get decisionKey(): number {
    return this.verdicts.decision[this.i]! + 1;
  }

  override sideKey(direction: number): number {
    const decided = this.decisionKey;
    if (decided === 0) return 0;
    const header = this.header[this.i]!;
    const isOriginal = (this.marks & MARK_ORIGINAL) !== 0;
    const sayer = 2 * decided + (isOriginal ? 1 : 0);
    if (this.sayer[header] !== sayer) this.lookUp(header, decided - 1, isOriginal, sayer);
    return this.numbers[header * SIDES + direction]!;
  }

  override outcomeAt(direction: number, key: number): OutcomeRecord | null {
    return this.records[direction]![key]!;
  }

  /** The tunnel is kept; the bytes that tell it are not. */
  override get outer(): OuterPacket | null {
    return this.kept.outer(this.i);
  }

  private lookUp(header: number, decision: number, isOriginal: boolean, sayer: number): void {
    const { ends, decisions, compiled } = this.context;
    ends.find(decision, this.rows, this.base, isOriginal);
    const { source, destination } = ends;
    for (const [side, direction] of DIRECTIONS.entries()) {
      const subject = direction === 'ingress' ? destination : source;
      const outcome = decisions[decision]![direction];
      this.numbers[header * SIDES + side] = this.side.numberOf(side, outcome, subject, () => {
        const record = outcomeRecord(direction, outcome, subject, compiled.ruleset, compiled.inventory);
        return record === null ? 0 : this.records[side]!.push(record) - 1;
      });
    }
    this.sayer[header] = sayer;
  }
}
