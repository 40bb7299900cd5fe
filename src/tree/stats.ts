/**
 * What a tree is made of (cold): the numbers of `compile --emit stats`.
 */
import type { Ruleset } from '../rules/ruleset.js';
import type { AddressTable } from './address-table.js';
import type { ClassifierStats } from './classifier.js';
import { NODE_STRIDE } from './header-trees.js';
import { COLUMNS } from './terms.js';
import type { BuiltDirection } from './tree.js';

/** Steps of the deepest address lookup: three loads and seven comparisons, or a search by halving for IPv6. */
const V4_STEPS = 10;

export function measure(
  ruleset: Ruleset,
  table: AddressTable,
  directions: readonly BuiltDirection[],
  buildMs: number,
): ClassifierStats {
  let nodes = 0;
  let addressClasses = 0;
  let depth = 0;
  let bytes = bytesOf(table);
  for (const { direction, tables, depth: below, crossing } of directions) {
    if (crossing !== null) {
      addressClasses += crossing.sourceClasses + crossing.destinationClasses;
      nodes += crossing.pairs;
      bytes += crossing.image.byteLength;
      if (crossing.loose !== null) bytes += bytesOf(crossing.loose);
      depth = Math.max(depth, below);
      continue;
    }
    const { subject, peer } = COLUMNS[direction];
    if (ruleset[direction].length > 0) addressClasses += table.classes(subject) + table.classes(peer);
    nodes += (tables.nodes.length + tables.forest.nodes.length) / NODE_STRIDE;
    bytes += bytesOf(tables.pairs) + tables.nodes.byteLength + bytesOf(tables.forest);
    depth = Math.max(depth, below);
  }
  const lookup = Math.max(V4_STEPS, Math.ceil(Math.log2(table.count6 + 1)));
  return {
    engine: 'tree',
    rules: ruleset.rules.length,
    addressClasses,
    nodes,
    depth: 2 * lookup + depth,
    bytes,
    buildMs,
  };
}

function bytesOf(tables: object): number {
  let bytes = 0;
  for (const value of Object.values(tables)) if (value instanceof Int32Array) bytes += value.byteLength;
  return bytes;
}
