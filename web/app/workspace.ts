/**
 * What is open: captures and documents, and what the engine says of them. One workspace a page, as signals.
 *
 * In:  files, or the server's workspace.  Out: `workspace`, `judged`, `status`; the views read them. Each open() replaces all.
 */
import { signal } from '@preact/signals';
import {
  type CaptureInput,
  type DocumentInput,
  EngineFault,
  type Judged,
  type Progress,
  type Workspace,
  type WorkspaceOptions,
} from '../worker/protocol.js';
import { createEngine } from './engine.js';

export type Status =
  | { readonly is: 'empty' }
  | { readonly is: 'judging'; readonly progress: Progress | null }
  | { readonly is: 'ready' }
  | { readonly is: 'failed'; readonly sentence: string };

const NOTHING: Workspace = { captures: [], documents: [], options: {} };

export const workspace = signal<Workspace>(NOTHING);
export const judged = signal<Judged | null>(null);
export const status = signal<Status>({ is: 'empty' });

/** What the engine said last of what it is doing. */
export const progressed = signal<Progress | null>(null);

export const engine = createEngine(progress => {
  progressed.value = progress;
  if (status.value.is === 'judging') status.value = { is: 'judging', progress };
});

let opened = 0;

/** Judges what is given; an earlier call that has not ended yet is forgotten. */
export async function open(next: Workspace): Promise<void> {
  const turn = ++opened;
  const { captures, options } = workspace.value;
  const isOpen = next.captures === captures && next.options === options && captures.length > 0;
  workspace.value = next;
  status.value = { is: 'judging', progress: null };
  try {
    const answer = await engine.open(next, isOpen);
    if (turn !== opened) return;
    judged.value = answer;
    status.value = { is: 'ready' };
  } catch (error) {
    if (turn !== opened) return;
    judged.value = null;
    status.value = { is: 'failed', sentence: error instanceof EngineFault ? error.message : String(error) };
  }
}

export interface Added {
  readonly captures: readonly CaptureInput[];
  readonly documents: readonly DocumentInput[];
}

/** What is open, and more: a file of the same name is replaced. */
export function add({ captures, documents }: Added, options: WorkspaceOptions = {}): Promise<void> {
  const before = workspace.value;
  return open({
    captures: replaced(before.captures, captures),
    documents: replaced(before.documents, documents),
    options: { ...before.options, ...options },
  });
}

const replaced = <T extends { readonly name: string }>(before: readonly T[], after: readonly T[]): T[] => [
  ...before.filter(({ name }) => !after.some(it => it.name === name)),
  ...after,
];

export const close = (): void => {
  opened++;
  workspace.value = NOTHING;
  judged.value = null;
  status.value = { is: 'empty' };
};
