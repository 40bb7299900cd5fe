/**
 * The replay view: what the policies would do to the traffic that is open. Refused conversations first.
 */
import type { JSX } from 'preact';
import { href, link } from '../link.js';
import { Drop } from '../open/drop.js';
import { Problems } from '../parts/problems.js';
import { judged } from '../workspace.js';
import { Conversations } from './conversations.js';
import { MapView } from './map.js';
import { Policies } from './policies.js';
import { Records } from './records.js';
import { Requests } from './requests.js';
import { Save } from './save.js';
import { Timeline } from './timeline.js';
import { Totals } from './totals.js';

const TABS = {
  conversations: 'Refused conversations',
  connections: 'Connections',
  packets: 'Packets',
  map: 'Map',
  policies: 'Policies',
} as const;
export type Tab = keyof typeof TABS;

export function ReplayView(): JSX.Element {
  const { summary, problems, requests } = judged.value ?? { summary: null, problems: [], requests: [] };
  if (summary === null) {
    return (
      <section>
        <h1>Replay</h1>
        <p>Nothing is judged yet: give a capture, policies and a cluster.</p>
        <Drop />
        <Problems problems={problems} />
      </section>
    );
  }
  const { parameters } = link.value;
  const tab =
    parameters['tab'] !== undefined && parameters['tab'] in TABS ? (parameters['tab'] as Tab) : 'conversations';
  return (
    <section>
      <h1>{summary.captures.map(({ name }) => name).join(', ')}</h1>
      {summary.notice !== undefined && <p class="notice">{summary.notice}</p>}
      {summary.captures.map(
        ({ name, error }) =>
          error !== null && (
            <p class="dropped-text" role="alert" key={name}>
              {name} is damaged: what stands before the damage is judged. {error.message}
            </p>
          ),
      )}
      <p class="soft">
        Judged as {summary.profile ?? 'upstream'} enforces policies ({summary.profileFrom}), mode {summary.mode}.{' '}
        <a href={href('open')}>Change</a>
      </p>
      <div class="overview">
        <Totals summary={summary} />
        <Timeline />
      </div>
      <nav class="tabs" aria-label="Parts of the replay">
        {(Object.keys(TABS) as Tab[]).map(it => (
          <a href={href('replay', { tab: it })} aria-current={it === tab ? 'true' : undefined} key={it}>
            {TABS[it]}
          </a>
        ))}
      </nav>
      {tab === 'conversations' && (
        <>
          <Conversations
            title="Refused conversations"
            conversations={summary.denied}
            others={summary.deniedOthers.packets}
          />
          {summary.undecided.length > 0 && (
            <Conversations title="Undecided conversations" conversations={summary.undecided} others={0} />
          )}
          {requests.map(it => (
            <Requests {...it} key={it.title} />
          ))}
        </>
      )}
      {(tab === 'connections' || tab === 'packets') && <Records table={tab} key={tab} />}
      {tab === 'map' && <MapView />}
      {tab === 'policies' && <Policies policies={summary.policies} />}
      <Save tab={tab} where={parameters['where'] ?? ''} />
      <Problems problems={problems} />
      {summary.warnings.length > 0 && (
        <details>
          <summary>Warnings ({summary.warnings.length})</summary>
          <ul>
            {summary.warnings.map(it => (
              <li key={it}>{it}</li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}
