/**
 * Keeping a capture: replayed once, then judged by other policies again and again.
 *
 * In:  the capture, compiled policies, how many packets are kept at most.  Out: a Kept and the policies' own Judgement; of a longer
 * capture an Overview alone, which knows connections and totals but no packets.
 */
import type { FrameSource } from '../capture/frame.js';
import { replayTogether } from '../compare.js';
import type { Compiled } from '../compile.js';
import { replay } from '../replay.js';
import { conntrackOf } from '../replay-memory.js';
import { judgeAgain } from './judge.js';
import type { Judgement } from './judgement.js';
import type { KeepOptions, Kept, Watching } from './kept.js';
import { createOverviewReport, type Overview } from './overview.js';
import { Packets } from './packets.js';
import { Replayed } from './replayed.js';
import { createTracing } from './tracing.js';
import { whyNoQuestions, whyNoTrace, whyNot } from './why-not.js';

/** Opens the capture from its beginning. */
export type Open = () => FrameSource | Promise<FrameSource>;

export type Keeping =
  | { readonly kept: Kept; readonly judgement: Judgement }
  /** It has more packets than are kept. */
  | { readonly kept: null; readonly overview: Overview };

export async function keep(
  open: Open,
  compiled: Compiled,
  { mostPackets, ...options }: KeepOptions & { readonly mostPackets: number },
): Promise<Keeping> {
  const conntrack = conntrackOf(options, compiled);
  const packets = new Packets();
  const stop = new AbortController();
  const signal = either(stop.signal, options.signal);
  const beyond = () => stop.abort();
  const isTraced = whyNoTrace(options, conntrack) === null;
  const tracing = isTraced ? createTracing(compiled, packets, mostPackets, beyond) : null;
  // What cannot be judged from the trace is replayed beside it.
  const isReplayed = !isTraced || whyNoQuestions(compiled) !== null;
  const replayed = isReplayed ? new Replayed(isTraced ? null : packets, mostPackets, beyond) : null;
  const source = await open();
  const { outcomes, errors, interrupted } = await replayTogether(
    source,
    [...(tracing?.compiled ?? []), ...(replayed === null ? [] : [compiled])],
    { ...options, signal },
    [...(tracing?.reports ?? []), ...(replayed === null ? [] : [replayed])],
    tracing?.ends,
  ).finally(() => source.close());
  if (stop.signal.aborted) {
    return { kept: null, overview: await replayOverview(await open(), compiled, options) };
  }
  // Who was interrupted may have judged a batch less than the others.
  const count = Math.min(packets.count, replayed?.count ?? packets.count);
  packets.trim(count);
  const { signal: _, onProgress: __, ...settings } = options;
  const kept: Kept = {
    packets,
    traced: tracing?.traced(count) ?? null,
    ...{ options: settings, conntrack, inventory: compiled.inventory, interrupted },
    source: { interfaces: source.interfaces, errors },
    stepsBack: source.stepsBack,
    tracker: outcomes[0]!.tracker,
  };
  return { kept, judgement: replayed?.judgement(packets) ?? judgeAgain(kept, compiled) };
}

/** The fast way where it is the same as the slow way, else the slow one, from the capture's beginning. */
export async function judge(kept: Kept, open: Open, compiled: Compiled, watching: Watching = {}): Promise<Judgement> {
  if (whyNot(kept, compiled) === null) return judgeAgain(kept, compiled);
  const stop = new AbortController();
  const replayed = new Replayed(null, kept.packets.count, () => stop.abort());
  const source = await open();
  try {
    await replay(source, compiled, { ...kept.options, ...watching, signal: either(stop.signal, watching.signal) }, [
      replayed,
    ]);
  } finally {
    source.close();
  }
  return replayed.judgement(kept.packets);
}

const either = (own: AbortSignal, given: AbortSignal | undefined): AbortSignal =>
  given === undefined ? own : AbortSignal.any([given, own]);

/** Of a capture of any length. Closes the source. */
export async function replayOverview(source: FrameSource, compiled: Compiled, options: KeepOptions): Promise<Overview> {
  const report = createOverviewReport();
  try {
    await replay(source, compiled, options, [report]);
  } finally {
    source.close();
  }
  return report.overview();
}
