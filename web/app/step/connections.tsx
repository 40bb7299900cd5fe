/**
 * The connection table as this packet leaves it: its own entry first, what ended, and the others by when they end.
 */
import type { JSX } from 'preact';
import type { StepDocument } from '../../../src/stepping/document.js';
import type { Change, EntryRow, EntryState } from '../../../src/stepping/entries.js';
import { plural } from '../parts/format.js';
import { Scroll } from './pane.js';
import { seconds } from './words.js';

const CHANGES: Readonly<Record<Change, readonly [sign: string, words: string]>> = {
  new: ['+', 'new'],
  replaced: ['±', 'replaced'],
  changed: ['~', 'changed'],
  renewed: ['↻', 'timer renewed'],
  same: ['', ''],
  expired: ['−', 'expired'],
  evicted: ['−', 'made room'],
  ended: ['−', 'ended'],
};

export function ConnectionsPane({ table, conntrack }: StepDocument): JSX.Element {
  const { isDescribed, live, liveBefore, rows, others } = table;
  const change = live === liveBefore ? '' : `; before it ${liveBefore}`;
  return (
    <>
      <p>
        {plural(live, 'entry', 'entries')} after this packet{change}.
        {!isDescribed && ` The entries of this kind of table (${conntrack}) are not described.`}
        {others > 0 && ` Shown are those that end first; ${plural(others, 'entry ends', 'entries end')} later.`}
      </p>
      {rows.length > 0 && (
        <Scroll label="Connection table">
          <table class="connections">
            <caption class="unseen">Entries of the connection table</caption>
            <thead>
              <tr>
                <th scope="col">Change</th>
                <th scope="col">Connection</th>
                <th scope="col">State</th>
                <th scope="col">Flags</th>
                <th scope="col">Time left</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row, i) => (
                <Row row={row} key={`${i} ${row.protocol} ${row.source} ${row.destination}`} />
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </>
  );
}

function Row({ row }: { readonly row: EntryRow }): JSX.Element {
  const { protocol, source, destination, isOwn, change, before, after } = row;
  const [sign, words] = CHANGES[change];
  return (
    <tr class={`${isOwn ? 'own ' : ''}${change}`}>
      <td>
        <span aria-hidden="true">{sign}</span> {words}
        {isOwn && <span class="soft"> this packet’s</span>}
      </td>
      <th scope="row">
        {protocol} {source} → {destination}
      </th>
      <td>{both(before, after, ({ state }) => state)}</td>
      <td>{both(before, after, flagsOf)}</td>
      <td class="number">{change === 'same' ? both(null, after ?? before, leftOf) : both(before, after, leftOf)}</td>
    </tr>
  );
}

const leftOf = ({ left }: EntryState): string => seconds(left);

const flagsOf = ({ replied, assured }: EntryState): string =>
  `${replied ? 'answered' : 'not answered'}${assured ? ', assured' : ''}`;

/** `SYN_SENT → SYN_RECV`, or once where it stays. */
function both(before: EntryState | null, after: EntryState | null, of: (state: EntryState) => string): JSX.Element {
  const [was, is] = [before && of(before), after && of(after)];
  if (was === is || was === null) return <>{is ?? ''}</>;
  if (is === null) return <s>{was}</s>;
  return (
    <>
      {was} → <strong>{is}</strong>
    </>
  );
}
