/**
 * A capture replayed in dataplane mode, kept packet by packet for the comparison with the kernel.
 *
 * In:  a FrameSource and what was compiled.  Out: a CollectedPacket a packet: what is put on the wire, policap's verdict,
 * the rules that should have decided, and the entry that its connection table holds behind the packet.
 */
import type { FrameSource } from '../../src/capture/frame.js';
import type { Compiled } from '../../src/compile.js';
import { createTracker } from '../../src/flow/conntrack.js';
import { FATE_PASSES, FATE_WHOLE, Reassembly } from '../../src/flow/reassembly.js';
import { TRACK_INVALID, TRACK_NEW } from '../../src/flow/tracker.js';
import { STATUS, STATUS_OK, STRIDE } from '../../src/packet/row.js';
import { type ReplayOptions, replay } from '../../src/replay.js';
import type { Report } from '../../src/report/report.js';
import { reasonOf, verdictOf } from '../../src/verdict/verdict.js';
import { deciding } from './deciding.js';
import type { KernelEntry } from './kernel.js';
import { isFragment, wirePacket } from './wire.js';

export interface CollectedPacket {
  /** From 1, as Wireshark counts. */
  readonly number: number;
  readonly time: bigint;
  /** null: left out, and why. */
  readonly bytes: Uint8Array | null;
  readonly leftOut: string | null;
  readonly verdict: 'allowed' | 'dropped' | 'undecided';
  readonly reason: string;
  /** A fragment: the entry is told with the last one of its datagram. */
  readonly fragment: boolean;
  /** Connection tracking calls it invalid, whatever became of it. */
  readonly invalid: boolean;
  /** Comments of the rules that decide, as the kernel must name them. */
  readonly rule: string;
  readonly entry: KernelEntry | null;
}

export type CollectOptions = Pick<
  ReplayOptions,
  'maxConnections' | 'timeouts' | 'liberal' | 'loose' | 'verifyChecksums' | 'tunnels' | 'kernel'
> & {
  /** Packets kept; the rest of the capture is not read. */
  readonly first?: number;
};

export async function collect(
  source: FrameSource,
  compiled: Compiled,
  options: CollectOptions = {},
): Promise<CollectedPacket[]> {
  const { first = Number.POSITIVE_INFINITY, ...others } = options;
  const settings = { maxConnections: CONNECTIONS, ...others };
  const enough = new AbortController();
  const recorder = createCollector(compiled, settings);
  const onProgress = (packets: number): void => {
    if (packets >= first) enough.abort();
  };
  const how = {
    ...settings,
    captures: [],
    mode: 'dataplane',
    duplicates: false,
    onProgress,
    signal: enough.signal,
  } as const;
  await replay(source, compiled, how, [recorder]);
  return recorder.packets.slice(0, first);
}

/** More than any shipped capture holds. */
const CONNECTIONS = 1 << 16;

function createCollector(
  compiled: Compiled,
  options: CollectOptions,
): Report & { readonly packets: CollectedPacket[] } {
  const packets: CollectedPacket[] = [];
  // A second table beside the replay's own, which reports cannot see: asked the same, in the same order.
  const tracker = createTracker(options);
  const reassembly = new Reassembly(options);
  let decisions: Parameters<Report['begin']>[0]['decisions'] = [];
  let invalid = false;
  let start = Number.NaN;
  let now = 0;

  function entryOf(rows: Int32Array, base: number, bytes: Uint8Array, dropped: boolean): KernelEntry | null {
    if (rows[base + STATUS] !== STATUS_OK) return null;
    const code = tracker.track(rows, base, bytes, Math.floor(now / 1e6));
    invalid = code === TRACK_INVALID;
    if (code === TRACK_NEW && dropped) tracker.discard();
    else if (code === TRACK_NEW) tracker.confirm();
    if (tracker.slot < 0 || (code === TRACK_NEW && dropped)) return null;
    const { state, timeoutLeft, replied, assured } = tracker.describe(tracker.slot);
    // An entry that the packet ended is there no more.
    return timeoutLeft <= 0 && code !== TRACK_INVALID ? null : { state, left: timeoutLeft / 1000, replied, assured };
  }

  /** The entry behind a fragment; undefined where its datagram is not whole. */
  function entryOfFragment(rows: Int32Array, base: number, bytes: Uint8Array, number: number, dropped: boolean) {
    const fate = reassembly.add(rows, base, bytes, now, number);
    if (fate !== FATE_WHOLE && fate !== FATE_PASSES) return undefined;
    return entryOf(reassembly.rows, 0, reassembly.bytes, dropped);
  }

  return {
    packets,
    begin(context) {
      decisions = context.decisions;
    },
    batch(frames, { rows }, verdicts, first) {
      for (let i = 0; i < verdicts.count; i++) {
        const base = i * STRIDE;
        if (Number.isNaN(start)) start = frames.seconds[i]!;
        now = Math.max(now, (frames.seconds[i]! - start) * 1e9 + frames.nanoseconds[i]!);
        const verdict = verdictOf(verdicts.code[i]!);
        const reason = reasonOf(verdicts.code[i]!);
        const decision = verdicts.decision[i]! < 0 ? null : decisions[verdicts.decision[i]!]!;
        const wire = wirePacket(rows, base, frames.bytes);
        invalid = false;
        reassembly.expire(now);
        const entry = isFragment(rows, base)
          ? entryOfFragment(rows, base, frames.bytes, first + i, verdict === 'dropped')
          : entryOf(rows, base, frames.bytes, verdict === 'dropped');
        packets.push({
          number: first + i,
          time: BigInt(frames.seconds[i]!) * 1_000_000_000n + BigInt(frames.nanoseconds[i]!),
          bytes: typeof wire === 'string' ? null : wire,
          leftOut: typeof wire === 'string' ? wire : null,
          verdict,
          reason,
          fragment: entry === undefined,
          invalid,
          rule: deciding(reason, decision, rows, base, compiled.ruleset),
          entry: entry ?? null,
        });
      }
    },
    end() {},
  };
}
