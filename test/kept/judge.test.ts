/**
 * Judged again is what a replay says: packet for packet and in sum, whatever the policies before and after, on random clusters with
 * hard traffic and on every capture that is shipped.
 */
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile.js';
import { openCaptures } from '../../src/node/captures.js';
import { documentsOf } from '../suggest/run.js';
import { createWorld } from '../suggest/world.js';
import { allCases, compileCase } from '../support/cases.js';
import { seed } from '../support/seed.js';
import { expectAlike, OPTIONS, type Said } from './judged.js';
import { withRules } from './rulesets.js';
import { scramble } from './traffic.js';

const anySeed = fc.integer({ min: 1, max: 2 ** 30 });
const OUTSIDE = ['203.0.113.7', '198.51.100.1', '2001:db8::7'];

/** What random traffic must have met at least once. */
const seen = new Map<string, number>();
const meet = (said: Said): void => {
  if (said.summary.warnings.some(it => it.includes('started later'))) seen.set('late', 1);
  for (const { verdict, reason, marks, decision } of said.records) {
    for (const word of [
      `${verdict} ${reason}`,
      ...marks.split(' '),
      ...(decision?.backends != null ? ['split'] : []),
    ]) {
      seen.set(word, (seen.get(word) ?? 0) + 1);
    }
  }
};

function compileObjects(objects: readonly object[]) {
  const { compiled, problems } = compile(documentsOf(objects));
  if (compiled === null) throw new Error(JSON.stringify(problems));
  return compiled;
}

/** Nobody answers for it: what is sent there is judged as it is. */
const EMPTY_SERVICE = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'blue', name: 'empty' },
  spec: { clusterIP: '10.96.0.99', ports: [80, 443, 5432, 8080].map(port => ({ name: `p${port}`, port })) },
};

/** Some pods began when the capture had begun: of those a replay warns. */
function startedLate(object: object, i: number): object {
  const { kind, status } = object as { kind: string; status?: object };
  return kind === 'Pod' && i % 3 === 0
    ? { ...object, status: { ...status, startTime: '2023-11-14T22:13:25Z' } }
    : object;
}

describe('a capture judged again', () => {
  it(`is judged as replays of its own judge it (seed ${seed})`, async () => {
    await fc.assert(
      fc.asyncProperty(anySeed, fc.array(anySeed, { minLength: 2, maxLength: 3 }), async (world, rules) => {
        const { objects, frames } = createWorld(world);
        const bare = compileObjects([...objects.map(startedLate), EMPTY_SERVICE]);
        const ends = [...bare.inventory.byAddress.keys(), ...OUTSIDE];
        const { open } = scramble(world, [...frames, ...frames], ends);
        const compiled = rules.map(each => withRules(bare, each));
        const options = { ...OPTIONS, maxConnections: world % 5 === 0 ? 3 : 4096 };
        const conntrack = world % 7 === 0 ? ('none' as const) : ('linux' as const);
        for (const said of await expectAlike(open, [...compiled, bare], { ...options, conntrack }, true)) meet(said);
      }),
      { seed, numRuns: 60 },
    );
    expect([...seen.keys()].sort()).toEqual(expect.arrayContaining(MET));
  }, 240_000);

  const cases = allCases().filter(({ captures }) => captures.length > 0);
  it.each(cases.map(it => [it.name, it] as const))(
    '%s',
    async (_, it) => {
      const compiled = compileCase(it);
      const none = compile([]).compiled!;
      const blank = { ...compiled, objects: none.objects };
      const open = () => openCaptures(it.captures.map(name => join(it.path, name)));
      const options = { ...OPTIONS, mode: it.expected.mode ?? ('what-if' as const), captures: it.captures };
      const conntracks = compiled.profile.conntrack === 'linux' ? [undefined] : [undefined, 'linux' as const];
      for (const conntrack of conntracks) {
        const other = withRules(blank, 7);
        await expectAlike(open, [withRules(blank, 1), compiled, other], {
          ...options,
          ...(conntrack && { conntrack }),
        });
        await expectAlike(open, [compiled, other], { ...options, ...(conntrack && { conntrack }) });
      }
    },
    120_000,
  );
});

const MET = [
  'allowed established',
  'allowed no-policy',
  'allowed not-enforced',
  'allowed not-ip',
  'allowed related',
  'allowed rule',
  'dropped connection-dropped',
  'dropped default-deny',
  'dropped invalid-state',
  'dropped rule',
  'undecided ambiguous-policy',
  'undecided fragment',
  'undecided truncated',
  'undecided unsupported',
  ...['duplicate', 'first', 'midstream', 'one-way', 'original', 'split', 'translated', 'late'],
];
