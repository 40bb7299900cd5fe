/**
 * Two judgements of one kept capture beside each other: what `policap diff` says of the capture (cold but for a look at each packet).
 *
 * In:  the judgements before and after.  Out: a Diff; and the connections whose verdict changes, as rows.
 */
import type { FrameBatch } from '../capture/frame.js';
import { createDiff, type Diff } from '../diff/connections.js';
import { STRIDE } from '../packet/row.js';
import type { ConnectionRow } from '../report/connection-columns.js';
import { MARK_FIRST, type VerdictBatch, verdictOf } from '../verdict/verdict.js';
import { BATCH, type Judgement, type Verdicts } from './judgement.js';
import type { Table } from './table.js';

export function compare(before: Judgement, after: Judgement): Diff {
  const sides = [before, after];
  const { mode, captures } = before.context;
  const diffing = createDiff(before.context.compiled, after.context.compiled, { mode, captures });
  sides.forEach(({ context }, side) => void diffing.reports[side]!.begin(context));
  const { header, headers, count } = before.packets;
  const packets = { ...EMPTY, rows: new Int32Array(BATCH * STRIDE) };
  for (let from = 0; from < count; from += BATCH) {
    const length = Math.min(BATCH, count - from);
    const [was, is] = [before, after].map(({ verdicts }) => batchFrom(verdicts, from, length)) as [
      VerdictBatch,
      VerdictBatch,
    ];
    // A change is described by the packet that opens its connection: no other row is looked at.
    for (let i = 0; i < length; i++) {
      if (was.code[i] !== is.code[i] && ((was.marks[i]! | is.marks[i]!) & MARK_FIRST) !== 0) {
        headers.write(header[from + i]!, packets.rows, i * STRIDE);
      }
    }
    void diffing.reports[0]!.batch(FRAMES, packets, was, from + 1);
    void diffing.reports[1]!.batch(FRAMES, packets, is, from + 1);
  }
  return diffing.result(sides.map(({ result }) => result.warnings));
}

const NONE = new Int32Array(0);
const NUMBERS = new Float64Array(0);
/** What createDiff() does not look at. */
const FRAMES: FrameBatch = {
  ...{ count: 0, bytes: new Uint8Array(0), offset: NONE, captured: NONE, original: NONE },
  ...{ seconds: NUMBERS, nanoseconds: NONE, interfaceIndex: NONE },
};
const EMPTY = { count: 0, duplicateOf: NUMBERS, mayHoldCopies: false, wireBytes: 0 };

function batchFrom({ code, decision, connection, marks }: Verdicts, from: number, count: number): VerdictBatch {
  const to = from + count;
  return {
    ...{ count, code: code.subarray(from, to), decision: decision.subarray(from, to), packet: NUMBERS },
    ...{ connection: connection.subarray(from, to), marks: marks.subarray(from, to) },
  };
}

/** Row numbers of the connections whose verdict differs. Both judgements are of one trace, so that their connections are the same. */
export function changedConnections(before: Table<ConnectionRow>, after: Table<ConnectionRow>): Uint32Array {
  const changed: number[] = [];
  for (let i = 0; i < before.count; i++) {
    if (verdictOf(before.moveTo(i).code) !== verdictOf(after.moveTo(i).code)) changed.push(i);
  }
  return Uint32Array.from(changed);
}
