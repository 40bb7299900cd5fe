/**
 * `policap bench` as text.
 */
import { count, plural, type Style } from '../report/style.js';
import type { BenchDocument, DeepestDocument } from './bench.js';
import type { Spread } from './bench-lookups.js';

const RULES_SHOWN = 5;

const number = (n: number): string => (n >= 100 ? count(Math.round(n)) : n.toFixed(1));
const range = ({ min, max }: Spread): string => `${number(min)}-${number(max)}`;

export function benchText(document: BenchDocument, style: Style): string {
  const { classifier, policies, cluster, compileMs, changeMs, memory, lookups, headers } = document;
  const slow = lookups.find(({ engine }) => engine === 'linear')!;
  const row = (name: string, value: string): string => `${style('dim', name.padEnd(18))} ${value}\n`;
  const heads = [
    row('policies', `${count(policies)}, ${count(classifier.rules)} rules, ${count(cluster.pods)} pods`),
    row('compiled in', `${compileMs.toFixed(1)} ms, of which the tree ${classifier.buildMs.toFixed(1)} ms`),
    ...(changeMs === null ? [] : [row('a changed policy', `${number(changeMs.median)} ms (${range(changeMs)})`)]),
    row(
      'tree',
      `${count(classifier.nodes)} nodes, ${count(classifier.addressClasses)} address classes, ${count(classifier.bytes)} bytes`,
    ),
    row('longest lookup', `at most ${count(document.longest)} steps, the two addresses among them`),
    ...document.deepest.flatMap(deepest => deepestRows(deepest, style)),
    row('memory', `${count(Math.round(memory / 1e6))} MB of the process at its highest`),
  ].join('');
  const asked =
    headers.from === 'captures'
      ? `${count(headers.count)} connections of the capture`
      : `${count(headers.count)} headers made up from the rules, without locality`;
  const engines = lookups.map(({ engine, nanoseconds, steps }) => [
    ...[(nanoseconds.median / slow.nanoseconds.median).toFixed(3), number(nanoseconds.median), range(nanoseconds)],
    ...[number(steps), engine],
  ]);
  const tables = [
    `\nLookups: ${asked}\n`,
    columns(['to linear', 'ns a lookup', 'min-max', 'steps', 'engine'], engines, style),
  ];
  if (document.stages !== undefined) {
    const { packets, repeated, tooFew, startMs } = document.stages;
    const whole = document.stages.stages.at(-1)?.together.median ?? 1;
    const stages = document.stages.stages.map(({ stage, nanoseconds, together }) => [
      ...[
        `${Math.round((nanoseconds / whole) * 100)}%`,
        number(nanoseconds),
        number(together.median),
        range(together),
        stage,
      ],
    ]);
    tables.push(
      `\nStages of a replay: ${plural(packets, 'packet')}${repeated > 1 ? ` (the capture ${count(repeated)} times)` : ''}, behind a start of ${startMs.toFixed(1)} ms\n`,
      columns(['share', 'ns a packet', 'with all before it', 'min-max', 'stage'], stages, style),
      ...(tooFew ? ['Too few packets to tell what one costs: the figures are noise.\n'] : []),
    );
  }
  return heads + tables.join('');
}

function deepestRows({ direction, steps, subject, peer, rules }: DeepestDocument, style: Style): string[] {
  const ends = subject === null ? '' : `, for example between ${subject} and ${peer}`;
  const shown = rules.slice(0, RULES_SHOWN).map(({ policy, rule, source }) => `    ${policy} ${rule} (${source})\n`);
  const more =
    rules.length > shown.length ? [`    and ${count(rules.length - shown.length)} more rules (-o json)\n`] : [];
  return [
    `${style('dim', `  ${direction}`.padEnd(18))} ${count(steps)} steps behind the addresses${ends}\n`,
    ...shown,
    ...more,
  ];
}

/** Right-aligned, but for the last column. */
function columns(head: readonly string[], rows: readonly (readonly string[])[], style: Style): string {
  const widths = head.map((title, c) => Math.max(title.length, ...rows.map(cells => cells[c]!.length)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, c) => (c === cells.length - 1 ? cell : cell.padStart(widths[c]!))).join('  ');
  return [style('dim', line(head)), ...rows.map(line)].map(text => `${text}\n`).join('');
}
