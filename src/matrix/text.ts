/**
 * The matrix as text: a grid where it fits the terminal, else a list of what is allowed (cold).
 */
import type { Style } from '../report/style.js';
import { cellText } from './cell-text.js';
import type { Matrix } from './matrix.js';

export interface MatrixTextOptions {
  readonly style: Style;
  readonly layout: 'auto' | 'grid' | 'list';
  readonly columns: number;
}

/** Columns are numbered: names are as long as they are. */
export function matrixLines(matrix: Matrix, options: MatrixTextOptions): string[] {
  if (matrix.names.length === 0) return ['no pods: name the cluster with -c'];
  if (options.layout === 'list') return list(matrix, options.style);
  const lines = grid(matrix, options.style);
  return options.layout === 'grid' || lines.width <= options.columns ? lines.lines : list(matrix, options.style);
}

function grid({ names, cells }: Matrix, style: Style): { lines: string[]; width: number } {
  const texts = cells.map(row => row.map(cell => (cell === null ? '' : cellText(cell))));
  const numbers = names.map((_, i) => `${i + 1}`);
  const widths = numbers.map((number, to) => Math.max(number.length, ...texts.map(row => row[to]!.length)));
  const numberWidth = `${names.length}`.length;
  const nameWidth = Math.max('from \\ to'.length, ...names.map(name => name.length));
  const row = (number: string, name: string, values: readonly string[]): string =>
    `${number.padStart(numberWidth)}  ${name}${values.map(value => `  ${value}`).join('')}`.trimEnd();
  const header = row(
    '',
    'from \\ to'.padEnd(nameWidth),
    numbers.map((number, i) => number.padEnd(widths[i]!)),
  );
  const lines = texts.map((row_, from) =>
    row(
      numbers[from]!,
      style('bold', names[from]!.padEnd(nameWidth)),
      row_.map((text, to) => coloured(text, text.padEnd(widths[to]!), style)),
    ),
  );
  return {
    lines: [style('dim', header), ...lines],
    width: numberWidth + nameWidth + 2 + widths.reduce((a, b) => a + b + 2, 0),
  };
}

function coloured(text: string, padded: string, style: Style): string {
  if (text === '' || text === '-') return style('dim', padded);
  return style(/^(some|undecided|IPv[46] only):/.test(text) ? 'yellow' : 'green', padded);
}

/** A line for every pair that may talk; who may talk to nobody is said too. */
function list({ names, cells }: Matrix, style: Style): string[] {
  const nameWidth = Math.max(...names.map(name => name.length));
  return names.flatMap((from, i) => {
    const allowed = cells[i]!.flatMap(cell => {
      const text = cell === null ? '-' : cellText(cell);
      return text === '-' ? [] : [`  → ${cell!.to.padEnd(nameWidth)}  ${coloured(text, text, style)}`];
    });
    return [style('bold', from), ...(allowed.length > 0 ? allowed : [style('dim', '  nobody')])];
  });
}
