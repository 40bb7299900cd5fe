/**
 * Families of rule sets (cold): what access lists, firewalls and Linux's IP chains look like, as distributions.
 *
 * After ClassBench (Taylor and Turner, INFOCOM 2005), which keeps of a real rule set how its protocols, its pairs of port
 * classes and its pairs of prefix lengths are distributed, and how its addresses share prefixes. The figures here are
 * rounded to what is typical of a family, not the seeds of single sets:
 *
 *   acl   nearly every rule names hosts or small networks on both sides, source ports are open, destination ports exact
 *   fw    one side is mostly open, ports are wide ranges as often as exact ones, on either side
 *   ipc   both of these mixed: pairs of hosts beside open sides and networks of every size, so that everything overlaps
 */
import type { Weighted } from './random.js';

export const FAMILIES = ['acl', 'fw', 'ipc'] as const;
export type FamilyName = (typeof FAMILIES)[number];

/** open 0-65535, low 0-1023, high 1024-65535, a range of the family's list, an exact port of the family's list. */
export type PortClass = 'open' | 'low' | 'high' | 'range' | 'exact';

/** How addresses share prefixes: how likely a network divides at a level, by bytes of the address; and how unevenly. */
export interface Sharing {
  readonly divides: readonly [number, number, number, number];
  /** The part of the rules that the heavier half of a divided network holds. */
  readonly skew: number;
}

export interface Family {
  /** Protocol (null = any), and the pairs of port classes that go with it. */
  readonly protocols: readonly Weighted<{
    readonly protocol: number | null;
    readonly ports: readonly Weighted<readonly [source: PortClass, destination: PortClass]>[];
  }>[];
  /** Prefix lengths of source and destination. */
  readonly lengths: readonly Weighted<readonly [source: number, destination: number]>[];
  readonly source: Sharing;
  readonly destination: Sharing;
  /** How often the destination lies in the source's own network of 16 bits. */
  readonly related: number;
  /** Exact ports and ranges, the frequent ones first. */
  readonly exact: readonly number[];
  readonly ranges: readonly (readonly [number, number])[];
}

const OPEN = [[1, ['open', 'open']]] as const;

const DATABASES = [1521, 1526, 1433, 1525, 3306, 5432, 1221, 6379, 27017];
const SERVICES = [80, 443, 53, 22, 25, 135, 139, 445, 110, 143, 21, 20, 23, 123, 161, 389, 514, 8080, 8443];
const OTHERS = Array.from({ length: 60 }, (_, i) => 1700 + i * 487);
const BLOCKS = Array.from({ length: 16 }, (_, i) => [61000 + i * 100, 61009 + i * 100] as const);

export const FAMILY: Readonly<Record<FamilyName, Family>> = {
  acl: {
    protocols: [
      [
        87,
        {
          protocol: 6,
          ports: [
            [65, ['open', 'exact']],
            [13, ['open', 'range']],
            [22, ['open', 'open']],
          ],
        },
      ],
      [3, { protocol: 17, ports: [...[[85, ['open', 'exact']] as const], [15, ['open', 'range']]] }],
      [3, { protocol: 1, ports: OPEN }],
      [7, { protocol: null, ports: OPEN }],
    ],
    lengths: [
      [760, [32, 32]],
      [50, [32, 24]],
      [45, [23, 32]],
      [30, [31, 32]],
      [15, [30, 32]],
      [25, [32, 22]],
      [20, [23, 16]],
      [12, [30, 22]],
      [10, [23, 25]],
      [8, [24, 24]],
      [5, [16, 32]],
      [3, [23, 8]],
      [2, [0, 32]],
      [2, [8, 24]],
    ],
    source: { divides: [0.08, 0.15, 0.3, 0.75], skew: 0.62 },
    destination: { divides: [0.4, 0.3, 0.2, 0.35], skew: 0.7 },
    related: 0.1,
    exact: [...DATABASES, ...SERVICES, ...OTHERS],
    ranges: [[1600, 1649], [1300, 1349], [1300, 1350], [7500, 7599], [2200, 2210], [1025, 65535], ...BLOCKS],
  },
  fw: {
    protocols: [
      [
        62,
        {
          protocol: 6,
          ports: [
            [34, ['open', 'exact']],
            [14, ['exact', 'open']],
            [12, ['high', 'exact']],
            [8, ['exact', 'high']],
            [10, ['open', 'open']],
            [8, ['open', 'range']],
            [6, ['high', 'high']],
            [4, ['range', 'open']],
            [4, ['open', 'low']],
          ],
        },
      ],
      [
        20,
        {
          protocol: 17,
          ports: [
            [40, ['open', 'exact']],
            [15, ['exact', 'exact']],
            [25, ['open', 'open']],
            [20, ['open', 'range']],
          ],
        },
      ],
      [5, { protocol: 1, ports: OPEN }],
      [2, { protocol: 47, ports: OPEN }],
      [11, { protocol: null, ports: OPEN }],
    ],
    lengths: [
      [34, [0, 32]],
      [24, [32, 0]],
      [3, [0, 0]],
      [12, [32, 32]],
      [6, [0, 24]],
      [5, [24, 0]],
      [4, [24, 32]],
      [3, [32, 24]],
      [3, [0, 28]],
      [2, [16, 32]],
      [2, [0, 16]],
      [2, [14, 0]],
    ],
    source: { divides: [0.2, 0.3, 0.35, 0.6], skew: 0.65 },
    destination: { divides: [0.2, 0.3, 0.35, 0.6], skew: 0.65 },
    related: 0.2,
    exact: [...SERVICES, ...DATABASES, ...OTHERS.slice(0, 30)],
    ranges: [[6000, 6063], [137, 139], [135, 139], [33434, 33690], [5000, 5999], [1024, 5000], ...BLOCKS.slice(0, 6)],
  },
  ipc: {
    protocols: [
      [
        55,
        {
          protocol: 6,
          ports: [
            [38, ['open', 'exact']],
            [10, ['exact', 'open']],
            [22, ['open', 'open']],
            [8, ['open', 'range']],
            [6, ['exact', 'exact']],
            [6, ['high', 'exact']],
            [5, ['exact', 'high']],
            [5, ['high', 'high']],
          ],
        },
      ],
      [
        24,
        {
          protocol: 17,
          ports: [
            [40, ['open', 'exact']],
            [20, ['exact', 'exact']],
            [30, ['open', 'open']],
            [10, ['range', 'range']],
          ],
        },
      ],
      [5, { protocol: 1, ports: OPEN }],
      [2, { protocol: 50, ports: OPEN }],
      [14, { protocol: null, ports: OPEN }],
    ],
    lengths: [
      [300, [32, 32]],
      [90, [24, 32]],
      [90, [32, 24]],
      [70, [24, 24]],
      [60, [0, 32]],
      [50, [32, 0]],
      [45, [16, 32]],
      [45, [32, 16]],
      [30, [16, 16]],
      [25, [27, 32]],
      [25, [32, 28]],
      [20, [8, 32]],
      [20, [32, 8]],
      [20, [21, 24]],
      [15, [24, 16]],
      [10, [0, 24]],
      [10, [24, 0]],
      [4, [0, 0]],
      [6, [8, 8]],
    ],
    source: { divides: [0.3, 0.3, 0.3, 0.5], skew: 0.65 },
    destination: { divides: [0.3, 0.3, 0.3, 0.5], skew: 0.65 },
    related: 0.35,
    exact: [...SERVICES, ...OTHERS.slice(0, 40), ...DATABASES],
    ranges: [[6000, 6063], [137, 139], [1024, 4999], [32768, 61000], [2300, 2400], ...BLOCKS.slice(0, 8)],
  },
};
