/**
 * docs/schemas against real output. A schema is closed: a key that it does not name is an error.
 */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { policap } from '../cli/person.js';
import { schemaErrors } from '../support/schema.js';

const SHOP = ['-p', 'pcaps/shop/policies', '-c', 'pcaps/shop/cluster.yaml'];

const SIDES = ['-c', 'pcaps/shop/cluster.yaml', '--after', 'pcaps/shop/policies'];
const HTTP = 'examples/cilium-http';
const MESH = 'examples/istio-mesh';

/** Commands that print one document each, by schema. */
const DOCUMENTS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'policap.diff/1': [
    ['diff', 'pcaps/shop/capture.pcapng', ...SIDES, '-o', 'json'],
    ['diff', 'pcaps/shop/capture.pcapng', ...SIDES, '-o', 'json', '--profile', 'flannel'],
    ['diff', `${HTTP}/capture.pcapng.gz`, '-c', `${HTTP}/cluster.yaml`, '--after', `${HTTP}/policies`, '-o', 'json'],
    ['diff', `${MESH}/pod.pcap.gz`, '-c', `${MESH}/cluster.yaml`, '--after', `${MESH}/policies`, '-o', 'json'],
  ],
  'policap.reach-diff/1': [
    ['diff', ...SIDES, '-o', 'json'],
    ['diff', '-c', `${HTTP}/cluster.yaml`, '--after', `${HTTP}/policies`, '-o', 'json'],
    ['diff', ...SIDES, '-o', 'json', '--profile', 'kube-router'],
  ],
  'policap.matrix/1': [
    ['matrix', ...SHOP, '-o', 'json'],
    ['matrix', ...SHOP, '-o', 'json', '--by', 'pod', '--profile', 'flannel'],
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
      Object.keys(DOCUMENTS)
        .map(name => `${name.replace('/', '-')}.json`)
        .sort(),
    );
  });
});
