/**
 * What the page asks of the engine, and what it is told: the messages between the page and its worker.
 *
 * Everything here can be cloned by postMessage(). Errors arrive as EngineFault: a sentence for the user, never a stack trace.
 */
import type { Completions } from '../../src/completion/complete.js';
import type { ConntrackKind } from '../../src/flow/kinds.js';
import type { LessonResult } from '../../src/lessons/result.js';
import type { ProfileName } from '../../src/profile/profile.js';
import type { Summary } from '../../src/report/summary.js';
import type { StepDocument } from '../../src/stepping/document.js';
import type { OutcomeRecord, Reason, Verdict } from '../../src/verdict/verdict.js';
import type { Edit, Edited } from './edited.js';

export type * from './edited.js';

/** A capture that was dropped on the page, or one that the server has. */
export interface CaptureInput {
  readonly name: string;
  readonly blob?: Blob;
  /** Of the server that served the page, with what it wants to see. */
  readonly url?: string;
  readonly authorization?: string;
}

export interface DocumentInput {
  /** Stands in every position. */
  readonly name: string;
  readonly text: string;
}

export interface WorkspaceOptions {
  readonly profile?: ProfileName;
  readonly mode?: 'what-if' | 'dataplane';
  readonly conntrack?: ConntrackKind;
  readonly staged?: boolean;
  readonly timeouts?: Readonly<Record<string, number>>;
  readonly maxConnections?: number;
  /** Whether packets in tunnels are judged, and copies of packets told; both by default. */
  readonly tunnels?: boolean;
  readonly duplicates?: boolean;
}

export interface Workspace {
  readonly captures: readonly CaptureInput[];
  readonly documents: readonly DocumentInput[];
  readonly options: WorkspaceOptions;
}

/** Something wrong with a document, or to know of it. */
export interface DocumentProblem {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly hint: string | null;
}

/** Requests that a proxy or a mesh refuses, or that are undecided: a row each, of the names in `head`. */
export interface RequestList {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Not told apart. */
  readonly others: number;
}

/** What was judged; `summary` is null where a document has an error, or there is no capture. */
export interface Judged {
  readonly problems: readonly DocumentProblem[];
  readonly summary: Summary | null;
  readonly requests: readonly RequestList[];
  /** Whether its packets are kept: a longer capture has connections alone. */
  readonly hasPackets: boolean;
}

export interface Progress {
  readonly packets: number;
  readonly bytesRead: number;
  /** null where it is not known. */
  readonly bytesTotal: number | null;
}

export type TableName = 'packets' | 'connections';

export interface Selection {
  readonly table: TableName;
  /** An expression of `--where`; '' for all. */
  readonly where: string;
  /** A field; null: refused records first, then undecided, then allowed ones, each by time. */
  readonly by: string | null;
  readonly isDescending: boolean;
}

export interface Selected {
  readonly rows: number;
  /** Without the expression. */
  readonly of: number;
}

/** Of one record, everything: its fields by name, and what each side decided. */
export interface Detail {
  /** The packet's or connection's number. */
  readonly number: number;
  readonly verdict: Verdict;
  readonly reason: Reason;
  readonly fields: readonly (readonly [name: string, text: string])[];
  readonly egress: OutcomeRecord | null;
  readonly ingress: OutcomeRecord | null;
  readonly forward: OutcomeRecord | null;
}

/** Packets by verdict in spans of equal length. */
export interface TimelineSpans {
  /** Of the first span, in whole nanoseconds since 1970. */
  readonly start: bigint;
  /** Of a span, in whole microseconds. */
  readonly width: number;
  readonly allowed: readonly number[];
  readonly dropped: readonly number[];
  readonly undecided: readonly number[];
}

/** The end that stands for all addresses nobody owns. */
export const NOBODY = 'addresses nobody owns';

export interface Counted {
  readonly connections: number;
  readonly packets: number;
}

/** Who spoke with whom. */
export interface WorkloadMap {
  /** '' holds what is in no namespace: nodes, and addresses nobody owns as one. */
  readonly namespaces: readonly { readonly name: string; readonly workloads: readonly string[] }[];
  readonly edges: readonly {
    readonly from: string;
    readonly to: string;
    readonly allowed: Counted;
    readonly dropped: Counted;
    readonly undecided: Counted;
  }[];
}

/** A lesson as the page shows it; its texts are HTML, made when the site was built. */
export interface LessonPage {
  /** What the learner begins with, and the name of the file it is in. */
  readonly start: string;
  readonly learnerFile: string;
  readonly solution: string;
  /** Who is there: lines of namespaces, pods, labels, addresses and ports. */
  readonly cast: readonly string[];
  /** What the replay view opens: the lesson's traffic, its cluster, and policies that are given. */
  readonly captures: readonly CaptureInput[];
  readonly documents: readonly DocumentInput[];
}

export interface LessonVerdict {
  readonly passed: boolean;
  readonly expected: LessonResult['expected'];
  readonly problems: readonly DocumentProblem[];
}

/** A lesson's files by path, in base64. */
export type LessonFiles = Readonly<Record<string, string>>;

export type ExportFormat = 'csv' | 'jsonl' | 'pcapng' | 'summary' | 'text' | 'html';

/** Parts of the replay view, as tables. */
export type ViewName = 'conversations' | 'map' | 'policies' | 'timeline';

export interface Exported {
  readonly name: string;
  readonly blob: Blob;
}

/** One packet of what is open; `document` is null where there is no such packet. */
export interface Stepped {
  readonly document: StepDocument | null;
  /** Packets of the captures. */
  readonly total: number;
  /** Where a capture is damaged: what stands before it can be stepped through. */
  readonly damage: string | null;
}

/** The engine as the page sees it; each method runs in the worker, one after another. */
export interface Engine {
  /**
   * Reads the documents and judges the captures. What stood before is gone.
   * @param isOpen the captures and the options are those that were given the last time: they are not read again
   */
  open(workspace: Workspace, isOpen?: boolean): Judged | Promise<Judged>;
  /** Of what rows() and detail() tell from now on. @throws EngineFault where the expression is none */
  select(selection: Selection): Selected;
  /** Texts of fields. */
  rows(table: TableName, from: number, count: number, fields: readonly string[]): (readonly string[])[];
  /** null where there is no such row. */
  detail(table: TableName, row: number): Detail | null;
  timeline(): TimelineSpans;
  map(): WorkloadMap;
  /** What a person takes away: `where` chooses records of csv, jsonl and pcapng. */
  save(format: ExportFormat, records: TableName, where: string): Exported | Promise<Exported>;
  /** One part of the replay view as csv, whole. */
  saveView(view: ViewName): Exported;
  /** What edit() answered last, as `policap diff -o markdown` has it. @throws EngineFault where it answered nothing */
  saveDiff(): Exported;
  /** @param number of a packet of all captures, merged by time, from 1 */
  step(number: number): Promise<Stepped>;
  /** What checkLesson() is about from now on. */
  openLesson(name: string, files: LessonFiles): LessonPage;
  checkLesson(text: string): LessonVerdict | Promise<LessonVerdict>;
  /** Holds two states of the documents against each other. @param before, after the files that differ from what is open */
  edit(before: readonly Edit[], after: readonly Edit[]): Edited | Promise<Edited>;
  /** Ends what edit() is doing: something newer will be asked. */
  overtake(): void;
  /** What may be written at an offset of a file's text, in the cluster that edit() was last told of. */
  complete(text: string, offset: number): Completions;
}

/** Methods that wait for no other one. */
export const AT_ONCE: ReadonlySet<keyof Engine> = new Set(['overtake', 'complete']);

/** A sentence for the user. */
export class EngineFault extends Error {
  override readonly name = 'EngineFault';
}

export type Remote<E> = {
  readonly [M in keyof E]: E[M] extends (...given: infer G) => infer R ? (...given: G) => Promise<Awaited<R>> : never;
};

/** page -> worker */
export interface Call {
  readonly id: number;
  readonly method: keyof Engine;
  readonly given: readonly unknown[];
}

/** worker -> page */
export type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly fault: string }
  | { readonly id: number; readonly progress: Progress };
