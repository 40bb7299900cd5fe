/**
 * What the page is told of documents that are edited: what changes, in the words of `policap diff`. A part of protocol.ts.
 */
import type { Change, ChangeTotals } from '../../src/diff/change.js';
import type { VerdictTotals } from '../../src/report/side-by-side.js';
import type { Verdict } from '../../src/verdict/verdict.js';
import type { DocumentProblem } from './protocol.js';

/** A file that is not as it was opened; null: it is taken away. */
export interface Edit {
  readonly name: string;
  readonly text: string | null;
}

/** What `policap diff` says, in its words. */
export interface ShownDiff {
  /** What must be said first: a side's profile enforces nothing. */
  readonly notices: readonly string[];
  readonly headline: string;
  readonly besides: readonly string[];
  readonly before: ShownSide;
  readonly after: ShownSide;
  readonly connections: ChangeTotals;
  readonly packets: ChangeTotals;
  readonly changes: readonly ShownChange[];
  /** How many there are, with those that are not shown. */
  readonly groups: number;
  /** Connections of groups that are not shown. */
  readonly left: number;
}

export interface ShownSide {
  readonly connections: VerdictTotals;
  readonly packets: VerdictTotals;
}

export interface ShownChange {
  readonly change: Change;
  readonly heading: string;
  readonly connections: number;
  readonly packets: number;
  readonly firstPacket: number;
  readonly source: string;
  readonly destination: string;
  /** `TCP 5432` */
  readonly on: string;
  readonly service: string | null;
  readonly before: Said;
  readonly after: Said;
  /** An expression that chooses these connections. */
  readonly where: string;
}

export interface Said {
  readonly verdict: Verdict;
  readonly why: string;
  /** Of what decided, where it stands. */
  readonly places: readonly Place[];
}

export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Edited {
  /** Of the documents after. */
  readonly problems: readonly DocumentProblem[];
  /** Names of files that hold documents of the cluster, and no policy. */
  readonly readOnly: readonly string[];
  /** null where nothing was held against each other; `why` says why not. */
  readonly diff: ShownDiff | null;
  readonly why: string | null;
  readonly milliseconds: number;
  /** Nothing was answered: something newer is asked. */
  readonly isOvertaken: boolean;
}
