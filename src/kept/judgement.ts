/**
 * A judgement: what one set of policies says of a kept capture, packet by packet, as a replay would report it.
 *
 * In:  the kept packets and their verdicts.  Out: the same batches that a replay gives to its reports, without the packets' bytes:
 * whatever a report makes of a replay, it makes of a judgement.
 */
import { BATCH_FRAMES, type FrameBatch } from '../capture/frame.js';
import { type PacketBatch, STRIDE } from '../packet/row.js';
import type { ReplayContext, ReplayResult } from '../report/report.js';
import type { VerdictBatch } from '../verdict/verdict.js';
import type { Packets } from './packets.js';
import type { Trace } from './trace.js';

/** By packet number - 1: see VerdictBatch. */
export interface Verdicts {
  readonly code: Uint8Array;
  readonly decision: Int32Array;
  readonly connection: Int32Array;
  readonly packet: Uint32Array;
  readonly marks: Uint8Array;
}

export interface Judgement {
  readonly context: ReplayContext;
  readonly packets: Packets;
  readonly verdicts: Verdicts;
  readonly result: ReplayResult;
  /** What it was judged from; null where it is a replay's. */
  readonly trace: Trace | null;
}

export interface Batch {
  readonly frames: FrameBatch;
  readonly packets: PacketBatch;
  readonly verdicts: VerdictBatch;
  /** The number of its first packet. */
  readonly first: number;
}

/** Packets a batch, but the last. */
export const BATCH = BATCH_FRAMES;

/** What batches are made of. */
export interface Columns {
  readonly packets: Pick<Packets, 'count' | 'seconds' | 'nanoseconds' | 'length' | 'header' | 'headers' | 'interfaces'>;
  readonly verdicts: Verdicts;
}

/** The batch from a packet's index on; valid until the next one is asked for. */
export function createBatches({ packets, verdicts }: Columns): (from: number) => Batch {
  const rows = new Int32Array(BATCH * STRIDE);
  const packet = new Float64Array(BATCH);
  const none = new Int32Array(BATCH);
  const nothing = new Uint8Array(0);
  const duplicateOf = new Float64Array(BATCH);
  const { seconds, nanoseconds, length, header, headers, interfaces } = packets;
  return from => {
    const to = Math.min(packets.count, from + BATCH);
    const count = to - from;
    let wireBytes = 0;
    for (let i = 0; i < count; i++) {
      headers.write(header[from + i]!, rows, i * STRIDE);
      packet[i] = verdicts.packet[from + i]!;
      wireBytes += length[from + i]!;
    }
    const original = length.subarray(from, to);
    return {
      frames: {
        count,
        bytes: nothing,
        offset: none,
        captured: original,
        original,
        seconds: seconds.subarray(from, to),
        nanoseconds: nanoseconds.subarray(from, to),
        interfaceIndex: interfaces === null ? none : interfaces.subarray(from, to),
      },
      packets: { count, rows, duplicateOf, mayHoldCopies: false, wireBytes },
      verdicts: {
        count,
        code: verdicts.code.subarray(from, to),
        decision: verdicts.decision.subarray(from, to),
        connection: verdicts.connection.subarray(from, to),
        packet,
        marks: verdicts.marks.subarray(from, to),
      },
      first: from + 1,
    };
  };
}

/** All batches, in order. */
export function* batchesOf(columns: Columns): Generator<Batch> {
  const batchAt = createBatches(columns);
  for (let from = 0; from < columns.packets.count; from += BATCH) yield batchAt(from);
}

/** Some packets alone, one behind the other. @param numbers theirs, from 1 */
export function pickedOf({ packets, verdicts }: Columns, numbers: Uint32Array): Columns {
  const { seconds, nanoseconds, length, header, headers, interfaces } = packets;
  const { code, decision, connection, packet, marks } = verdicts;
  return {
    packets: {
      count: numbers.length,
      seconds: picked(seconds, numbers),
      nanoseconds: picked(nanoseconds, numbers),
      length: picked(length, numbers),
      header: picked(header, numbers),
      headers,
      interfaces: interfaces === null ? null : picked(interfaces, numbers),
    },
    verdicts: {
      code: picked(code, numbers),
      decision: picked(decision, numbers),
      connection: picked(connection, numbers),
      packet: picked(packet, numbers),
      marks: picked(marks, numbers),
    },
  };
}

function picked<T extends Int32Array | Uint32Array | Uint8Array | Float64Array>(column: T, numbers: Uint32Array): T {
  const Made = column.constructor as new (length: number) => T;
  const its = new Made(numbers.length);
  for (let k = 0; k < numbers.length; k++) its[k] = column[numbers[k]! - 1]!;
  return its;
}
