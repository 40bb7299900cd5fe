/**
 * What a check says: what is right, what is not, and why.
 */
import type { JSX } from 'preact';
import type { LessonVerdict } from '../../worker/protocol.js';
import { plural } from '../parts/format.js';

export function Result({ verdict: { passed, expected } }: { readonly verdict: LessonVerdict }): JSX.Element {
  const wrong = expected.filter(it => !it.passed);
  const right = expected.length - wrong.length;
  return (
    <section aria-label="What the check says">
      <h2 class={passed ? 'passed' : 'dropped-text'}>
        {passed
          ? '✓ Passed'
          : expected.length === 0
            ? '✗ Nothing could be judged'
            : `✗ Not yet: ${wrong.length} of ${plural(expected.length, 'expectation')} not met`}
      </h2>
      <ul class="expected">
        {wrong.map(({ asked, sentence, why }) => (
          <li key={asked}>
            <strong class="dropped-text">{sentence ?? asked}</strong>
            <div class="code">{asked}</div>
            {why.map(line => (
              <div class="soft code" key={line}>
                {line}
              </div>
            ))}
          </li>
        ))}
      </ul>
      {right > 0 && (
        <details open={passed}>
          <summary>{plural(right, 'expectation')} met</summary>
          <ul class="expected">
            {expected
              .filter(it => it.passed)
              .map(({ asked }) => (
                <li class="code" key={asked}>
                  ✓ {asked}
                </li>
              ))}
          </ul>
        </details>
      )}
    </section>
  );
}
