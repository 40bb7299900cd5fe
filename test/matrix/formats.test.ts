/** The matrix as csv, markdown, dot and svg: each says what the cells say. */
import { afterAll, describe, expect, it } from 'vitest';
import { cellText } from '../../src/matrix/cell-text.js';
import { matrixDot } from '../../src/matrix/dot.js';
import type { Cell, Matrix } from '../../src/matrix/matrix.js';
import { matrixSvg } from '../../src/matrix/svg.js';
import { isWellFormed } from '../bench/xml.js';
import { policap } from '../cli/person.js';
import { makeShop } from '../cli/shop.js';

const shop = makeShop();
afterAll(shop.remove);

const matrix = async (...args: string[]): Promise<string> => (await policap(['matrix', ...shop.input, ...args])).out;

/** Names that every format must escape. */
function awkward(count: number): Matrix {
  const names = Array.from({ length: count }, (_, i) => `a"b\\c<d>&|${i}`);
  const none = new Map([
    ['TCP', []],
    ['other', []],
  ] as [string, number[]][]);
  const some = new Map([
    ['TCP', [80, 80]],
    ['other', []],
  ] as [string, number[]][]);
  const cell = (from: string, to: string): Cell => ({
    from,
    to,
    all: some,
    v4: none,
    v6: none,
    some: none,
    undecided: none,
  });
  return { names, cells: names.map(from => names.map(to => (from === to ? null : cell(from, to)))) };
}

/** A strict reader of the part of Graphviz's language that is written: statements, quoted names, attributes. */
function readDot(text: string): { nodes: string[]; arrows: [string, string, Record<string, string>][] } {
  const quoted = '"((?:[^"\\\\\\n]|\\\\["\\\\])*)"';
  const attributes = '(?: \\[((?:\\w+=(?:"(?:[^"\\\\\\n]|\\\\["\\\\])*"|\\w+)(?:, )?)+)\\])?';
  const plain = (name: string): string => name.replace(/\\(.)/g, '$1');
  const nodes: string[] = [];
  const arrows: [string, string, Record<string, string>][] = [];
  const lines = text.trimEnd().split('\n');
  expect(lines[0]).toBe('digraph policap {');
  expect(lines.at(-1)).toBe('}');
  for (const line of lines.slice(1, -1)) {
    const arrow = new RegExp(`^  ${quoted} -> ${quoted}${attributes};$`).exec(line);
    const node = new RegExp(`^  ${quoted}${attributes};$`).exec(line);
    if (arrow !== null) {
      const pairs = [...arrow[3]!.matchAll(/(\w+)=(?:"((?:[^"\\]|\\.)*)"|(\w+))/g)];
      arrows.push([
        plain(arrow[1]!),
        plain(arrow[2]!),
        Object.fromEntries(pairs.map(([, key, text, word]) => [key!, text === undefined ? word! : plain(text)])),
      ]);
    } else if (node !== null) nodes.push(plain(node[1]!));
    else expect(line).toMatch(/^ {2}(rankdir=LR|(node|edge) \[[\w=", -]+\]);$/);
  }
  return { nodes, arrows };
}

describe('matrix -o', () => {
  it('csv: a row for each protocol, with whom it is about', async () => {
    const rows = (await matrix('-o', 'csv', '--by', 'pod', '--no-outside')).trimEnd().split('\n');
    expect(rows[0]).toBe('from,to,protocol,ports,scope');
    expect(rows).toContain('shop/web-1,shop/db-0,TCP,5432-5433,all');
    expect(rows).toContain('shop/db-0,shop/web-1,ICMP,,all');
    expect(rows.some(row => row.startsWith('shop/web-2,'))).toBe(false);
    const workloads = await matrix('-o', 'csv', '--no-outside');
    expect(workloads).toContain('shop/StatefulSet/web,shop/StatefulSet/db,TCP,5432-5433,some\n');
    const outside = await matrix('-o', 'csv');
    expect(outside).toContain('outside 198.51.100.0/24,shop/StatefulSet/db,TCP,8080,all\n');
  });

  it('markdown: the table of the text', async () => {
    const lines = (await matrix('-o', 'markdown', '--no-outside')).trimEnd().split('\n');
    expect(lines[1]).toBe('| --- | --- | --- | --- | --- |');
    expect(lines[4]).toBe('| 3 | **shop/StatefulSet/web** | some: TCP 5432-5433 | some: TCP 5432-5433 | some: all |');
  });

  it('dot: every name a node, every cell that allows something an arrow', async () => {
    const { nodes, arrows } = readDot(await matrix('-o', 'dot', '--no-outside'));
    expect(nodes).toEqual(['shop/StatefulSet/db', 'shop/StatefulSet/new', 'shop/StatefulSet/web']);
    expect(arrows).toContainEqual([
      'shop/StatefulSet/web',
      'shop/StatefulSet/db',
      { label: 'some: TCP 5432-5433', style: 'dashed' },
    ]);
    expect(arrows).toContainEqual(['shop/StatefulSet/db', 'shop/StatefulSet/web', { label: 'all' }]);
    expect(arrows).toHaveLength(5);
    const odd = readDot(matrixDot(awkward(2)).join('\n'));
    expect(odd.nodes).toEqual(awkward(2).names);
    expect(odd.arrows).toEqual([[...awkward(2).names, { label: 'TCP 80', dir: 'both' }]]);
  });

  it('svg: well-formed, whole in itself, every cell with its words', async () => {
    for (const picture of [await matrix('-o', 'svg'), matrixSvg(awkward(3)), matrixSvg(awkward(60))]) {
      expect(isWellFormed(picture)).toBe(true);
      expect(picture).not.toMatch(/href|url\(|@import|<script/);
      expect(picture).toContain('prefers-color-scheme: dark');
      expect(picture).toMatch(/role="img" aria-labelledby="policap-matrix-title policap-matrix-desc"/);
    }
    const small = await matrix('-o', 'svg', '--no-outside');
    expect(small).toContain('shop/StatefulSet/web → shop/StatefulSet/db: some: TCP 5432-5433</title>');
    expect(small).toContain('Of its pairs: 2 every protocol and port; 0 some protocols or ports; 3 some pods only');
    const big = awkward(60);
    expect(matrixSvg(big).match(/: TCP 80<\/title>/g)).toHaveLength(60 * 59);
    expect(cellText(big.cells[0]![1]!)).toBe('TCP 80');
  });

  it('says first where nothing is enforced, beside a csv on stderr', async () => {
    const input = [...shop.input, '--profile', 'flannel'];
    const notice = 'Flannel enforces no policies';
    expect((await policap(['matrix', ...input, '-o', 'csv'])).err).toContain(notice);
    expect((await policap(['matrix', ...input, '-o', 'dot'])).out).toMatch(new RegExp(`^// ${notice}`));
    expect((await policap(['matrix', ...input, '-o', 'markdown'])).out).toMatch(new RegExp(`^> \\*\\*${notice}`));
    expect((await policap(['matrix', ...input, '-o', 'svg'])).out).toContain(notice);
  });
});
