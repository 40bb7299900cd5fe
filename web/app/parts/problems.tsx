/**
 * What is wrong with documents, errors first: file, line, sentence and the next step.
 */
import type { JSX } from 'preact';
import type { DocumentProblem } from '../../worker/protocol.js';

const MOST = 50;

export function Problems({ problems }: { readonly problems: readonly DocumentProblem[] }): JSX.Element | null {
  if (problems.length === 0) return null;
  const sorted = [...problems].sort((a, b) => Number(b.severity === 'error') - Number(a.severity === 'error'));
  return (
    <section aria-label="Problems of the documents">
      <ul class="problems">
        {sorted.slice(0, MOST).map(({ severity, file, line, column, message, hint }) => (
          <li class={severity} key={`${file}:${line}:${column} ${message}`}>
            <strong>{severity}</strong> <code>{line === 0 ? file : `${file}:${line}:${column}`}</code> {message}
            {hint !== null && <span class="soft"> ({hint})</span>}
          </li>
        ))}
      </ul>
      {problems.length > MOST && <p>{problems.length - MOST} more are not shown.</p>}
    </section>
  );
}
