/**
 * Whatever the cluster and the traffic: what was completed stays allowed under the suggestion, and what nobody was seen to do is
 * refused. The traffic's author says what was completed, and a replay of its own says what is refused.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pod } from '../../src/cluster/inventory.js';
import type { ProfileName } from '../../src/profile/profile.js';
import { createChoices } from '../../src/suggest/selectors.js';
import { listEntities, type Workload } from '../../src/suggest/workloads.js';
import { createLinear } from '../../src/tree/linear.js';
import { codeOf } from '../../src/verdict/outcome.js';
import { DROPPED_DEFAULT_DENY } from '../../src/verdict/verdict.js';
import { sourceOf } from '../support/frames.js';
import { record } from '../support/replay.js';
import { runSuggestion, type SuggestedRun } from './run.js';
import { createWorld, type Event, type World } from './world.js';

const PROFILES: readonly ProfileName[] = ['upstream', 'calico', 'kube-router', 'antrea', 'weave'];
const NUMBER = { TCP: 6, UDP: 17, SCTP: 132, ICMP: 1 } as const;

const anyWorld = fc.integer({ min: 1, max: 2 ** 30 });

/** Completed events of which a packet is not allowed. */
async function refusedOf({ compiled }: SuggestedRun, { frames, events }: World): Promise<Event[]> {
  const { records } = await record(sourceOf(frames), compiled, { maxConnections: 4096 });
  return events.filter(
    ({ completed, protocol, frames: own }) =>
      completed && protocol !== 'ICMP' && own.some(i => records[i]!.verdict !== 'allowed'),
  );
}

describe('a suggestion', () => {
  it('refuses nothing that was completed, and verifies it itself', async () => {
    let completed = 0;
    await fc.assert(
      fc.asyncProperty(anyWorld, fc.constantFrom(...PROFILES), fc.boolean(), async (seed, profile, defaultDeny) => {
        const world = createWorld(seed);
        const run = await runSuggestion(world.objects, world.frames, { profile, options: { defaultDeny } });
        completed += world.events.filter(it => it.completed).length;
        expect(await refusedOf(run, world), run.yaml).toEqual([]);
        expect(run.suggestion.verified!.refused, run.yaml).toEqual([]);
      }),
      { numRuns: 60 },
    );
    expect(completed).toBeGreaterThan(0);
  });

  it('allows no pod what no pod with the same selector was seen to do', async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(anyWorld, async seed => {
        const world = createWorld(seed);
        const run = await runSuggestion(world.objects, world.frames, { options: { defaultDeny: true } });
        refused += expectLeast(run, world);
      }),
      { numRuns: 40 },
    );
    expect(refused).toBeGreaterThan(0);
  });

  it('beside existing policies adds what they lack, and nothing to itself', async () => {
    await fc.assert(
      fc.asyncProperty(anyWorld, anyWorld, async (seed, share) => {
        const world = createWorld(seed);
        const whole = await runSuggestion(world.objects, world.frames);
        // Some of what is needed stands there already, under the same names.
        const existing = whole.documents.filter((_, i) => (share >> i) % 2 === 0);
        const run = await runSuggestion(world.objects, world.frames, { existing });
        expect(await refusedOf(run, world), run.yaml).toEqual([]);
        const names = new Set(existing.map(({ namespace, name }) => `${namespace}/${name}`));
        for (const { namespace, name } of run.documents) expect(names.has(`${namespace}/${name}`)).toBe(false);
        if (whole.documents.length === 0) return;
        const again = await runSuggestion(world.objects, world.frames, { existing: whole.documents });
        expect(again.yaml, whole.yaml).not.toContain('NetworkPolicy\n');
      }),
      { numRuns: 60 },
    );
  });

  it('is the same however often it is made', async () => {
    const world = createWorld(4711);
    const first = await runSuggestion(world.objects, world.frames);
    expect((await runSuggestion(world.objects, world.frames)).yaml).toBe(first.yaml);
  });
});

/** @returns how many questions were refused */
function expectLeast({ compiled, yaml }: SuggestedRun, { events }: World): number {
  const { inventory, ruleset } = compiled;
  const linear = createLinear(ruleset, inventory);
  const { list, of } = listEntities(inventory);
  const choiceOf = createChoices(inventory);
  const selected = new Map<string, ReadonlySet<Pod>>();
  for (const entity of list) {
    if (entity.kind === 'workload') selected.set(entity.name, new Set([...entity.pods, ...choiceOf(entity).also]));
  }
  const isSelected = (workload: string | undefined, pod: Pod): boolean =>
    selected.get(workload ?? '')?.has(pod) === true;
  const resolvers = new Set(
    inventory.services
      .filter(({ name }) => name === 'kube-dns')
      .flatMap(({ backends }) => backends.flat().map(({ pod }) => list[of[pod]!] as Workload | undefined)),
  );
  const pods = inventory.pods.filter(pod => !pod.hostNetwork);
  const ports = [80, 443, 5432, 5433, 40000, 5353];
  let refused = 0;
  for (const source of pods) {
    for (const destination of pods) {
      for (const port of ports) {
        for (const protocol of ['TCP', 'UDP'] as const) {
          if (source === destination) continue;
          const [egress, ingress] = linear.decide({
            source: { owner: source.owner, address: source.addresses[0]! },
            destination: { owner: destination.owner, address: destination.addresses[0]! },
            protocol: NUMBER[protocol],
            sourcePort: -1,
            destinationPort: port,
            icmpType: -1,
            icmpCode: -1,
          });
          const wasSeen = events.some(
            it =>
              it.completed &&
              it.protocol === protocol &&
              it.port === port &&
              isSelected(it.source?.workload, source) &&
              it.destinations.some(to => isSelected(to.workload, destination)),
          );
          const isDns =
            port === 5353 && [...resolvers].some(it => it !== undefined && isSelected(it.name, destination));
          if (wasSeen || isDns) continue;
          for (const outcome of [egress, ingress]) {
            // Only namespaces with policies are denied by default.
            const isIsolated = outcome >= 0 || codeOf(outcome, ruleset.rules) >= DROPPED_DEFAULT_DENY;
            if (!isIsolated) continue;
            expect(
              codeOf(outcome, ruleset.rules),
              `${source.name} ${destination.name} ${protocol} ${port}\n${yaml}`,
            ).toBe(DROPPED_DEFAULT_DENY);
            refused++;
          }
        }
      }
    }
  }
  return refused;
}
