/** diff over captures: its totals are the difference of two replays of their own, connection by connection. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Diff } from '../../src/diff/connections.js';
import type { Verdict } from '../../src/verdict/verdict.js';
import { policap, policapBytes } from '../cli/person.js';
import { makeShop } from '../cli/shop.js';
import { allCases } from '../support/cases.js';

const shop = makeShop();
afterAll(shop.remove);

interface Line {
  readonly packet: number;
  readonly verdict: Verdict;
  readonly connection: number | null;
  readonly duplicateOf?: number;
}

async function linesOf(args: readonly string[]): Promise<Line[]> {
  const { out } = await policap(['replay', ...args, '-o', 'jsonl']);
  return out
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Line);
}

/** By packet, whether it is the first of its connection in a replay of its own. */
function openings(lines: readonly Line[]): boolean[] {
  const seen = new Set<number>();
  return lines.map(({ connection, duplicateOf }) => {
    if (connection === null || duplicateOf !== undefined || seen.has(connection)) return false;
    seen.add(connection);
    return true;
  });
}

type Count = Record<string, number>;
const add = (counts: Count, key: string): void => {
  counts[key] = (counts[key] ?? 0) + 1;
};

/** What changes, as two replays tell it: from verdict to verdict, connections and packets. */
function difference(before: readonly Line[], after: readonly Line[]) {
  const [was, is] = [openings(before), openings(after)];
  const [connections, packets]: [Count, Count] = [{}, {}];
  before.forEach((line, i) => {
    const other = after[i]!;
    const key = `${line.verdict} ${other.verdict}`;
    add(packets, key);
    const isLater = (line.connection !== null && !was[i]) || (other.connection !== null && !is[i]);
    if ((was[i] || is[i]) && !isLater) add(connections, key);
  });
  return { connections, packets };
}

const totals = (counts: Count) => {
  const sum = (...keys: string[]) => keys.reduce((all, key) => all + (counts[key] ?? 0), 0);
  const sides = ['allowed', 'dropped'].flatMap(word => [`${word} undecided`, `undecided ${word}`]);
  return {
    total: sum(...Object.keys(counts)),
    newlyDropped: sum('allowed dropped'),
    newlyAllowed: sum('dropped allowed'),
    undecided: sum(...sides),
  };
};

async function checkDiff(
  captures: readonly string[],
  common: readonly string[],
  before: readonly string[],
  after: readonly string[],
  more: readonly string[] = [],
): Promise<Diff> {
  const side = (flag: string, paths: readonly string[]): string[] => (paths.length === 0 ? [] : [flag, ...paths]);
  const args = [...captures, ...common, ...side('--before', before), ...side('--after', after), ...more];
  const { out, err } = await policap(['diff', ...args, '-o', 'json']);
  expect(out, err).not.toBe('');
  const diff = JSON.parse(out) as Diff;
  const was = await linesOf([...captures, ...common, ...side('-p', before), ...more]);
  const is = await linesOf([...captures, ...common, ...side('-p', after), ...more]);
  const expected = difference(was, is);
  const { elsewhere, ...packets } = diff.packets;
  expect([args, diff.connections]).toEqual([args, totals(expected.connections)]);
  expect([args, packets]).toEqual([args, totals(expected.packets)]);
  const inGroups = diff.changes.reduce((sum, it) => sum + it.connections, diff.others.connections);
  const { newlyDropped, newlyAllowed, undecided } = diff.connections;
  expect(inGroups).toBe(newlyDropped + newlyAllowed + undecided);
  for (const { change, before: a, after: b } of diff.changes) {
    expect(a.verdict).not.toBe(b.verdict);
    if (change === 'newly-dropped') expect([a.verdict, b.verdict]).toEqual(['allowed', 'dropped']);
  }
  const changedLines = was.filter(
    (line, i) => line.duplicateOf === undefined && line.verdict !== is[i]!.verdict,
  ).length;
  const counted = diff.changes.reduce((sum, it) => sum + it.packets, diff.others.packets);
  expect(counted + elsewhere.newlyDropped + elsewhere.newlyAllowed + elsewhere.undecided).toBe(changedLines);
  return diff;
}

const CASES = allCases().filter(({ captures }) => captures.every(name => name.length > 0));

describe('diff over captures', () => {
  it.each(CASES.map(it => [it.name, it] as const))(
    '%s: from no policies, and back from others, as two replays tell it',
    async (_, { path, captures, expected }) => {
      const files = captures.map(name => join(path, name));
      const mode = ['--mode', expected.mode ?? 'what-if'];
      const cluster = ['-c', join(path, 'cluster.yaml')];
      const policies = join(path, 'policies');
      const deny = shop.path('deny.yaml');
      writeFileSync(deny, DENY);
      const first = await checkDiff(files, cluster, [], [policies], mode);
      expect(first.connections.total).toBeGreaterThanOrEqual(first.connections.newlyDropped);
      await checkDiff(files, cluster, [deny], [policies], mode);
    },
    120_000,
  );

  it('over many batches, and random parts of the policies on either side, in both modes', async () => {
    const input = ['-p', 'pcaps/shop/policies', '-c', 'pcaps/shop/cluster.yaml'];
    const made = ['generate', 'capture', ...input, '--packets', '1500', '--connections', '100', '--refused', '0.4'];
    const capture = shop.path('made.pcap');
    writeFileSync(capture, (await policapBytes(made)).bytes);
    const documents = ['data', 'shop']
      .flatMap(name => readFileSync(`pcaps/shop/policies/${name}.yaml`, 'utf8').split(/^---$/m))
      .filter(text => text.includes('kind:'));
    expect(documents.length).toBe(5);
    const part = fc.subarray(documents);
    let changed = 0;
    await fc.assert(
      fc.asyncProperty(part, part, fc.constantFrom('what-if', 'dataplane'), async (before, after, mode) => {
        const write = (name: string, texts: readonly string[]): string[] => {
          writeFileSync(shop.path(name), texts.join('\n---\n'));
          return texts.length === 0 ? [] : [shop.path(name)];
        };
        const sides = [write('before.yaml', before), write('after.yaml', after)] as const;
        if (sides[0].length + sides[1].length === 0) return;
        const diff = await checkDiff([capture], ['-c', 'pcaps/shop/cluster.yaml'], ...sides, ['--mode', mode]);
        changed += diff.changes.length;
      }),
      { numRuns: 5 },
    );
    expect(changed).toBeGreaterThan(0);
  }, 240_000);
});

/** Isolates every pod of the default namespace's neighbours that the cases know. */
const DENY = ['shop', 'default', 'prod', 'tenant-a', 'monitoring']
  .map(
    namespace => `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: deny, namespace: ${namespace} }
spec: { podSelector: {}, policyTypes: [Ingress] }
`,
  )
  .join('---\n');
