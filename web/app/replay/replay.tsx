/**
 * The replay view: what the policies would do to the traffic that is open.
 */
import type { JSX } from 'preact';
import { Problems } from '../parts/problems.js';
import { judged } from '../workspace.js';
import { Totals } from './totals.js';

export function ReplayView(): JSX.Element {
  const { summary, problems } = judged.value ?? { summary: null, problems: [] };
  return (
    <section>
      <h1>Replay</h1>
      {summary === null ? (
        <p>Nothing is judged yet: give a capture, policies and a cluster.</p>
      ) : (
        <Totals summary={summary} />
      )}
      <Problems problems={problems} />
    </section>
  );
}
