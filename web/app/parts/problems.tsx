/**
 * What is wrong with documents, errors first: file, line, sentence and the next step.
 */
import type { JSX } from 'preact';
import type { DocumentProblem } from '../../worker/protocol.js';

const MOST = 50;

interface Shown {
  readonly problems: readonly DocumentProblem[];
  /** Where a problem's line can be seen. */
  readonly hrefOf?: (problem: DocumentProblem) => string;
}

export function Problems({ problems, hrefOf }: Shown): JSX.Element | null {
  if (problems.length === 0) return null;
  const sorted = [...problems].sort((a, b) => Number(b.severity === 'error') - Number(a.severity === 'error'));
  return (
    <section aria-label="Problems of the documents">
      <ul class="problems">
        {sorted.slice(0, MOST).map(problem => {
          const { severity, file, line, column, message, hint } = problem;
          const where = line === 0 ? file : `${file}:${line}:${column}`;
          return (
            <li class={severity} key={`${where} ${message}`}>
              <strong>{severity}</strong>{' '}
              <code>{hrefOf === undefined || line === 0 ? where : <a href={hrefOf(problem)}>{where}</a>}</code>{' '}
              {message}
              {hint !== null && <span class="soft"> ({hint})</span>}
            </li>
          );
        })}
      </ul>
      {problems.length > MOST && <p>{problems.length - MOST} more are not shown.</p>}
    </section>
  );
}
