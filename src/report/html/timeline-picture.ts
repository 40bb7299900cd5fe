/**
 * Traffic over time as a picture (cold): a bar a span, dropped packets below, undecided ones and allowed ones on top of them.
 *
 * In:  a Timeline.  Out: an svg element for the report's page, whose style it shares; and the same figures as a table's rows, for
 * who cannot see it. Verdicts differ by pattern, not by colour alone.
 */
import type { Verdict } from '../../verdict/verdict.js';
import { createTimeText } from '../fields.js';
import { count, duration } from '../style.js';
import { BUCKETS, TIMELINE_VERDICTS, type Timeline } from '../timeline.js';
import { type Markup, markup, NOTHING } from './markup.js';

const WIDTH = 960;
const HEIGHT = 200;
const LEFT = 64;
const BOTTOM = 24;
const TOP = 12;
/** From below. */
const STACK = ['dropped', 'undecided', 'allowed'] as const;

export function timelinePicture(timeline: Timeline): Markup {
  const { counts, used } = timeline;
  if (used === 0) return NOTHING;
  const of = (span: number, verdict: Verdict): number =>
    counts[span * TIMELINE_VERDICTS.length + TIMELINE_VERDICTS.indexOf(verdict)]!;
  const total = (span: number): number => STACK.reduce((sum, verdict) => sum + of(span, verdict), 0);
  let most = 0;
  for (let span = 0; span < used; span++) most = Math.max(most, total(span));
  const step = (WIDTH - LEFT) / used;
  const gap = step > 4 ? 1 : 0;
  const room = HEIGHT - TOP - BOTTOM;
  const bars: Markup[] = [];
  for (let span = 0; span < used; span++) {
    let below = 0;
    for (const verdict of STACK) {
      const packets = of(span, verdict);
      if (packets === 0) continue;
      // What is there at all is seen: a pixel at least.
      const height = Math.max(1, (packets / most) * room);
      const y = HEIGHT - BOTTOM - below - height;
      below += height;
      const title = `${spanText(timeline, span)}: ${count(packets)} ${verdict}`;
      bars.push(
        markup`<rect class="bar ${verdict}" x="${round(LEFT + span * step)}" y="${round(y)}" width="${round(Math.max(0.5, step - gap))}" height="${round(height)}"><title>${title}</title></rect>`,
      );
    }
  }
  const seconds = (used * timeline.width) / 1e6;
  return markup`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="timeline-title timeline-desc">
<title id="timeline-title">Packets over time by verdict</title>
<desc id="timeline-desc">${used} spans of ${duration(timeline.width / 1e6)}; at most ${count(most)} packets in one.</desc>
<defs>
<pattern id="hatched" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="ground" width="6" height="6"/><rect class="mark" width="3" height="6"/></pattern>
<pattern id="dotted" width="5" height="5" patternUnits="userSpaceOnUse"><rect class="ground" width="5" height="5"/><circle class="mark" cx="2.5" cy="2.5" r="1.4"/></pattern>
</defs>
<line class="axis" x1="${LEFT}" y1="${HEIGHT - BOTTOM + 0.5}" x2="${WIDTH}" y2="${HEIGHT - BOTTOM + 0.5}"/>
<text class="label" x="${LEFT - 8}" y="${TOP + 10}" text-anchor="end">${count(most)}</text>
<text class="label" x="${LEFT - 8}" y="${HEIGHT - BOTTOM}" text-anchor="end">0</text>
<text class="label" x="${LEFT}" y="${HEIGHT - 6}">${timeOf(timeline, 0)}</text>
<text class="label" x="${WIDTH}" y="${HEIGHT - 6}" text-anchor="end">+ ${duration(seconds)}</text>
${bars}
</svg>`;
}

/** Rows of the spans in which anything was dropped or is undecided; others say nothing that the totals do not. */
export function timelineRows(timeline: Timeline): readonly (readonly string[])[] {
  const { counts, used } = timeline;
  const rows: string[][] = [];
  for (let span = 0; span < Math.min(used, BUCKETS); span++) {
    const figures = TIMELINE_VERDICTS.map((_, v) => counts[span * TIMELINE_VERDICTS.length + v]!);
    const [, dropped = 0, undecided = 0] = figures;
    if (dropped + undecided > 0) rows.push([spanText(timeline, span), ...figures.map(count)]);
  }
  return rows;
}

const spanText = (timeline: Timeline, span: number): string => {
  const { width } = timeline;
  return `${timeOf(timeline, span)} (+ ${duration((span * width) / 1e6)}, for ${duration(width / 1e6)})`;
};

function timeOf({ start, width }: Timeline, span: number): string {
  const at = start + (span * width) / 1e6;
  const text = createTimeText()(Math.floor(at), 0);
  return text === null ? `second ${Math.floor(at)}` : `${text.slice(0, 19).replace('T', ' ')} UTC`;
}

const round = (x: number): string => String(Math.round(x * 100) / 100);
