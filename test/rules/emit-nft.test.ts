/** What `compile --emit nft` prints. That nft takes it, and that a kernel decides by it, is tested in test/kernel. */
import { describe, expect, it } from 'vitest';
import { buildRules } from '../../src/rules/build.js';
import { emitNft } from '../../src/rules/emit-nft.js';
import { policap } from '../cli/person.js';
import { compileText } from '../support/replay.js';
import { CLUSTER, DB_FROM_WEB, WEB_TO_API } from '../verdict/cluster.js';

const emitted = (...policies: string[]): string => {
  const { ruleset, inventory } = compileText(CLUSTER, ...policies);
  return emitNft(ruleset, inventory);
};

/** The lines of a chain. */
const chain = (text: string, name: string): string[] =>
  new RegExp(`chain ${name} \\{\\n([^}]*)  \\}`)
    .exec(text)![1]!
    .trimEnd()
    .split('\n')
    .map(line => line.trim());

describe('compile --emit nft', () => {
  it('says first that it is for checking', () => {
    expect(emitted(DB_FROM_WEB)).toMatch(/^#.*\n# This is for checking policap against a kernel, not for production/);
  });

  it('asks the state, then pods and nodes by themselves, then egress, then ingress', () => {
    const lines = chain(emitted(DB_FROM_WEB), 'forward');
    const order = [
      'ct state invalid drop',
      'ct state untracked',
      'ct state established,related',
      '@same_pod_4',
      '@own_node_4',
      'jump egress_0',
      'jump ingress_0',
    ];
    const places = order.map(words => lines.findIndex(line => line.includes(words)));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  it('names the rule and the isolating policy of every verdict', () => {
    const text = emitted(DB_FROM_WEB, WEB_TO_API);
    expect(chain(text, 'ingress_0')).toEqual([
      'ip saddr 10.0.1.2 ip daddr 10.0.2.3 meta l4proto 6 th dport 5432 return comment "#1 allow shop/db ingress[0]"',
      'ip6 saddr fd00:1::2 ip6 daddr fd00:2::3 meta l4proto 6 th dport 5432 return comment "#1 allow shop/db ingress[0]"',
      'ip daddr 10.0.2.3 drop comment "default-deny ingress shop/db"',
      'ip6 daddr fd00:2::3 drop comment "default-deny ingress shop/db"',
      'return',
    ]);
    expect(chain(text, 'egress_0')[0]).toMatch(/^ip saddr 10.0.1.2 ip daddr @addresses_\d+ .*shop\/web egress\[0\]"$/);
  });

  it('writes equal address sets once', () => {
    const other = DB_FROM_WEB.replace('name: db', 'name: other').replace('app: web', 'app: api');
    const third = other.replace('name: other', 'name: third').replace('5432', '5433');
    const text = emitted(other, third);
    const sets = [...text.matchAll(/set (addresses_\d+) \{[^}]*elements = \{([^}]*)\}/g)];
    expect(new Set(sets.map(([, , elements]) => elements)).size).toBe(sets.length);
    const backends = sets.filter(([, , elements]) => elements!.trim() === '10.0.1.11,\n      10.0.2.11,');
    expect(backends).toHaveLength(1);
    expect(chain(text, 'ingress_0').filter(line => line.includes(`@${backends[0]![1]} `))).toHaveLength(2);
  });

  it('(12) sends to egress what a pod sends, and to ingress what a pod receives', () => {
    const lines = chain(emitted(DB_FROM_WEB), 'forward');
    expect(lines.filter(line => line.includes('jump'))).toEqual([
      expect.stringMatching(/^ip saddr @addresses_\d+ jump egress_0$/),
      expect.stringMatching(/^ip6 saddr @addresses_\d+ jump egress_0$/),
      expect.stringMatching(/^ip daddr @addresses_\d+ jump ingress_0$/),
      expect.stringMatching(/^ip6 daddr @addresses_\d+ jump ingress_0$/),
    ]);
  });

  it('leaves out what can never match: a named port that nobody has', () => {
    const named = DB_FROM_WEB.replace('port: 5432', 'port: nobody');
    expect(chain(emitted(named), 'ingress_0').some(line => line.includes('ingress[0]'))).toBe(false);
  });

  it('without any policy, allows', () => {
    const inventory = compileText(CLUSTER).inventory;
    const text = emitNft(buildRules([], inventory), inventory);
    expect(text).not.toContain(' drop comment "default-deny');
    expect(chain(text, 'egress_0')).toEqual(['return']);
  });

  it('is printed by the command line', async () => {
    const input = ['-p', 'pcaps/shop/policies', '-c', 'pcaps/shop/cluster.yaml'];
    const { code, out, err } = await policap(['compile', ...input, '--emit', 'nft']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('table inet policap {');
    expect(out).toContain('comment "#9 allow shop/api ingress[0]"');
  });
});
