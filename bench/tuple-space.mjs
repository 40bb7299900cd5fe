/**
 * Tuple-space search: a hash table a shape of rules (Srinivasan, Suri and Varghese, SIGCOMM 1999). To learn from, and to
 * measure beside: no engine of policap's.
 *
 * A tuple says how many bits a rule looks at in each field: the lengths of both prefixes, whether it names the protocol,
 * and each port. All rules of one tuple stand in one hash table under the bits that they look at, so a tuple costs one
 * probe however many rules it holds, and a lookup costs as many probes as there are tuples. Ranges of ports have no length:
 * such a field counts as open here, and is compared in the bucket. Tuples are tried in the order of their first rules, as
 * Open vSwitch does it, and the search ends where no tuple left can hold an earlier rule than the one that was found.
 *
 * In:  forward rules (Ruleset.forward of ClassBench filters), IPv4.  Out: lookup(rows, base) -> the index of the first rule
 * that matches, -1 without; `steps` counts probes and compared rules of all lookups.
 */
import { DPORT, DST, PROTOCOL, SPORT, SRC } from '../dist/packet/row.js';
import { hasPorts } from '../dist/rules/protocols.js';

const FIELDS = 5;
const ENTRY_WORDS = 6;

export function createTupleSpace(rules) {
  const tuples = new Map();
  for (const rule of rules) for (const entry of entriesOf(rule)) addTo(tuples, entry);
  const ordered = [...tuples.values()].map(finish).sort((a, b) => a.first - b.first);
  const bytes = ordered.reduce((sum, t) => sum + 4 * (t.heads.length + t.keys.length + t.entries.length), 0);
  const space = { tuples: ordered.length, bytes, steps: 0, lookup };
  const key = new Int32Array(FIELDS);

  function lookup(rows, base) {
    let best = Number.POSITIVE_INFINITY;
    for (const tuple of ordered) {
      if (tuple.first >= best) break;
      space.steps++;
      key[0] = rows[base + SRC] & tuple.masks[0];
      key[1] = rows[base + DST] & tuple.masks[1];
      key[2] = rows[base + PROTOCOL] & tuple.masks[2];
      key[3] = rows[base + SPORT] & tuple.masks[3];
      key[4] = rows[base + DPORT] & tuple.masks[4];
      for (let at = find(tuple, key); at >= 0 && tuple.entries[at] < best; at = tuple.entries[at + 5]) {
        space.steps++;
        if (!portsMatch(tuple.entries, at, rows, base)) continue;
        best = tuple.entries[at];
        break;
      }
    }
    return best === Number.POSITIVE_INFINITY ? -1 : best;
  }
  return space;
}

/** A rule for every pair of prefixes that its address sets are made of. */
function entriesOf({ index, subjects, peers, protocol, sourcePorts, destinationPorts }) {
  const entries = [];
  const exact = set => set !== null && set.length === 2 && set[0] === set[1];
  const range = set => (set === null ? [-1, 65536] : set);
  if ([sourcePorts, destinationPorts].some(set => set !== null && set.length !== 2)) throw new Error('a list of ports');
  for (const source of prefixesOf(subjects.v4)) {
    for (const destination of prefixesOf(peers.v4)) {
      entries.push({
        index,
        masks: [
          source.mask,
          destination.mask,
          protocol === null ? 0 : 255,
          exact(sourcePorts) ? -1 : 0,
          exact(destinationPorts) ? -1 : 0,
        ],
        key: [
          source.address,
          destination.address,
          protocol ?? 0,
          exact(sourcePorts) ? sourcePorts[0] : 0,
          exact(destinationPorts) ? destinationPorts[0] : 0,
        ],
        ranges: [...range(sourcePorts), ...range(destinationPorts)],
      });
    }
  }
  return entries;
}

/** Intervals -> the fewest prefixes; address and mask are signed words. */
function* prefixesOf(intervals) {
  for (let i = 0; i < intervals.length; i += 2) {
    for (let low = intervals[i]; low <= intervals[i + 1]; ) {
      let size = low === 0 ? 2 ** 32 : 1;
      while (low !== 0 && low % (size * 2) === 0) size *= 2;
      while (low + size - 1 > intervals[i + 1]) size /= 2;
      yield { address: low | 0, mask: -size | 0 };
      low += size;
    }
  }
}

function addTo(tuples, entry) {
  const name = entry.masks.join();
  if (!tuples.has(name)) tuples.set(name, { masks: entry.masks, list: [] });
  tuples.get(name).list.push(entry);
}

/** Open addressing, half full at most; entries of one key are a chain in the order of the rules. */
function finish({ masks, list }) {
  const size = 2 ** Math.ceil(Math.log2(2 * list.length + 1));
  const tuple = {
    masks: Int32Array.from(masks),
    first: list[0].index,
    heads: new Int32Array(size).fill(-1),
    keys: new Int32Array(list.length * FIELDS),
    entries: new Int32Array(list.length * ENTRY_WORDS),
  };
  const last = new Map();
  list.forEach(({ index, key, ranges }, i) => {
    tuple.keys.set(key, i * FIELDS);
    tuple.entries.set([index, ...ranges, -1], i * ENTRY_WORDS);
    const name = key.join();
    const before = last.get(name);
    if (before !== undefined) tuple.entries[before + 5] = i * ENTRY_WORDS;
    else {
      let at = hash(key) & (size - 1);
      while (tuple.heads[at] >= 0) at = (at + 1) & (size - 1);
      tuple.heads[at] = i;
    }
    last.set(name, i * ENTRY_WORDS);
  });
  return tuple;
}

function hash(key) {
  let h = 0;
  for (let i = 0; i < FIELDS; i++) h = Math.imul(h ^ key[i], 0x9e3779b1) ^ (h >>> 15);
  return h ^ (h >>> 16);
}

/** The first entry of the key's chain, -1 without. */
function find({ heads, keys }, key) {
  const mask = heads.length - 1;
  for (let at = hash(key) & mask; heads[at] >= 0; at = (at + 1) & mask) {
    const from = heads[at] * FIELDS;
    let equal = true;
    for (let i = 0; i < FIELDS; i++) equal &&= keys[from + i] === key[i];
    if (equal) return heads[at] * ENTRY_WORDS;
  }
  return -1;
}

/** A rule with ports never matches a protocol without. */
function portsMatch(entries, at, rows, base) {
  const open = entries[at + 1] < 0 && entries[at + 3] < 0;
  if (open) return true;
  if (!hasPorts(rows[base + PROTOCOL])) return false;
  const source = rows[base + SPORT];
  const destination = rows[base + DPORT];
  return (
    source >= entries[at + 1] &&
    source <= entries[at + 2] &&
    destination >= entries[at + 3] &&
    destination <= entries[at + 4]
  );
}
