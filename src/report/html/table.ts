/**
 * Tables of the page (cold): columns and rows of text -> markup. Those that may be long scroll sideways on a small screen and are
 * found by the page's script, which puts a filter over them and lets columns sort.
 */
import { count } from '../style.js';
import { type Markup, markup, NOTHING } from './markup.js';

export interface Column {
  readonly name: string;
  readonly isNumber: boolean;
}

export interface Table {
  /** For screen readers. */
  readonly name: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly (string | number)[])[];
  readonly isFiltered?: boolean;
  /** Rows left out; where it is not above zero none were. */
  readonly left?: number;
  /** What else is to be said below it. */
  readonly note?: string;
}

export function table({ name, columns, rows, isFiltered = false, left = 0, note = '' }: Table): Markup {
  const kind = (column: Column): string => (column.isNumber ? 'number' : 'words');
  const head = columns.map(column => markup`<th scope="col" class="${kind(column)}">${column.name}</th>`);
  const body = rows.map(
    row => markup`<tr>${row.map((cell, i) => markup`<td class="${kind(columns[i]!)}">${cell}</td>`)}</tr>\n`,
  );
  const more = left > 0 ? markup`<p class="soft">${count(left)} more rows: -o json lists all of them.</p>` : NOTHING;
  return markup`<div class="scroll"><table class="${isFiltered ? 'filtered' : 'plain'}" data-name="${name}" aria-label="${name}">
<thead><tr>${head}</tr></thead>
<tbody>
${body}</tbody></table></div>
${more}${note === '' ? NOTHING : markup`<p class="soft">${note}</p>`}`;
}
