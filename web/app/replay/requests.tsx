/**
 * Requests on connections that are refused, or undecided: by the plugin's proxies, and by the service mesh.
 */
import type { JSX } from 'preact';
import type { RequestList } from '../../worker/protocol.js';
import { plural } from '../parts/format.js';

export function Requests({ title, head, rows, others }: RequestList): JSX.Element {
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {rows.length === 0 ? (
        <p>There are none.</p>
      ) : (
        <div class="scroll">
          <table class="wide">
            <thead>
              <tr>
                {head.map((name, i) => (
                  <th scope="col" class={i === 0 ? 'number' : ''} key={name}>
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(row => (
                <tr key={row.join(' ')}>
                  {row.map((text, i) => (
                    <td class={i === 0 ? 'number' : ''} key={head[i]}>
                      {text}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {others > 0 && <p>{plural(others, 'request')} beyond the limit of distinct ones are not listed.</p>}
    </section>
  );
}
