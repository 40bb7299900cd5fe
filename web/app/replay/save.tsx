/**
 * What a person takes away: what stands in the view, whole; the records of the table as it is filtered; the marked capture; the report.
 *
 * In:  the part of the view that is open, and its filter.  Out: files, as `policap replay` writes them where it does.
 */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { EngineFault, type Exported } from '../../worker/protocol.js';
import { download } from '../parts/download.js';
import { pictureOf } from '../parts/picture.js';
import { engine } from '../workspace.js';
import type { Tab } from './replay.js';

interface Kind {
  readonly name: string;
  make(tab: Tab, where: string): Promise<Exported>;
}

const recordsOf = (tab: Tab): 'packets' | 'connections' => (tab === 'packets' ? 'packets' : 'connections');

const picture = async (selector: string, name: string): Promise<Exported> => {
  const drawn = document.querySelector<SVGSVGElement>(selector);
  if (drawn === null) throw new EngineFault('There is nothing drawn.');
  return { name, blob: pictureOf(drawn) };
};

const TABLE: readonly Kind[] = [
  { name: 'Table as CSV', make: (tab, where) => engine.save('csv', recordsOf(tab), where) },
  { name: 'Table as JSON lines', make: (tab, where) => engine.save('jsonl', recordsOf(tab), where) },
];
const MARKED: Kind = {
  name: 'Packets as pcapng, verdicts as comments',
  make: (_, where) => engine.save('pcapng', 'packets', where),
};
const OF_TAB: Readonly<Record<Tab, readonly Kind[]>> = {
  conversations: [{ name: 'Conversations as CSV', make: () => engine.saveView('conversations') }],
  connections: TABLE,
  packets: [...TABLE, MARKED],
  map: [
    { name: 'Pairs as CSV', make: () => engine.saveView('map') },
    { name: 'Map as SVG', make: () => picture('svg.map', 'map.svg') },
  ],
  policies: [{ name: 'Policies as CSV', make: () => engine.saveView('policies') }],
};
const ALWAYS: readonly Kind[] = [
  { name: 'Traffic over time as CSV', make: () => engine.saveView('timeline') },
  { name: 'Traffic over time as SVG', make: () => picture('svg.timeline', 'timeline.svg') },
  { name: 'Summary as JSON', make: () => engine.save('summary', 'connections', '') },
  { name: 'Summary as text', make: () => engine.save('text', 'connections', '') },
  { name: 'Report as one HTML file', make: () => engine.save('html', 'connections', '') },
];

export function Save({ tab, where }: { readonly tab: Tab; readonly where: string }): JSX.Element {
  const says = useSignal('');
  async function save({ make }: Kind): Promise<void> {
    says.value = 'Writing …';
    try {
      const { name, blob } = await make(tab, where);
      download(name, blob);
      says.value = `${name} is written.`;
    } catch (error) {
      says.value = error instanceof EngineFault ? error.message : String(error);
    }
  }
  return (
    <details class="save">
      <summary>Save</summary>
      <ul>
        {[...OF_TAB[tab], ...ALWAYS].map(kind => (
          <li key={kind.name}>
            <button type="button" onClick={() => void save(kind)}>
              {kind.name}
            </button>
          </li>
        ))}
      </ul>
      <p role="status">{says}</p>
    </details>
  );
}
