/**
 * Tables that a screen or a ticket renders (cold).
 */

/** Text that stands as it is, whatever signs of markdown or HTML it holds. */
export const escaped = (text: string): string => text.replace(/[\\`*_|<>[\]]/g, '\\$&');

const line = (cells: readonly string[]): string =>
  `| ${cells.map(cell => cell.replace(/(?<!\\)\|/g, '\\|')).join(' | ')} |`;

/** @param rows cells of markdown; a `|` that is not escaped is no border */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => [
  line(head),
  `|${' --- |'.repeat(head.length)}`,
  ...rows.map(line),
];
