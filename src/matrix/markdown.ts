/**
 * The matrix as a markdown table, for a ticket or a wiki (cold). Columns are numbered: names are as long as they are.
 */
import { escaped, table } from '../report/markdown-table.js';
import { cellText } from './cell-text.js';
import type { Matrix } from './matrix.js';

export function matrixMarkdown({ names, cells }: Matrix): string[] {
  if (names.length === 0) return ['no pods: name the cluster with -c'];
  const numbers = names.map((_, i) => `${i + 1}`);
  return table(
    ['', 'from \\\\ to', ...numbers],
    cells.map((row, from) => [
      numbers[from]!,
      `**${escaped(names[from]!)}**`,
      ...row.map(cell => (cell === null ? '' : escaped(cellText(cell)))),
    ]),
  );
}
