/**
 * The policies, and how often each of their rules decided.
 */
import type { JSX } from 'preact';
import type { PolicyHits } from '../../../src/report/hits.js';
import { href } from '../link.js';
import { count } from '../parts/format.js';

const MOST_ROWS = 300;

export function Policies({ policies }: { readonly policies: readonly PolicyHits[] }): JSX.Element {
  const rows = policies.flatMap(({ policy, source, rules, defaultDeny }) => [
    ...rules.map(it => ({ policy, rule: it.rule, source: it.source, hits: it.hits })),
    { policy, rule: 'none matched: default-deny', source, hits: defaultDeny },
  ]);
  return (
    <section aria-label="Policies">
      <h2>Policies and what they decided</h2>
      {rows.length === 0 ? (
        <p>There are no policies.</p>
      ) : (
        <div class="scroll">
          <table class="wide">
            <thead>
              <tr>
                <th scope="col">policy</th>
                <th scope="col">rule</th>
                <th scope="col">where</th>
                <th scope="col" class="number">
                  connections
                </th>
                <th scope="col" class="number">
                  packets
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, MOST_ROWS).map(({ policy, rule, source, hits }) => (
                <tr key={`${policy} ${rule} ${source}`}>
                  <td>
                    <a href={href('edit', { at: source })}>{policy}</a>
                  </td>
                  <td>{rule}</td>
                  <td class="code">{source}</td>
                  <td class="number">{count(hits.connections)}</td>
                  <td class="number">{count(hits.packets)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {rows.length > MOST_ROWS && <p>{count(rows.length - MOST_ROWS)} more are not shown.</p>}
    </section>
  );
}
