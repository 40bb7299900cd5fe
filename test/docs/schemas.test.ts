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
  'policap.matrix/1': [
    ['matrix', ...SHOP, '-o', 'json'],
    ['matrix', ...SHOP, '-o', 'json', '--by', 'pod', '--profile', 'flannel'],
  ],
};

/** Commands that print a document a line. */
const LINES: typeof DOCUMENTS = {
  'policap.connection/1': [
    ['replay', 'pcaps/shop/capture.pcapng', ...SHOP, '-o', 'jsonl', '--records', 'connections'],
    [
      'replay',
      'pcaps/midstream/capture.pcapng',
      ...SHOP,
      '-o',
      'jsonl',
      '--records',
      'connections',
      '--profile',
      'flannel',
    ],
  ],
};

describe('docs/schemas', () => {
  for (const [schema, commands] of Object.entries(LINES)) {
    for (const command of commands) {
      it(`${schema}: policap ${command.join(' ')}`, async () => {
        const lines = (await policap(command)).out
          .trimEnd()
          .split('\n')
          .map(line => JSON.parse(line));
        expect(lines[0].schema).toBe(schema);
        for (const line of lines) expect(schemaErrors(schema, line)).toEqual([]);
        expect(schemaErrors(schema, { ...lines[0], unheardOf: 1 })).not.toEqual([]);
      });
    }
  }

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
      Object.keys({ ...DOCUMENTS, ...LINES })
        .map(name => `${name.replace('/', '-')}.json`)
        .sort(),
    );
  });
});
