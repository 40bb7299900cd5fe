/**
 * Several profiles' verdicts on one capture -> the connections on which they differ (cold, but for a look at each packet).
 *
 * In:  every profile's report of every batch, in any order among the profiles.  Out: a Comparison. Connections are told by the
 * packet that opens them: where a packet opens one for any profile, all profiles' verdicts on it are held against each
 * other. Like differences between the same workloads are one entry.
 */
import type { Compiled } from '../compile.js';
import { formatPosition } from '../documents/document.js';
import { noticeOf, type ProfileName } from '../profile/profile.js';
import { MARK_FIRST, verdictOf } from '../verdict/verdict.js';
import type { Report } from './report.js';
import {
  type ConnectionAnswer,
  type ConnectionNames,
  createSideBySide,
  likeKey,
  noTotals,
  type Seen,
  type VerdictTotals,
} from './side-by-side.js';

/** What one profile says of a connection. */
export interface ProfileAnswer extends ConnectionAnswer {
  readonly profile: ProfileName;
}

export interface Difference extends ConnectionNames {
  readonly connections: number;
  /** The packet that opened the first of them. */
  readonly firstPacket: number;
  /** In the order of Comparison.profiles. */
  readonly answers: readonly ProfileAnswer[];
}

export interface ComparedProfile {
  readonly profile: ProfileName;
  readonly title: string;
  /** What must be said first: it enforces nothing. */
  readonly notice: string | null;
  readonly connections: VerdictTotals;
  readonly packets: VerdictTotals;
  readonly warnings: readonly string[];
}

export interface Comparison {
  readonly schema: 'policap.compare/1';
  readonly mode: 'what-if' | 'dataplane';
  readonly captures: readonly string[];
  readonly profiles: readonly ComparedProfile[];
  /** Connections that some profile counts, and those on which not all say the same. */
  readonly connections: { readonly total: number; readonly different: number };
  /** Packets of whatever connection on which not all say the same. */
  readonly packets: { readonly total: number; readonly different: number };
  /** Most connections first. */
  readonly differences: readonly Difference[];
  /** Connections of differences beyond the limit of distinct ones. */
  readonly others: number;
}

/** Distinct differences kept. */
const MOST_DIFFERENCES = 10_000;

export interface Comparing {
  /** One a profile, as given. */
  readonly reports: readonly Report[];
  /** When all replays have ended. @param warnings of each profile's replay */
  result(warnings: readonly (readonly string[])[]): Comparison;
}

export function createComparison(
  compiled: readonly Compiled[],
  { mode = 'what-if', captures }: { readonly mode?: 'what-if' | 'dataplane'; readonly captures: readonly string[] },
): Comparing {
  const totals = compiled.map(() => ({ connections: noTotals(), packets: noTotals() }));
  const connections = { total: 0, different: 0 };
  const packets = { total: 0, different: 0 };
  const differences = new Map<string, { difference: Difference; connections: number }>();
  let others = 0;
  const sides = createSideBySide(compiled, compare);

  function addDifference(all: readonly Seen[], rows: Int32Array, i: number, packet: number): void {
    const about = sides.names(all, rows, i);
    const answers = compiled.map(({ profile: { name } }, side) => ({
      profile: name,
      ...sides.answer(side, all, rows, i),
    }));
    const key = likeKey(about, answers);
    const known = differences.get(key);
    if (known !== undefined) known.connections++;
    else if (differences.size === MOST_DIFFERENCES) others++;
    else
      differences.set(key, { difference: { ...about, connections: 1, firstPacket: packet, answers }, connections: 1 });
  }

  function compare(all: readonly Seen[], rows: Int32Array, count: number, first: number): void {
    packets.total += count;
    for (let i = 0; i < count; i++) {
      let differ = false;
      let opens = false;
      const verdict = verdictOf(all[0]!.code[i]!);
      for (const [profile, { code, marks }] of all.entries()) {
        const own = verdictOf(code[i]!);
        differ ||= own !== verdict;
        totals[profile]!.packets[own]++;
        if ((marks[i]! & MARK_FIRST) === 0) continue;
        opens = true;
        totals[profile]!.connections[own]++;
      }
      if (differ) packets.different++;
      if (!opens) continue;
      connections.total++;
      if (!differ) continue;
      connections.different++;
      addDifference(all, rows, i, first + i);
    }
  }

  return {
    reports: sides.reports,
    result: warnings => ({
      schema: 'policap.compare/1',
      mode,
      captures,
      profiles: compiled.map(({ profile, problems }, i) => ({
        profile: profile.name,
        title: profile.title,
        notice: noticeOf(profile),
        ...totals[i]!,
        warnings: [
          ...problems.map(({ position, message }) => `${formatPosition(position)}: ${message}`),
          ...warnings[i]!,
        ],
      })),
      connections,
      packets,
      differences: [...differences.values()]
        .map(({ difference, connections: number }) => ({ ...difference, connections: number }))
        .sort((a, b) => b.connections - a.connections || a.firstPacket - b.firstPacket),
      others,
    }),
  };
}
