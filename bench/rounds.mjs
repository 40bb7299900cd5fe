/**
 * Several rounds of several contenders, in turn, so that what the machine does to one it does to all.
 *
 * In:  [{ name, run }] and how many rounds; run() -> numbers by name.  Out: a list of their spreads by name, in the same
 * order: { median, min, max }. A contender that throws is out: { failed: message }.
 */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1) };
}

/** Half of what lies between the extremes, as a part of the median. */
export const uncertainty = ({ median, min, max }) => (median > 0 ? (max - min) / 2 / median : 0);

export function inTurn(contenders, rounds, onRun = () => {}) {
  const taken = contenders.map(() => []);
  const failed = contenders.map(() => null);
  for (let round = 0; round < rounds; round++) {
    contenders.forEach(({ name, run }, i) => {
      if (failed[i] !== null) return;
      onRun(name, round);
      try {
        taken[i].push(run());
      } catch (error) {
        failed[i] = error.message;
      }
    });
  }
  return taken.map((list, i) => (failed[i] === null ? spreadsOf(list) : { failed: failed[i] }));
}

/** Numbers by name of every round -> a spread a name; null where a round had none. */
function spreadsOf(list) {
  const names = Object.keys(list[0]);
  return Object.fromEntries(
    names.map(name => {
      const values = list.map(numbers => numbers[name]);
      return [name, values.some(value => value === null) ? null : spread(values)];
    }),
  );
}
