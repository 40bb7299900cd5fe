/**
 * Requests under random policies of Cilium, in captures as networks deliver them, against an oracle that knows the facts
 * alone: each request that the capture holds whole is decided as the oracle says, at the packet that completes it.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compile } from '../../../src/compile.js';
import { readDocuments } from '../../../src/documents/read.js';
import { type ReplayOptions, replay } from '../../../src/replay.js';
import { newFastPath } from '../../support/fast-path.js';
import { interfaceOf, sourceOf } from '../../support/frames.js';
import { createRecorder, createWatch, type PacketRecord } from '../../support/replay.js';
import { seed } from '../../support/seed.js';
import { arbSending, arbWorld, SERVICE, type Sending, WORLD, type World } from './arbitrary.js';
import { type Captured, captured } from './capture.js';
import { type Answer, answerOf, type OraclePod, type Side, sidesOf } from './oracle.js';

function documentsOf({ pods, policies, backends }: World) {
  const objects = [
    ...pods.map(({ namespace, name, app, v4, v6, web }) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace, name, labels: { app } },
      spec: { containers: [{ name: 'c', ports: [{ containerPort: web, name: 'web', protocol: 'TCP' }] }] },
      status: { phase: 'Running', podIPs: [{ ip: v4 }, { ip: v6 }] },
    })),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'shop', name: 'api' },
      spec: { clusterIP: SERVICE, ports: [{ port: 80, targetPort: 8080 }], selector: { app: 'a' } },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { namespace: 'shop', name: 'api-1', labels: { 'kubernetes.io/service-name': 'api' } },
      addressType: 'IPv4',
      endpoints: backends.map(i => ({ addresses: [pods[i]!.v4], conditions: { ready: true } })),
      ports: [{ port: 8080 }],
    },
  ];
  const text = [...objects, ...policies].map(it => JSON.stringify(it)).join('\n---\n');
  return readDocuments(text, 'all.yaml').documents;
}

type Verdicts = 'refused' | 'open' | 'asked' | 'unclear';

interface Expected {
  readonly sending: Sending;
  readonly verdict: Verdicts;
  /** Of each request; null where it cannot be told. */
  readonly answers: readonly (Answer | null)[];
  readonly frames: readonly Captured[];
}

/** What becomes of a connection, of all backends where it goes to the service. */
function judgeAll({ pods, policies, backends }: World, sending: Sending): Pick<Expected, 'verdict' | 'answers'> {
  const { source, destination, isV6, protocol, sent } = sending;
  const end = (i: number): OraclePod | string => pods[i] ?? WORLD[isV6 ? 1 : 0];
  const isService = destination === -2;
  const all = (isService ? backends : [destination]).map(to => {
    const port = isService ? 8080 : sending.port;
    const sides = sidesOf(policies, { source: end(source), destination: end(to), protocol, port });
    const isAsked = sides.some(side => side !== null && typeof side !== 'string');
    const verdict: Verdicts = sides.includes('refused') ? 'refused' : isAsked ? 'asked' : 'open';
    return { sides, verdict };
  });
  const answers = sent.map(({ asked }) => {
    const each = all.map(({ sides }) => (asked === null ? null : answer(sides, asked)));
    // Refused it is by whichever side of whichever backend.
    const kinds = new Set(each.map(it => (typeof it === 'object' && it !== null ? 'denied' : it)));
    return kinds.size === 1 ? each[0]! : 'undecided';
  });
  const verdicts = new Set(all.map(({ verdict }) => verdict));
  const verdict =
    verdicts.has('refused') && verdicts.size > 1 ? 'unclear' : verdicts.has('asked') ? 'asked' : [...verdicts][0]!;
  return { verdict, answers };
}

const answer = (sides: readonly (Side | null)[], asked: Parameters<typeof answerOf>[1]): Answer =>
  answerOf(sides, asked);

/** One connection behind the other, or their packets by turns. */
function mixed(all: readonly Expected[], byTurns: boolean): { readonly of: Expected; readonly it: Captured }[] {
  const lists = all.map(of => of.frames.map(it => ({ of, it })));
  if (!byTurns) return lists.flat();
  const out: { of: Expected; it: Captured }[] = [];
  for (let i = 0; lists.some(list => i < list.length); i++) {
    for (const list of lists) {
      const next = list[i];
      if (next !== undefined) out.push(next);
    }
  }
  // A copy stands behind its packet.
  return out;
}

interface Outcome {
  readonly records: readonly PacketRecord[];
  readonly counts: Readonly<Record<string, number>> | null;
  readonly refused: readonly string[];
  readonly undecided: number;
}

/** How often what happens that is to happen. */
const seen = new Map<string, number>();
const note = (what: string): void => {
  seen.set(what, (seen.get(what) ?? 0) + 1);
};

const arbSetting = fc.record({
  mode: fc.constantFrom('what-if' as const, 'dataplane' as const),
  conntrack: fc.constantFrom('linux' as const, 'linux' as const, 'cilium' as const),
  batch: fc.constantFrom(1, 3, 7, 1000),
  byTurns: fc.boolean(),
  harm: fc.constantFrom('none', 'none', 'none', 'lost', 'snap', 'midstream'),
  snap: fc.integer({ min: 60, max: 160 }),
});
type Setting = typeof arbSetting extends fc.Arbitrary<infer T> ? T : never;

async function judge(world: World, frames: readonly Captured[], setting: Setting): Promise<Outcome> {
  const { compiled, problems } = compile(documentsOf(world), { profile: 'cilium' });
  if (compiled === null) throw new Error(JSON.stringify(problems));
  const { mode, conntrack, batch, harm, snap } = setting;
  const options: ReplayOptions = { captures: ['test'], mode, conntrack, maxConnections: 500 };
  let time = 1_700_000_000_000_000_000n;
  const times = frames.map(({ isCopy }) => {
    time += isCopy ? 10_000n : 20_000_000n;
    return time;
  });
  const outcomes: Outcome[] = [];
  for (const fastPath of conntrack === 'linux' ? [newFastPath(options, compiled), null] : [null]) {
    const watch = createWatch();
    const recorder = createRecorder();
    const source = sourceOf(
      frames.map(({ frame }) => frame),
      {
        interfaces: [interfaceOf(), interfaceOf()],
        interfaceIndex: frames.map(it => it.interface),
        times,
        ...(harm === 'snap' && { snapLength: snap }),
      },
      batch,
    );
    await replay(source, compiled, { ...options, fastPath }, [recorder, watch]);
    const { requests } = watch.context();
    outcomes.push({
      records: recorder.records,
      counts: requests === null ? null : { ...requests.counts },
      refused: (requests?.refused() ?? []).flatMap(it => Array<string>(it.requests).fill(keyOf(it))).sort(),
      undecided: requests?.counts.undecided ?? 0,
    });
  }
  if (outcomes.length > 1) expect(outcomes[1]).toEqual(outcomes[0]);
  return outcomes[0]!;
}

const keyOf = (it: {
  readonly verdict: string;
  readonly method: string | null;
  readonly path: string | null;
  readonly host: string | null;
  readonly name: string | null;
  readonly by: { readonly side: string } | null;
}): string => [it.verdict, it.method, it.path, it.host, it.name, it.by?.side].join(' ');

function expectedKey({ sent }: Sending, i: number, answer: Answer | null): string | null {
  const { asked } = sent[i]!;
  if (answer === 'allowed') return null;
  const request = asked === null || typeof asked === 'string' ? null : asked;
  const [method = null, path = null, host = null] = [request?.method, request?.path, request?.host];
  const name = typeof asked === 'string' ? asked.toLowerCase() : null;
  const isDenied = answer !== null && answer !== 'undecided';
  const by = isDenied ? { side: answer.deniedBy } : null;
  return keyOf({ verdict: isDenied ? 'denied' : 'undecided', method, path, host, name, by });
}

function check(
  all: readonly Expected[],
  setting: Setting,
  frames: readonly { of: Expected; it: Captured }[],
  outcome: Outcome,
): void {
  const asked = all.filter(({ verdict }) => verdict === 'asked');
  const keys = asked.flatMap(({ sending, answers }) => answers.map((it, i) => expectedKey(sending, i, it)));
  const refused = keys.filter(key => key !== null).sort();
  if (setting.harm !== 'none') {
    // What is decided must be right; how much that is the capture says.
    const left = [...refused];
    for (const key of outcome.refused.filter(it => it.startsWith('denied'))) {
      expect(left).toContain(key);
      left.splice(left.indexOf(key), 1);
      note('denied in a harmed capture');
    }
    expect(outcome.counts?.['allowed'] ?? 0).toBeLessThanOrEqual(keys.length - refused.length);
    return;
  }
  frames.forEach(({ of, it }, i) => {
    const { verdict, reason } = outcome.records[i]!;
    // Of a refused connection nothing is kept in dataplane mode: what the server sends is judged as its own.
    if (of.verdict === 'refused' && setting.mode === 'dataplane' && it !== of.frames[0]) return;
    if (of.verdict === 'unclear') expect([i, verdict]).toEqual([i, 'undecided']);
    else if (of.verdict === 'refused') expect([i, verdict]).toEqual([i, 'dropped']);
    else if (of.verdict === 'open' || it.isCopy || it.completes.length === 0) {
      if (it.isCopy)
        expect([i, verdict, reason]).toEqual([i, outcome.records[i - 1]!.verdict, outcome.records[i - 1]!.reason]);
      else expect([i, verdict, reason.endsWith('denied')]).toEqual([i, 'allowed', false]);
    } else {
      const answers = it.completes.map(k => of.answers[k]!);
      const isDenied = answers.some(a => a !== null && typeof a === 'object');
      const isOpen = answers.some(a => a === null || a === 'undecided');
      const expected = isDenied ? ['allowed', true] : isOpen ? ['undecided', false] : ['allowed', false];
      expect([i, verdict, reason.endsWith('denied')]).toEqual([i, ...expected]);
    }
  });
  expect(outcome.refused).toEqual(refused);
  expect(outcome.counts?.['total'] ?? 0).toBe(keys.length);
  expect(outcome.counts?.['allowed'] ?? 0).toBe(keys.length - refused.length);
}

it(`(CI25), (CI26) requests fare as the facts say (seed ${seed})`, async () => {
  await fc.assert(
    fc.asyncProperty(
      arbWorld,
      fc.array(arbSending, { minLength: 4, maxLength: 10 }),
      arbSetting,
      async (world, sendings, setting) => {
        const isLive = setting.mode === 'dataplane';
        const addressOf = (i: number, isV6: boolean): string => {
          const pod = world.pods[i];
          if (pod !== undefined) return isV6 ? pod.v6 : pod.v4;
          return i === -2 ? SERVICE : WORLD[isV6 ? 1 : 0];
        };
        const all = sendings
          .filter(
            ({ source, destination }) =>
              destination !== -2 || (!isLive && source >= 0 && !world.backends.includes(source)),
          )
          .map((sending, i): Expected => {
            const { source, destination, isV6 } = sending;
            const ends = {
              source: addressOf(source, isV6),
              destination: addressOf(destination, isV6),
              sport: 40_000 + i,
            };
            const frames = captured(sending, ends, setting.harm === 'lost');
            const expected = judgeAll(world, sending);
            note(expected.verdict);
            if (expected.verdict === 'asked')
              for (const it of expected.answers) note(typeof it === 'object' ? 'denied' : it);
            return {
              sending,
              ...expected,
              frames: setting.harm === 'midstream' ? frames.slice(sending.isCopied ? 6 : 3) : frames,
            };
          });
        const frames = mixed(all, setting.byTurns && all.every(({ sending }) => !sending.isCopied));
        check(
          all,
          setting,
          frames,
          await judge(
            world,
            frames.map(({ it: frame }) => frame),
            setting,
          ),
        );
      },
    ),
    { seed, endOnFailure: true, numRuns: 60 },
  );
  for (const what of ['refused', 'open', 'asked', 'allowed', 'denied'])
    expect(seen.get(what) ?? 0, what).toBeGreaterThan(20);
});
