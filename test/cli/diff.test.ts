/** policap diff at the terminal: what it prints first, how it ends, and what it cannot do. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { commentOf, MOST_CHARACTERS } from '../../src/diff/comment.js';
import { policap } from './person.js';
import { DB, makeShop } from './shop.js';

const shop = makeShop();
afterAll(shop.remove);
const cluster = ['-c', shop.path('cluster.yaml')];
const three = shop.path('three.pcap');
const db = shop.path('policies/db.yaml');
/** The same policy, for Redis instead. */
const redis = shop.path('redis.yaml');
writeFileSync(redis, DB.replace('port: 5432, endPort: 5433', 'port: 6379'));

describe('diff over a capture', () => {
  it('prints what changes first, with the line that decides before and after', async () => {
    const { code, out } = await policap(['diff', three, ...cluster, '--before', db, '--after', redis]);
    expect(code).toBe(0);
    const lines = out.split('\n');
    expect(lines[0]).toBe(`${three}  1 of 2 connections would be newly refused in 1 group, 1 newly allowed.`);
    expect(out).toContain(`before  allowed    ingress rule: shop/db ingress[0] (${db}:7)`);
    expect(out).toContain(`after   dropped    ingress default-deny: shop/db (${redis}:1)`);
    expect(lines.indexOf('Newly refused')).toBeLessThan(lines.indexOf('Newly allowed'));
    expect(out).toMatch(/1 {8}2 {2}shop\/StatefulSet\/web → shop\/StatefulSet\/db {2}TCP 6379/);
  });

  it('a document of a side replaces the one of its name, as if it were applied', async () => {
    const same = await policap(['diff', three, ...cluster, '-p', db, '--after', redis, '-o', 'json']);
    const apart = await policap(['diff', three, ...cluster, '--before', db, '--after', redis, '-o', 'json']);
    expect(JSON.parse(same.out)).toEqual(JSON.parse(apart.out));
  });

  it('--fail-on', async () => {
    const code = async (failOn: string, ...args: string[]) =>
      (await policap(['diff', ...args, ...cluster, '--fail-on', failOn])).code;
    expect(await code('newly-dropped', three, '--after', db)).toBe(1);
    expect(await code('newly-allowed,undecided', three, '--after', db)).toBe(0);
    expect(await code('newly-allowed', three, '--before', db)).toBe(1);
    expect(await code('different', three, '--before', db, '--after', db)).toBe(0);
    expect(await code('newly-dropped', '--after', db)).toBe(1);
    expect(await code('newly-allowed', '--after', db)).toBe(0);
    expect(await code('different', '--before', db, '--after', db)).toBe(0);
  });

  it('what it cannot do, in the terms of who asks', async () => {
    const ask = async (...args: string[]) => await policap(['diff', ...args]);
    expect(await ask(three, ...cluster)).toMatchObject({
      code: 2,
      err: expect.stringContaining('--before or --after'),
    });
    expect(await ask('--after', db)).toMatchObject({
      code: 2,
      err: expect.stringContaining('name the cluster with -c'),
    });
    const rules = await ask(...cluster, '--after', db, '--rules', 'r');
    expect(rules).toMatchObject({ code: 2, err: expect.stringContaining('same on both sides') });
    const twice = await ask(three, ...cluster, '--before', '-', '--after', '-');
    expect(twice).toMatchObject({ code: 2, err: expect.stringContaining('only once') });
    expect((await ask(three, ...cluster, '--after', shop.path('broken.yaml'))).code).toBe(2);
  });

  it('a damaged capture: what could be read is compared; an interrupted one too', async () => {
    const damaged = await policap(['diff', shop.path('cut.pcap'), ...cluster, '--after', db]);
    expect(damaged).toMatchObject({ code: 3, out: expect.stringContaining('connections') });
    const stopped = await policap(['diff', three, ...cluster, '--after', db], { interrupts: 'at once' });
    expect(stopped.code).toBe(130);
  });

  it('-w writes the file, and the terminal stays quiet', async () => {
    const file = shop.path('diff.md');
    const { out } = await policap(['diff', three, ...cluster, '--after', db, '-o', 'markdown', '-w', file]);
    expect(out).toBe('');
    expect(readFileSync(file, 'utf8')).toMatch(/^\*\*1 of 2 connections would be newly refused in 1 group/);
  });
});

describe('diff without captures', () => {
  it('prints pairs and ports that change, each with both answers', async () => {
    const { out } = await policap(['diff', ...cluster, '--before', db, '--after', redis, '--no-outside']);
    expect(out).toContain(
      'Of 7 pairs of workloads and blocks outside, 2 would be newly refused something, 2 newly allowed',
    );
    expect(out).toContain('shop/StatefulSet/web → shop/StatefulSet/db, shop/StatefulSet/new  TCP 5432-5433');
    expect(out).toContain(`before  allowed    ingress rule: shop/db ingress[0] (${db}:7)`);
  });

  it('leaves out pods that only one side has, and says so', async () => {
    const more = shop.path('more.yaml');
    writeFileSync(
      more,
      `${DB}---\napiVersion: v1\nkind: Pod\nmetadata: { name: lone, namespace: shop }\nspec: { containers: [{ name: c, image: i }] }\n`,
    );
    const { out } = await policap(['diff', ...cluster, '--before', db, '--after', more]);
    expect(out).toContain('Nothing changes between');
    expect(out).toContain('1 pod left out, as only one side has them: shop/lone');
    const comment = await policap(['diff', ...cluster, '--before', db, '--after', more, '-o', 'markdown']);
    expect(comment.out).toContain('1 pod left out, as only one side has them: shop/lone');
  });

  it('says that a service mesh is left out', async () => {
    const mesh = 'examples/istio-mesh';
    const args = ['-c', `${mesh}/cluster.yaml`, '-p', `${mesh}/policies/3-network.yaml`, '--after', `${mesh}/policies`];
    const { out } = await policap(['diff', ...args]);
    expect(out).toContain('Nothing changes between');
    expect(out).toMatch(/AuthorizationPolicies left out, as .*: istio-system\/no-trace, /);
    const without = await policap(['diff', ...args.slice(0, 4), '--after', `${mesh}/policies/3-network.yaml`]);
    expect(without.out).not.toContain('left out');
  });

  it('ends when it is interrupted', async () => {
    const { code } = await policap(['diff', ...cluster, '--after', db], { interrupts: 'at once' });
    expect(code).toBe(130);
  });
});

describe('a comment', () => {
  it('fits, and says what was left out', () => {
    const rows = Array.from({ length: 3_000 }, (_, i) => [`${i}`, 'ü'.repeat(40)]);
    const section = { title: 'Newly refused', head: ['a', 'b'], rows, isOpen: true };
    const text = commentOf({
      before: ['before'],
      sections: [section, { ...section, rows: [['x', 'y']] }],
      after: ['end'],
    });
    const whole = text.join('\n');
    expect(Buffer.byteLength(whole)).toBeLessThan(65_536);
    expect(Buffer.byteLength(whole)).toBeGreaterThan(MOST_CHARACTERS - 2_000);
    const shown = text.filter(line => line.startsWith('| ') && line.includes('ü')).length;
    expect(whole).toContain(`${(3_000 - shown).toLocaleString('en-US')} more rows left out`);
    expect(text.at(-1)).toBe('end');
    const three = commentOf({ before: [], sections: [section, section, section], after: ['end'] }).join('\n');
    expect(Buffer.byteLength(three)).toBeLessThanOrEqual(MOST_CHARACTERS);
    expect(three.match(/3,000 more rows left out/g)).toHaveLength(2);
  });
});
