/**
 * A result as text: for a terminal in aligned columns, or as markdown.
 *
 * In:  a document `policap.suite/1`.  Out: lines. Ratios come first: what stands beside a figure tells more than the figure.
 */
import { outputRows } from './outputs.mjs';
import { table as aligned } from './table.mjs';

const number = n =>
  n === null || n === undefined ? '-' : n >= 100 ? n.toFixed(0) : n >= 1 ? n.toFixed(1) : n.toPrecision(2);
const count = n => String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ',');
const range = ({ min, max }) => `${number(min)}-${number(max)}`;
const megabytes = n => (n === null || n === undefined ? '-' : (n / 1e6).toFixed(0));

const markdownTable = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n');

export function resultText(result, { markdown = false } = {}) {
  const table = markdown ? markdownTable : aligned;
  const title = text => (markdown ? `## ${text}` : text);
  const { machine, calibration } = result;
  const parts = [
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; a multiplication ${number(calibration.integer.median)} ns ` +
      `(${range(calibration.integer)}), a read of 32 MB ${number(calibration.memory.median)} ns (${range(calibration.memory)})`,
    ...result.replays.flatMap(section => [title(captureTitle(section.capture)), replayTable(section, table)]),
    ...(result.replays.length > 1 ? [title('Captures beside the first'), besideTable(result.replays, table)] : []),
    ...result.stages.flatMap(({ capture, stages }) => [
      title(`Stages of a replay, ${count(capture.connections)} connections`),
      table(
        ['share', 'ns a packet', 'with all before it', 'stage'],
        stages.map(({ stage, share, nanoseconds, together }) => [
          ...[`${Math.round(share * 100)}%`, number(nanoseconds)],
          ...[`${number(together.median)} (${range(together)})`, stage],
        ]),
      ),
    ]),
    ...(result.outputs ?? []).flatMap(section => [
      title(`What writing costs, ${section.mode}, ${count(section.capture.connections)} connections`),
      table(...outputRows(section)),
    ]),
    ...result.lookups.flatMap(section => [title(lookupTitle(section)), lookupTable(section, table)]),
  ];
  return `${parts.join('\n\n')}\n`;
}

const captureTitle = ({ packets, connections, snap, ip, rules }) =>
  `${count(packets)} packets ${snap >= 65535 ? 'of full size' : `cut at ${snap} bytes`}, IPv${ip}, ${count(connections)} connections, ${count(rules)} policy rules`;

const lookupTitle = ({ rules, family, ip }) =>
  family === 'kubernetes'
    ? `Policies that allow ${count(rules)} pairs of pods (for rte_acl a rule a pair)`
    : `First match among ${count(rules)} rules, family ${family}, IPv${ip}`;

/** Ratios are to policap in dataplane mode. */
function replayTable({ contenders }, table) {
  const base = contenders[0].nanoseconds.median;
  const rows = contenders
    .filter(({ missing }) => missing === undefined)
    .sort((a, b) => a.nanoseconds.median - b.nanoseconds.median)
    .map(({ name, nanoseconds, start, cpu, wall, memory, does }) => [
      (nanoseconds.median / base).toFixed(2),
      number(nanoseconds.median),
      range(nanoseconds),
      (1000 / nanoseconds.median).toFixed(2),
      (start.median * 1000).toFixed(0),
      cpu.median.toFixed(2),
      wall.median.toFixed(2),
      megabytes(memory?.median),
      name,
      does,
    ]);
  const head = [
    'ratio',
    'ns a packet',
    'min-max',
    'M packets/s',
    'start ms',
    'CPU s',
    'wall s',
    'peak MB',
    'program',
    'what it does',
  ];
  return withMissing(table(head, rows), contenders, ({ name }) => name);
}

/** Connections from which on their memory stands out from what a process takes anyway. */
const MANY = 500_000;

/** What a packet costs in each capture: policap's in C's, each one's in its own of the first capture; and a connection's memory. */
function besideTable(replays, table) {
  const names = ['policap, dataplane', 'policap, what-if', 'yardstick in C'];
  const found = ({ contenders }, name) => contenders.find(each => each.name === name && each.missing === undefined);
  const ratio = (a, b) =>
    a === undefined || b === undefined ? '-' : (a.nanoseconds.median / b.nanoseconds.median).toFixed(2);
  const rows = replays.map(section => {
    const [dataplane, , yardstick] = names.map(name => found(section, name));
    return [
      ratio(dataplane, yardstick),
      ...names.map(name => ratio(found(section, name), found(replays[0], name))),
      ...[dataplane, yardstick].map(each => bytesOfConnection(each, section.capture)),
      captureTitle(section.capture),
    ];
  });
  const head = ['to C', ...names.map(name => `${name}: to the first`), 'bytes a connection', 'in C', 'capture'];
  return table(head, rows);
}

/** Resident memory at its highest, less that of the same program on one packet, over the connections kept. */
function bytesOfConnection(contender, { kept }) {
  if (!(kept >= MANY) || !contender?.memory || !contender.startMemory) return '-';
  return ((contender.memory.median - contender.startMemory.median) / kept).toFixed(0);
}

/** Ratios are to the decision tree. */
function lookupTable({ engines }, table) {
  const base = engines.find(({ engine }) => engine === 'decision tree').nanoseconds.median;
  const rows = engines
    .filter(({ missing }) => missing === undefined)
    .map(({ engine, algorithm, nanoseconds, comparisons, worst, bytes, buildMs, agrees }) => [
      (nanoseconds.median / base).toFixed(2),
      number(nanoseconds.median),
      range(nanoseconds),
      number(comparisons),
      number(worst),
      bytes === null || bytes === undefined ? '-' : count(bytes),
      number(buildMs),
      algorithm === undefined || engine.includes(algorithm) ? engine : `${engine} (${algorithm})`,
      agrees === undefined ? '' : `all ${count(agrees)} answers are policap's`,
    ]);
  const head = ['ratio', 'ns a lookup', 'min-max', 'comparisons', 'at most', 'bytes', 'built in ms', 'engine', ''];
  return withMissing(table(head, rows), engines, ({ engine }) => engine);
}

function withMissing(text, contenders, nameOf) {
  const left = contenders.filter(({ missing }) => missing !== undefined);
  return [text, ...left.map(each => `Left out: ${nameOf(each)}: ${each.missing}`)].join(left.length > 0 ? '\n\n' : '');
}

/** @param changes of compare.mjs */
export function comparisonText(changes) {
  const rows = changes.map(({ key, change, allowed, verdict, reference }) => [
    verdict,
    change === null ? '-' : change.toFixed(2),
    allowed === null ? '-' : `${(allowed * 100).toFixed(0)}%`,
    reference ?? '-',
    key,
  ]);
  return `${aligned(['verdict', 'ratio', 'allowed', 'measured in', 'figure'], rows)}\n`;
}
