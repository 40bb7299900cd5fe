/**
 * Conversations that were refused, or are undecided: who with whom, on what, and which line decides. Most connections first.
 */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Conversation, End } from '../../../src/report/conversations.js';
import type { OutcomeRecord } from '../../../src/verdict/verdict.js';
import { href } from '../link.js';
import { count } from '../parts/format.js';

/** Rows that are drawn at first, and with each press of the button: a longer list makes the page wait. */
const ROWS = 100;

interface ConversationsProps {
  readonly title: string;
  readonly conversations: readonly Conversation[];
  /** Packets of conversations beyond the limit of distinct ones. */
  readonly others: number;
}

export function Conversations({ title, conversations, others }: ConversationsProps): JSX.Element {
  const rows = useSignal(ROWS);
  const shown = conversations.slice(0, rows.value);
  const left = conversations.length - shown.length;
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {conversations.length === 0 ? (
        <p>There are none.</p>
      ) : (
        <div class="scroll">
          <table class="wide">
            <thead>
              <tr>
                {['connections', 'packets'].map(name => (
                  <th scope="col" class="number" key={name}>
                    {name}
                  </th>
                ))}
                {['from', 'to', 'service', 'why', 'first packet'].map(name => (
                  <th scope="col" key={name}>
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.map(it => (
                <tr key={`${it.firstPacket} ${it.reason}`}>
                  <td class="number">{count(it.connections)}</td>
                  <td class="number">{count(it.packets)}</td>
                  <td>{endText(it.source)}</td>
                  <td>{endText(it.destination)}</td>
                  <td>{serviceText(it)}</td>
                  <td>
                    <Why of={it} />
                  </td>
                  <td>
                    <a href={href('replay', { tab: 'packets', where: `packet == ${it.firstPacket}`, row: 0 })}>
                      packet {count(it.firstPacket)}
                    </a>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {left > 0 && (
        <p>
          <button
            type="button"
            onClick={() => {
              rows.value += ROWS;
            }}
          >
            Show {count(Math.min(ROWS, left))} more
          </button>{' '}
          {count(left)} are not shown; the connections, filtered by verdict, have all.
        </p>
      )}
      {others > 0 && <p>{count(others)} packets of conversations beyond the limit are not told apart.</p>}
    </section>
  );
}

const endText = ({ workload, address }: End): string => (workload === null ? address : `${workload} (${address})`);

function serviceText({ protocol, port, icmpType, icmpCode, service, destination }: Conversation): string {
  const type = icmpType === undefined ? '' : ` type ${icmpType} code ${icmpCode}`;
  const via = service === null || service === destination.workload ? '' : ` via ${service}`;
  return `${protocol}${port === null ? type : ` ${port}`}${via}`;
}

function Why({ of: { egress, ingress, forward, reason, verdict } }: { readonly of: Conversation }): JSX.Element {
  const sides = [
    ['egress', egress],
    ['ingress', ingress],
    ['rules', forward ?? null],
  ] as const;
  const deciding = sides.filter(
    (it): it is [(typeof it)[0], OutcomeRecord] => it[1] !== null && it[1].verdict === verdict,
  );
  if (deciding.length === 0) return <>{reason}</>;
  return (
    <>
      {deciding.map(([side, it]) => (
        <div key={side}>
          {side}: {it.policy ?? it.policies.join(', ')} {it.reason} <span class="soft code">{it.source}</span>
        </div>
      ))}
    </>
  );
}
