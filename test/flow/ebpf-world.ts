/** A little world that plays packets into an eBPF table, as rows.ts has one for Linux's. */
import { createEbpfTracker, type EbpfTracker } from '../../src/flow/ebpf.js';
import type { EbpfKind } from '../../src/flow/kinds.js';
import { TRACK_NEW, type TrackerOptions, tagPlace } from '../../src/flow/tracker.js';
import { type Described, packetOf } from './ebpf-packets.js';
import { answerOf, type Packet } from './rows.js';

export class EbpfWorld {
  readonly tracker: EbpfTracker;
  /** Slot of the last packet that had one. */
  slot = -1;
  private milliseconds = 0;

  constructor(kind: EbpfKind, options: TrackerOptions = {}) {
    this.tracker = createEbpfTracker(kind, { maxConnections: 64, ...options });
  }

  wait(seconds: number): this {
    this.milliseconds += Math.round(seconds * 1000);
    return this;
  }

  play(packet: Described, keep = true): string {
    return this.playRow(packetOf(packet), keep);
  }

  /** A first packet, refused and kept as in what-if mode. */
  refuse(packet: Described): void {
    const { rows, bytes } = packetOf(packet);
    if (this.tracker.track(rows, 0, bytes, this.milliseconds) !== TRACK_NEW) throw new Error('not new');
    this.slot = this.tracker.confirm(true);
  }

  /** A new connection is kept unless `keep` is false. */
  playRow({ rows, bytes }: Packet, keep = true): string {
    const { tracker } = this;
    const code = tracker.track(rows, 0, bytes, this.milliseconds);
    const answer = answerOf(tracker, code);
    if (code !== TRACK_NEW) this.slot = tracker.slot >= 0 ? tracker.slot : this.slot;
    else if (keep) this.slot = tracker.confirm();
    else tracker.discard();
    return answer;
  }

  /** Seconds that the last connection has left. */
  get left(): number {
    return this.tracker.timeLeft(this.slot) / 1000;
  }
  get live(): number {
    return this.tracker.counters().live;
  }
  get created(): number {
    return this.tracker.counters().created;
  }
  get expired(): number {
    return this.tracker.counters().expired;
  }
  get evicted(): number {
    return this.tracker.counters().earlyEvictions;
  }
  tagAt(slot: number): number {
    return tagPlace(slot);
  }
}
