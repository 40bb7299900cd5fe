/**
 * The summary of a replay whose policies change on the way (cold: tallies count).
 *
 * In:  batches.  Out: one Summary of all of them. Packets are counted by the policies that decided about their connections, apart;
 * at the end all is joined by name: a conversation that policies before and behind a change refused alike is one, and the
 * hits of a policy's rules add up as long as they keep their names. Policies are those in force at the end, and behind them
 * those that are gone and decided something. Documents' warnings are those of the last ones.
 * Without a change it is what report/summary.ts gives. Memory is bounded: of many changes the tallies are joined on the way.
 */

import { type Conversation, listConversations } from '../report/conversations.js';
import { MAX_CONVERSATIONS } from '../report/counters.js';
import { createTimeText } from '../report/fields.js';
import { countHits, type PolicyHits } from '../report/hits.js';
import { partOf } from '../report/part-of-batch.js';
import type { ReplayContext, ReplayResult } from '../report/report.js';
import type { PolicyChange, Summary, SummaryCollector } from '../report/summary.js';
import { Tally } from '../report/tally.js';
import { collect, describe } from './collect.js';
import { joinNumbered } from './join-found.js';
import { joinPolicies } from './join-policies.js';
import { type CountedConversation, type Found, PART_SCHEMA } from './part.js';
import { partSummary } from './summary.js';

/** What was counted of one context's decisions. */
interface Counted {
  readonly context: ReplayContext;
  readonly tally: Tally;
}

/** What was found so far, by name. */
interface Named {
  readonly found: Found;
  readonly policies: readonly PolicyHits[];
}

/** Tallies beside each other: with one more they are joined. */
const MOST_TALLIES = 8;

/** Told at the end of all, not of a tally. */
const NO_RESULT: Omit<ReplayResult, 'warnings'> = {
  tracker: { live: 0, most: 0, created: 0, expired: 0, earlyEvictions: 0, refusedFull: 0 },
  replayMs: 0,
  noticed: { fromNodes: 0, darkPackets: 0, darkBytes: 0, younger: [], bytes: 0, givenUp: 0, stepsBack: 0 },
};

export interface ChangingSummary extends SummaryCollector {
  /** Refused conversations so far, most frequent first; those before and behind a change of policies apart. */
  refused(most: number): Conversation[];
}

export function createChangingSummary(): ChangingSummary {
  let counted: Counted[] = [];
  let before: Named[] = [];
  let first: ReplayContext;
  let now: Counted;

  function turnTo(context: ReplayContext): void {
    const known = counted.find(it => it.context === context);
    if (known === undefined && counted.length === MOST_TALLIES) {
      before = [join([...before, ...counted.map(named)])];
      counted = [];
    }
    now = known ?? { context, tally: new Tally(context, MAX_CONVERSATIONS) };
    if (known === undefined) counted.push(now);
  }

  return {
    compiled: () => first.current().compiled,
    begin(context) {
      first = context;
      turnTo(context);
    },
    batch(frames, packets, verdicts, number) {
      const { decision, count } = verdicts;
      // What nothing decided about is counted with the packets before it.
      const by = (i: number): ReplayContext => (decision[i]! < 0 ? now.context : first.of(decision[i]!));
      for (let from = 0; from < count; ) {
        const context = by(from);
        if (context !== now.context) turnTo(context);
        let to = from + 1;
        while (to < count && by(to) === context) to++;
        const part = to - from === count ? { frames, packets, verdicts } : partOf(frames, packets, verdicts, from, to);
        now.tally.batch(part.frames, part.packets, part.verdicts, number + from);
        from = to;
      }
    },
    refused(most) {
      const all = counted.flatMap(({ context, tally }) => listConversations(context, tally, 'dropped').slice(0, most));
      return all.sort((a, b) => b.connections - a.connections || b.packets - a.packets).slice(0, most);
    },
    end(result) {
      turnTo(first.current());
      const all = [named(now), ...before, ...counted.filter(it => it !== now).map(named)];
      return summaryOf(first.current(), join(all), result);
    },
  };
}

function named({ context, tally }: Counted): Named {
  const policies = countHits(context, tally);
  const found = collect(context, tally, [], NO_RESULT);
  return { found: { ...found, conversations: found.conversations.map(byName) }, policies };
}

/** Decisions' numbers say nothing of other policies: what a conversation reads like tells it apart. */
function byName(it: CountedConversation): CountedConversation {
  const end = ({ workload, address }: CountedConversation['source']): string => workload ?? address;
  const {
    key: _,
    connections: _connections,
    packets: _packets,
    firstPacket: _first,
    source,
    destination,
    ...rest
  } = it;
  return { ...it, key: JSON.stringify([end(source), end(destination), rest], unplaced) };
}

/** Pods of one workload are one conversation; where a rule stands may have moved. */
const unplaced = (key: string, value: unknown): unknown => (key === 'subject' || key === 'source' ? undefined : value);

const join = (all: readonly Named[]): Named => {
  const found = joinNumbered(
    all.map(it => it.found),
    all.map(() => 0),
  );
  const conversations = found.conversations.toSorted((a, b) => a.firstPacket - b.firstPacket);
  return { found: { ...found, conversations }, policies: joinPolicies(all.map(it => it.policies)) };
};

/** @param context of the last policies */
function summaryOf(context: ReplayContext, { found, policies }: Named, result: ReplayResult): Summary {
  const { tracker, replayMs, noticed } = result;
  const { captures, source, compiled } = context;
  const whole: Found = {
    ...found,
    observed: { ...found.observed, earlyEvictions: tracker.earlyEvictions },
    captures: captures.map((name, i) => {
      // As many of each tally as there are captures.
      const all = found.captures.filter((_, at) => at % captures.length === i);
      return { name, packets: all.reduce((sum, { packets }) => sum + packets, 0), error: all[0]!.error };
    }),
    errors: source.errors.map(({ message }) => message),
    compileMs: compiled.compileMs,
    replayMs,
    noticed,
  };
  const about = describe(context, []);
  const part = { schema: PART_SCHEMA, run: '', of: 1, about, pieces: [{ from: 0, to: 1, found: whole }] } as const;
  const { warnings, ...summary } = partSummary(part);
  return { ...summary, policies, ...changesOf(context), warnings };
}

function changesOf({ changes }: ReplayContext): Pick<Summary, 'changes'> {
  if (changes.length === 0) return {};
  const timeText = createTimeText();
  return {
    changes: changes.map(({ firstPacket, seconds, nanoseconds, asked, changed }): PolicyChange => {
      return { firstPacket, time: timeText(seconds, nanoseconds), asked, changed };
    }),
  };
}
