/**
 * A part -> the summary that one run gives (cold).
 *
 * In:  a Part with some point.  Out: a Summary. Where a part holds all points, it is equal to what report/summary.ts makes of
 * their traffic in one replay, if that comes point after point (test/parts/property.test.ts). Here is sorted and cut what parts
 * keep whole. Points that are missing are said, and packets are numbered without theirs.
 */
import type { Conversation, End } from '../report/conversations.js';
import { MAX_CONVERSATIONS } from '../report/counters.js';
import { createTimeText } from '../report/fields.js';
import type { Hits, PolicyHits } from '../report/hits.js';
import { byImportance, MOST_GROUPS } from '../report/requests.js';
import { countReasons, countVerdicts, type RequestSummary, round, type Summary } from '../report/summary.js';
import { UNKNOWN_ADDRESSES } from '../report/tally.js';
import { noticedWarnings } from '../verdict/noticed.js';
import type { Verdict } from '../verdict/verdict.js';
import { joinFound } from './join-found.js';
import { missingText } from './missing.js';
import type { CountedConversation, CountedEnd, CountedRequests, DeclaredPolicy, Found, Part } from './part.js';
import { foundAtPoints } from './shares.js';

export function partSummary(part: Part): Summary {
  const { about, pieces } = part;
  const found = joinFound(foundAtPoints(pieces));
  const missing = missingText(part);
  const told = found.conversations.slice(0, MAX_CONVERSATIONS);
  const more = found.conversations.slice(MAX_CONVERSATIONS);
  const { profile, notice } = about;
  const packets = countVerdicts(found.packets);
  return {
    schema: 'policap.summary/1',
    mode: about.mode,
    ...(profile !== undefined && { profile }),
    ...(notice !== undefined && { notice }),
    profileFrom: about.profileFrom,
    packets,
    connections: countVerdicts(found.connections),
    reasons: countReasons(found.packets),
    connectionReasons: countReasons(found.connections),
    denied: conversationsThatAre('dropped', told),
    undecided: conversationsThatAre('undecided', told),
    deniedOthers: more.reduce(
      ({ connections, packets }, it) => ({ connections: connections + it.connections, packets: packets + it.packets }),
      found.others,
    ),
    ...(found.requests !== null && { requests: requestSummary(found.requests) }),
    ...(found.mesh !== null && {
      mesh: {
        ...requestSummary(found.mesh),
        audited: found.mesh.audited.map(([policy, requests]) => ({ policy, requests })),
      },
    }),
    policies: about.policies.map((policy, i) => hitsOf(policy, found.hits[i]!)),
    unknownAddresses: found.unknown
      .slice(0, UNKNOWN_ADDRESSES)
      .map(([address, connections]) => ({ address, connections }))
      .sort((a, b) => b.connections - a.connections),
    unknownOthers: found.unknown
      .slice(UNKNOWN_ADDRESSES)
      .reduce((total, [, connections]) => total + connections, found.unknownOthers),
    observed: found.observed,
    captures: found.captures,
    time: timeOf(found),
    bytes: found.noticed.bytes,
    timing: {
      compileMs: round(found.compileMs),
      replayMs: round(found.replayMs),
      packetsPerSecond: found.replayMs > 0 ? Math.round((packets.total / found.replayMs) * 1000) : 0,
    },
    warnings: [
      ...about.warnings,
      ...(missing === null ? [] : [`This is not the whole run: ${missing}.`]),
      ...noticedWarnings(found.noticed),
      ...(found.doubts ?? []),
      ...found.errors,
    ],
  };
}

/** Most connections first, then most packets, then the earliest. */
const conversationsThatAre = (verdict: Verdict, all: readonly CountedConversation[]): Conversation[] =>
  all
    .filter(it => it.verdict === verdict)
    .sort((a, b) => b.connections - a.connections || b.packets - a.packets || a.firstPacket - b.firstPacket)
    .map(({ key: _, ...it }) => ({ ...it, source: endOf(it.source), destination: endOf(it.destination) }));

const endOf = ({ workload, pods, pod, address }: CountedEnd): End => ({
  workload,
  pods: pods.length > 0 || pod === null ? pods : [pod],
  address,
});

function requestSummary({ counts, refused, others }: CountedRequests): RequestSummary {
  return {
    counts,
    refused: refused.slice(0, MOST_GROUPS).sort(byImportance),
    others: refused.slice(MOST_GROUPS).reduce((total, { requests }) => total + requests, others),
  };
}

/** @param numbers as Found.hits has them */
function hitsOf({ kind, policy, source, rules }: DeclaredPolicy, numbers: readonly number[]): PolicyHits {
  const at = (i: number): Hits => ({ connections: numbers[2 * i] ?? 0, packets: numbers[2 * i + 1] ?? 0 });
  const total = (of: 0 | 1): number => numbers.reduce((sum, number, i) => sum + (i % 2 === of ? number : 0), 0);
  return {
    kind,
    policy,
    source,
    hits: { connections: total(0), packets: total(1) },
    defaultDeny: at(0),
    rules: rules.map((it, i) => ({ ...it, hits: at(i + 1) })),
  };
}

function timeOf({ first, last }: Found): Summary['time'] {
  if (first === null || last === null) return { first: null, last: null, seconds: 0 };
  const text = createTimeText();
  return { first: text(...first), last: text(...last), seconds: last[0] - first[0] + (last[1] - first[1]) / 1e9 };
}
