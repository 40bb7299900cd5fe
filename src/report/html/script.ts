/**
 * The page's script: a filter over each table, and columns that sort. It runs in a browser, and the page is whole without it.
 *
 * A row stays where it has every word of the filter, in any case; a word behind a minus sign it must not have. How many rows are
 * left is said to screen readers, too.
 */
export const SCRIPT = `
'use strict';
for (const table of document.querySelectorAll('table.filtered')) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const texts = rows.map(row => row.textContent.toLowerCase());
  const said = document.createElement('output');
  const input = document.createElement('input');
  input.type = 'search';
  input.placeholder = 'words, -without';
  input.setAttribute('aria-label', 'Filter: ' + table.dataset.name);
  const show = () => {
    const words = input.value.toLowerCase().split(/\\s+/).filter(word => word !== '' && word !== '-');
    let shown = 0;
    rows.forEach((row, i) => {
      const fits = words.every(word => word[0] === '-' ? !texts[i].includes(word.slice(1)) : texts[i].includes(word));
      row.hidden = !fits;
      if (fits) shown++;
    });
    said.textContent = shown + ' of ' + rows.length + ' shown';
  };
  input.addEventListener('input', show);
  const line = document.createElement('p');
  line.className = 'filter';
  line.append(input, said);
  table.parentElement.before(line);
  show();
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const rises = head.getAttribute('aria-sort') === (head.classList.contains('number') ? 'descending' : 'ascending') ?
        head.classList.contains('number') : !head.classList.contains('number');
      for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', rises ? 'ascending' : 'descending');
      const valueOf = row => row.cells[column].dataset.value ?? row.cells[column].textContent;
      const collator = new Intl.Collator('en', { numeric: true });
      body.append(...[...body.rows].sort((a, b) => (rises ? 1 : -1) * collator.compare(valueOf(a), valueOf(b))));
    });
  });
}
`;
