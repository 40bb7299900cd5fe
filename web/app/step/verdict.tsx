/**
 * What becomes of the packet, in the sentences of `policap explain`, and each side's outcome by itself.
 */
import type { JSX } from 'preact';
import type { StepDocument } from '../../../src/stepping/document.js';
import { SourceLink } from './source.js';
import { SIGNS } from './words.js';

export function VerdictPane({ explanation }: StepDocument): JSX.Element {
  const { verdict, reason, sentences, sides } = explanation;
  return (
    <>
      <p class={`verdict ${verdict}-text`}>
        <span aria-hidden="true">{SIGNS[verdict]}</span> {verdict}: {reason}
      </p>
      <ul class="sentences">
        {sentences.map(sentence => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      {sides.length > 0 && (
        <table>
          <caption>By side</caption>
          <thead>
            <tr>
              <th scope="col">Side</th>
              <th scope="col">Subject</th>
              <th scope="col">Outcome</th>
              <th scope="col">Decided by</th>
            </tr>
          </thead>
          <tbody>
            {sides.map(
              ({ side, outcome }) =>
                outcome && (
                  <tr key={side}>
                    <th scope="row">{side}</th>
                    <td>{outcome.subject}</td>
                    <td class={`${outcome.verdict}-text`}>
                      <span aria-hidden="true">{SIGNS[outcome.verdict]}</span> {outcome.verdict}: {outcome.reason}
                    </td>
                    <td>
                      {outcome.policy} {outcome.rule} {outcome.source !== null && <SourceLink at={outcome.source} />}
                    </td>
                  </tr>
                ),
            )}
          </tbody>
        </table>
      )}
    </>
  );
}
