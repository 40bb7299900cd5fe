/**
 * The matrix as a graph in Graphviz's language (cold): a node a row, an arrow for what the one may say to the other.
 *
 * What is open both ways alike is one arrow with two heads. What only some pods may is dashed; it is said in the label too.
 */
import { cellKind, cellText } from './cell-text.js';
import type { Cell, Matrix } from './matrix.js';

export function matrixDot({ names, cells }: Matrix): string[] {
  const arrows = cells.flatMap((row, from) =>
    row.flatMap((cell, to) => {
      const text = textOf(cell);
      if (text === null) return [];
      const isMutual = from !== to && textOf(cells[to]![from]!) === text;
      if (isMutual && from > to) return [];
      const dashed = cellKind(cell) === 'some-pods' ? ', style=dashed' : '';
      const both = isMutual ? ', dir=both' : '';
      return [`  ${quoted(names[from]!)} -> ${quoted(names[to]!)} [label=${quoted(text)}${dashed}${both}];`];
    }),
  );
  return [
    'digraph policap {',
    '  rankdir=LR;',
    '  node [shape=box, fontname="sans-serif"];',
    '  edge [fontname="sans-serif", fontsize=10];',
    ...names.map(name => `  ${quoted(name)}${name.startsWith('outside') ? ' [style=dashed]' : ''};`),
    ...arrows,
    '}',
  ];
}

/** null where there is no arrow. */
function textOf(cell: Cell | null): string | null {
  const text = cell === null ? '-' : cellText(cell);
  return text === '-' ? null : text;
}

const quoted = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`;
