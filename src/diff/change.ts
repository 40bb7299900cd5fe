/**
 * What becomes of a verdict between two sets of policies: the three kinds of change.
 */
import type { Verdict } from '../verdict/verdict.js';

/** `undecided`: what one of the sides says is not known. */
export type Change = 'newly-dropped' | 'newly-allowed' | 'undecided';
/** In the order in which they are printed. */
export const CHANGES: readonly Change[] = ['newly-dropped', 'newly-allowed', 'undecided'];

/** null where both say the same. */
export function changeOf(before: Verdict, after: Verdict): Change | null {
  if (before === after) return null;
  if (before === 'undecided' || after === 'undecided') return 'undecided';
  return after === 'dropped' ? 'newly-dropped' : 'newly-allowed';
}

export interface ChangeTotals {
  readonly total: number;
  readonly newlyDropped: number;
  readonly newlyAllowed: number;
  readonly undecided: number;
}

/** For people, behind a number of things: `12 connections newly refused`. */
export const CHANGE_TITLES: Readonly<Record<Change, string>> = {
  'newly-dropped': 'newly refused',
  'newly-allowed': 'newly allowed',
  undecided: 'to or from undecided',
};

/** The headings of what is printed. */
export const CHANGE_HEADINGS: Readonly<Record<Change, string>> = {
  'newly-dropped': 'Newly refused',
  'newly-allowed': 'Newly allowed',
  undecided: 'Undecided before or after',
};
