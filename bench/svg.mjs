/**
 * Charts as SVG text: horizontal bars, and lines on two logarithmic axes.
 *
 * In:  a title, what the axis counts, and series.  Out: a document of its own, without a background, whose colours follow
 * the reader's light or dark theme. Nothing is drawn that has no number.
 */
const WIDTH = 760;
/** Name -> on light, on dark. */
const COLOURS = {
  ...{ blue: ['#0969da', '#4493f8'], orange: ['#bc4c00', '#f0883e'], green: ['#1a7f37', '#3fb950'] },
  ...{
    purple: ['#8250df', '#ab7df8'],
    red: ['#cf222e', '#f85149'],
    grey: ['#8c959f', '#767e88'],
    teal: ['#0b7285', '#39c5cf'],
  },
};
const coloursOf = theme =>
  Object.entries(COLOURS)
    .map(([name, pair]) => `.fill.${name} { fill: ${pair[theme]} } .stroke.${name} { stroke: ${pair[theme]} }`)
    .join(' ');
const STYLE = `
  text { font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }
  .title { font-size: 16px; font-weight: 600 } .note { fill: #59636e; font-size: 12px }
  .right { text-anchor: end } .middle { text-anchor: middle }
  .grid { stroke: #d1d9e0; stroke-width: 1 } .spread { stroke: #59636e; stroke-width: 1.5 }
  .line { fill: none; stroke-width: 2.5; stroke-linejoin: round }
  ${coloursOf(0)}
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .note { fill: #9198a1 } .grid { stroke: #3d444d } .spread { stroke: #9198a1 }
    ${coloursOf(1)}
  }`;

const escaped = text =>
  String(text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
const round = n => Math.round(n * 10) / 10;
const text = (x, y, content, kind = '') =>
  `<text x="${round(x)}" y="${round(y)}"${kind === '' ? '' : ` class="${kind}"`}>${escaped(content)}</text>`;
const line = (x1, y1, x2, y2, kind) =>
  `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" class="${kind}"/>`;

function page(title, height, parts) {
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`;
  return `${[head, `<title>${escaped(title)}</title>`, `<style>${STYLE}\n</style>`, ...parts, '</svg>'].join('\n')}\n`;
}

export const short = n =>
  n >= 1e6
    ? `${Number((n / 1e6).toPrecision(2))}M`
    : n >= 1e4
      ? `${Number((n / 1e3).toPrecision(3))}k`
      : n >= 100
        ? n.toFixed(0)
        : String(Number(n.toPrecision(2)));

const LABELS = 210;
const VALUES = 60;
const ROW = 30;

/** @param bars [{ name, value, min, max, colour }], the longest first or last as they come */
export function barChart({ title, unit, size = '', note, bars }) {
  const top = 76;
  const height = top + bars.length * ROW + 34;
  const most = Math.max(...bars.map(({ max, value }) => max ?? value));
  const scale = value => LABELS + (value / most) * (WIDTH - LABELS - VALUES);
  const rows = bars.flatMap(({ name, value, min, max, colour }, i) => {
    const y = top + i * ROW;
    const middle = y + ROW / 2;
    const end = scale(max ?? value);
    return [
      text(LABELS - 10, middle + 4, name, 'right'),
      `<rect x="${LABELS}" y="${y + 5}" width="${round(Math.max(1, scale(value) - LABELS))}" height="${ROW - 10}" rx="3" class="${colour} fill"/>`,
      ...(min === undefined || scale(max) - scale(min) < 2
        ? []
        : [line(scale(min), middle, scale(max), middle, 'spread')]),
      text(end + 8, middle + 4, short(value)),
    ];
  });
  return page(title, height, [
    text(16, 24, title, 'title'),
    text(16, 44, unit, 'note'),
    text(16, 61, size, 'note'),
    line(LABELS, top, LABELS, top + bars.length * ROW, 'grid'),
    ...rows,
    text(16, height - 10, note, 'note'),
  ]);
}

const PLOT = { left: 64, right: WIDTH - 190, top: 64, bottom: 330 };

/** @param series [{ name, colour, points: [[x, y], ...] }], all above zero */
export function lineChart({ title, xTitle, yTitle, note, series }) {
  const drawn = series.filter(({ points }) => points.length > 0);
  const [xs, ys] = [0, 1].map(i => drawn.flatMap(({ points }) => points.map(point => point[i])));
  const x = logScale(xs, PLOT.left, PLOT.right, false);
  const y = logScale(ys, PLOT.bottom, PLOT.top, true);
  const grid = [
    ...y.ticks.flatMap(tick => [
      line(PLOT.left, y(tick), PLOT.right, y(tick), 'grid'),
      text(PLOT.left - 8, y(tick) + 4, short(tick), 'note right'),
    ]),
    ...[...new Set(xs)].sort((a, b) => a - b).map(tick => text(x(tick), PLOT.bottom + 20, short(tick), 'note middle')),
  ];
  const labels = apart(drawn.map(({ points }) => y(points.at(-1)[1])));
  const lines = drawn.flatMap(({ name, colour, points }, i) => [
    `<polyline class="line ${colour} stroke" points="${points.map(([a, b]) => `${round(x(a))},${round(y(b))}`).join(' ')}"/>`,
    ...points.map(([a, b]) => `<circle cx="${round(x(a))}" cy="${round(y(b))}" r="3.5" class="${colour} fill"/>`),
    `<circle cx="${PLOT.right + 14}" cy="${round(labels[i])}" r="4" class="${colour} fill"/>`,
    text(PLOT.right + 24, labels[i] + 4, name),
  ]);
  return page(title, 408, [
    text(16, 24, title, 'title'),
    text(16, 44, yTitle, 'note'),
    ...grid,
    text(PLOT.right, PLOT.bottom + 38, xTitle, 'note right'),
    ...lines,
    text(16, 398, note, 'note'),
  ]);
}

/** From the decades around the values, or just around them. */
function logScale(values, from, to, decades) {
  const low = decades ? 10 ** Math.floor(Math.log10(Math.min(...values))) : Math.min(...values);
  const high = decades ? 10 ** Math.ceil(Math.log10(Math.max(...values) * 1.001)) : Math.max(...values);
  const span = Math.log(high / low) || 1;
  const scale = value => from + (Math.log(value / low) / span) * (to - from);
  scale.ticks = [];
  for (let tick = low; tick <= high * 1.001; tick *= 10) scale.ticks.push(tick);
  return scale;
}

/** Places pushed apart, in their order, so that labels do not cover each other. */
function apart(places, least = 18) {
  const order = places.map((_, i) => i).sort((a, b) => places[a] - places[b]);
  const result = [...places];
  for (let i = 1; i < order.length; i++) result[order[i]] = Math.max(result[order[i]], result[order[i - 1]] + least);
  return result;
}
