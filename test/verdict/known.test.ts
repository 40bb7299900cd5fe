/**
 * First packets that take no slow path (known.ts) are judged as on it: verdicts, decisions, connections, marks and the
 * connection table, in both modes, with services and their translated copies, answers before their questions, and entries
 * that are gone when a packet comes.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFragments } from '../../src/flow/fragments.js';
import { TRACK_NEW } from '../../src/flow/tracker.js';
import { createParser } from '../../src/packet/parse.js';
import { createReplayMemory } from '../../src/replay-memory.js';
import { createDecisions } from '../../src/verdict/decisions.js';
import { Judge } from '../../src/verdict/judge.js';
import { batchOf, ethernet, interfaceOf, ipv4, tcp, udp } from '../support/frames.js';
import { compileText } from '../support/replay.js';
import { seed } from '../support/seed.js';
import { API_ONE_CLOSED, CLUSTER, DB_FROM_WEB, WEB_TO_API } from './cluster.js';

const ARRAYS = ['code', 'decision', 'connection', 'packet', 'marks'] as const;
const compiled = compileText(CLUSTER, API_ONE_CLOSED, DB_FROM_WEB, WEB_TO_API);
const SERVICE = '10.96.0.5';
const ENDS = ['10.0.1.2', '10.0.2.3', '10.0.1.11', '10.0.2.11', '10.96.0.5', '192.168.0.1', '203.0.113.9', '0.0.0.0'];

const packet = fc.record({
  src: fc.constantFrom(...ENDS),
  dst: fc.constantFrom(...ENDS, SERVICE, SERVICE, SERVICE),
  sport: fc.constantFrom(80, 5432, 8080, 30080, 31000, 40000, 40001, 50000),
  dport: fc.constantFrom(53, 80, 80, 80, 5432, 8080, 30080, 40000, 50000),
  seq: fc.integer({ min: 0, max: 2 }),
  flags: fc.constantFrom('S', 'S', 'S', 'SA', 'A', 'R', 'UDP', 'UDP'),
  /** It is the packet before it, to this destination: often to a backend of the service. */
  copyTo: fc.constantFrom(null, null, '10.0.1.11', '10.0.2.11', '10.0.2.3'),
  /** Mostly microseconds, now and then longer than views lie apart, or than entries and answers live. */
  gap: fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: 0, max: 100_000 }) },
    { weight: 2, arbitrary: fc.constant(11_000_000) },
    { weight: 1, arbitrary: fc.constant(50_000_000_000) },
  ),
});

type Packet = typeof packet extends fc.Arbitrary<infer T> ? T : never;

function judge(list: readonly Packet[], mode: 'what-if' | 'dataplane', maxConnections: number, isKnown: boolean) {
  const { tracker, packets, verdicts, flat } = createReplayMemory({ maxConnections }, compiled, null);
  const decisions = createDecisions();
  const parts = { ...compiled, tracker, fragments: createFragments(), reassembly: null, decisions, mode };
  const it = new Judge({ ...parts, stateless: false, flat: isKnown ? flat : null });
  let asked = 0;
  const slowly = it.judgeOther.bind(it);
  it.judgeOther = (tracked, i) => {
    if (tracked === TRACK_NEW) asked++;
    slowly(tracked, i);
  };
  let now = 1_000_000_000n;
  const sent = list.map((it, i) =>
    it.copyTo !== null && i > 0 ? { ...list[i - 1]!, dst: it.copyTo, dport: 8080 } : it,
  );
  const frames = sent.map(({ src, dst, sport, dport, seq, flags }) =>
    ethernet(ipv4({ src, dst }, flags === 'UDP' ? udp({ sport, dport }) : tcp({ sport, dport, seq, flags }))),
  );
  const times = list.map(({ gap }) => {
    now += BigInt(gap);
    return now;
  });
  const { batch } = batchOf(frames, { times });
  createParser({ duplicates: false }).parse(batch, [interfaceOf()], packets);
  it.judge(batch, packets, null, verdicts);
  const found = ARRAYS.map(name => [...verdicts[name].subarray(0, verdicts.count)]);
  return { found, decisions: decisions.list, table: tracker.snapshot(), asked };
}

describe.each(['what-if', 'dataplane'] as const)('in %s mode', mode => {
  it('they are judged as on the slow path', () => {
    let slow = 0;
    let known = 0;
    fc.assert(
      fc.property(fc.array(packet, { minLength: 50, maxLength: 400 }), fc.constantFrom(3, 1000), (list, most) => {
        const [fast, plain] = [judge(list, mode, most, true), judge(list, mode, most, false)];
        expect(fast.found).toEqual(plain.found);
        expect(fast.decisions).toEqual(plain.decisions);
        expect(fast.table).toEqual(plain.table);
        slow += fast.asked;
        known += plain.asked - fast.asked;
      }),
      { seed, numRuns: 150 },
    );
    // Both ways were taken often.
    expect(Math.min(slow, known)).toBeGreaterThan(1000);
  });
});
