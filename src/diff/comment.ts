/**
 * A comment on a pull request, in markdown (cold).
 *
 * In:  lines before, sections that are tables, lines after.  Out: all of it in at most MOST_CHARACTERS. What does not fit is
 * left out at the end of the sections, row by row, and a line says how much it was.
 */
import { table } from '../report/markdown-table.js';
import { plural } from '../report/style.js';

export interface Section {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Shown at once; else behind a line that is clicked. */
  readonly isOpen: boolean;
}

export interface Comment {
  readonly before: readonly string[];
  readonly sections: readonly Section[];
  readonly after: readonly string[];
}

/** GitHub cuts a comment at 65,536 characters; counted as bytes of UTF-8 it is on the safe side. */
export const MOST_CHARACTERS = 65_000;

const encoder = new TextEncoder();
const sizeOf = (lines: readonly string[]): number =>
  lines.reduce((sum, line) => sum + encoder.encode(line).length + 1, 0);

export function commentOf({ before, sections, after }: Comment): string[] {
  const lines: string[] = [];
  const filled = sections.filter(({ rows }) => rows.length > 0);
  // Each section has at least its title, whatever those before it take.
  const least = filled.map(section => sizeOf(sectionLines(section, 0)));
  let room = MOST_CHARACTERS - sizeOf(before) - sizeOf(after) - least.reduce((a, b) => a + b, 0);
  for (const [i, section] of filled.entries()) {
    room += least[i]!;
    const full = sectionLines(section, section.rows.length);
    const rows = sizeOf(full) <= room ? section.rows.length : rowsIn(section, room);
    const its = rows === section.rows.length ? full : sectionLines(section, rows);
    lines.push(...its);
    room -= sizeOf(its);
  }
  return [...before, ...lines, ...after];
}

/** How many rows fit into the room. */
function rowsIn(section: Section, room: number): number {
  let left = room - sizeOf(sectionLines(section, 0));
  const tableLines = table(section.head, section.rows).slice(2);
  const beyond = tableLines.findIndex(line => {
    left -= sizeOf([line]);
    return left < 0;
  });
  return beyond < 0 ? section.rows.length : beyond;
}

function sectionLines({ title, head, rows, isOpen }: Section, shown: number): string[] {
  const left = rows.length - shown;
  return [
    `<details${isOpen ? ' open' : ''}><summary><b>${title}</b> (${rows.length})</summary>`,
    '',
    ...(shown > 0 ? [...table(head, rows.slice(0, shown)), ''] : []),
    ...(left > 0 ? [`${plural(left, 'more row')} left out: a comment holds no more; \`-o json\` has all.`, ''] : []),
    '</details>',
    '',
  ];
}
