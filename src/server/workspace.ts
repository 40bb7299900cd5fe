/**
 * What the page is told to open: GET /api/workspace, `policap.workspace/1` (docs/schemas).
 */

export interface Workspace {
  readonly schema: 'policap.workspace/1';
  readonly captures: readonly WorkspaceCapture[];
  /** Each file once, in the order in which they were named. */
  readonly documents: readonly WorkspaceDocument[];
  readonly options: WorkspaceOptions;
}

export interface WorkspaceCapture {
  /** As the user named it. */
  readonly name: string;
  /** Bytes on disk. */
  readonly size: number;
  /** Its bytes, relative to the page. */
  readonly url: string;
}

export interface WorkspaceDocument {
  /** As it stands in positions: `policies/web.yaml`. */
  readonly name: string;
  readonly text: string;
  /** Behind which option it was named; `policies` where behind both. Its kind alone says what a document means. */
  readonly role: 'policies' | 'cluster';
}

/** Those of `policap replay`; null where the engine chooses. */
export interface WorkspaceOptions {
  readonly profile: string | null;
  readonly mode: 'what-if' | 'dataplane';
  /** Calico's staged policies are judged as if they were enforced. */
  readonly staged: boolean;
  readonly conntrack: string | null;
  /** Name -> seconds. */
  readonly timeouts: Readonly<Record<string, number>>;
  readonly maxConnections: number | null;
  readonly tunnels: boolean;
  readonly duplicates: boolean;
}

/** A file of the user's that cannot be read; the message is a sentence for the page. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}
