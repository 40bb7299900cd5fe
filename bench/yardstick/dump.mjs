#!/usr/bin/env node
/**
 * The classifier's flat tables, and the names of things, for the C yardstick: node bench/yardstick/dump.mjs CLUSTER TABLES
 *
 * In:  a file of policies and cluster documents.  Out: the file that classifier.h and names.h describe.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { compile } from '../../dist/compile.js';
import { readDocuments } from '../../dist/documents/read.js';
import { ownerName, workloadName } from '../../dist/report/owners.js';
import { isolationsOf } from '../../dist/verdict/isolations.js';

const [cluster, file] = process.argv.slice(2);
const { compiled } = compile(readDocuments(readFileSync(cluster, 'utf8'), cluster).documents);
const { policies, inventory } = compiled;
const { table, directions, ruleset } = compiled.classifier;
const parts = [];
const words = values => parts.push(Buffer.from(Int32Array.from(values).buffer));
const array = values => {
  words([values.length]);
  words(values);
};

dumpClassifier();
dumpNames();
writeFileSync(file, Buffer.concat(parts));

function dumpClassifier() {
  words([table.first6, table.count6]);
  for (const values of [table.entries4, table.starts4, table.starts6, table.rows]) array(values);
  if (ruleset.rules.some(({ unenforced, origin }) => unenforced !== undefined || origin.kind !== 'NetworkPolicy'))
    throw new Error('the yardstick knows NetworkPolicies as upstream reads them, and no others');
  array(ruleset.rules.map(({ action }) => (action === 'allow' ? 1 : 0)));
  for (const { direction, tables } of directions) {
    if (tables.kind > 2) throw new Error(`${direction}: these rules need a forest, which the yardstick does not know`);
    words([tables.kind, tables.peers]);
    const { dense, rowStart, rowEnd, runPeer, runRoot } = tables.pairs;
    for (const values of [dense, rowStart, rowEnd, runPeer, runRoot, tables.nodes]) array(values);
  }
}

function dumpNames() {
  const { owners } = inventory;
  const { numberOf: stringOf, list: strings } = createNumbers();
  const { numberOf: workloadOf, list: workloads } = createNumbers();
  const arrays = [
    owners.map(owner => stringOf(ownerName(owner))),
    owners.map(({ kind }) => (kind === 'pod' ? 1 : 0)),
    owners.map(owner => workloadOf(workloadName(owner))),
    workloads.map(stringOf),
  ];
  const policyOf = new Map(policies.map(({ namespace, name }, i) => [`${namespace}/${name}`, i]));
  const starts = [0];
  const declared = new Map();
  const names = [];
  policies.forEach(({ ingress, egress }, p) => {
    for (const [direction, rules] of Object.entries({ ingress, egress }))
      rules.forEach((_, i) => {
        declared.set(`${p} ${direction}[${i}]`, names.length);
        names.push(`${direction}[${i}]`);
      });
    starts.push(names.length);
  });
  arrays.push([...policyOf.keys()].map(stringOf), starts, names.map(stringOf));
  arrays.push(ruleset.rules.map(({ origin }) => declared.get(`${policyOf.get(origin.policy)} ${origin.rule}`)));
  for (const direction of ['egress', 'ingress']) arrays.push(...isolating(direction, policyOf));

  const bytes = strings.map(text => Buffer.from(`${text}\0`));
  let at = 0;
  const places = bytes.map(({ length }) => {
    at += length;
    return at - length;
  });
  array(places);
  const all = new Uint8Array(Math.ceil(at / 4) * 4);
  all.set(Buffer.concat(bytes));
  array(new Int32Array(all.buffer));
  for (const values of arrays) array(values);
}

/** Owners of one workload have one list. @returns where each owner's begins and ends, and the lists */
function isolating(direction, policyOf) {
  const known = new Map();
  const lists = [];
  const places = inventory.owners.map((_, owner) => {
    const isolations = isolationsOf(direction, owner, ruleset, inventory);
    const list = [...new Set(isolations.map(({ origin }) => policyOf.get(origin.policy)))];
    const key = list.join();
    if (!known.has(key)) {
      known.set(key, lists.length);
      lists.push(...list);
    }
    return [known.get(key), known.get(key) + list.length];
  });
  return [places.map(([start]) => start), places.map(([, end]) => end), lists];
}

/** Equal texts have one number. */
function createNumbers() {
  const known = new Map();
  const list = [];
  const numberOf = text => {
    if (!known.has(text)) known.set(text, list.push(text) - 1);
    return known.get(text);
  };
  return { numberOf, list };
}
