/**
 * A text as a cell of CSV (RFC 4180; cold).
 *
 * In:  any text, also of documents that nobody has checked.  Out: the cell, quoted where it must be. What a spreadsheet would run as
 * a formula gets a `'` before it, which spreadsheets take for the mark of text; no valid name begins so.
 */
const NEEDS_QUOTES = /[",\r\n]/;
const IS_FORMULA = /^[=+\-@\t\r]/;

export function csvCell(text: string): string {
  const harmless = IS_FORMULA.test(text) ? `'${text}` : text;
  return NEEDS_QUOTES.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
