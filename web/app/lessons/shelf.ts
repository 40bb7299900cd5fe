/**
 * The lessons that were packed with the site (scripts/web-lessons.mjs): an index, and a script a lesson, loaded when it is opened.
 *
 * In:  nothing but the site's own scripts, as a page from a folder can load them.  Out: `shelf`, and the parts of one lesson. What a
 * learner wrote, and which lessons are passed, stays in this browser.
 */
import { signal } from '@preact/signals';
import type { LessonFiles } from '../../worker/protocol.js';
import { loadScript } from '../engine.js';

export interface LessonTitle {
  readonly name: string;
  readonly title: string;
  /** HTML, as all texts of lessons. */
  readonly about: string;
}

export interface LessonText extends LessonTitle {
  readonly story: string;
  readonly task: string;
  readonly hints: readonly string[];
  readonly solved: string;
  readonly files: LessonFiles;
}

export const shelf = signal<readonly LessonTitle[] | null>(null);

/** Where the scripts leave what they hold. */
const left = globalThis as unknown as { policapLessons?: LessonTitle[]; policapLesson?: LessonText };

export async function loadShelf(): Promise<void> {
  if (shelf.value !== null) return;
  await loadScript('lessons/index.js');
  shelf.value = left.policapLessons ?? [];
}

const loaded = new Map<string, LessonText>();

export async function loadLesson(name: string): Promise<LessonText> {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  await loadScript(`lessons/${name}.js`);
  const lesson = left.policapLesson!;
  loaded.set(name, lesson);
  return lesson;
}

const DRAFT = 'policap-lesson-draft-';
const PASSED = 'policap-lessons-passed';

export const draftOf = (name: string): string | null => localStorage.getItem(DRAFT + name);

export function keepDraft(name: string, text: string | null): void {
  if (text === null) localStorage.removeItem(DRAFT + name);
  else localStorage.setItem(DRAFT + name, text);
}

export const passed = signal<ReadonlySet<string>>(new Set(JSON.parse(localStorage.getItem(PASSED) ?? '[]')));

export function keepPassed(name: string): void {
  passed.value = new Set([...passed.value, name]);
  localStorage.setItem(PASSED, JSON.stringify([...passed.value]));
}
