/**
 * Two judgements of one kept capture beside each other: what `policap diff` says of the capture (cold but for a look at each packet).
 *
 * In:  the judgements before and after.  Out: a Diff; and the connections whose verdict changes, as rows.
 */

import { createDiff, type Diff } from '../diff/connections.js';
import type { ConnectionRow } from '../report/connection-columns.js';
import { verdictOf } from '../verdict/verdict.js';
import { batchesOf, type Judgement } from './judgement.js';
import type { Table } from './table.js';

export function compare(before: Judgement, after: Judgement): Diff {
  const sides = [before, after];
  const { mode, captures } = before.context;
  const diffing = createDiff(before.context.compiled, after.context.compiled, { mode, captures });
  sides.forEach(({ context }, side) => void diffing.reports[side]!.begin(context));
  const others = batchesOf(after);
  for (const { frames, packets, verdicts, first } of batchesOf(before)) {
    void diffing.reports[0]!.batch(frames, packets, verdicts, first);
    const other = others.next().value!;
    void diffing.reports[1]!.batch(other.frames, other.packets, other.verdicts, first);
  }
  return diffing.result(sides.map(({ result }) => result.warnings));
}

/** Row numbers of the connections whose verdict differs. Both judgements are of one trace, so that their connections are the same. */
export function changedConnections(before: Table<ConnectionRow>, after: Table<ConnectionRow>): Uint32Array {
  const changed: number[] = [];
  for (let i = 0; i < before.count; i++) {
    if (verdictOf(before.moveTo(i).code) !== verdictOf(after.moveTo(i).code)) changed.push(i);
  }
  return Uint32Array.from(changed);
}
