/**
 * How many packets and connections pass, are refused, and are undecided.
 */
import type { JSX } from 'preact';
import type { Summary } from '../../../src/report/summary.js';
import { count } from '../parts/format.js';

export function Totals({ summary }: { readonly summary: Summary }): JSX.Element {
  const rows = [
    ['packets', summary.packets],
    ['connections', summary.connections],
  ] as const;
  return (
    <table class="totals">
      <caption>By verdict</caption>
      <thead>
        <tr>
          <td />
          <th scope="col">dropped</th>
          <th scope="col">undecided</th>
          <th scope="col">allowed</th>
          <th scope="col">total</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, { dropped, undecided, allowed, total }]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td class="number dropped-text">{count(dropped)}</td>
            <td class="number undecided-text">{count(undecided)}</td>
            <td class="number">{count(allowed)}</td>
            <td class="number">{count(total)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
