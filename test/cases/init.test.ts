/** What init writes passes as it is written: for every shipped example, and for random policies. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { proposeCases } from '../../src/cases/propose.js';
import { readCases } from '../../src/cases/read.js';
import { runAssertions } from '../../src/cases/run.js';
import { casesText } from '../../src/cases/write.js';
import { LEVELS } from '../../src/matrix/levels.js';
import { createMesh } from '../../src/mesh/mesh.js';
import { buildRules } from '../../src/rules/build.js';
import { policap } from '../cli/person.js';
import { caseNames } from '../examples/cases.js';
import { schemaErrors } from '../support/schema.js';
import { seed } from '../support/seed.js';
import { arbInventory, arbPolicies } from '../tree/arbitrary.js';

const folder = mkdtempSync(join(tmpdir(), 'policap-init-'));
afterAll(() => rmSync(folder, { recursive: true }));

const inputs = [
  ...caseNames().map(name => `examples/${name}`),
  'pcaps/shop',
  'pcaps/services',
  'pcaps/nodes',
  'pcaps/ipv6',
];

describe('policap init', () => {
  it.each(inputs)('%s: passes as it is written, and holds to the schema of the file', async input => {
    for (const by of LEVELS) {
      const path = join(folder, `${input.replace('/', '-')}-${by}.yaml`);
      const made = await policap([
        'init',
        '-p',
        `${input}/policies`,
        '-c',
        `${input}/cluster.yaml`,
        '--by',
        by,
        '-w',
        path,
      ]);
      expect(made.code, made.err).toBe(0);
      const ran = await policap(['test', path]);
      expect(ran.out).toMatch(/^\d[\d,]* assertions? passed\n$/);
      expect(ran.code).toBe(0);
      const document = parse(readFileSync(path, 'utf8'));
      expect(schemaErrors('policap.cases/1', document)).toEqual([]);
      expect(schemaErrors('policap.cases/1', { ...document, unheardOf: 1 })).not.toEqual([]);
      expect(made.err).toMatch(/\d+ cases?, \d[\d,]* assertions? in /);
    }
  });

  it('holds what is allowed and what is refused, and fails when a policy goes', async () => {
    const path = join(folder, 'shop.yaml');
    await policap(['init', '-p', 'pcaps/shop/policies', '-c', 'pcaps/shop/cluster.yaml', '-w', path]);
    const text = readFileSync(path, 'utf8');
    expect(text).toMatch(/from: shop\/Deployment\/api, to: shop\/StatefulSet\/db, port: 5432, expect: allowed/);
    expect(text).toMatch(/from: shop\/Deployment\/api, to: shop\/StatefulSet\/db, port: 5433, expect: dropped/);
    expect((await policap(['test', path, '-p', 'pcaps/shop/policies/shop.yaml'])).code).toBe(1);
  });

  it('asks no lone pod about itself', async () => {
    const path = join(folder, 'alone.yaml');
    await policap([
      'init',
      '-p',
      'pcaps/shop/policies',
      '-c',
      'pcaps/shop/cluster.yaml',
      '--by',
      'namespace',
      '-w',
      path,
    ]);
    const { cases } = parse(readFileSync(path, 'utf8')) as {
      cases: { from: string | string[]; to: string | string[] }[];
    };
    const names = cases.filter(
      ({ from, to }) => [from].flat().includes('shop/StatefulSet/db') && [to].flat().includes('shop/StatefulSet/db'),
    );
    expect(names).toEqual([]);
  });

  it('does not write over a file, unless it is told to', async () => {
    const path = join(folder, 'kept.yaml');
    writeFileSync(path, 'mine');
    const args = ['init', '-p', 'pcaps/shop/policies', '-c', 'pcaps/shop/cluster.yaml', '-w', path];
    const refused = await policap(args);
    expect(refused.code).toBe(2);
    expect(refused.err).toMatch(/is there already\n.*--force/);
    expect(readFileSync(path, 'utf8')).toBe('mine');
    expect((await policap([...args, '--force'])).code).toBe(0);
    expect(readFileSync(path, 'utf8')).toContain('kind: TestCases');
  });

  it('says what it leaves out', () => {
    const [policies, inventory] = fc.sample(fc.tuple(arbPolicies, arbInventory), { seed: 7, numRuns: 1 })[0]!;
    const compiled = { ruleset: buildRules(policies, inventory), inventory, mesh: createMesh([], inventory) };
    const whole = proposeCases(compiled, 'pod');
    expect(whole.cases.length).toBeGreaterThan(1);
    const cut = proposeCases(compiled, 'pod', 1);
    expect(cut.cases).toEqual(whole.cases.slice(0, 1));
    const more = whole.cases.length - 1;
    expect(cut.leftOut).toContain(`${more} ${more === 1 ? 'case' : 'cases'} beyond the first 1`);
    expect(casesText(cut, { policies: [], cluster: [] })).toContain('# Left out: ');
  });

  it('passes whatever the policies are', () => {
    let verdicts = new Set<string>();
    fc.assert(
      fc.property(arbPolicies, arbInventory, fc.constantFrom(...LEVELS), (policies, inventory, by) => {
        const compiled = { ruleset: buildRules(policies, inventory), inventory, mesh: createMesh([], inventory) };
        const proposal = proposeCases(compiled, by);
        const { files, problems } = readCases(casesText(proposal, { policies: ['p'], cluster: [] }), 'cases.yaml');
        expect(problems).toEqual([]);
        const results = [...runAssertions('cases.yaml', files[0]!.assertions, compiled)];
        expect(results.filter(({ status }) => status !== 'passed').map(({ message }) => message)).toEqual([]);
        expect(results.length).toBe(proposal.assertions);
        verdicts = new Set([...verdicts, ...proposal.cases.map(it => it.expect)]);
      }),
      { seed, numRuns: 100 },
    );
    expect(verdicts).toEqual(new Set(['allowed', 'dropped']));
  });
});
