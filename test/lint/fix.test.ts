/**
 * --fix: what is removed changes no answer, and nothing but the entries changes in the text.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { removeEntries } from '../../src/lint/fix.js';
import { patchLines } from '../../src/lint/patch.js';
import { computeMatrix } from '../../src/matrix/matrix.js';
import { linted, podYaml } from './lint.js';

const CLUSTER = [
  podYaml('shop', 'a', { app: 'a' }, { ips: ['10.0.0.1'], ports: [{ name: 'http', containerPort: 80 }] }),
  podYaml('shop', 'b', { app: 'b' }, { ips: ['10.0.0.2'] }),
  podYaml('other', 'c', { app: 'a' }, { ips: ['10.0.0.3'] }),
].join('\n---\n');

/** Ways to write a peer or a port; some mean the same. */
const PEERS = [
  'podSelector: { matchLabels: { app: a } }',
  'podSelector:\nINDENT  matchLabels:\nINDENT    app: a # the a',
  '{ podSelector: { matchLabels: { app: b } } }',
  'namespaceSelector: {}',
  'ipBlock: { cidr: 10.0.0.0/30, except: [10.0.0.2/32] }',
  'ipBlock:\nINDENT  except: [ 10.0.0.2/32 ]\nINDENT  cidr: "10.0.0.0/30"\n\nINDENT# by itself',
];
const PORTS = ['port: 80', '{ protocol: TCP, port: 80 }', 'port: http', 'port: 80\nINDENTendPort: 80', 'port: 443'];

const block = (entries: readonly string[], indent: string): string =>
  entries.map(entry => `${indent}- ${entry.replaceAll('INDENT', `${indent}  `)}\n`).join('');

const rule = fc
  .tuple(
    fc.array(fc.constantFrom(...PEERS), { maxLength: 4 }),
    fc.array(fc.constantFrom(...PORTS), { maxLength: 4 }),
    fc.array(fc.constantFrom('{ port: 80 }', '{port: 443}', '{ port: 80, protocol: TCP }'), { maxLength: 3 }),
  )
  .map(([peers, ports, flow]) => {
    const parts = [
      ...(peers.length === 0 ? [] : [`from:\n${block(peers, '        ')}`]),
      ...(ports.length > 0
        ? [`ports:\n${block(ports, '        ')}`]
        : flow.length > 0
          ? [`ports: [${flow.join(' ,  ')}] # in one line\n`]
          : []),
    ];
    return parts.length === 0 ? '    - {}\n' : `    - ${parts.join('      ')}`;
  });
const policies = fc
  .array(fc.array(rule, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 })
  .map(all =>
    all
      .map(
        (rules, i) =>
          `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: p${i}, namespace: shop }\nspec:\n  podSelector: { matchLabels: { app: a } }\n  ingress:\n${rules.join('')}`,
      )
      .join('---\n# the next\n'),
  );

const matrixOf = (text: string): string => {
  const { cells } = computeMatrix(linted({ 'p.yaml': text, 'c.yaml': CLUSTER }, { only: [] }).compiled, 'pod', true);
  return JSON.stringify(cells, (_, value) => (value instanceof Map ? [...value] : value));
};

/** What `patch` makes of a diff. */
function patched(text: string, diff: readonly string[]): string {
  const lines = text.split('\n');
  let shift = 0;
  let at = 0;
  for (const line of diff.slice(2)) {
    const hunk = /^@@ -(\d+),(\d+) \+(\d+),(\d+) @@$/.exec(line);
    if (hunk !== null) {
      at = Number(hunk[1]) - 1 + shift;
      expect(Number(hunk[3]) - 1).toBe(at);
    } else if (line.startsWith('-')) {
      expect(lines[at]).toBe(line.slice(1));
      lines.splice(at, 1);
      shift--;
    } else if (line.startsWith('+')) {
      lines.splice(at++, 0, line.slice(1));
      shift++;
    } else expect(lines[at++]).toBe(line.slice(1));
  }
  return lines.join('\n');
}

describe('removeEntries', () => {
  it('removes every copy of any policy, changes no answer, and tells exactly what it did', () => {
    let removed = 0;
    fc.assert(
      fc.property(policies, fc.constantFrom('\n', '\r\n'), (given, end) => {
        const text = given.replaceAll('\n', end);
        const { findings } = linted({ 'p.yaml': text }, { only: ['duplicate'] });
        const wanted = findings.map(({ removable }) => removable!);
        const fixed = removeEntries(text, 'p.yaml', wanted);
        expect(fixed.left).toEqual([]);
        expect(fixed.removed).toHaveLength(wanted.length);
        removed += wanted.length;
        expect(linted({ 'p.yaml': fixed.text }, { only: ['duplicate'] }).findings).toEqual([]);
        expect(matrixOf(fixed.text)).toBe(matrixOf(text));
        if (wanted.length > 0) expect(patched(text, patchLines('p.yaml', text, fixed.cuts))).toBe(fixed.text);
      }),
      { numRuns: 80 },
    );
    expect(removed).toBeGreaterThan(20);
  });
});
