/** Selectors: the fewest labels that tell a workload apart, those that people use first. */
import { describe, expect, it } from 'vitest';
import type { Compiled } from '../../src/compile.js';
import { type Choice, createChoices } from '../../src/suggest/selectors.js';
import { listEntities } from '../../src/suggest/workloads.js';
import { compileText } from '../support/replay.js';

type Labels = Record<string, string>;

/** Pods of namespace x by workload: `a: [labels, labels]`. */
function clusterOf(workloads: Record<string, Labels[]>): Compiled {
  const items = Object.entries(workloads).flatMap(([name, pods]) =>
    pods.map((labels, i) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        namespace: 'x',
        name: `${name}-${i}`,
        labels,
        ownerReferences: [{ kind: 'StatefulSet', name, controller: true }],
      },
      spec: { nodeName: 'n', containers: [{ name: 'c' }] },
      status: { phase: 'Running' },
    })),
  );
  return compileText(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
}

function choiceOf(name: string, workloads: Record<string, Labels[]>, hidden: readonly string[] = []): Choice {
  const { inventory } = clusterOf(workloads);
  const entity = listEntities(inventory).list.find(it => it.kind === 'workload' && it.name === `x/StatefulSet/${name}`);
  if (entity?.kind !== 'workload') throw new Error(`no workload ${name}`);
  return createChoices(inventory, hidden)(entity);
}

describe('a selector', () => {
  it.each<[string, Record<string, Labels[]>, Labels]>([
    [
      'the name before other labels',
      { a: [{ zone: 'z', app: 'a', 'app.kubernetes.io/name': 'a' }], b: [{ app: 'b' }] },
      { 'app.kubernetes.io/name': 'a' },
    ],
    ['one that is exact before two', { a: [{ app: 's', zone: 'z' }], b: [{ app: 's' }] }, { zone: 'z' }],
    [
      'two where one is not enough',
      { a: [{ app: 's', tier: 't' }], b: [{ app: 's', tier: 'u' }], c: [{ app: 'r', tier: 't' }] },
      { app: 's', tier: 't' },
    ],
    [
      'what all pods have',
      {
        a: [
          { app: 'a', version: '1' },
          { app: 'a', version: '2' },
        ],
        b: [{ app: 'b' }],
      },
      { app: 'a' },
    ],
    [
      'no version while others do',
      { a: [{ version: '1', zone: 'z' }], b: [{ version: '2', zone: 'y' }] },
      { zone: 'z' },
    ],
    [
      'a version where nothing else does',
      { a: [{ app: 's', version: '1' }], b: [{ app: 's', version: '2' }] },
      { version: '1' },
    ],
    ['one label, though nobody else is there', { a: [{ app: 'a', tier: 't' }] }, { app: 'a' }],
  ])('%s', (_, workloads, expected) => {
    expect(choiceOf('a', workloads)).toEqual({
      selector: { matchLabels: expected, matchExpressions: [] },
      also: [],
      passing: [],
    });
  });

  it('keeps others out by what only they have', () => {
    const { selector, also } = choiceOf('a', { a: [{ app: 's' }], b: [{ app: 's', canary: 'yes' }] });
    expect(selector).toEqual({
      matchLabels: { app: 's' },
      matchExpressions: [{ key: 'canary', operator: 'DoesNotExist', values: [] }],
    });
    expect(also).toEqual([]);
  });

  it('selects pods without labels by what the others have', () => {
    const { selector, also } = choiceOf('a', { a: [{}], b: [{ app: 'b' }], c: [{ app: 'c' }] });
    expect(selector).toEqual({
      matchLabels: {},
      matchExpressions: [{ key: 'app', operator: 'DoesNotExist', values: [] }],
    });
    expect(also).toEqual([]);
  });

  it('takes what a controller makes up only if nothing else will do, and says so', () => {
    const labels = { app: 's', 'pod-template-hash': '1' };
    expect(choiceOf('a', { a: [labels], b: [{ app: 's', 'pod-template-hash': '2' }] }).passing).toEqual([
      'pod-template-hash',
    ]);
    expect(choiceOf('a', { a: [labels], b: [{ app: 'b' }] }).passing).toEqual([]);
    const uid = '0e8f7a8e-6b0f-4b8a-9d1e-3f5b1c2d4e6f';
    expect(choiceOf('a', { a: [{ app: 's', owner: uid }], b: [{ app: 's' }] }).passing).toEqual(['owner']);
  });

  it('names whom it also selects', () => {
    const { selector, also } = choiceOf('a', { a: [{ app: 's' }], b: [{ app: 's' }], c: [{ app: 'c' }] });
    expect(selector.matchLabels).toEqual({ app: 's' });
    expect(also.map(({ name }) => name)).toEqual(['b-0']);
  });

  it('does not use labels that the plugin does not see', () => {
    const workloads = { a: [{ 'k8s.io/one': '1', zone: 'z' }], b: [{ zone: 'y' }] };
    expect(choiceOf('a', workloads, ['k8s\\.io', 'zone']).also.map(({ name }) => name)).toEqual(['b-0']);
    expect(choiceOf('a', workloads, ['zone']).selector.matchLabels).toEqual({ 'k8s.io/one': '1' });
  });
});
