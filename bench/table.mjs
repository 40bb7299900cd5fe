/** Lines of aligned columns: numbers to the right, words to the left. */
export function table(head, rows) {
  const all = [head, ...rows];
  const isNumber = text => /^[-\d.%]+$/.test(text);
  const width = head.map((_, c) => Math.max(...all.map(line => line[c].length)));
  const right = head.map((_, c) => rows.every(line => isNumber(line[c])));
  return all
    .map(line =>
      line
        .map((text, c) => (right[c] ? text.padStart(width[c]) : text.padEnd(width[c])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
