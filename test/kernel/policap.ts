/**
 * policap's verdicts packet by packet, with the connection's entry behind each: what is held against the kernel's.
 *
 * In:  IP packets with their times, plain rules, options.  Out: one PolicapVerdict a packet, as `policap replay --mode
 * dataplane` gives them: the same parser, tracker, classifier and judge, asked a packet at a time so that the entry can
 * be read in between.
 */
import { type Compiled, compile } from '../../src/compile.js';
import { createTracker } from '../../src/flow/conntrack.js';
import { createFragments } from '../../src/flow/fragments.js';
import { Reassembly } from '../../src/flow/reassembly.js';
import {
  TRACK_NEW,
  TRACK_ORIGINAL,
  TRACK_ORIGINAL_UNREPLIED,
  TRACK_RELATED,
  TRACK_REPLY,
  TRACK_UNTRACKED,
  type TrackerOptions,
} from '../../src/flow/tracker.js';
import { createParser, newPacketBatch } from '../../src/packet/parse.js';
import { flatten } from '../../src/tree/flat.js';
import { flattenAddresses } from '../../src/tree/flat-addresses.js';
import { createDecisions } from '../../src/verdict/decisions.js';
import { Judge } from '../../src/verdict/judge.js';
import { newVerdictBatch, PENDING, reasonOf, verdictOf } from '../../src/verdict/verdict.js';
import { batchOf } from '../support/frames.js';

/** LINKTYPE_RAW: a packet begins with its IP header. */
export const RAW = 101;

export interface TimedPacket {
  /** Seconds; whole microseconds. */
  readonly time: number;
  readonly bytes: Uint8Array;
}

export interface PolicapVerdict {
  readonly verdict: string;
  readonly reason: string;
  /** new, established, related, invalid, untracked; '' where connection tracking was not asked. */
  readonly state: string;
  readonly reply: boolean;
  /** Name of the deciding rule, or ''. */
  readonly rule: string;
  readonly entry: { readonly state: string; readonly milliseconds: number; readonly assured: boolean } | null;
}

const STATES: Readonly<Record<number, string>> = {
  [TRACK_NEW]: 'new',
  [TRACK_ORIGINAL]: 'established',
  [TRACK_REPLY]: 'established',
  [TRACK_ORIGINAL_UNREPLIED]: 'new',
  [TRACK_RELATED]: 'related',
  [TRACK_UNTRACKED]: 'untracked',
};

export function compileRules(text: string): Compiled {
  const { compiled, problems } = compile([], { ruleFiles: [{ file: 'rules.yaml', text }] });
  if (compiled === null) throw new Error(JSON.stringify(problems, null, 2));
  return compiled;
}

export function judgeByPolicap(
  packets: readonly TimedPacket[],
  compiled: Compiled,
  options: TrackerOptions & { readonly verifyChecksums?: boolean } = {},
): PolicapVerdict[] {
  const tracker = createTracker({ maxConnections: 4096, ...options });
  const track = tracker.track.bind(tracker);
  let code = -1;
  tracker.track = (rows, base, bytes, now, prepared) => {
    code = track(rows, base, bytes, now, prepared);
    return code;
  };
  const decisions = createDecisions();
  const fragments = createFragments();
  const reassembly = new Reassembly(options);
  const judge = new Judge({
    ...compiled,
    tracker,
    fragments,
    reassembly,
    decisions,
    mode: 'dataplane',
    stateless: false,
    flat: flatten(compiled.classifier, flattenAddresses(compiled.classifier, compiled.inventory)),
  });
  const parser = createParser({ tunnels: false, duplicates: false, ...options });
  const rows = newPacketBatch(1);
  const out = newVerdictBatch(1);
  const { interfaces } = batchOf([], { linkType: RAW });
  const verdicts: PolicapVerdict[] = [];

  /** What is told of a packet's late verdict is told of all that share it: with the datagram's last fragment. */
  function settle(last: PolicapVerdict): void {
    for (const { number, code: late } of judge.datagrams!.takeLate()) {
      const own = verdictOf(late) === last.verdict && reasonOf(late) === last.reason;
      verdicts[number - 1] = own ? last : { ...UNSEEN, verdict: verdictOf(late), reason: reasonOf(late) };
    }
  }

  for (const { time, bytes } of packets) {
    const { batch } = batchOf([bytes], { linkType: RAW, times: [1_700_000_000_000_000_000n + nanoseconds(time)] });
    parser.parse(batch, interfaces, rows);
    code = -1;
    judge.judge(batch, rows, null, out);
    const decision = out.decision[0]! < 0 ? null : decisions.list[out.decision[0]!]!;
    const forward = decision === null || decision.forward < 0 ? null : compiled.ruleset.rules[decision.forward]!;
    const { slot } = tracker;
    // An entry whose time has come, or that the packet ended, is there no more.
    const described = code < 0 || slot < 0 ? null : tracker.describe(slot);
    const alive = described !== null && described.timeoutLeft > 0;
    const waits = out.code[0] === PENDING;
    verdicts.push({
      verdict: waits ? '' : verdictOf(out.code[0]!),
      reason: waits ? '' : reasonOf(out.code[0]!),
      state: code >= 0 ? (STATES[code] ?? 'invalid') : reasonOf(out.code[0]!) === 'invalid-state' ? 'invalid' : '',
      reply: code === TRACK_REPLY,
      rule: forward?.origin.rule ?? '',
      entry: alive
        ? { state: described.state || 'entry', milliseconds: described.timeoutLeft, assured: described.assured }
        : null,
    });
    settle(verdicts.at(-1)!);
  }
  judge.datagrams!.release(Number.POSITIVE_INFINITY);
  settle(UNSEEN);
  return verdicts;
}

const UNSEEN: PolicapVerdict = { verdict: '', reason: '', state: '', reply: false, rule: '', entry: null };

const nanoseconds = (seconds: number): bigint => BigInt(Math.round(seconds * 1e6)) * 1000n;
