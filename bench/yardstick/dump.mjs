#!/usr/bin/env node
/**
 * The classifier's flat tables for the C yardstick: node bench/yardstick/dump.mjs CLUSTER TABLES
 *
 * In:  a file of policies and cluster documents.  Out: the file that classifier.h describes.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { compile } from '../../dist/compile.js';
import { readDocuments } from '../../dist/documents/read.js';

const [cluster, file] = process.argv.slice(2);
const { compiled } = compile(readDocuments(readFileSync(cluster, 'utf8'), cluster).documents);
const { table, directions, ruleset } = compiled.classifier;
const words = [table.first6, table.count6];
const parts = [];
const flush = () => {
  parts.push(Buffer.from(Int32Array.from(words).buffer));
  words.length = 0;
};
const array = values => {
  words.push(values.length);
  flush();
  parts.push(Buffer.from(Int32Array.from(values).buffer));
};
for (const values of [table.entries4, table.starts4, table.starts6, table.rows]) array(values);
array(ruleset.rules.map(({ action }) => (action === 'allow' ? 1 : 0)));
for (const { direction, tables } of directions) {
  if (tables.kind > 2) throw new Error(`${direction}: these rules need a forest, which the yardstick does not know`);
  words.push(tables.kind, tables.peers);
  const { dense, rowStart, rowEnd, runPeer, runRoot } = tables.pairs;
  for (const values of [dense, rowStart, rowEnd, runPeer, runRoot, tables.nodes]) array(values);
}
flush();
writeFileSync(file, Buffer.concat(parts));
