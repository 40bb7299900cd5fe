/** The eBPF tables against the slow oracle, over random packets and times. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEbpfTracker } from '../../src/flow/ebpf.js';
import type { EbpfKind } from '../../src/flow/kinds.js';
import { TRACK_NEW, tagPlace } from '../../src/flow/tracker.js';
import { seed } from '../support/seed.js';
import { CalicoOracle, CiliumOracle, type Fate } from './ebpf-oracle.js';
import { type Described, packetOf } from './ebpf-packets.js';
import { answerOf } from './rows.js';

interface Step {
  readonly packet: Described;
  readonly wait: number;
  readonly fate: Fate;
}

const HOSTS = [
  ['10.0.0.1', '10.0.0.2', '200.0.0.3'],
  ['fd00::1', 'fd00::2', 'fd00:0:0:1::1'],
] as const;
const PORTS = [1, 80, 65535];

/** Times around every timeout there is, in seconds, and one that moves the tables' clocks. */
const WAITS = [0, 0, 0, 0, 0.5, 1, 4.999, 5, 9.999, 10, 15, 19.999, 20, 29.999, 30, 39.999, 40, 59.999, 60, 61];
const LONG_WAITS = [...WAITS, 119.999, 120, 120.001, 599.999, 600, 3599, 3600, 7999.999, 8000, 13 * 86400];

const simple = (v6: boolean): fc.Arbitrary<Described> => {
  const hosts = HOSTS[v6 ? 1 : 0];
  const ends = fc
    .tuple(fc.constantFrom(0, 1, 2), fc.constantFrom(1, 2))
    .map(([from, step]) => ({ src: hosts[from]!, dst: hosts[(from + step) % 3]! }));
  const ports = fc.record({ sport: fc.constantFrom(...PORTS), dport: fc.constantFrom(...PORTS) });
  const segment = fc.record({
    flags: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('S', 'SA', 'A', 'FA', 'R', 'RA', 'PA') },
      { weight: 1, arbitrary: fc.subarray(['S', 'A', 'F', 'R', 'P', 'U']).map(letters => letters.join('')) },
    ),
    seq: fc.constantFrom(0, 7, 2 ** 32 - 1),
    ack: fc.constantFrom(0, 1, 8),
  });
  const of = (protocol: number, ...more: fc.Arbitrary<object>[]): fc.Arbitrary<Described> =>
    fc.tuple(ends, ...more).map(parts => Object.assign({ protocol }, ...parts) as Described);
  const types = v6 ? [128, 128, 129, 129, 130, 133, 134, 135, 137, 143, 200] : [8, 8, 0, 0, 13, 14, 5, 4, 17, 40];
  return fc.oneof(
    { weight: 6, arbitrary: of(6, ports, segment) },
    { weight: 2, arbitrary: of(17, ports) },
    {
      weight: 2,
      arbitrary: of(v6 ? 58 : 1, fc.record({ type: fc.constantFrom(...types), id: fc.constantFrom(0, 1, 80) })),
    },
    { weight: 1, arbitrary: of(132) },
    { weight: 1, arbitrary: of(v6 ? 1 : 58, fc.record({ type: fc.constantFrom(8, 3, 128, 1), id: fc.constant(0) })) },
  );
};
/** Errors, most of which go back to the sender of what they quote. */
const error = (v6: boolean): fc.Arbitrary<Described> =>
  fc
    .tuple(simple(v6), simple(v6), fc.constantFrom(...(v6 ? [1, 2, 4, 137, 100] : [3, 11, 12, 5, 4])), fc.nat(9))
    .map(([quote, stray, type, luck]) => ({
      protocol: v6 ? 58 : 1,
      src: luck < 7 ? quote.dst : stray.src,
      dst: luck < 7 ? quote.src : stray.dst,
      type,
      id: 0,
      ...(luck !== 5 && { quote }),
    }));

const steps = (waits: readonly number[]): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      packet: fc
        .boolean()
        .chain(v6 => fc.oneof({ weight: 5, arbitrary: simple(v6) }, { weight: 1, arbitrary: error(v6) })),
      wait: fc.constantFrom(...waits),
      fate: fc.constantFrom<Fate>('passes', 'passes', 'passes', 'passes', 'refused', 'forgotten'),
    }),
    { minLength: 1, maxLength: 120 },
  );

function holds(kind: EbpfKind, loose: boolean, capacity: number, play: readonly Step[]): void {
  const tracker = createEbpfTracker(kind, { maxConnections: capacity, loose });
  const oracle = kind === 'cilium' ? new CiliumOracle(capacity) : new CalicoOracle(capacity, loose);
  let time = 0;
  for (const [i, { packet, wait, fate }] of play.entries()) {
    time += Math.round(wait * 1000);
    const { rows, bytes } = packetOf(packet);
    const code = tracker.track(rows, 0, bytes, time);
    const said = answerOf(tracker, code);
    const expected = oracle.play(packet, time, fate);
    if (code === TRACK_NEW) {
      if (fate !== 'forgotten') {
        const slot = tracker.confirm(fate === 'refused');
        if (expected.connection !== null) for (let k = 0; k < 4; k++) expect(tracker.tag[tagPlace(slot) + k]).toBe(0);
        tracker.tag[tagPlace(slot)] = expected.connection ?? -1;
        tracker.tag[tagPlace(slot) + 3] = -(expected.connection ?? -1);
      } else tracker.discard();
    }
    const { slot } = tracker;
    // A refused error has a place for its tags, and is no connection.
    const hasOne = slot >= 0 && !(code === TRACK_NEW && expected.connection === null);
    const connection = hasOne ? tracker.tag[tagPlace(slot)]! : null;
    expect({ i, packet, said, connection }).toEqual({
      i,
      packet,
      said: expected.answer,
      connection: expected.connection,
    });
    if (hasOne) expect(tracker.tag[tagPlace(slot) + 3]).toBe(-connection!);
    const { live, created, earlyEvictions } = tracker.counters();
    expect({ i, live, created, earlyEvictions }).toEqual({
      i,
      live: oracle.live,
      created: oracle.created,
      earlyEvictions: oracle.evicted,
    });
  }
}

describe.each([
  ['cilium', true],
  ['calico-ebpf', true],
  ['calico-ebpf', false],
] as const)('%s (loose: %s) is what docs/conntrack.md says', (kind, loose) => {
  it('in a table with room', () => {
    fc.assert(
      fc.property(steps(LONG_WAITS), play => holds(kind, loose, 500, play)),
      { seed, numRuns: 300 },
    );
  });

  it('in a table that is too small, where the entry unused for longest goes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), steps(WAITS), (capacity, play) => holds(kind, loose, capacity, play)),
      { seed, numRuns: 300 },
    );
  });
});
