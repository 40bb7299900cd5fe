/**
 * One capture under two sets of policies -> the connections whose verdict changes (cold; count.ts looks at each packet).
 *
 * In:  both replays' reports.  Out: a Diff: like changes between the same workloads are one entry, each with what both sides
 * say and which line of which policy says it.
 */
import type { Compiled } from '../compile.js';
import { formatPosition } from '../documents/document.js';
import { type ProfileName, profileField } from '../profile/profile.js';
import type { Report } from '../report/report.js';
import type { RequestCounts } from '../report/requests.js';
import {
  type ConnectionAnswer,
  type ConnectionNames,
  createSideBySide,
  likeKey,
  type Seen,
  type VerdictTotals,
} from '../report/side-by-side.js';
import type { Verdict } from '../verdict/verdict.js';
import { CHANGES, type Change, type ChangeTotals, changeOf } from './change.js';
import { ChangeCount, type Transitions } from './count.js';

export interface ChangedConnections extends ConnectionNames {
  readonly change: Change;
  readonly connections: number;
  /** Of these connections, those whose verdict changes. */
  readonly packets: number;
  /** The packet that opened the first of them. */
  readonly firstPacket: number;
  readonly before: ConnectionAnswer;
  readonly after: ConnectionAnswer;
}

/** A replay with one set of policies. */
export interface DiffSide {
  readonly profile?: ProfileName;
  /** What must be said first: the profile enforces nothing. */
  readonly notice?: string;
  readonly policies: number;
  readonly connections: VerdictTotals;
  readonly packets: VerdictTotals;
  /** Only where rules look at requests. */
  readonly requests?: RequestCounts;
  /** Only where a service mesh's policies are given: what it says of requests, and of connections as a whole. */
  readonly mesh?: RequestCounts;
  readonly warnings: readonly string[];
}

export interface Diff {
  readonly schema: 'policap.diff/1';
  readonly mode: 'what-if' | 'dataplane';
  readonly captures: readonly string[];
  readonly before: DiffSide;
  readonly after: DiffSide;
  /** Of the capture: one that opens on both sides counts once. */
  readonly connections: ChangeTotals;
  /** `elsewhere`: those of them whose connection opens alike on both sides, or that belong to none. */
  readonly packets: ChangeTotals & { readonly elsewhere: Omit<ChangeTotals, 'total'> };
  /** Packets that complete a request which only one side refuses, though both let its connection pass. */
  readonly requests: { readonly newlyDenied: number; readonly newlyPassed: number };
  /** Newly dropped ones first, then newly allowed ones; most connections first. */
  readonly changes: readonly ChangedConnections[];
  /** What goes beyond the first 10,000 distinct changes. */
  readonly others: { readonly connections: number; readonly packets: number };
}

export interface Diffing {
  /** Before, after. */
  readonly reports: readonly Report[];
  /** When both replays have ended. @param warnings of each */
  result(warnings: readonly (readonly string[])[]): Diff;
}

/** Distinct changes kept. */
const MOST_CHANGES = 10_000;

type Group = Omit<ChangedConnections, 'connections' | 'packets'>;

export function createDiff(
  before: Compiled,
  after: Compiled,
  { mode = 'what-if', captures }: { readonly mode?: 'what-if' | 'dataplane'; readonly captures: readonly string[] },
): Diffing {
  const compiled = [before, after];
  const counting = new ChangeCount();
  const byKey = new Map<string, number>();
  const groups: Group[] = [];
  const connections = new Float64Array(MOST_CHANGES + 1);
  /** The last place is that of all others. */
  const packets = new Float64Array(MOST_CHANGES + 1);
  const sides = createSideBySide(compiled, judged);

  function judged(all: readonly Seen[], rows: Int32Array, count: number, first: number): void {
    counting.batch(all[0]!, all[1]!, count, packets, i => {
      const group = groupOf(all, rows, i, first + i);
      connections[group]!++;
      return group;
    });
  }

  function groupOf(all: readonly Seen[], rows: Int32Array, i: number, packet: number): number {
    const names = sides.names(all, rows, i);
    const [was, is] = [sides.answer(0, all, rows, i), sides.answer(1, all, rows, i)];
    const key = likeKey(names, [was, is]);
    let group = byKey.get(key);
    if (group === undefined) {
      if (groups.length === MOST_CHANGES) return MOST_CHANGES;
      group = groups.length;
      byKey.set(key, group);
      const change = changeOf(was.verdict, is.verdict)!;
      groups.push({ change, ...names, firstPacket: packet, before: was, after: is });
    }
    return group;
  }

  const sideOf = (side: number, warnings: readonly string[]): DiffSide => {
    const { profile, problems, policies, objects } = compiled[side]!;
    const { requests = null, mesh = null } = sides.contexts[side] ?? {};
    return {
      ...profileField(profile),
      policies: policies.length + Object.values(objects).reduce((sum, all) => sum + all.length, 0),
      connections: counting.opened(side === 1),
      packets: counting.packets.side(side === 1),
      ...(requests !== null && { requests: requests.counts }),
      ...(mesh !== null && { mesh: mesh.counts }),
      warnings: [...problems.map(({ position, message }) => `${formatPosition(position)}: ${message}`), ...warnings],
    };
  };

  return {
    reports: sides.reports,
    result: ([warningsBefore = [], warningsAfter = []]) => ({
      schema: 'policap.diff/1',
      mode,
      captures,
      before: sideOf(0, warningsBefore),
      after: sideOf(1, warningsAfter),
      connections: totalsOf(counting.connections),
      packets: { ...totalsOf(counting.packets), elsewhere: changesOf(counting.elsewhere) },
      requests: { newlyDenied: counting.newlyDenied, newlyPassed: counting.newlyPassed },
      changes: groups
        .map(({ change, firstPacket, before: was, after: is, ...names }, i) => ({
          ...{ change, ...names, connections: connections[i]!, packets: packets[i]! },
          ...{ firstPacket, before: was, after: is },
        }))
        .sort(
          (a, b) =>
            CHANGES.indexOf(a.change) - CHANGES.indexOf(b.change) ||
            b.connections - a.connections ||
            a.firstPacket - b.firstPacket,
        ),
      others: { connections: connections[MOST_CHANGES]!, packets: packets[MOST_CHANGES]! },
    }),
  };
}

const VERDICTS: readonly Verdict[] = ['allowed', 'dropped', 'undecided'];

function changesOf(transitions: Transitions): Omit<ChangeTotals, 'total'> {
  const sum = (change: Change): number =>
    VERDICTS.flatMap(before => VERDICTS.map(after => [before, after] as const))
      .filter(([before, after]) => changeOf(before, after) === change)
      .reduce((total, [before, after]) => total + transitions.of(before, after), 0);
  return { newlyDropped: sum('newly-dropped'), newlyAllowed: sum('newly-allowed'), undecided: sum('undecided') };
}

const totalsOf = (transitions: Transitions): ChangeTotals => ({
  total: transitions.counts.reduce((a, b) => a + b, 0),
  ...changesOf(transitions),
});
