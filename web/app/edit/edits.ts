/**
 * What stands in the editor, what it is held against, and what the engine says of both. One state a page, as signals, in memory only.
 *
 * In:  what is open (workspace.ts), and changes.  Out: `opened` (as it came in), `before` (what verdicts are held against), `current`
 * (what stands in the editor), `answer`. Judging follows changes by itself; a newer change overtakes an older one. When the reader
 * goes to another view, what stands in the editor is what is open there, unless it has errors.
 */
import { effect, signal } from '@preact/signals';
import { type Edited, EngineFault, type ShownDiff } from '../../worker/protocol.js';
import { link } from '../link.js';
import type { Shared } from '../share/file.js';
import { engine, open, workspace } from '../workspace.js';
import { carried, editsBetween, type Files, withEdits } from './files.js';

export const opened = signal<Files>([]);
export const before = signal<Files>([]);
export const current = signal<Files>([]);
/** As it was last written to a file by the reader, or came in. */
export const saved = signal<Files>([]);

export interface Answer {
  readonly problems: Edited['problems'];
  readonly readOnly: readonly string[];
  /** The last that could be judged. */
  readonly diff: ShownDiff | null;
  /** The files that `diff` is about. */
  readonly before: Files;
  readonly after: Files;
  /** Why `diff` is not of what stands in the editor, or why there is none; null where it is. */
  readonly why: string | null;
  readonly milliseconds: number;
}

export const answer = signal<Answer | null>(null);
/** Something was changed that no answer is about yet. */
export const isJudging = signal(false);

/** Behind the last key. */
const PAUSE = 100;

let isAsking = false;
let isWanted = false;
let timer: ReturnType<typeof setTimeout> | undefined;
/** What is open, as this module knows it. */
let own: Files = [];

effect(() => {
  const { documents } = workspace.value;
  if (documents === own) return;
  const wasOpen = own;
  for (const state of [opened, before, saved, current]) state.value = carried(state.peek(), wasOpen, documents);
  own = documents;
  answer.value = null;
});

/** Another view shows what stands in the editor. */
effect(() => {
  if (link.value.view !== 'edit') void takeEdits();
});

async function takeEdits(): Promise<void> {
  const now = current.peek();
  const given = answer.peek();
  if (now === workspace.peek().documents || given === null) return;
  if (given.problems.some(({ severity }) => severity === 'error')) return;
  own = now;
  await open({ ...workspace.peek(), documents: now });
}

addEventListener('beforeunload', event => {
  if (isUnsaved()) event.preventDefault();
});

/** Whether something stands in the editor that is in no file of the reader's. */
export const isUnsaved = (): boolean => editsBetween(saved.value, current.value).some(it => it.text !== null);

export function change(files: Files): void {
  current.value = files;
  isJudging.value = true;
  clearTimeout(timer);
  timer = setTimeout(() => void ask(), PAUSE);
  if (isAsking) void engine.overtake();
}

/** What stands in the editor is what further changes are held against. */
export function setBefore(files: Files): void {
  before.value = files;
  void ask();
}

/** Two states at once, as they were shared. */
export function restore({ captures, before: files, edits, options }: Omit<Shared, 'link'>): Promise<void> {
  const changed = withEdits(files, edits);
  own = changed;
  opened.value = files;
  before.value = files;
  saved.value = changed;
  current.value = changed;
  answer.value = null;
  return open({ captures, documents: changed, options });
}

export async function ask(): Promise<void> {
  clearTimeout(timer);
  isWanted = true;
  isJudging.value = true;
  if (isAsking) return void engine.overtake();
  isAsking = true;
  while (isWanted) {
    isWanted = false;
    const base = workspace.peek().documents;
    const [was, is] = [before.peek(), current.peek()];
    try {
      const given = await engine.edit(editsBetween(base, was), editsBetween(base, is));
      if (!given.isOvertaken) take(given, was, is);
    } catch (error) {
      const why = error instanceof EngineFault ? error.message : String(error);
      take({ problems: [], readOnly: [], diff: null, why, milliseconds: 0, isOvertaken: false }, was, is);
    }
  }
  isAsking = false;
}

function take({ problems, readOnly, diff, why, milliseconds }: Edited, was: Files, is: Files): void {
  const last = answer.peek();
  const judged =
    diff !== null || last === null
      ? { diff, before: was, after: is }
      : { diff: last.diff, before: last.before, after: last.after };
  answer.value = { problems, readOnly, ...judged, why, milliseconds };
  isJudging.value = isWanted;
}
