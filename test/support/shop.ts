/**
 * A shipped capture replayed into one report.
 */
import { readFileSync } from 'node:fs';
import { type Compiled, compile } from '../../src/compile.js';
import { readDocuments } from '../../src/documents/read.js';
import { openCaptures } from '../../src/node/captures.js';
import { replay } from '../../src/replay.js';
import type { Report } from '../../src/report/report.js';

/** The shop's cluster and policies. */
export function compiledShop(): Compiled {
  const paths = ['pcaps/shop/policies/data.yaml', 'pcaps/shop/policies/shop.yaml', 'pcaps/shop/cluster.yaml'];
  const { compiled } = compile(paths.flatMap(path => readDocuments(readFileSync(path, 'utf8'), path).documents));
  if (compiled === null) throw new Error('the shop does not compile');
  return compiled;
}

export async function replayCapture(compiled: Compiled, capture: string, report: Report): Promise<void> {
  const source = (await openCaptures([capture]))!;
  try {
    await replay(source, compiled, { captures: [capture] }, [report]);
  } finally {
    source.close();
  }
}
