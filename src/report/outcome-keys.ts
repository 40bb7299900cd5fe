/**
 * Keys of what is said of the sides of a batch's packets (hot): by direction, 0 where a side says nothing.
 *
 * In:  verdicts, some packets at a time.  Out: `sides`, a word a packet of the batch, valid where find() was asked.
 * They hang on the connection and its decision, whatever the code: who else shows other ends (an ICMP error) has a decision
 * of its own that names them. Connections met not long ago are remembered, direct-mapped, four words each: with fewer
 * bytes more of them stay in the cache. Keys of plain rules stand apart, since most replays have none.
 */
import type { VerdictBatch } from '../verdict/verdict.js';

/** Connections that are remembered, a power of two; words of each: itself, decision, keys of egress and ingress. */
const RECENT = 1 << 18;
const RECENT_WORDS = 4;
const NO_WORDS = new Int32Array(0);

export interface KeyMaker {
  /** @cold The keys of packet i of the batch, which has a decision, to learn(). */
  makeKeys(i: number): void;
}

export class OutcomeKeys {
  egress = NO_WORDS;
  ingress = NO_WORDS;
  forward = NO_WORDS;
  /** Whether plain rules said anything yet: else `forward` holds zeros alone. */
  hasForward = false;
  private readonly recent = new Int32Array(RECENT * RECENT_WORDS);
  private recentForward = NO_WORDS;

  constructor(private readonly maker: KeyMaker) {}

  /** Room for a batch of `count`. */
  reserve(count: number): void {
    if (this.egress.length >= count) return;
    this.egress = new Int32Array(count);
    this.ingress = new Int32Array(count);
    this.forward = new Int32Array(count);
  }

  find(from: number, to: number, { decision, connection }: VerdictBatch): void {
    const { egress, ingress, forward, recent, maker } = this;
    for (let i = from; i < to; i++) {
      const number = connection[i]!;
      const its = decision[i]!;
      const slot = number & (RECENT - 1);
      const at = slot * RECENT_WORDS;
      if (its < 0) {
        egress[i] = 0;
        ingress[i] = 0;
        forward[i] = 0;
      } else if (recent[at] === number && number !== 0 && recent[at + 1] === its) {
        egress[i] = recent[at + 2]!;
        ingress[i] = recent[at + 3]!;
        if (this.hasForward) forward[i] = this.recentForward[slot]!;
      } else maker.makeKeys(i);
    }
  }

  /** Of packet i; remembered for its connection where it has one (cold). */
  learn(i: number, { decision, connection }: VerdictBatch, egress: number, ingress: number, forward: number): void {
    if (forward !== 0 && !this.hasForward) {
      this.hasForward = true;
      this.recentForward = new Int32Array(RECENT);
    }
    this.egress[i] = egress;
    this.ingress[i] = ingress;
    this.forward[i] = forward;
    const number = connection[i]!;
    if (number === 0) return;
    const slot = number & (RECENT - 1);
    const at = slot * RECENT_WORDS;
    this.recent[at] = number;
    this.recent[at + 1] = decision[i]!;
    this.recent[at + 2] = egress;
    this.recent[at + 3] = ingress;
    if (this.hasForward) this.recentForward[slot] = forward;
  }
}
