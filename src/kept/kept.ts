/**
 * A capture that was replayed once and is kept: what its judgements share.
 */
import type { CaptureError, CaptureInterface } from '../capture/frame.js';
import type { Compiled } from '../compile.js';
import type { ConntrackKind } from '../flow/kinds.js';
import type { TrackerCounters } from '../flow/tracker.js';
import type { ReplayOptions } from '../replay.js';
import type { Asked } from './asked.js';
import type { Packets } from './packets.js';
import type { Trace } from './trace.js';

/** As a replay's. */
export type KeepOptions = Omit<ReplayOptions, 'fastPath' | 'watch' | 'ends'>;
/** What is of one replay alone. */
export type Watching = Pick<KeepOptions, 'signal' | 'onProgress'>;

export interface Kept {
  readonly packets: Packets;
  /** null: other policies mean another replay (why-not.ts). */
  readonly traced: { readonly trace: Trace; readonly asked: Asked } | null;
  readonly options: Omit<KeepOptions, keyof Watching>;
  readonly conntrack: ConntrackKind;
  readonly inventory: Compiled['inventory'];
  /** What the capture's source said of itself in the end. */
  readonly source: { readonly interfaces: readonly CaptureInterface[]; readonly errors: readonly CaptureError[] };
  readonly stepsBack: number;
  readonly tracker: TrackerCounters;
  /** Somebody ended the replay early; what was read is kept. */
  readonly interrupted: boolean;
}

/** Bytes of typed arrays. */
export const bytesOf = ({ packets, traced }: Kept): number =>
  packets.bytes + (traced === null ? 0 : traced.trace.bytes + traced.asked.bytes);
