/**
 * Workloads by namespace, and who spoke with whom: refused pairs as broken lines with a cross, undecided ones dotted, allowed ones thin.
 *
 * In:  the engine's map.  Out: a picture, in which a chosen workload shows its own lines alone, and a list of the same pairs with links to
 * their connections. Of a large cluster the picture has the workloads with the most refused connections.
 */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { NOBODY, type WorkloadMap } from '../../worker/protocol.js';
import { go, href, link } from '../link.js';
import { count, plural } from '../parts/format.js';
import { engine, judged } from '../workspace.js';
import { BOX, layOut, type Place } from './map-layout.js';

type Edge = WorkloadMap['edges'][number];

/** Pairs in the list. */
const MOST_PAIRS = 300;

export function MapView(): JSX.Element | null {
  const map = useSignal<WorkloadMap | null>(null);
  useEffect(() => {
    void engine.map().then(
      answer => {
        map.value = answer;
      },
      () => {},
    );
  }, [judged.value]);
  if (map.value === null) return null;
  const chosen = link.value.parameters['workload'] ?? null;
  const edges =
    chosen === null ? map.value.edges : map.value.edges.filter(it => it.from === chosen || it.to === chosen);
  return (
    <section aria-label="Map of workloads">
      <h2>Who spoke with whom</h2>
      {chosen !== null && (
        <p>
          Pairs of {chosen} alone.{' '}
          <button type="button" onClick={() => go('replay', { workload: null })}>
            All pairs
          </button>
        </p>
      )}
      <Picture map={map.value} edges={edges} chosen={chosen} />
      <Pairs edges={edges} />
    </section>
  );
}

const verdictOf = ({ dropped, undecided }: Edge): 'dropped' | 'undecided' | 'allowed' =>
  dropped.connections > 0 ? 'dropped' : undecided.connections > 0 ? 'undecided' : 'allowed';

interface PictureProps {
  readonly map: WorkloadMap;
  readonly edges: readonly Edge[];
  readonly chosen: string | null;
}

function Picture({ map, edges, chosen }: PictureProps): JSX.Element {
  const { width, height, namespaces, places, left } = layOut(map);
  const refused = edges.filter(it => verdictOf(it) === 'dropped').length;
  // Refused lines are drawn last, over the others.
  const rank = { allowed: 0, undecided: 1, dropped: 2 };
  const drawn = [...edges].sort((a, b) => rank[verdictOf(a)] - rank[verdictOf(b)]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide map scrolls, by keyboard too
    <section class="scroll" aria-label="The map as a picture" tabIndex={0}>
      <svg
        class="map"
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-labelledby="map-title map-desc"
      >
        <title id="map-title">Workloads by namespace</title>
        <desc id="map-desc">
          {`${plural(edges.length, 'pair')}, ${count(refused)} of them with refused connections. The list below has them all.`}
        </desc>
        {namespaces.map(({ name, x, y, width: w, height: h }) => (
          <g key={name}>
            <rect class="namespace" x={x} y={y} width={w} height={h} rx="6" />
            <text class="label" x={x + 10} y={y + 18}>
              {name === '' ? 'outside of namespaces' : name}
            </text>
          </g>
        ))}
        {drawn.map(edge => {
          const [from, to] = [places.get(edge.from), places.get(edge.to)];
          return from && to && <Line edge={edge} from={from} to={to} key={`${edge.from} ${edge.to}`} />;
        })}
        {[...places].map(([name, { x, y, text }]) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: the list has the same as links
          <g
            class={name === chosen ? 'workload chosen' : 'workload'}
            key={name}
            onClick={() => go('replay', { workload: name === chosen ? null : name })}
          >
            <rect x={x} y={y} width={BOX.width} height={BOX.height} rx="4" />
            <text x={x + 8} y={y + 17}>
              {text}
            </text>
            <title>{name}</title>
          </g>
        ))}
      </svg>
      {left > 0 && (
        <p class="soft">
          {plural(left, 'workload')} with fewer refused connections are not drawn; the list has all pairs.
        </p>
      )}
    </section>
  );
}

function Line({ edge, from, to }: { readonly edge: Edge; readonly from: Place; readonly to: Place }): JSX.Element {
  const verdict = verdictOf(edge);
  const [x1, y1] = [from.x + BOX.width / 2, from.y + BOX.height / 2];
  const [x2, y2] = [to.x + BOX.width / 2, to.y + BOX.height / 2];
  const isSelf = edge.from === edge.to;
  const bend = isSelf ? 60 : Math.max(24, Math.abs(y2 - y1) / 3);
  // Curved to the right of its way, so that both ways are seen.
  const [dx, dy] = [x2 - x1, y2 - y1];
  const long = Math.hypot(dx, dy) || 1;
  const [mx, my] = isSelf
    ? [x1 + BOX.width, y1 - bend]
    : [(x1 + x2) / 2 - (dy / long) * bend, (y1 + y2) / 2 + (dx / long) * bend];
  const [cx, cy] = [(x1 + 2 * mx + x2) / 4, (y1 + 2 * my + y2) / 4];
  const { allowed, dropped, undecided } = edge;
  const title = `${edge.from} to ${edge.to}: ${count(dropped.connections)} connections refused, ${count(undecided.connections)} undecided, ${count(allowed.connections)} allowed`;
  return (
    <g class={`edge ${verdict}`}>
      <path d={`M${x1} ${y1} Q${mx} ${my} ${x2} ${y2}`} />
      {verdict === 'dropped' && <path class="cross" d={`M${cx - 5} ${cy - 5}l10 10m0 -10l-10 10`} />}
      <title>{title}</title>
    </g>
  );
}

/** A filter for the connections of a pair. */
const whereOf = (from: string, to: string, verdict: string): string =>
  `src_workload == ${literalOf(from)} && dst_workload == ${literalOf(to)} && verdict == ${verdict}`;

const literalOf = (name: string): string => (name === NOBODY ? 'null' : name);

function Pairs({ edges }: { readonly edges: readonly Edge[] }): JSX.Element {
  const sorted = [...edges].sort(
    (a, b) =>
      b.dropped.connections - a.dropped.connections ||
      b.undecided.connections - a.undecided.connections ||
      b.allowed.connections - a.allowed.connections,
  );
  return (
    <div class="scroll">
      <table class="wide">
        <caption>Connections by pair</caption>
        <thead>
          <tr>
            <th scope="col">from</th>
            <th scope="col">to</th>
            {['refused', 'undecided', 'allowed'].map(name => (
              <th scope="col" class="number" key={name}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, MOST_PAIRS).map(({ from, to, dropped, undecided, allowed }) => (
            <tr key={`${from} ${to}`}>
              {[from, to].map((name, i) => (
                <td key={i === 0 ? 'from' : 'to'}>
                  <a href={href('replay', { tab: 'map', workload: name })}>{name}</a>
                </td>
              ))}
              {Object.entries({ dropped, undecided, allowed }).map(([verdict, { connections }]) => (
                <td class="number" key={verdict}>
                  {connections === 0 ? (
                    0
                  ) : (
                    <a
                      class={`${verdict}-text`}
                      href={href('replay', { tab: 'connections', where: whereOf(from, to, verdict) })}
                    >
                      {count(connections)}
                    </a>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {sorted.length > MOST_PAIRS && <p>{count(sorted.length - MOST_PAIRS)} more pairs are not shown.</p>}
    </div>
  );
}
