/**
 * Every shipped case: the real capture, replayed, against what its expected.yaml says by hand.
 *
 * Each connection of the capture must be one of the expected conversations, with its verdict, reason, side and policy, and
 * each expected conversation must occur, as often as it says. Packets that belong to no connection (invalid ones) must be
 * expected, too. Both engines must give the same verdict on every packet.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Owner } from '../../src/cluster/inventory.js';
import type { Compiled } from '../../src/compile.js';
import { openCaptures } from '../../src/node/captures.js';
import {
  DPORT,
  DST,
  FAMILY,
  FRAG_LATER,
  FRAGMENT,
  ICMP_TYPE,
  PROTOCOL,
  SPORT,
  SRC,
  STRIDE,
} from '../../src/packet/row.js';
import { addressText, protocolText } from '../../src/packet/text.js';
import { replay } from '../../src/replay.js';
import type { ReplayContext, Report } from '../../src/report/report.js';
import type { RefusedRequests, RequestTally } from '../../src/report/requests.js';
import { icmpRequestOf, isIcmpReply } from '../../src/verdict/initiator.js';
import { outcomeRecord } from '../../src/verdict/outcome.js';
import {
  MARK_DUPLICATE,
  MARK_FIRST,
  MARK_ORIGINAL,
  type OutcomeRecord,
  reasonOf,
  verdictOf,
} from '../../src/verdict/verdict.js';
import {
  allCases,
  type Case,
  compileCase,
  type ExpectedConversation,
  type ExpectedRequests,
} from '../support/cases.js';

/** One packet, told from its connection's initiator to the responder. */
interface Seen {
  packet: number;
  connection: number;
  first: boolean;
  /** A later fragment, or an ICMP error about the connection: its ends and ports are not the connection's. */
  indirect: boolean;
  family: number;
  protocol: string;
  from: string[];
  to: string[];
  port: number;
  /** The port of the other end. */
  ownPort: number;
  icmpType: number;
  verdict: string;
  reason: string;
  /** Of the decision: who it was about. */
  judgedFrom: string[];
  judgedTo: string[];
  egress: OutcomeRecord | null;
  ingress: OutcomeRecord | null;
}

const namesOf = (owner: Owner | undefined, address: string): string[] => {
  if (owner === undefined) return [address];
  if (owner.kind === 'pod') return [`${owner.namespace}/${owner.name}`, address];
  return [owner.kind === 'node' ? `node/${owner.name}` : `service/${owner.namespace}/${owner.name}`, address];
};

interface Observer extends Report {
  readonly seen: Seen[];
  readonly codes: number[];
  duplicates(): number;
  requests(): RequestTally | null;
  mesh(): RequestTally | null;
}

function createObserver(compiled: Compiled): Observer {
  const { owners } = compiled.inventory;
  const seen: Seen[] = [];
  const codes: number[] = [];
  let copies = 0;
  let context: ReplayContext;
  return {
    seen,
    codes,
    duplicates: () => copies,
    requests: () => context.requests,
    mesh: () => context.mesh,
    begin(c) {
      context = c;
    },
    batch(_frames, { rows }, verdicts, first) {
      for (let i = 0; i < verdicts.count; i++) {
        codes.push(verdicts.code[i]!);
        if ((verdicts.marks[i]! & MARK_DUPLICATE) !== 0) copies++;
        const base = i * STRIDE;
        const reason = reasonOf(verdicts.code[i]!);
        if (reason === 'not-ip' || reason === 'not-enforced') continue;
        const marks = verdicts.marks[i]!;
        const decided = verdicts.decision[i]!;
        if (decided >= 0) context.ends.find(decided, rows, base, (marks & MARK_ORIGINAL) !== 0);
        const { source, destination } = context.ends;
        const decision = decided < 0 ? undefined : { ...context.decisions[decided]!, source, destination };
        const forward = decision === undefined || (marks & MARK_ORIGINAL) !== 0;
        const end = (word: number): string[] =>
          namesOf(owners[compiled.classifier.ownerOf(rows, base, word)], addressText(rows, base, word));
        const judged = (owner: number): string[] => (owner < 0 ? [] : namesOf(owners[owner], ''));
        const { ruleset, inventory } = compiled;
        const family = rows[base + FAMILY]!;
        const type = rows[base + ICMP_TYPE]!;
        seen.push({
          packet: first + i,
          connection: verdicts.connection[i]!,
          indirect:
            (rows[base + FRAGMENT]! & FRAG_LATER) !== 0 ||
            (verdicts.connection[i]! > 0 && isIcmpError(rows[base + PROTOCOL]!, type)),
          first: (marks & MARK_FIRST) !== 0 && (marks & MARK_DUPLICATE) === 0,
          family,
          protocol: protocolText(rows[base + PROTOCOL]!),
          from: end(forward ? SRC : DST),
          to: end(forward ? DST : SRC),
          port: rows[base + (forward ? DPORT : SPORT)]!,
          ownPort: rows[base + (forward ? SPORT : DPORT)]!,
          icmpType: isIcmpReply(family, type) ? icmpRequestOf(family, type) : type,
          verdict: verdictOf(verdicts.code[i]!),
          reason,
          judgedFrom: decision ? judged(decision.source) : [],
          judgedTo: decision ? judged(decision.destination) : [],
          egress: decision ? outcomeRecord('egress', decision.egress, decision.source, ruleset, inventory) : null,
          ingress: decision
            ? outcomeRecord('ingress', decision.ingress, decision.destination, ruleset, inventory)
            : null,
        });
      }
    },
    end() {},
  };
}

const list = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T];

const portIs = (wanted: number | string | undefined, port: number): boolean => {
  if (wanted === undefined) return true;
  const [low, high] = String(wanted).split('-').map(Number) as [number, number | undefined];
  return port >= low && port <= (high ?? low);
};

/** Destination unreachable, source quench, redirect, time exceeded, parameter problem (RFC 792); types below 128 (RFC 4443). */
const isIcmpError = (protocol: number, type: number): boolean =>
  protocol === 58 ? type < 128 : protocol === 1 && [3, 4, 5, 11, 12].includes(type);

/** Whether the packet is of the conversation as it was judged, or as one of its views shows it. */
function isOf({ from, to, port, views = [], ...conversation }: ExpectedConversation, seen: Seen): boolean {
  const isTo = (name: string, wanted: number | string | undefined): boolean =>
    seen.to.includes(name) && portIs(wanted, seen.port);
  return (
    conversation.protocol === seen.protocol &&
    (conversation.family === undefined || conversation.family === seen.family) &&
    (conversation.icmpType === undefined || conversation.icmpType === seen.icmpType) &&
    (seen.from.includes(from) || views.some(view => view.from !== undefined && seen.from.includes(view.from))) &&
    (isTo(to, port) || views.some(view => isTo(view.to ?? to, view.port ?? port)))
  );
}

/** Whether the first packet's verdict is what the conversation says, whoever decided it included. */
function verdictIs(conversation: ExpectedConversation, seen: Seen): boolean {
  if (conversation.verdict !== seen.verdict || conversation.reason !== seen.reason) return false;
  if (
    seen.judgedFrom.length > 0 &&
    !seen.judgedFrom.includes(conversation.from) &&
    !seen.from.includes(conversation.from)
  )
    return false;
  if (seen.judgedTo.length > 0 && !seen.judgedTo.includes(conversation.to) && !seen.to.includes(conversation.to))
    return false;
  const outcomes = { egress: seen.egress, ingress: seen.ingress };
  for (const side of list(conversation.side)) {
    if (outcomes[side as 'egress' | 'ingress']?.verdict !== conversation.verdict) return false;
  }
  const named = [seen.egress, seen.ingress].flatMap(o => (o === null ? [] : [o.policy, ...o.policies]));
  return list(conversation.policy).every(policy => named.includes(policy));
}

/** A packet that was judged without its connection's being known: the same packet told from its other end. */
const turned = (s: Seen): Seen => ({ ...s, from: s.to, to: s.from, port: s.ownPort, ownPort: s.port });

const explains = (conversation: ExpectedConversation, seen: Seen): boolean =>
  (isOf(conversation, seen) && verdictIs(conversation, seen)) ||
  (seen.connection === 0 && isOf(conversation, turned(seen)) && verdictIs(conversation, turned(seen)));

const describeSeen = (s: Seen): string =>
  `packet ${s.packet} (connection ${s.connection}): ${s.from.join('=')} -> ${s.to.join('=')} ${s.protocol} ${s.port} type ${s.icmpType}: ` +
  `${s.verdict} ${s.reason}; egress ${JSON.stringify(s.egress)}; ingress ${JSON.stringify(s.ingress)}`;

function expectRequests(found: RequestTally | null, expected: ExpectedRequests | undefined): void {
  expect(found === null, 'requests are expected').toBe(expected === undefined);
  if (found === null || expected === undefined) return;
  expect(found.counts).toEqual(expected.counts);
  const refused = found.refused();
  const asked = ({ method, path, host, name }: RefusedRequests): string | undefined =>
    name ?? (method === null ? undefined : `${method} ${path} ${host}`);
  for (const it of expected.refused) {
    const like = refused.filter(
      other =>
        [other.source, other.destination, other.port].join() === [it.from, it.to, it.port].join() &&
        asked(other) === it.request &&
        (it.why === undefined ? other.why === null : other.why?.includes(it.why) === true),
    );
    expect(like, JSON.stringify(it)).toHaveLength(1);
    const [{ by, requests }] = like as [RefusedRequests];
    expect(requests, JSON.stringify(it)).toBe(it.requests);
    const named = by === null ? undefined : [by.side, by.policy, by.rule].filter(part => part !== null).join(' ');
    expect(named, JSON.stringify(it)).toBe(it.by);
  }
  expect(refused).toHaveLength(expected.refused.length);
}

async function run(folder: Case, compiled: Compiled) {
  const observer = createObserver(compiled);
  const paths = folder.captures.map(capture => join(folder.path, capture));
  const source = await openCaptures(paths);
  const outcome = await replay(source, compiled, { captures: paths, mode: folder.expected.mode }, [observer]);
  source.close();
  expect(outcome.errors).toEqual([]);
  return observer;
}

const cases = allCases();

describe('shipped cases', () => {
  it('are there', () => expect(cases.length).toBeGreaterThan(20));

  it.each(cases)('$name', async folder => {
    const { seen, codes, duplicates, requests, mesh } = await run(folder, compileCase(folder));
    const linear = await run(folder, compileCase(folder, 'linear'));
    expect(codes).toEqual(linear.codes);

    const { conversations, packets } = folder.expected;
    expectRequests(requests(), folder.expected.requests);
    expectRequests(mesh(), folder.expected.mesh);
    expect(codes.length).toBe(packets.total);
    for (const verdict of ['allowed', 'dropped', 'undecided'] as const) {
      if (packets[verdict] === undefined) continue;
      expect(codes.filter(code => verdictOf(code) === verdict).length, verdict).toBe(packets[verdict]);
    }

    for (const [reason, times] of Object.entries(packets.reasons ?? {})) {
      expect(codes.filter(code => reasonOf(code) === reason).length, reason).toBe(times);
    }
    if (packets.duplicates !== undefined) expect(duplicates()).toBe(packets.duplicates);

    const wrong: string[] = [];
    const count = new Map<ExpectedConversation, number>(conversations.map(conversation => [conversation, 0]));
    /** Conversations of which there are packets without a connection. */
    const loose = new Set<ExpectedConversation>();
    const conversationOf = new Map<number, ExpectedConversation>();
    for (const packet of seen) {
      const counts = packet.first || packet.connection === 0;
      const found = counts
        ? conversations.find(conversation => explains(conversation, packet))
        : conversationOf.get(packet.connection);
      if (found === undefined || !(counts || packet.indirect || isOf(found, packet))) {
        if (packet.verdict !== 'undecided' || packet.first) wrong.push(describeSeen(packet));
        continue;
      }
      if (packet.first) conversationOf.set(packet.connection, found);
      if (packet.first) count.set(found, count.get(found)! + 1);
      if (packet.connection === 0) loose.add(found);
    }
    expect(wrong.slice(0, 12), 'packets that no expected conversation explains').toEqual([]);
    for (const [conversation, times] of count) {
      const said = JSON.stringify(conversation);
      if (conversation.connections === undefined) expect(times > 0 || loose.has(conversation), said).toBe(true);
      else expect(times, said).toBe(conversation.connections);
      const members = seen.filter(packet => conversationOf.get(packet.connection) === conversation);
      for (const view of conversation.views ?? []) {
        const shown = members.some(
          packet =>
            (view.from === undefined || packet.from.includes(view.from)) &&
            (view.to === undefined || packet.to.includes(view.to)) &&
            portIs(view.port, packet.port),
        );
        expect(shown, `${said} is seen as ${JSON.stringify(view)}`).toBe(true);
      }
    }
  });
});
