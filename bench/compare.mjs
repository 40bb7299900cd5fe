/**
 * Two results: what became slower.
 *
 * In:  two documents `policap.suite/1` and a tolerance (0.1 = 10 %).  Out: [{ key, change, allowed, verdict }]: `change` is
 * the figure's ratio to its reference now, over the same before; verdicts: slower, faster, same, `only before`, `only now`.
 * Machines differ and the same one from hour to hour, so no figure is compared as it is. References: on a capture the C
 * yardstick, where both results have it; else the calibration that was measured between the rounds. What a change may be
 * is the tolerance, or the four spreads (half of what lies between the extremes, over the median) together where they are more.
 */
import { uncertainty } from './rounds.mjs';

export function compareResults(before, now, tolerance) {
  const [old, fresh] = [figuresOf(before), figuresOf(now)];
  const keys = new Set([...fresh.keys(), ...old.keys()]);
  return [...keys].map(key => compareFigure(key, old.get(key), fresh.get(key), tolerance));
}

function compareFigure(key, before, now, tolerance) {
  if (before === undefined || now === undefined) {
    return { key, change: null, allowed: null, verdict: before === undefined ? 'only now' : 'only before' };
  }
  const name = before.yardstick !== null && now.yardstick !== null ? 'yardstick' : 'calibration';
  const parts = [now.figure, now[name], before.figure, before[name]];
  const change = now.figure.median / now[name].median / (before.figure.median / before[name].median);
  const allowed = Math.max(
    tolerance,
    parts.reduce((sum, part) => sum + uncertainty(part), 0),
  );
  const verdict = change > 1 + allowed ? 'slower' : change < 1 / (1 + allowed) ? 'faster' : 'same';
  return { key, change, allowed, reference: name, verdict };
}

/** Every figure of policap's own by name; peers are not ours to mend. Sizes are part of the name: others do not compare. */
function figuresOf({ replays = [], stages = [], lookups = [] }) {
  const figures = new Map();
  for (const { capture, calibration, contenders } of replays) {
    const yardstick = contenders.find(({ kind }) => kind === 'yardstick')?.nanoseconds ?? null;
    for (const { kind, name, nanoseconds } of contenders) {
      if (kind !== 'policap') continue;
      figures.set(`${name}: ${sizeOf(capture)}`, { figure: nanoseconds, yardstick, calibration: calibration.both });
    }
  }
  for (const { capture, calibration, stages: list } of stages) {
    for (const { stage, together } of list) {
      const key = `up to ${stage}: ${sizeOf(capture)}`;
      figures.set(key, { figure: together, yardstick: null, calibration: calibration.both });
    }
  }
  for (const { family, rules, ip, calibration, engines } of lookups) {
    for (const { engine, nanoseconds } of engines) {
      if (nanoseconds === undefined || !engine.startsWith('decision tree')) continue;
      const key = `${engine}: ${rules} ${family} rules, IPv${ip}`;
      figures.set(key, { figure: nanoseconds, yardstick: null, calibration: calibration.both });
    }
  }
  return figures;
}

const sizeOf = ({ packets, connections, snap, ip, rules }) =>
  `${packets} packets of ${snap} bytes at most, IPv${ip}, ${connections} connections, ${rules} rules`;
