/**
 * lesson.md -> its texts (cold).
 *
 * In:  Markdown: `# Title`, a sentence on what you learn, and the sections `## Story`, `## Task`, `## Hints` (a numbered list) and
 * `## Solved`, in this order.  Out: a Story, or what is wrong with its line.
 */
import type { Problem } from '../documents/document.js';
import type { Story } from './model.js';

const SECTIONS = ['Story', 'Task', 'Hints', 'Solved'] as const;

export function readStory(text: string, file: string): { readonly story: Story | null; readonly problems: Problem[] } {
  const lines = text.split('\n');
  const [heads, places] = sectionsOf(lines);
  const wrong = (line: number, message: string): { story: null; problems: Problem[] } => ({
    story: null,
    problems: [{ severity: 'error', position: { file, line, column: 1 }, message }],
  });
  const [first = ''] = lines;
  if (!first.startsWith('# ')) return wrong(1, 'the first line must be the title: # ...');
  if (heads.join() !== SECTIONS.join())
    return wrong(1, `sections must be ${SECTIONS.map(name => `## ${name}`).join(', ')}`);
  const part = (from: number, to: number | undefined): string => lines.slice(from, to).join('\n').trim();
  const [story, task, hints, solved] = places.map((place, i) => part(place + 1, places[i + 1]));
  const list = listOf(hints!);
  if (list.length === 0) return wrong(places[2]! + 1, 'the hints must be a numbered list');
  const about = part(1, places[0]);
  return {
    story: { title: first.slice(2).trim(), about, story: story!, task: task!, hints: list, solved: solved! },
    problems: [],
  };
}

/** Headings, and the lines they stand on; none are in a code block. */
function sectionsOf(lines: readonly string[]): [string[], number[]] {
  const heads: string[] = [];
  const places: number[] = [];
  let isCode = false;
  lines.forEach((line, i) => {
    if (line.startsWith('```')) isCode = !isCode;
    else if (!isCode && line.startsWith('## ')) {
      heads.push(line.slice(3).trim());
      places.push(i);
    }
  });
  return [heads, places];
}

/** `1. ...` with the lines indented below it. */
function listOf(text: string): string[] {
  const items: string[] = [];
  for (const line of text.split('\n')) {
    const item = /^\d+\. (.*)/.exec(line);
    if (item !== null) items.push(item[1]!);
    else if (items.length > 0) items[items.length - 1] += `\n${line.replace(/^ {3}/, '')}`;
  }
  return items.map(item => item.trim());
}
