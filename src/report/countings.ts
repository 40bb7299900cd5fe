/**
 * Counters for whichever report asks (cold): the first one gets those that the fast path counts in.
 *
 * In:  what is judged by, the prepared counters, the fast path, and who counts beside this thread.  Out:
 * ReplayContext.newCounting.
 */
import type { Compiled } from '../compile.js';
import type { FastPath } from '../memory/fast-path.js';
import { Counters } from './counters.js';
import type { Counting, LaterCounting } from './report.js';

export function createCountings(
  { classifier, inventory }: Pick<Compiled, 'classifier' | 'inventory'>,
  prepared: Counters,
  fastPath: FastPath | null,
  later: LaterCounting | null = null,
): (conversations: number) => Counting {
  let isTaken = false;
  return conversations => {
    if (isTaken || conversations !== prepared.conversations) {
      const counters = new Counters(classifier, inventory.owners.length, conversations, prepared.places);
      return { counters, count: counters.count.bind(counters) };
    }
    isTaken = true;
    const plain = prepared.count.bind(prepared);
    if (fastPath === null) return { counters: prepared, count: plain };
    const fast = fastPath.entry<Counters['count']>('Counters_count');
    return {
      counters: prepared,
      later,
      // Batches that were held back are copies in other memory.
      count: (from, to, rows, code, decision, connection, marks) =>
        (code.buffer === fastPath.buffer && rows.buffer === fastPath.buffer ? fast : plain)(
          from,
          to,
          rows,
          code,
          decision,
          connection,
          marks,
        ),
    };
  };
}
