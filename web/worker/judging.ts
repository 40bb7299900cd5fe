/**
 * A capture under two sets of policies, again and again: kept once, then judged by its questions where that is the same thing
 * (src/kept/why-not.ts), else replayed.
 *
 * In:  what is open, what of it is kept already, and both sides compiled.  Out: a Diff, as `policap diff` says it; null where it was
 * overtaken. One a workspace.
 */
import type { FrameSource } from '../../src/capture/frame.js';
import type { Owner } from '../../src/cluster/inventory.js';
import type { Compiled } from '../../src/compile.js';
import type { Diff } from '../../src/diff/connections.js';
import { diffReplays } from '../../src/diff/replay.js';
import { compare } from '../../src/kept/compare.js';
import type { Judgement } from '../../src/kept/judgement.js';
import { judge, type Keeping, keep } from '../../src/kept/keep.js';
import type { Kept } from '../../src/kept/kept.js';
import { whyNot } from '../../src/kept/why-not.js';
import type { Workspace } from './protocol.js';
import { openCaptures } from './sources.js';

/** Packets that are kept; some 40 bytes each. A longer capture is replayed each time. */
export const MOST_PACKETS = 10_000_000;

export const replayOptions = ({ captures, options: { profile: _, staged: __, ...options } }: Workspace) => ({
  ...options,
  captures: captures.map(({ name }) => name),
});

export type DiffOf = (before: Compiled, after: Compiled, signal: AbortSignal) => Promise<Diff | null>;

/** @param known what open() has kept; null where it could not judge */
export function createDiffOf(workspace: Workspace, known: Keeping | null): DiffOf {
  const options = replayOptions(workspace);
  const open = (): Promise<FrameSource> => openCaptures(workspace.captures);
  let keeping = known;
  /** The last judgement of the documents before. */
  let first: { readonly compiled: Compiled; readonly judgement: Judgement } | null = null;
  /** By a cluster's owners, the capture as kept with them: another compiler's cluster is compared once. */
  const keptWith = new WeakMap<readonly Owner[], Kept>();

  async function judgedBy(kept: Kept, compiled: Compiled, signal: AbortSignal): Promise<Judgement> {
    const { inventory } = compiled;
    let own = keptWith.get(inventory.owners);
    if (own === undefined && whyNot(kept, compiled) === null) {
      own = { ...kept, inventory };
      keptWith.set(inventory.owners, own);
    }
    return judge(own ?? kept, open, compiled, { signal });
  }

  return async (before, after, signal) => {
    // To its end, whatever is typed meanwhile: the next question needs it, too.
    keeping ??= await keep(open, before, { ...options, mostPackets: MOST_PACKETS });
    const { kept } = keeping;
    if (kept === null) return replayed(open, before, after, { ...options, signal });
    if (first?.compiled !== before) {
      const judgement = await judgedBy(kept, before, signal);
      if (signal.aborted) return null;
      first = { compiled: before, judgement };
    }
    const second = await judgedBy(kept, after, signal);
    return signal.aborted ? null : compare(first.judgement, second);
  };
}

async function replayed(
  open: () => Promise<FrameSource>,
  before: Compiled,
  after: Compiled,
  options: Parameters<typeof diffReplays>[3],
): Promise<Diff | null> {
  const source = await open();
  try {
    const { diff, interrupted } = await diffReplays(source, before, after, options);
    return interrupted ? null : diff;
  } finally {
    source.close();
  }
}
