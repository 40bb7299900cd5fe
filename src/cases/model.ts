/**
 * Test cases: what is asserted about policies (cold). read.ts reads them, run.ts asks, check.ts compares.
 *
 * In:  a file of kind TestCases.  Out: these. A case of connections stands for every combination of its ends, ports and
 * protocols; a case of a capture for one replay.
 */
import type { KubernetesDocument, Position } from '../documents/document.js';
import type { ProfileName } from '../profile/profile.js';
import type { Query } from '../query/answer.js';
import type { Reason, Verdict } from '../verdict/verdict.js';

export const CASES_API_VERSION = 'policap/v1';
export const CASES_KIND = 'TestCases';

/** What a connection must get. What is absent is not asked. */
export interface Expectation {
  readonly verdict: Verdict;
  readonly reason?: Reason;
  /** The sides that must say so, each by itself. */
  readonly sides: readonly Side[];
  /** The policies that must be the ones that say so. */
  readonly policies: readonly string[];
  /** What the service mesh must say. */
  readonly mesh?: 'allowed' | 'denied' | 'undecided';
}

export type Side = 'egress' | 'ingress';

/** One question with what must come of it. */
export interface Assertion {
  readonly name: string;
  /** What it means when it fails, in the words of whoever wrote the case. */
  readonly otherwise?: string;
  readonly query: Query;
  readonly expected: Expectation;
  readonly position: Position;
}

/** Numbers that must be so; what is absent is not asked. */
export type ExpectedCounts = Partial<Record<'total' | Verdict, number>>;

/** What a refused conversation is known by; what is absent may be anything. */
export interface ExpectedDenial {
  readonly from?: string;
  readonly to?: string;
  readonly port?: number;
  readonly protocol?: string;
  readonly position: Position;
}

export interface CaptureAssertion {
  readonly name: string;
  readonly otherwise?: string;
  /** As written, relative to the file. */
  readonly captures: readonly string[];
  readonly mode: 'what-if' | 'dataplane';
  readonly connections: ExpectedCounts;
  readonly packets: ExpectedCounts;
  /** All refused conversations, and no others; absent: not asked. */
  readonly denied?: readonly ExpectedDenial[];
  readonly position: Position;
}

/** One document. Paths are as written, relative to its file. */
export interface TestCases {
  readonly file: string;
  readonly document: KubernetesDocument;
  readonly policies: readonly string[];
  readonly cluster: readonly string[];
  readonly rules: readonly string[];
  readonly profile?: ProfileName;
  readonly staged: boolean;
  readonly assertions: readonly Assertion[];
  readonly captures: readonly CaptureAssertion[];
}
