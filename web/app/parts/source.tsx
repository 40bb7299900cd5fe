/**
 * Where something is written: the lines around a place of a document, with its line lit.
 *
 * In:  `file:line:column`, as outcomes name it.  Out: the text with line numbers, and a link to the editor. What stands in no file (a
 * profile's own decision) is named alone.
 */
import type { JSX } from 'preact';
import { href } from '../link.js';
import { workspace } from '../workspace.js';

/** Lines before and behind the lit one. */
const AROUND = 6;

export function Source({ at, around = AROUND }: { readonly at: string; readonly around?: number }): JSX.Element {
  const place = /^(.*):(\d+):(\d+)$/.exec(at);
  const [, file = '', line = '0'] = place ?? [];
  const document = workspace.value.documents.find(({ name }) => name === file);
  if (document === undefined) return <p class="code">{at}</p>;
  const lit = Number(line);
  const lines = document.text.split('\n');
  const first = Math.max(1, lit - around);
  const shown = lines.slice(first - 1, lit + around);
  return (
    <figure class="source">
      <figcaption>
        <a href={href('edit', { at })} class="code">
          {at}
        </a>
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long lines scroll, by keyboard too */}
      <pre tabIndex={0}>
        {shown.map((text, i) => {
          const number = first + i;
          const isLit = number === lit;
          return (
            <code class={isLit ? 'line lit' : 'line'} key={number}>
              <span class="line-number">{String(number).padStart(String(first + shown.length).length)}</span>
              {isLit ? <mark>{text}</mark> : text}
              {isLit && <span class="unseen"> (decides)</span>}
            </code>
          );
        })}
      </pre>
    </figure>
  );
}
