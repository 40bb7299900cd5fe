/**
 * docs/schemas against real output. A schema is closed: a key that it does not name is an error.
 */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { policap } from '../cli/person.js';
import { schemaErrors } from '../support/schema.js';

const SHOP = ['-p', 'pcaps/shop/policies', '-c', 'pcaps/shop/cluster.yaml'];

/** Commands that print one document each, by schema. */
const DOCUMENTS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'policap.lint/1': [
    ['lint', ...SHOP, '-o', 'json'],
    ['lint', '-p', 'pcaps/shop/policies', '-o', 'json', '--profile', 'flannel'],
  ],
  'policap.matrix/1': [
    ['matrix', ...SHOP, '-o', 'json'],
    ['matrix', ...SHOP, '-o', 'json', '--by', 'pod', '--profile', 'flannel'],
  ],
  'policap.explain/1': [
    ['explain', 'pcaps/shop/capture.pcapng#613', ...SHOP, '-o', 'json'],
    [
      'explain',
      '--from',
      'shop/db-0',
      '--to',
      '8.8.8.8',
      '--port',
      '443',
      ...SHOP,
      '-o',
      'json',
      '--profile',
      'flannel',
    ],
  ],
  'policap.test/1': [
    ['test', 'test/cases/shop-cases.yaml', '-o', 'json'],
    ['test', 'test/cases/shop-cases.yaml', '-o', 'json', '--profile', 'flannel'],
  ],
};

describe('docs/schemas', () => {
  for (const [schema, commands] of Object.entries(DOCUMENTS)) {
    for (const command of commands) {
      it(`${schema}: policap ${command.join(' ')}`, async () => {
        const document = JSON.parse((await policap(command)).out);
        expect(document.schema).toBe(schema);
        expect(schemaErrors(schema, document)).toEqual([]);
        expect(schemaErrors(schema, { ...document, unheardOf: 1 })).not.toEqual([]);
      });
    }
  }

  it('are each held against some output', () => {
    const files = readdirSync('docs/schemas').filter(name => name.endsWith('.json'));
    expect(files.sort()).toEqual(
      // What is read, and not printed, is held against what init writes (test/cases/init.test.ts).
      [...Object.keys(DOCUMENTS), 'policap.cases/1'].map(name => `${name.replace('/', '-')}.json`).sort(),
    );
  });
});
