import { describe, expect, it } from 'vitest';
import { csvCell } from '../../src/report/csv-cell.js';

describe('a cell of CSV', () => {
  const CELLS: readonly (readonly [text: string, cell: string])[] = [
    ['shop/web', 'shop/web'],
    ['a,"b"\r\n', '"a,""b""\r\n"'],
    ['=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
    ['+1', "'+1"],
    ['-1+cmd', "'-1+cmd"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['shop/=1', 'shop/=1'],
  ];
  it.each(CELLS)('of %j is %j', (text, cell) => {
    expect(csvCell(text)).toBe(cell);
  });
});
