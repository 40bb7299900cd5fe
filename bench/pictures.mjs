/**
 * The pictures of a result.
 *
 * In:  a document `policap.suite/1`.  Out: SVG text by name: throughput, memory, connections, rules, comparisons (and
 * rules-FAMILY where there are several families), each only where it was measured.
 */
import { barChart, lineChart } from './svg.mjs';

const COLOUR = { policap: 'blue', yardstick: 'purple', peer: 'grey' };
const noteOf = ({ machine }) =>
  `CPU time of one run on ${machine.cpu}, Node ${machine.node}; medians. Compare ratios, not machines.`;
const present = list => list.filter(({ missing }) => missing === undefined);

export function drawPictures(result) {
  const pictures = {};
  const [main] = result.replays;
  if (main !== undefined) {
    const { packets, connections, rules, snap } = main.capture;
    const size = `${packets.toLocaleString('en')} packets${snap < 65535 ? ` cut at ${snap} bytes` : ''}, ${connections.toLocaleString('en')} connections, ${rules.toLocaleString('en')} policy rules`;
    pictures.throughput = throughput(main, size, noteOf(result));
    if (present(main.contenders).every(({ memory }) => memory !== null))
      pictures.memory = memory(main, size, noteOf(result));
  }
  const series = result.replays.filter(({ capture: { snap, ip } }) => snap === main.capture.snap && ip === 4);
  if (series.length > 1) pictures.connections = connections(series, noteOf(result));
  const families = [...new Set(result.lookups.map(({ family }) => family))];
  families.forEach((family, i) => {
    const sets = result.lookups.filter(each => each.family === family && each.ip === 4);
    if (sets.length < 2) return;
    pictures[i === 0 ? 'rules' : `rules-${family}`] = lookups(sets, family, noteOf(result));
    if (i === 0) pictures.comparisons = comparisons(sets, family);
  });
  return pictures;
}

/** cat reads no packets, and would make all others short. */
function throughput({ contenders }, size, note) {
  const bars = present(contenders)
    .filter(({ name, nanoseconds }) => name !== 'cat' && nanoseconds.min > 0)
    .map(({ name, kind, nanoseconds: { median, min, max } }) => ({
      ...{ name, colour: COLOUR[kind], value: 1000 / median, min: 1000 / max, max: 1000 / min },
    }))
    .sort((a, b) => b.value - a.value);
  const unit = `million packets a second of CPU time, start taken off; lines: slowest and fastest round`;
  return barChart({ title: 'Replaying a capture, beside programs that read the same one', unit, size, note, bars });
}

function memory({ contenders }, size, note) {
  const bars = present(contenders)
    .filter(({ name }) => name !== 'cat')
    .map(({ name, kind, memory: { median } }) => ({ name, colour: COLOUR[kind], value: median / 1e6 }))
    .sort((a, b) => a.value - b.value);
  return barChart({
    title: 'Memory at its highest',
    unit: 'megabytes',
    size,
    note: note.replace('CPU time', 'Resident set'),
    bars,
  });
}

function connections(series, note) {
  const names = ['policap, what-if', 'policap, dataplane', 'yardstick in C'];
  const lines = names.map((name, i) => ({
    name,
    colour: ['orange', 'blue', 'purple'][i],
    points: series
      .map(({ capture, contenders }) => [
        capture.connections,
        contenders.find(each => each.name === name)?.nanoseconds?.median,
      ])
      .filter(([, y]) => y > 0)
      .sort((a, b) => a[0] - b[0]),
  }));
  const titles = { xTitle: 'connections at a time', yTitle: 'nanoseconds a packet' };
  return lineChart({ title: 'A packet, against connections', ...titles, note, series: lines });
}

/** The largest set has every engine. */
const enginesOf = sets => [...new Set(sets.flatMap(({ engines }) => present(engines).map(({ engine }) => engine)))];

function seriesOf(sets, pick) {
  const colours = ['grey', 'orange', 'blue', 'teal', 'purple', 'red'];
  return enginesOf(sets).map((name, i) => ({
    name,
    colour: colours[i % colours.length],
    points: sets
      .map(({ rules, engines }) => [rules, pick(engines.find(({ engine }) => engine === name))])
      .filter(([, y]) => y > 0),
  }));
}

function lookups(sets, family, note) {
  const titles = { xTitle: `rules, family ${family}`, yTitle: 'nanoseconds a lookup; headers without locality' };
  const series = seriesOf(sets, each => each?.nanoseconds?.median);
  const times = series.some(({ name }) => name.includes('rte_acl'))
    ? note.replace('CPU time of one run', 'CPU time (rte_acl: wall time)')
    : note;
  return lineChart({ title: 'Finding the first rule that matches, against rules', ...titles, note: times, series });
}

function comparisons(sets, family) {
  const titles = { xTitle: `rules, family ${family}`, yTitle: 'loads of tables and comparisons a lookup, on average' };
  const note =
    'Scan: rules tried. Tuple space: probes, each a hash of five fields, and rules compared. Tree: loads and comparisons.';
  // A lookup in a batch looks at the same.
  const series = seriesOf(sets, each => each?.comparisons).filter(({ name }) => !name.includes('in batches'));
  return lineChart({ title: 'How much a lookup looks at', ...titles, note, series });
}
