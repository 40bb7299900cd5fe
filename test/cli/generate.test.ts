/**
 * policap generate: what it makes is the same for the same seed, is what it says it is, and is read back without a word.
 */
import { describe, expect, it } from 'vitest';
import { policap } from './person.js';

const lines = (text: string): string[] => text.trimEnd().split('\n');

describe('policap generate rules', () => {
  it.each(['acl', 'fw', 'ipc'])(
    '%s: as many different filters as asked for, the same for the same seed',
    async family => {
      const args = ['generate', 'rules', '--family', family, '--count', '500'];
      const [first, again, other] = [await policap(args), await policap(args), await policap([...args, '--seed', '2'])];
      expect(first.code).toBe(0);
      expect(new Set(lines(first.out)).size).toBe(500);
      expect(again.out).toBe(first.out);
      expect(other.out).not.toBe(first.out);
      const stats = await policap(['compile', '--rules', '-', '--emit', 'stats', '-o', 'json'], { input: first.out });
      expect(stats.err).toBe('');
      expect(JSON.parse(stats.out).classifier.rules).toBe(500);
    },
  );

  it('means the same rules in both formats', async () => {
    const args = ['generate', 'rules', '--family', 'ipc', '--count', '300', '--ip', '6'];
    const printed: string[] = [];
    for (const format of ['classbench', 'rulelist']) {
      const { out } = await policap([...args, '--format', format]);
      const rules = await policap(['compile', '--rules', '-', '--emit', 'rules'], { input: out });
      expect(rules.err).toBe('');
      printed.push(rules.out.replaceAll(/ # .*$/gm, '').replaceAll(/\{::-ffff[f:]*\}|::\/0/g, 'any'));
    }
    expect(lines(printed[1]!).length).toBe(lines(printed[0]!).length);
  });

  it('an empty list is one', async () => {
    const { out } = await policap(['generate', 'rules', '--count', '0', '--format', 'rulelist']);
    expect(out).toBe('kind: RuleList\ndefault: deny\nrules: []\n');
  });
});

describe('policap generate trace', () => {
  it('gives headers of the rules; skewed ones repeat', async () => {
    const input = (await policap(['generate', 'rules', '--count', '200'])).out;
    const args = ['generate', 'trace', '--rules', '-', '--count', '2000'];
    const even = await policap(args, { input });
    expect(even.code).toBe(0);
    expect(lines(even.out)).toHaveLength(2000);
    for (const line of lines(even.out)) expect(line).toMatch(/^[\d.]+ [\d.]+ \d+ \d+ \d+$/);
    expect((await policap(args, { input })).out).toBe(even.out);
    const skewed = await policap([...args, '--skew', '2'], { input });
    expect(new Set(lines(skewed.out)).size).toBeLessThan(new Set(lines(even.out)).size / 2);
  });
});

describe('policap generate cluster', () => {
  it('gives objects that are read back as they were meant', async () => {
    const args = ['generate', 'cluster', '--nodes', '3', '--pods', '200', '--policies', '40', '--namespaces', '5'];
    const { code, out } = await policap(args);
    expect(code).toBe(0);
    expect((await policap(args)).out).toBe(out);
    const stats = await policap(['compile', '-p', '-', '-c', '-', '--emit', 'stats', '-o', 'json'], { input: out });
    expect(stats.err).toBe('');
    const { policies, cluster } = JSON.parse(stats.out);
    expect({ policies, ...cluster }).toEqual({ policies: 40, namespaces: 5, nodes: 3, pods: 200, services: 0 });
  });

  it('refuses policies without pods', async () => {
    const { code, err } = await policap(['generate', 'cluster', '--pods', '0', '--policies', '1']);
    expect(code).toBe(2);
    expect(err).toContain('--policies need --pods');
  });
});
