/**
 * Traffic over time by verdict, as bars: dropped packets below, undecided and allowed ones on top. Verdicts differ by pattern, not by
 * colour alone. A bar that is chosen filters the packets to its span; the same figures stand in a table, with the same links.
 */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { TimelineSpans } from '../../worker/protocol.js';
import { go, href, link } from '../link.js';
import { count, duration, plural, timeLiteral, timeText } from '../parts/format.js';
import { engine, judged } from '../workspace.js';

const LEAST_WIDTH = 240;
const HEIGHT = 140;
const LEFT = 48;
const BOTTOM = 22;
const TOP = 10;
/** From below. */
const STACK = ['dropped', 'undecided', 'allowed'] as const;
/** Rows of the table. */
const MOST_ROWS = 256;

export function Timeline(): JSX.Element | null {
  const spans = useSignal<TimelineSpans | null>(null);
  useEffect(() => {
    void engine.timeline().then(
      answer => {
        spans.value = answer;
      },
      () => {},
    );
  }, [judged.value]);
  const it = spans.value;
  if (it === null || it.allowed.length === 0) return null;
  return (
    <section aria-label="Packets over time">
      <h2>Packets over time</h2>
      <ul class="legend">
        {(['allowed', 'undecided', 'dropped'] as const).map(verdict => (
          <li key={verdict}>
            <svg viewBox="0 0 16 16" aria-hidden="true">
              <rect class={`bar ${verdict}`} width="16" height="16" />
            </svg>{' '}
            {verdict}
          </li>
        ))}
      </ul>
      <Picture spans={it} />
      <Figures spans={it} />
    </section>
  );
}

const total = (spans: TimelineSpans, i: number): number => STACK.reduce((sum, verdict) => sum + spans[verdict][i]!, 0);

const startOf = ({ start, width }: TimelineSpans, i: number): bigint => start + BigInt(i * width) * 1000n;

/** A filter for the packets of a span. */
const whereOf = (spans: TimelineSpans, i: number): string =>
  `time >= ${timeLiteral(startOf(spans, i))} && time < ${timeLiteral(startOf(spans, i + 1))}`;

function Picture({ spans }: { readonly spans: TimelineSpans }): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const [wide, setWide] = useState(600);
  useEffect(() => {
    const element = frame.current!;
    const observer = new ResizeObserver(() => setWide(Math.max(LEAST_WIDTH, element.clientWidth)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const used = spans.allowed.length;
  let most = 1;
  for (let i = 0; i < used; i++) most = Math.max(most, total(spans, i));
  const step = (wide - LEFT) / used;
  const gap = step > 4 ? 1 : 0;
  const room = HEIGHT - TOP - BOTTOM;
  const where = link.value.parameters['where'];
  return (
    <div ref={frame}>
      <svg
        class="timeline"
        width={wide}
        height={HEIGHT}
        viewBox={`0 0 ${wide} ${HEIGHT}`}
        role="img"
        aria-labelledby="timeline-title timeline-desc"
      >
        <title id="timeline-title">Packets over time by verdict</title>
        <desc id="timeline-desc">
          {`${plural(used, 'span')} of ${duration(spans.width / 1e6)}; at most ${plural(most, 'packet')} in one.`}
        </desc>
        <defs>
          <pattern id="hatched" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect class="ground" width="6" height="6" />
            <rect class="mark" width="3" height="6" />
          </pattern>
          <pattern id="dotted" width="5" height="5" patternUnits="userSpaceOnUse">
            <rect class="ground" width="5" height="5" />
            <circle class="mark" cx="2.5" cy="2.5" r="1.4" />
          </pattern>
        </defs>
        <line class="axis" x1={LEFT} y1={HEIGHT - BOTTOM + 0.5} x2={wide} y2={HEIGHT - BOTTOM + 0.5} />
        <text class="label" x={LEFT - 8} y={TOP + 10} text-anchor="end">
          {count(most)}
        </text>
        <text class="label" x={LEFT - 8} y={HEIGHT - BOTTOM} text-anchor="end">
          0
        </text>
        <text class="label" x={LEFT} y={HEIGHT - 5}>
          {timeText(spans.start)}
        </text>
        <text class="label" x={wide} y={HEIGHT - 5} text-anchor="end">
          {`+ ${duration((used * spans.width) / 1e6)}`}
        </text>
        {Array.from({ length: used }, (_, i) => {
          let below = 0;
          const filter = whereOf(spans, i);
          return (
            // biome-ignore lint/a11y/noStaticElementInteractions: the table below has the same as links
            <g
              class={where === filter ? 'span chosen' : 'span'}
              key={i}
              onClick={() => go('replay', { tab: 'packets', where: filter, row: null })}
            >
              <rect class="whole" x={LEFT + i * step} y={TOP} width={step} height={room} />
              {STACK.map(verdict => {
                const packets = spans[verdict][i]!;
                if (packets === 0) return null;
                // What is there at all is seen: a pixel at least.
                const height = Math.max(1, (packets / most) * room);
                const y = HEIGHT - BOTTOM - below - height;
                below += height;
                return (
                  <rect
                    class={`bar ${verdict}`}
                    x={LEFT + i * step}
                    y={y}
                    width={Math.max(0.5, step - gap)}
                    height={height}
                    key={verdict}
                  />
                );
              })}
              <title>{spanText(spans, i)}</title>
            </g>
          );
        })}
      </svg>
    </div>
  );
}

const spanText = (spans: TimelineSpans, i: number): string =>
  `${timeText(startOf(spans, i))}, ${duration(spans.width / 1e6)}: ${STACK.map(verdict => `${count(spans[verdict][i]!)} ${verdict}`).join(', ')}`;

function Figures({ spans }: { readonly spans: TimelineSpans }): JSX.Element {
  const rows = spans.allowed.map((_, i) => i).filter(i => total(spans, i) > 0);
  return (
    <details>
      <summary>The same as a table</summary>
      <table>
        <thead>
          <tr>
            <th scope="col">from</th>
            {STACK.map(verdict => (
              <th scope="col" class="number" key={verdict}>
                {verdict}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST_ROWS).map(i => (
            <tr key={i}>
              <td>
                <a href={href('replay', { tab: 'packets', where: whereOf(spans, i) })}>
                  {timeText(startOf(spans, i), 3)}
                </a>
              </td>
              {STACK.map(verdict => (
                <td class="number" key={verdict}>
                  {count(spans[verdict][i]!)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
