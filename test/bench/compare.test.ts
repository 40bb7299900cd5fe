/** What --compare says of made-up results. */
import { describe, expect, it } from 'vitest';
// @ts-expect-error plain JavaScript without declarations
import { compareResults } from '../../bench/compare.mjs';

interface Change {
  readonly key: string;
  readonly change: number | null;
  readonly allowed: number | null;
  readonly reference?: string;
  readonly verdict: string;
}

const spread = (median: number, uncertainty = 0) => ({
  median,
  min: median * (1 - uncertainty),
  max: median * (1 + uncertainty),
});

interface Made {
  readonly policap: number;
  readonly yardstick?: number;
  readonly calibration: number;
  readonly uncertainty?: number;
  readonly packets?: number;
}

function made({ policap, yardstick, calibration, uncertainty = 0, packets = 1000 }: Made): object {
  const beside =
    yardstick === undefined
      ? { name: 'yardstick in C', kind: 'yardstick', missing: 'cc is not installed' }
      : { name: 'yardstick in C', kind: 'yardstick', nanoseconds: spread(yardstick, uncertainty) };
  return {
    replays: [
      {
        capture: { packets, connections: 10, snap: 96, ip: 4, rules: 200 },
        calibration: { both: spread(calibration) },
        contenders: [
          { name: 'policap', kind: 'policap', nanoseconds: spread(policap, uncertainty) },
          beside,
          { name: 'tcpdump', kind: 'peer', nanoseconds: spread(5) },
        ],
      },
    ],
  };
}

const only = (before: Made, now: Made, tolerance = 0.1): Change => {
  const changes = compareResults(made(before), made(now), tolerance) as Change[];
  expect(changes).toHaveLength(1);
  return changes[0]!;
};

describe('a comparison', () => {
  const base = { policap: 100, yardstick: 50, calibration: 10 };

  it('holds policap to the yardstick: a machine twice as slow changes nothing', () => {
    const change = only(base, { policap: 200, yardstick: 100, calibration: 10 });
    expect(change).toMatchObject({ verdict: 'same', change: 1, reference: 'yardstick' });
  });

  it.each([
    [120, 'slower'],
    [109, 'same'],
    [92, 'same'],
    [80, 'faster'],
  ])('calls %d instead of 100 %s', (policap, verdict) => {
    expect(only(base, { ...base, policap }).verdict).toBe(verdict);
  });

  it('takes the calibration where either result has no yardstick', () => {
    const { yardstick: _, ...without } = base;
    for (const [before, now] of [
      [without, { ...base, policap: 200, calibration: 20 }],
      [base, { ...without, policap: 200, calibration: 20 }],
    ] as const) {
      expect(only(before, now)).toMatchObject({ verdict: 'same', change: 1, reference: 'calibration' });
    }
    expect(only(without, { ...without, policap: 150 })).toMatchObject({ verdict: 'slower', change: 1.5 });
  });

  it('allows what the spreads leave open', () => {
    const shaky = { ...base, uncertainty: 0.1 };
    expect(only(shaky, { ...shaky, policap: 135 })).toMatchObject({ verdict: 'same' });
    expect(only(shaky, { ...shaky, policap: 135 }).allowed).toBeCloseTo(0.4);
    expect(only(shaky, { ...shaky, policap: 150 }).verdict).toBe('slower');
    expect(only(base, { ...base, policap: 135 }, 0.5).verdict).toBe('same');
  });

  it('names what only one of them holds: other sizes are other figures', () => {
    const changes = compareResults(made(base), made({ ...base, packets: 2000 }), 0.1) as Change[];
    expect(changes.map(({ verdict }) => verdict).sort()).toEqual(['only before', 'only now']);
    expect(compareResults({}, made(base), 0.1)).toMatchObject([{ verdict: 'only now', change: null }]);
    expect(compareResults(made(base), {}, 0.1)).toMatchObject([{ verdict: 'only before' }]);
  });

  it('compares stages and the tree, not the engines it only shows', () => {
    const result = (ns: number) => ({
      stages: [
        {
          capture: { packets: 1, connections: 1, snap: 96, ip: 4, rules: 200 },
          calibration: { both: spread(10) },
          stages: [{ stage: 'read', together: spread(ns) }],
        },
      ],
      lookups: [
        {
          ...{ family: 'acl', rules: 100, calibration: { both: spread(10) } },
          engines: [
            { engine: 'linear scan', nanoseconds: spread(ns) },
            { engine: 'decision tree', nanoseconds: spread(ns) },
            { engine: 'DPDK rte_acl', missing: 'not installed' },
          ],
        },
      ],
    });
    const changes = compareResults(result(10), result(30), 0.1) as Change[];
    expect(changes.map(({ key, verdict }) => [key.split(':')[0], verdict])).toEqual([
      ['up to read', 'slower'],
      ['decision tree', 'slower'],
    ]);
  });
});
