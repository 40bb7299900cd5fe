/**
 * The documents' files: policies first, each with what became of it; those that were taken away can be put back.
 */
import type { JSX } from 'preact';
import { href } from '../link.js';
import { plural } from '../parts/format.js';
import { answer, before, change, current } from './edits.js';
import { fileOf } from './files.js';

export function FileList({ shown }: { readonly shown: string }): JSX.Element {
  const known = answer.value;
  const readOnly = new Set(known?.readOnly);
  const files = current.value;
  const gone = before.value.filter(({ name }) => fileOf(files, name) === undefined);
  const sorted = [...files].sort((a, b) => Number(readOnly.has(a.name)) - Number(readOnly.has(b.name)));
  return (
    <nav class="edit-files" aria-label="Documents">
      <ul>
        {sorted.map(({ name, text }) => {
          const was = fileOf(before.value, name);
          const errors = (known?.problems ?? []).filter(it => it.file === name && it.severity === 'error').length;
          const marks = [
            ...(was === undefined ? ['new'] : was.text !== text ? ['changed'] : []),
            ...(readOnly.has(name) ? ['cluster'] : []),
          ];
          return (
            <li key={name}>
              <a href={href('edit', { file: name })} aria-current={name === shown ? 'page' : undefined}>
                {name}
              </a>
              {marks.map(mark => (
                <span class="mark" key={mark}>
                  {mark}
                </span>
              ))}
              {errors > 0 && <span class="mark dropped-text">{plural(errors, 'error')}</span>}
            </li>
          );
        })}
        {gone.map(({ name, text }) => (
          <li key={name} class="gone">
            <del>{name}</del>
            <button
              type="button"
              onClick={() => change([...current.value, { name, text }])}
              aria-label={`Put ${name} back`}
            >
              Put back
            </button>
          </li>
        ))}
      </ul>
      {files.length + gone.length === 0 && <p class="soft">No documents.</p>}
    </nav>
  );
}
