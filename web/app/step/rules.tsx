/**
 * The rules that were asked, in order: which one decided, and why the others did not match.
 */
import type { JSX } from 'preact';
import type { RuleExplanation } from '../../../src/explain/rules.js';
import type { StepDocument } from '../../../src/stepping/document.js';
import { plural } from '../parts/format.js';
import { SourceLink } from './source.js';

const RESULTS: Readonly<Record<RuleExplanation['result'], readonly [sign: string, words: string]>> = {
  decides: ['●', 'decides'],
  passes: ['↓', 'passes on'],
  'no-match': ['○', 'no match'],
  'not-reached': ['·', 'not reached'],
};

export function RulesPane({ explanation }: StepDocument): JSX.Element {
  const sides = explanation.sides.filter(({ rules }) => rules.length > 0);
  if (sides.length === 0) return <p>No rule was asked about this packet.</p>;
  return (
    <>
      {sides.map(({ side, outcome, rules, others }) => (
        <section key={side}>
          <h3>{side === 'forward' ? 'Rules' : `Rules about ${side} of ${outcome?.subject ?? ''}`}</h3>
          <ol class="rules">
            {rules.map(({ policy, rule, source, action, result, reasons }, i) => (
              <li class={result} key={`${i} ${policy} ${rule}`}>
                <span class="result">
                  <span aria-hidden="true">{RESULTS[result][0]}</span> {RESULTS[result][1]}
                </span>{' '}
                {action} {policy} {rule} <SourceLink at={source} />
                {reasons.map(reason => (
                  <p class="soft" key={reason}>
                    {reason}
                  </p>
                ))}
              </li>
            ))}
          </ol>
          {others > 0 && <p>And {plural(others, 'more rule')}.</p>}
        </section>
      ))}
    </>
  );
}
