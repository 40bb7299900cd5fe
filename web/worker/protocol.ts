/**
 * What the page asks of the engine, and what it is told: the messages between the page and its worker.
 *
 * Everything here can be cloned by postMessage(). Errors arrive as EngineFault: a sentence for the user, never a stack trace.
 */
import type { ConntrackKind } from '../../src/flow/kinds.js';
import type { ProfileName } from '../../src/profile/profile.js';
import type { Summary } from '../../src/report/summary.js';

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

/** What was judged; `summary` is null where a document has an error, or there is no capture. */
export interface Judged {
  readonly problems: readonly DocumentProblem[];
  readonly summary: Summary | null;
}

export interface Progress {
  readonly packets: number;
  readonly bytesRead: number;
  /** null where it is not known. */
  readonly bytesTotal: number | null;
}

/** The engine as the page sees it; each method runs in the worker, one after another. */
export interface Engine {
  /** Reads the documents and judges the captures. What stood before is gone. */
  open(workspace: Workspace): Judged | Promise<Judged>;
}

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
