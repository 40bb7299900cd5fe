/**
 * docs/outputs.md against real output: every key that is printed is documented in its section, and every key of a
 * section's table is printed by some shipped case.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CONNECTION_COLUMNS } from '../../src/report/connection-columns.js';
import { PACKET_COLUMNS } from '../../src/report/packet-columns.js';
import { policap, policapBytes } from '../cli/person.js';

const DOCUMENT = readFileSync('docs/outputs.md', 'utf8');

/** The section of a schema, and the keys that its tables name. */
function section(schema: string): { text: string; keys: string[] } {
  const from = DOCUMENT.indexOf(`\`${schema}\``);
  const end = DOCUMENT.indexOf('\n## ', from);
  const text = DOCUMENT.slice(from, end < 0 ? undefined : end);
  const keys = [...text.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, key = '']) => key),
  );
  return { text, keys };
}

const named = (text: string, key: string): boolean => text.includes(`\`${key}\``) || text.includes(`"${key}"`);

const input = (folder: string): string[] => ['-p', `pcaps/${folder}/policies`, '-c', `pcaps/${folder}/cluster.yaml`];
const CAPTURES = [
  ['shop', 'capture.pcapng'],
  ['services', 'pod.pcap'],
  ['midstream', 'capture.pcapng'],
  ['oneway', 'in.pcap'],
  ['vxlan', 'underlay.pcap.gz'],
] as const;
const RULES = ['--rules', '-', 'pcaps/shop/capture.pcapng'];
/** Two backends, one of which the policy selects: no shipped capture needs the key `backends`. */
const BY_INPUT_ALONE = ['backends'];
/** Where documents change (test/live). */
const LIVE_ALONE = ['changes'];

async function outputs(format: string): Promise<string[]> {
  const replays = CAPTURES.map(([folder, file]) => ['replay', `pcaps/${folder}/${file}`, ...input(folder)]);
  const found: string[] = [];
  for (const args of replays) found.push((await policap([...args, '-o', format])).out);
  const http = 'examples/cilium-http';
  const documents = ['-p', `${http}/policies`, '-c', `${http}/cluster.yaml`, '--profile', 'cilium'];
  found.push((await policap(['replay', `${http}/capture.pcapng.gz`, ...documents, '-o', format])).out);
  const mesh = 'examples/istio-mesh';
  const meshed = ['-p', `${mesh}/policies`, '-c', `${mesh}/cluster.yaml`];
  found.push((await policap(['replay', `${mesh}/pod.pcap.gz`, ...meshed, '-o', format])).out);
  const [option = '', stdin = '', capture = ''] = RULES;
  const rules = { input: 'kind: RuleList\ndefault: deny\nrules: []\n' };
  found.push((await policap(['replay', capture, option, stdin, '-o', format, '--profile', 'flannel'], rules)).out);
  return found;
}

function compare(schema: string, printed: ReadonlySet<string>, ignored: readonly string[] = []): void {
  const { text, keys } = section(schema);
  expect(keys.length).toBeGreaterThan(2);
  expect([...printed].filter(key => key !== 'schema' && !named(text, key))).toEqual([]);
  expect(keys.filter(key => !printed.has(key) && !ignored.includes(key))).toEqual([]);
}

describe('docs/outputs.md', () => {
  it('names every key of a packet line, and no other', async () => {
    const lines = (await outputs('jsonl')).flatMap(out => out.trimEnd().split('\n'));
    expect(lines.length).toBeGreaterThan(500);
    const objects = lines.map(line => JSON.parse(line) as Record<string, unknown>);
    compare('policap.packet/1', new Set(objects.flatMap(Object.keys)), BY_INPUT_ALONE);
    const always = ['packet', 'time', 'src', 'dst', 'protocol', 'verdict', 'reason', 'connection', 'egress', 'ingress'];
    for (const object of objects) expect(Object.keys(object)).toEqual(expect.arrayContaining(always));
  });

  it('has a row for every field of packets and connections, with its type and what the program says of it', () => {
    for (const [title, columns] of [
      ['### Fields of a packet', PACKET_COLUMNS],
      ['### Fields of a connection', CONNECTION_COLUMNS],
    ] as const) {
      const from = DOCUMENT.indexOf(title);
      const text = DOCUMENT.slice(from, DOCUMENT.indexOf('\n#', from + title.length));
      const rows = columns.map(({ name, type, sentence }) => `| \`${name}\` | ${type} | ${sentence} |`);
      expect(text.split('\n').filter(line => line.startsWith('| `'))).toEqual(rows);
    }
  });

  it('names every key of a line of connections', async () => {
    const args = ['replay', 'pcaps/shop/capture.pcapng', ...input('shop'), '-o', 'jsonl', '--records', 'connections'];
    const [line = ''] = (await policap([...args, '--profile', 'flannel'])).out.split('\n');
    const keys = Object.keys(JSON.parse(line));
    expect(keys.slice(0, 2)).toEqual(['schema', 'notice']);
    for (const key of keys) expect(named(DOCUMENT, key), key).toBe(true);
  });

  it('names every key of the summary, of its conversations and outcomes, and no other', async () => {
    const documents = (await outputs('json')).map(out => JSON.parse(out));
    compare('policap.summary/1', new Set(documents.flatMap(Object.keys)), LIVE_ALONE);
    const denied = documents.flatMap(document => document.denied as Record<string, unknown>[]);
    expect(denied.length).toBeGreaterThan(10);
    for (const key of new Set(denied.flatMap(Object.keys))) expect(named(DOCUMENT, key), key).toBe(true);
    const outcomes = denied
      .flatMap(({ egress, ingress }) => [egress, ingress])
      .filter(it => it !== null && it !== undefined);
    for (const key of Object.keys(outcomes[0] as object)) expect(named(DOCUMENT, key), key).toBe(true);
  });

  it('names every key of a comparison, and no other', async () => {
    const args = [
      'pcaps/shop/capture.pcapng',
      ...input('shop'),
      '--profiles',
      'calico,weave,kube-router',
      '-o',
      'json',
    ];
    const comparison = JSON.parse((await policap(['compare', ...args])).out);
    compare('policap.compare/1', new Set(Object.keys(comparison)));
    const { differences, profiles } = comparison;
    const [first] = differences;
    for (const part of [...differences, ...profiles, first.source, ...first.answers])
      for (const key of Object.keys(part)) expect(named(section('policap.compare/1').text, key), key).toBe(true);
  });

  it('names every key of a diff, over captures and without, and no other', async () => {
    const http = 'examples/cilium-http';
    const sides = ['-c', `${http}/cluster.yaml`, '--after', `${http}/policies`, '--profile', 'cilium', '-o', 'json'];
    const diff = JSON.parse((await policap(['diff', `${http}/capture.pcapng.gz`, ...sides])).out);
    compare('policap.diff/1', new Set(Object.keys(diff)));
    const parts = [diff.after, diff.connections, diff.packets, diff.requests, diff.changes[0], diff.changes[0].before];
    for (const part of parts)
      for (const key of Object.keys(part)) expect(named(section('policap.diff/1').text, key), key).toBe(true);
    const reach = JSON.parse((await policap(['diff', ...sides])).out);
    compare('policap.reach-diff/1', new Set(Object.keys(reach)));
    const [first] = reach.changes;
    for (const part of [reach.after, reach.pairs, first, first.before, ...first.traffic])
      for (const key of Object.keys(part)) expect(named(section('policap.reach-diff/1').text, key), key).toBe(true);
  });

  it('names every key of the verdicts, and no other', async () => {
    const args = ['replay', 'pcaps/shop/capture.pcapng', ...input('shop'), '-o', 'verdicts', '--profile', 'flannel'];
    const { bytes } = await policapBytes(args);
    const header = JSON.parse(bytes.toString('utf8', 16, 16 + bytes.readUInt32LE(12)));
    compare('policap.verdicts/1', new Set(Object.keys(header)));
    for (const key of Object.keys(header.codes[1]))
      expect(named(section('policap.verdicts/1').text, key), key).toBe(true);
  });

  it('names every key of the matrix, of its cells, and of the statistics', async () => {
    const matrix = JSON.parse((await policap(['matrix', ...input('shop'), '-o', 'json', '--profile', 'flannel'])).out);
    compare('policap.matrix/1', new Set(Object.keys(matrix)));
    for (const key of Object.keys(matrix.cells[0]))
      expect(named(section('policap.matrix/1').text, key), key).toBe(true);
    const stats = JSON.parse((await policap(['compile', ...input('shop'), '-o', 'json', '--profile', 'flannel'])).out);
    compare('policap.stats/1', new Set(Object.keys(stats)));
    for (const key of Object.keys(stats.classifier))
      expect(named(section('policap.stats/1').text, key), key).toBe(true);
  });

  it('names every key of a benchmark, and no other', async () => {
    const args = ['pcaps/shop/capture.pcapng', ...input('shop'), '--stages', '--seconds', '1', '--profile', 'flannel'];
    const bench = JSON.parse((await policap(['bench', ...args, '-o', 'json'])).out);
    compare('policap.bench/1', new Set(Object.keys(bench)));
    const parts = [bench.deepest[0], bench.deepest[0].rules[0], bench.headers, bench.lookups[0], bench.stages];
    for (const key of new Set([...parts, bench.lookups[0].nanoseconds, bench.stages.stages[0]].flatMap(Object.keys)))
      expect(named(section('policap.bench/1').text, key), key).toBe(true);
  });
});
