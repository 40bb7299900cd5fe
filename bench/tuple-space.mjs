/**
 * Tuple-space search (Srinivasan, Suri and Varghese, SIGCOMM 1999), as a textbook writes it: IPv4 only.
 *
 * In:  a ruleset of plain rules whose addresses are prefixes.  Out: { run, buildMs, bytes } for classifiers.mjs; bytes
 * are not known. A tuple is a pair of prefix lengths; each has a hash table of its rules' addresses, and a packet asks
 * every tuple. Tuples are asked in the order of their first rule, until none that is left could be first.
 */
import { hasPorts } from '../dist/rules/protocols.js';
import { FORWARD, OUTCOME_DEFAULT_DENY, OUTCOMES } from '../dist/tree/classifier.js';

const mask = length => (length === 0 ? 0 : -1 << (32 - length));
const lengthOf = ([low, high]) => 32 - Math.log2(high - low + 1);
const inside = (set, port) => set === null || (port >= set[0] && port <= set[1]);

export function createTupleSpace({ forward, rules }, trace, out) {
  const started = performance.now();
  const tuples = new Map();
  for (const rule of forward[0].rules) {
    const [source, destination] = [rule.subjects.v4, rule.peers.v4];
    const key = lengthOf(source) * 64 + lengthOf(destination);
    if (!tuples.has(key)) {
      const masks = { from: mask(lengthOf(source)), to: mask(lengthOf(destination)) };
      tuples.set(key, { ...masks, first: rule.index, table: new Map() });
    }
    const { table } = tuples.get(key);
    if (!table.has(source[0] | 0)) table.set(source[0] | 0, new Map());
    const row = table.get(source[0] | 0);
    if (!row.has(destination[0] | 0)) row.set(destination[0] | 0, []);
    row.get(destination[0] | 0).push(rule);
  }
  const ordered = [...tuples.values()].sort((a, b) => a.first - b.first);
  const buildMs = performance.now() - started;

  const matches = ({ protocol, sourcePorts, destinationPorts }, header) =>
    (protocol === null || protocol === header.protocol) &&
    ((sourcePorts === null && destinationPorts === null) ||
      (hasPorts(header.protocol) &&
        inside(sourcePorts, header.sourcePort) &&
        inside(destinationPorts, header.destinationPort)));

  function lookup(header) {
    let best = rules.length;
    for (const { from, to, first, table } of ordered) {
      if (first > best) break;
      const found = table
        .get(header.source[0] & from)
        ?.get(header.destination[0] & to)
        ?.find(rule => matches(rule, header));
      if (found !== undefined && found.index < best) best = found.index;
    }
    return best === rules.length ? OUTCOME_DEFAULT_DENY : best;
  }
  const run = lookups => {
    for (let i = 0; i < lookups; i++) out[i * OUTCOMES + FORWARD] = lookup(trace[i]);
  };
  return { run, buildMs, bytes: 0 };
}
