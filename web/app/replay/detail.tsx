/**
 * Who decided a packet or a connection: egress and ingress apart, each with the policy's YAML and the deciding line lit.
 *
 * In:  a row of the table.  Out: its fields, and its outcomes; nothing where no row is chosen.
 */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { OutcomeRecord } from '../../../src/verdict/verdict.js';
import type { Detail, TableName } from '../../worker/protocol.js';
import { href } from '../link.js';
import { Source } from '../parts/source.js';
import { engine } from '../workspace.js';

interface DetailPaneProps {
  readonly table: TableName;
  readonly row: number;
  readonly version: unknown;
}

export function DetailPane({ table, row, version }: DetailPaneProps): JSX.Element {
  const detail = useSignal<Detail | null>(null);
  useEffect(() => {
    let isLatest = true;
    if (row < 0 || version === null) detail.value = null;
    else {
      void engine.detail(table, row).then(
        answer => {
          if (isLatest) detail.value = answer;
        },
        () => {},
      );
    }
    return () => {
      isLatest = false;
    };
  }, [table, row, version]);

  const it = detail.value;
  if (it === null) {
    return (
      <aside class="detail" aria-label="Who decided">
        <p class="soft">Choose a row to see who decided it.</p>
      </aside>
    );
  }
  const first = it.fields.find(([name]) => name === (table === 'packets' ? 'packet' : 'firstPacket'))?.[1];
  const connection = it.fields.find(([name]) => name === 'connection')?.[1] ?? '';
  return (
    <aside class="detail" aria-label="Who decided" aria-live="polite">
      <h2>
        {table === 'packets' ? 'Packet' : 'Connection'} {it.number}:{' '}
        <span class={`${it.verdict}-text`}>
          {it.verdict}, {it.reason}
        </span>
      </h2>
      <Outcome side="Egress" of={it.egress} />
      <Outcome side="Ingress" of={it.ingress} />
      {it.forward !== null && <Outcome side="Rules" of={it.forward} />}
      <p>
        {first !== undefined && <a href={href('step', { packet: first })}>Step through from packet {first}</a>}
        {table === 'packets' && connection !== '' && (
          <>
            {' · '}
            <a href={href('replay', { tab: 'packets', where: `connection == ${connection}` })}>
              All packets of connection {connection}
            </a>
          </>
        )}
        {table === 'connections' && (
          <>
            {' · '}
            <a href={href('replay', { tab: 'packets', where: `connection == ${it.number}` })}>Its packets</a>
          </>
        )}
      </p>
      <details>
        <summary>All fields</summary>
        <table>
          <tbody>
            {it.fields.map(([name, text]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td class="code">{text}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </aside>
  );
}

function Outcome({ side, of }: { readonly side: string; readonly of: OutcomeRecord | null }): JSX.Element {
  if (of === null) {
    return (
      <section>
        <h3>{side}</h3>
        <p class="soft">Nothing is decided on this side: its end is no pod.</p>
      </section>
    );
  }
  const { subject, verdict, reason, isolated, policies, policy, rule, source, tier, kind } = of;
  return (
    <section>
      <h3>
        {side} of {subject}: <span class={`${verdict}-text`}>{`${verdict}, ${reason}`}</span>
      </h3>
      <p>
        {isolated ? `Isolated by ${policies.join(', ')}. ` : 'Isolated by no policy. '}
        {policy !== null && `${kind === undefined ? 'Policy' : kind} ${policy}${rule === null ? '' : `, ${rule}`}`}
        {policy !== null && tier !== undefined && ` in tier ${tier}`}
        {policy !== null && ' decided.'}
        {policy === null && reason === 'default-deny' && 'None of their rules matched.'}
      </p>
      {source !== null && <Source at={source} />}
    </section>
  );
}
