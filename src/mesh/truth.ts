/**
 * Truth that may not be known: true, false, or what it depends on (cold).
 *
 * Strong Kleene logic: a false part makes a conjunction false and a true one a disjunction true, whatever is not known.
 */

/** One thing that would have to be known. */
export interface Doubt {
  /** For people, as it stands behind "depends on": `the path of the request`. */
  readonly on: string;
  /** A request that is read tells. */
  readonly ofRequest?: true;
}

/** A list: not known. Never empty. */
export type Truth = boolean | readonly Doubt[];

export const doubt = (on: string): Truth => [{ on }];
export const ofRequest = (on: string): Truth => [{ on, ofRequest: true }];

export const not = (truth: Truth): Truth => (typeof truth === 'boolean' ? !truth : truth);

export function all<T>(items: readonly T[], truthOf: (item: T) => Truth): Truth {
  const doubts: Doubt[] = [];
  for (const item of items) {
    const truth = truthOf(item);
    if (truth === false) return false;
    if (truth !== true) doubts.push(...truth);
  }
  return doubts.length === 0 ? true : doubts;
}

export function any<T>(items: readonly T[], truthOf: (item: T) => Truth): Truth {
  const doubts: Doubt[] = [];
  for (const item of items) {
    const truth = truthOf(item);
    if (truth === true) return true;
    if (truth !== false) doubts.push(...truth);
  }
  return doubts.length === 0 ? false : doubts;
}

/** Each once, in their order. */
export function distinctDoubts(doubts: readonly Doubt[]): Doubt[] {
  const seen = new Set<string>();
  return doubts.filter(({ on }) => !seen.has(on) && seen.add(on) !== undefined);
}
