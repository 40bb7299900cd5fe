/**
 * Which capture points are not divided by flow, and what is said of them.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPaths } from '../../src/cli/documents.js';
import { type Compiled, compile } from '../../src/compile.js';
import { type Dividing, undivided } from '../../src/parts/divisible.js';
import { compileText } from '../support/replay.js';
import { CLUSTER, DB_FROM_WEB } from '../verdict/cluster.js';

function example(name: string): Compiled {
  const paths = ['policies', 'cluster.yaml'].map(part => join('examples', name, part));
  return compile(readPaths(paths, () => new Uint8Array()).documents).compiled!;
}

const shop = compileText(CLUSTER, DB_FROM_WEB);
const withoutServices = compileText(CLUSTER.slice(0, CLUSTER.indexOf('---\napiVersion: v1\nkind: Service')));
const dataplane = { mode: 'dataplane', table: 'linux' } as const;
const whatIf = { mode: 'what-if', table: 'none' } as const;

describe('a capture point', () => {
  it.each<[string, Compiled, Dividing]>([
    ['in dataplane mode', shop, dataplane],
    ['in dataplane mode with the table of Calico', shop, { mode: 'dataplane', table: 'calico-ebpf' }],
    ['in dataplane mode without a table', shop, { mode: 'dataplane', table: 'none' }],
    ['in what-if mode without a table and services', withoutServices, whatIf],
  ])('is divided %s', (_, compiled, how) => {
    expect(undivided(compiled, how)).toBe(null);
  });

  it.each<[string, Compiled, Dividing, string, string]>([
    ['names', example('cilium-dns-names'), dataplane, 'DNS answers of one flow', 'policies without names'],
    ['requests', example('cilium-http'), dataplane, 'requests are read', 'policies that look at no requests'],
    ['a mesh', example('istio-mesh'), dataplane, 'requests are read', 'policies that look at no requests'],
    ["Cilium's table", shop, { mode: 'dataplane', table: 'cilium' }, 'ICMP errors', '--conntrack linux'],
    ['what-if mode', shop, { table: 'linux' }, 'knows connections again', '--mode dataplane'],
    ['what-if mode, however few services', withoutServices, { table: 'calico-ebpf' }, 'knows', '--mode dataplane'],
    ['what-if mode and services', shop, whatIf, 'the other side of a service', '--mode dataplane'],
  ])('is not divided with %s, and it says why', (_, compiled, how, why, instead) => {
    expect(undivided(compiled, how)).toEqual({
      why: expect.stringContaining(why),
      instead: expect.stringContaining(instead),
    });
  });
});
