/**
 * Names that addresses have been given, by who heard it and for how long (cold: changed by DNS answers, asked at openings).
 *
 * In:  answers, each with the time it came and who it came to.  Out: whether an address is known under a name that matches;
 * null where nothing is known of it, or nothing sure.
 * A listener is whoever shares what is learned (of Cilium a node). Bounded: beyond MOST_ENTRIES nothing new is learned, and
 * what is left out is counted.
 */
import type { NameMatcher } from './patterns.js';

export const MOST_ENTRIES = 1_000_000;

export class LearnedNames {
  /** Answers that found no room. */
  leftOut = 0;
  private entries = 0;
  /** Listener and address -> name -> second until which it is known. */
  private readonly known = new Map<string, Map<string, number>>();

  constructor(private readonly most = MOST_ENTRIES) {}

  /** @param address in canonical text @param until seconds; below all time: heard, but not surely learned */
  learn(listener: string, address: string, name: string, until: number): void {
    const key = `${listener} ${address}`;
    const names = this.known.get(key) ?? new Map<string, number>();
    const before = names.get(name);
    if (before === undefined) {
      if (this.entries >= this.most) {
        this.leftOut++;
        return;
      }
      this.entries++;
      this.known.set(key, names);
    }
    // A shorter answer does not take back a longer one.
    names.set(name, Math.max(before ?? until, until));
  }

  /**
   * @returns null where the listener never heard of the address; and where an answer that gave it the name has run out: plugins
   *   keep it for a while, or ask again themselves
   */
  knows(listener: string, address: string, matches: NameMatcher, now: number): boolean | null {
    const names = this.known.get(`${listener} ${address}`);
    if (names === undefined) return null;
    let ranOut = false;
    for (const [name, until] of names) {
      if (!matches(name)) continue;
      if (until >= now) return true;
      ranOut = true;
    }
    return ranOut ? null : false;
  }
}
