/**
 * The matrix as a picture: one SVG that needs nothing else, for a file, a web page or a report (cold).
 *
 * In:  a Matrix.  Out: the picture's text. A row says what the one may say, a column what the other may hear. Up to WIDE rows
 * cells hold their text; beyond that they are signs, whose text is their title. Shapes differ as colours do, and colours
 * follow the reader's choice of light or dark.
 */
import { type CellKind, cellKind, cellText } from './cell-text.js';
import type { Cell, Matrix } from './matrix.js';

export interface MatrixSvgOptions {
  /** Sentences below the picture: whose reading of the policies it is. */
  readonly notes?: readonly string[];
  /** Begins the identifiers of the title and description: a page may hold several pictures. */
  readonly id?: string;
}

/** Most rows whose cells hold text. */
const WIDE = 10;
const FONT = 12;
/** About as wide as letters get; those of names are bold. */
const LETTER = 7;
const BOLD = 7.8;
const MARGIN = 16;
/** Characters of a name that are shown; the title has all of it. */
const NAME = 44;

interface Layout {
  readonly width: number;
  readonly height: number;
  readonly isWide: boolean;
  readonly left: number;
  readonly top: number;
}

const LEGEND: readonly (readonly [CellKind, string])[] = [
  ['all', 'every protocol and port'],
  ['some-ports', 'some protocols or ports'],
  ['some-pods', 'some pods only, one address family only, or undecided'],
  ['nothing', 'nothing'],
];

const STYLE = `
.pm text { font: ${FONT}px ui-sans-serif, system-ui, sans-serif; fill: #1b1f24 }
.pm .bg { fill: #ffffff }
.pm .band { fill: #f2f4f7 }
.pm .quiet { fill: #57606a }
.pm .head { font-weight: 600 }
.pm .line { stroke: #c9d1d9; stroke-width: 1; fill: none }
.pm .all { fill: #117a4b }
.pm .some-ports { fill: #1a66d0 }
.pm .some-pods { fill: none; stroke: #b35c00; stroke-width: 2; stroke-dasharray: 3 2 }
.pm .nothing { stroke: #8c959f; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
  .pm text { fill: #e6edf3 }
  .pm .bg { fill: #0d1117 }
  .pm .band { fill: #171d25 }
  .pm .quiet { fill: #9da7b3 }
  .pm .line { stroke: #3d444d }
  .pm .all { fill: #3fb97b }
  .pm .some-ports { fill: #6ba5ff }
  .pm .some-pods { stroke: #f0a04b }
  .pm .nothing { stroke: #6e7681 }
}`;

export function matrixSvg(matrix: Matrix, { notes = [], id = 'policap-matrix' }: MatrixSvgOptions = {}): string {
  const { names, cells } = matrix;
  const layout = layoutOf(names);
  const { left, top, width, height } = layout;
  const gridBottom = top + names.length * height;
  const below = ['rows speak, columns are spoken to', ...notes];
  const legendAt = gridBottom + 28;
  const widest =
    Math.max(
      left + names.length * width,
      MARGIN + 24 + LETTER * Math.max(...LEGEND.map(([, text]) => text.length)),
      ...below.map(text => MARGIN + text.length * LETTER),
    ) + MARGIN;
  const total = legendAt + (LEGEND.length + below.length) * 20 + MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="pm" role="img" aria-labelledby="${id}-title ${id}-desc" width="${widest}" height="${total}" viewBox="0 0 ${widest} ${total}">`,
    `<title id="${id}-title">Who can talk to whom</title>`,
    `<desc id="${id}-desc">${xml(description(matrix))}</desc>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="bg" width="${widest}" height="${total}"/>`,
    ...names.flatMap((_, i) =>
      i % 2 === 1
        ? []
        : [
            `<rect class="band" x="${MARGIN}" y="${top + i * height}" width="${left + names.length * width - MARGIN}" height="${height}"/>`,
          ],
    ),
    ...names.map((name, i) => rowName(name, i, layout)),
    ...names.map((name, i) => columnName(name, i, layout)),
    ...cells.flatMap((row, from) => row.map((cell, to) => cellSvg(cell, from, to, layout))),
    ...lines(names.length, layout),
    ...LEGEND.map(([kind, text], i) => {
      const y = legendAt + i * 20;
      return `<g>${sign(kind, MARGIN + 7, y, 6)}<text x="${MARGIN + 24}" y="${y + 4}">${text}</text></g>`;
    }),
    ...below.map(
      (text, i) =>
        `<text class="quiet" x="${MARGIN}" y="${legendAt + (LEGEND.length + i) * 20 + 4}">${xml(text)}</text>`,
    ),
    '</svg>',
  ].join('\n');
}

function layoutOf(names: readonly string[]): Layout {
  const longest = Math.max(1, ...names.map(name => shortened(name).length)) * BOLD;
  const isWide = names.length <= WIDE;
  const side = names.length <= 80 ? 18 : 12;
  return {
    isWide,
    width: isWide ? 132 : side,
    height: isWide ? 56 : side,
    left: MARGIN + longest + 10,
    top: MARGIN + (isWide ? 3 * 15 : longest) + 10,
  };
}

const middle = (at: number, size: number, from: number): number => from + at * size + size / 2;

const rowName = (name: string, i: number, { left, top, height }: Layout): string =>
  `<text class="head" text-anchor="end" x="${left - 8}" y="${middle(i, height, top) + 4}"><title>${xml(name)}</title>${xml(shortened(name))}</text>`;

/** Where there is room a line a part of the name, else upright. */
function columnName(name: string, i: number, { left, top, width, isWide }: Layout): string {
  const x = middle(i, width, left);
  if (!isWide) {
    const place = `transform="translate(${x + 4} ${top - 8}) rotate(-90)"`;
    return `<text class="head" ${place}><title>${xml(name)}</title>${xml(shortened(name))}</text>`;
  }
  const parts = wrapped(name.split(/(?<=[/, ])/), Math.floor(width / BOLD), 3);
  return parts
    .map(
      (part, line) =>
        `<text class="head" text-anchor="middle" x="${x}" y="${top - 8 - (parts.length - 1 - line) * 15}"><title>${xml(name)}</title>${xml(part)}</text>`,
    )
    .join('');
}

function cellSvg(cell: Cell | null, from: number, to: number, { left, top, width, height, isWide }: Layout): string {
  if (cell === null) return '';
  const text = cellText(cell);
  const says = text === '-' ? 'nothing' : text;
  const kind = cellKind(cell);
  const [x, y] = [left + to * width, top + from * height];
  const title = `<title>${xml(`${cell.from} → ${cell.to}: ${says}`)}</title>`;
  if (!isWide) return `<g>${title}${sign(kind, x + width / 2, y + height / 2, width / 2 - 3)}</g>`;
  const shown =
    kind === 'all' || kind === 'nothing'
      ? [says]
      : wrapped(text.split(/(?<=[ ,])/), Math.floor((width - 28) / LETTER), 3);
  const spans = shown.map(
    (line, i) =>
      `<text x="${x + 24}" y="${y + height / 2 + 4 + (i - (shown.length - 1) / 2) * 15}">${xml(line.trim())}</text>`,
  );
  return `<g>${title}${sign(kind, x + 13, y + height / 2, 6)}${spans.join('')}</g>`;
}

/** A full square, a dot, a dashed ring, a dash. */
function sign(kind: CellKind, x: number, y: number, radius: number): string {
  switch (kind) {
    case 'all':
      return `<rect class="all" x="${x - radius}" y="${y - radius}" width="${2 * radius}" height="${2 * radius}" rx="1"/>`;
    case 'some-ports':
      return `<circle class="some-ports" cx="${x}" cy="${y}" r="${radius * 0.7}"/>`;
    case 'some-pods':
      return `<circle class="some-pods" cx="${x}" cy="${y}" r="${radius - 1}"/>`;
    case 'nothing':
      return `<path class="nothing" d="M${x - radius / 2} ${y}h${radius}"/>`;
    case 'none':
      return '';
  }
}

/** The grid's frame, and a line between rows and columns where there are few of them, else every tenth. */
function lines(count: number, { left, top, width, height, isWide }: Layout): string[] {
  const step = isWide ? 1 : 10;
  const at = Array.from({ length: count + 1 }, (_, i) => i).filter(i => i % step === 0 || i === count);
  const [right, bottom] = [left + count * width, top + count * height];
  return [
    `<path class="line" d="${at.map(i => `M${left} ${top + i * height}H${right}M${left + i * width} ${top}V${bottom}`).join('')}"/>`,
  ];
}

/** Words on lines with room for so many letters, at most so many lines; what is left out is `…`. */
function wrapped(words: readonly string[], room: number, most: number): string[] {
  const found = [''];
  for (const word of words) {
    const last = found.at(-1)!;
    if (last === '' || last.length + word.trimEnd().length <= room) found[found.length - 1] = last + word;
    else found.push(word);
  }
  const cut = found.map(line => (line.trim().length > room ? `${line.slice(0, room - 1)}…` : line));
  return cut.length <= most ? cut : [...cut.slice(0, most - 1), `${cut[most - 1]!.trimEnd().slice(0, room - 2)} …`];
}

const shortened = (name: string): string => (name.length <= NAME ? name : `${name.slice(0, NAME - 1)}…`);

/** How many pairs there are of each kind, for who cannot see them. */
function description({ names, cells }: Matrix): string {
  if (names.length === 0) return 'There are no pods.';
  const kinds = cells.flat().map(cellKind);
  const counts = LEGEND.map(([kind, text]) => `${kinds.filter(it => it === kind).length} ${text}`);
  return `A table of ${names.length} rows and as many columns: what each row may say to each column. Of its pairs: ${counts.join('; ')}.`;
}

const xml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
