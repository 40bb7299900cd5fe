/**
 * Verdicts in capture order, though some come late: a fragment's is known when its datagram is whole, or never will be.
 *
 * In:  judged batches, and who knows which packets still wait (verdict/datagrams.ts).  Out: every batch to every report, complete.
 * A batch without a packet that waits is handed through as it is, if no earlier one is held. Else it is copied and held
 * until the last of its verdicts has come; no more than MOST_BYTES are held: beyond, the oldest packets that wait become
 * `undecided: fragment`.
 */
import type { FrameBatch } from '../capture/frame.js';
import { type PacketBatch, STRIDE } from '../packet/row.js';
import { type Datagrams, writeLate } from '../verdict/datagrams.js';
import type { VerdictBatch } from '../verdict/verdict.js';
import type { Report } from './report.js';

export interface InOrder {
  batch(frames: FrameBatch, packets: PacketBatch, verdicts: VerdictBatch, first: number): Promise<void> | void;
  /** At the capture's end: what waits will not become whole. */
  end(): Promise<void>;
}

interface Held {
  readonly frames: FrameBatch;
  readonly packets: PacketBatch;
  readonly verdicts: VerdictBatch;
  readonly first: number;
  readonly bytes: number;
}

export const MOST_BYTES = 64 << 20;

type Waiting = Pick<Datagrams, 'waiting' | 'takeLate' | 'release'>;

/** @param datagrams null where no verdict comes late */
export function createInOrder(reports: readonly Report[], datagrams: Waiting | null, mostBytes = MOST_BYTES): InOrder {
  const queue: Held[] = [];
  let bytes = 0;

  function settle(): void {
    for (const late of datagrams!.takeLate()) {
      const held = queue.findLast(({ first }) => first <= late.number);
      if (held === undefined) throw new Error(`packet ${late.number} was reported before its verdict`);
      writeLate(late, held.verdicts, late.number - held.first);
    }
  }

  async function report({ frames, packets, verdicts, first }: Omit<Held, 'bytes'>): Promise<void> {
    for (const each of reports) await each.batch(frames, packets, verdicts, first);
  }

  async function handOn(): Promise<void> {
    const waiting = datagrams!.waiting();
    while (queue.length > 0 && queue[0]!.first + queue[0]!.frames.count <= waiting) {
      const held = queue.shift()!;
      bytes -= held.bytes;
      await report(held);
    }
  }

  async function hold(held: Held): Promise<void> {
    queue.push(held);
    bytes += held.bytes;
    settle();
    while (bytes > mostBytes) {
      datagrams!.release(queue[0]!.first + queue[0]!.frames.count - 1);
      settle();
      await handOn();
    }
    await handOn();
  }

  return {
    batch(frames, packets, verdicts, first) {
      const batch = { frames, packets, verdicts, first };
      const isComplete = datagrams === null || datagrams.waiting() === Number.POSITIVE_INFINITY;
      if (queue.length === 0 && isComplete) return report(batch);
      return hold(copyOf(batch));
    },
    async end() {
      if (datagrams === null) return;
      datagrams.release(Number.POSITIVE_INFINITY);
      settle();
      await handOn();
    },
  };
}

function copyOf({ frames, packets, verdicts, first }: Omit<Held, 'bytes'>): Held {
  const { count } = frames;
  let end = 0;
  for (let i = 0; i < count; i++) end = Math.max(end, frames.offset[i]! + frames.captured[i]!);
  return {
    frames: {
      count,
      bytes: frames.bytes.slice(0, end),
      offset: frames.offset.slice(0, count),
      captured: frames.captured.slice(0, count),
      original: frames.original.slice(0, count),
      seconds: frames.seconds.slice(0, count),
      nanoseconds: frames.nanoseconds.slice(0, count),
      interfaceIndex: frames.interfaceIndex.slice(0, count),
    },
    packets: {
      count,
      rows: packets.rows.slice(0, count * STRIDE),
      duplicateOf: packets.duplicateOf.slice(0, count),
      mayHoldCopies: packets.mayHoldCopies,
      wireBytes: packets.wireBytes,
    },
    verdicts: {
      count,
      code: verdicts.code.slice(0, count),
      decision: verdicts.decision.slice(0, count),
      connection: verdicts.connection.slice(0, count),
      packet: verdicts.packet.slice(0, count),
      marks: verdicts.marks.slice(0, count),
    },
    first,
    bytes: end + count * (STRIDE * 4 + 64),
  };
}
