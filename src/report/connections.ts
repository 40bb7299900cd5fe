/**
 * Connections as records (hot: called once a packet).
 *
 * In:  batches.  Out: a row a connection to a RowWriter, at the end, by number. No more than `limit` are kept at a time; where more
 * are open, that of one that had no packet for long is written at once. Packets of it that still come are a further record,
 * which says so. Copies on another interface are not counted.
 */
import type { FrameBatch } from '../capture/frame.js';
import { DPORT, DST, FAMILY, ICMP_CODE, ICMP_TYPE, PROTOCOL, SPORT, SRC } from '../packet/row.js';
import { addressWords } from '../packet/text.js';
import { hasPorts } from '../rules/protocols.js';
import { icmpRequestOf, isIcmpReply } from '../verdict/initiator.js';
import {
  MARK_DUPLICATE,
  MARK_FIRST,
  MARK_MIDSTREAM,
  MARK_ONE_WAY,
  MARK_ORIGINAL,
  verdictOf,
} from '../verdict/verdict.js';
import type { Expression } from '../where/expression.js';
import { CONNECTION_COLUMNS, ConnectionRow, MARK_CONTINUED } from './connection-columns.js';
import { ConnectionTable } from './connection-table.js';
import { isIcmp, transportKnown } from './fields.js';
import { ownerAddress } from './owners.js';
import { EGRESS, FORWARD, INGRESS, PacketRow } from './packet-row.js';
import { type RowWriter, rowTest } from './records.js';
import type { ReplayContext, Report } from './report.js';

/** As many as the connection table holds by default. */
export const MOST_RECORDS = 1 << 20;

export function createConnectionRecords(
  writer: RowWriter<ConnectionRow>,
  where: Expression | null,
  limit = MOST_RECORDS,
): Report {
  const wanted = where === null ? null : rowTest(where, CONNECTION_COLUMNS);
  let counting: Connections;
  let row: ConnectionRow;
  const write = (slot: number): void => {
    row.slot = slot;
    if (wanted === null || wanted(row)) writer.row(row);
  };
  return {
    begin(context) {
      counting = new Connections(context, limit, write);
      row = new ConnectionRow(context, counting.table, counting.packet);
      writer.begin(context);
    },
    batch(frames, packets, verdicts, first) {
      const { packet } = counting;
      packet.batch(frames, packets, verdicts, first);
      const { connection, marks, count } = verdicts;
      for (let i = 0; i < count; i++) {
        if (connection[i] === 0 || (marks[i]! & MARK_DUPLICATE) !== 0) continue;
        packet.at(i);
        counting.count(frames, connection[i]!, i);
      }
    },
    end() {
      counting.table.ordered().forEach(write);
      writer.end();
    },
  };
}

class Connections {
  readonly table: ConnectionTable;
  readonly packet: PacketRow;
  /** Some record was written before the end. */
  private isBeyond = false;

  constructor(
    private readonly context: ReplayContext,
    limit: number,
    private readonly write: (slot: number) => void,
  ) {
    this.table = new ConnectionTable(limit);
    this.packet = new PacketRow(context);
  }

  /** Counts packet i of the batch, where `packet` stands. */
  count({ seconds, nanoseconds, original }: FrameBatch, number: number, i: number): void {
    const { table, packet } = this;
    const { marks } = packet;
    let slot = table.find(number);
    if (slot < 0 || (marks & MARK_FIRST) !== 0) {
      if (slot < 0) {
        slot = this.newSlot(number);
        table.seconds[2 * slot] = seconds[i]!;
        table.nanoseconds[2 * slot] = nanoseconds[i]!;
        table.firstPacket[slot] = packet.number;
        if (this.isBeyond && (marks & MARK_FIRST) === 0) table.marks[slot] = MARK_CONTINUED;
      }
      this.describe(slot);
    }
    table.touch(slot);
    table.marks[slot] = table.marks[slot]! | (marks & (MARK_MIDSTREAM | MARK_ONE_WAY));
    table.seconds[2 * slot + 1] = seconds[i]!;
    table.nanoseconds[2 * slot + 1] = nanoseconds[i]!;
    const end = 2 * slot + ((marks & MARK_ORIGINAL) !== 0 ? 0 : 1);
    table.packets[end] = table.packets[end]! + 1;
    table.bytes[end] = table.bytes[end]! + original[i]!;
    if (verdictOf(packet.code) === 'dropped') table.dropped[slot] = table.dropped[slot]! + 1;
  }

  private newSlot(number: number): number {
    const { table } = this;
    if (table.used < table.limit) return table.add(number);
    this.isBeyond = true;
    const slot = table.idle();
    this.write(slot);
    table.replace(slot, number);
    return slot;
  }

  /** @cold What the packet that opens a connection says of it. */
  private describe(slot: number): void {
    const { table, packet, context } = this;
    const { rows, base, marks, decision } = packet;
    const isFromInitiator = (marks & MARK_ORIGINAL) !== 0;
    const isFirst = (marks & MARK_FIRST) !== 0;
    table.code[slot] = isFirst || decision === null ? packet.code : decision.code;
    table.decision[slot] = packet.decisionKey - 1;
    table.refusedAt[slot] = isFirst ? packet.number : packet.verdicts.packet[packet.i]!;
    for (const side of [EGRESS, INGRESS, FORWARD]) table.sides[3 * slot + side] = packet.sideKey(side);
    const family = rows[base + FAMILY]!;
    table.family[slot] = family;
    table.protocol[slot] = family === 0 ? -1 : rows[base + PROTOCOL]!;
    const [from, to] = isFromInitiator ? [base + SRC, base + DST] : [base + DST, base + SRC];
    table.words.set(rows.subarray(from, from + 4), 8 * slot);
    table.words.set(rows.subarray(to, to + 4), 8 * slot + 4);
    this.transport(slot, isFromInitiator);
    table.owners.fill(-1, 2 * slot, 2 * slot + 2);
    if (decision === null) return;
    const { ends, compiled } = context;
    ends.find(packet.decisionKey - 1, rows, base, isFromInitiator);
    table.owners[2 * slot] = ends.source;
    table.owners[2 * slot + 1] = ends.destination;
    // Behind a service stands who was judged.
    if (decision.port >= 0) table.transport[2 * slot + 1] = decision.port;
    if (decision.service < 0 || decision.backends !== null || ends.destination < 0) return;
    const address = ownerAddress(compiled.inventory.owners[ends.destination]!, family);
    if (address !== null) table.words.set(addressWords(address)!.words, 8 * slot + 4);
  }

  private transport(slot: number, isFromInitiator: boolean): void {
    const { table, packet } = this;
    const { rows, base } = packet;
    const at = 2 * slot;
    table.transport.fill(-1, at, at + 2);
    const protocol = table.protocol[slot]!;
    const family = table.family[slot]!;
    if (family === 0 || !transportKnown(rows, base)) return;
    if (hasPorts(protocol)) {
      table.transport[at] = rows[base + (isFromInitiator ? SPORT : DPORT)]!;
      table.transport[at + 1] = rows[base + (isFromInitiator ? DPORT : SPORT)]!;
    } else if (isIcmp(protocol)) {
      const type = rows[base + ICMP_TYPE]!;
      table.transport[at] = isIcmpReply(family, type) ? icmpRequestOf(family, type) : type;
      table.transport[at + 1] = rows[base + ICMP_CODE]!;
    }
  }
}
