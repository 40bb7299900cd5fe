/**
 * Lessons: what one is made of (cold). read.ts reads it, check.ts judges a learner's file by it.
 *
 * In:  a folder: lesson.md, check.yaml, start.yaml, solution.yaml, wrong/*.yaml, and the cluster, policies and captures that
 * check.yaml names, relative to it.  Out: these.
 * A lesson asks either for a policy, which is held to test cases (src/cases), or for answers, which are held to what the engine
 * finds in the capture at that time. No right answer stands in a file but solution.yaml, which nothing is held to.
 */
import type { TestCases } from '../cases/model.js';
import type { KubernetesDocument, Position } from '../documents/document.js';
import type { ProfileName } from '../profile/profile.js';
import type { Query } from '../query/answer.js';
import type { Verdict } from '../verdict/verdict.js';
import type { Expression } from '../where/expression.js';

export const LESSON_API_VERSION = 'policap/v1';
export const LESSON_KIND = 'Lesson';

/** Texts of lesson.md, in Markdown. */
export interface Story {
  readonly title: string;
  /** One sentence: what you learn. */
  readonly about: string;
  readonly story: string;
  readonly task: string;
  readonly hints: readonly string[];
  /** Shown when it is solved. */
  readonly solved: string;
}

export interface Lesson extends Story {
  /** `04-replies`: the folder's. */
  readonly name: string;
  /** The questions and mistakes that it is about: `scenario-7`, `mistake-2` (lessons/README.md). */
  readonly covers: readonly string[];
  /** What the learner begins with, as text, and the name of the file that it is written to. */
  readonly start: string;
  readonly learnerFile: LearnerFileName;
  readonly solution: string;
  /** The cluster, and the policies that are given. */
  readonly cluster: readonly KubernetesDocument[];
  /** Paths that the learner gets beside that file, as check.yaml names them. */
  readonly beside: readonly string[];
  readonly captures: ReadonlyMap<string, Uint8Array>;
  readonly asks: Task;
}

export type LearnerFileName = 'policy.yaml' | 'answer.yaml';

export type Task =
  | { readonly kind: 'policy'; readonly cases: TestCases }
  | { readonly kind: 'answers'; readonly questions: readonly Question[] };

/** What a replay is made with. */
export interface Setup {
  readonly captures: readonly string[];
  readonly policies: readonly KubernetesDocument[];
  readonly mode: 'what-if' | 'dataplane';
  readonly timeouts: Readonly<Record<string, number>>;
  readonly maxConnections?: number;
  /** The network plugin; by default the one that the cluster names. */
  readonly profile?: ProfileName;
}

/** Something that the engine finds out. */
export type Measure =
  /** The numbers of the packets that an expression lets through. */
  | { readonly kind: 'packets'; readonly where: Expression }
  /** How many packets, or connections of these packets, there are. */
  | { readonly kind: 'packetCount' | 'connectionCount'; readonly where: Expression }
  /** Connections that the table took in, or pushed out or refused for want of room. */
  | { readonly kind: 'table'; readonly counter: TableCounter }
  /** Those plugins under which a connection gets a verdict. */
  | { readonly kind: 'profiles'; readonly of: readonly ProfileName[]; readonly query: Query; readonly verdict: Verdict }
  /** Rules tried, or steps of the tree, for a connection's first packet: three digits of the mean over the capture. */
  | { readonly kind: 'comparisons'; readonly engine: 'linear' | 'tree' };

export type TableCounter = 'created' | 'noRoom';

/** A number, numbers of packets in order, or words in order. */
export type Measured = number | readonly number[] | readonly string[];

interface Asked {
  /** The learner's key in answer.yaml. */
  readonly key: string;
  readonly setup: Setup;
  /** What is said of a wrong answer. */
  readonly otherwise: string;
  readonly position: Position;
}

/** The learner finds out what the engine does. */
export interface Finding extends Asked {
  readonly kind: 'finding';
  readonly measure: Measure;
  /** Typical wrong answers: what was measured instead, and what is said then. */
  readonly mistakes: readonly { readonly measure: Measure; readonly says: string }[];
}

/** The learner sets something, so that of what is measured there is none. */
export interface Setting extends Asked {
  readonly kind: 'setting';
  /** A timeout's name, or the table's room. */
  readonly sets: { readonly timeout: string } | 'maxConnections';
  readonly none: Measure;
  /** Only the least whole number that does it will do; what is said of one that is more. */
  readonly more: string | null;
}

export type Question = Finding | Setting;
