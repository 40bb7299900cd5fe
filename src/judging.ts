/**
 * Who judges, and what reports are told of it: made once for a replay, and anew each time that its policies change (cold).
 *
 * In:  what was compiled, and what stays for the whole replay: the connection table, decisions, the capture.  Out: a judge,
 * who listens to requests, and the context of the decisions made. Behind a change the new judge goes on where the last one
 * stood (verdict/judge.ts); decisions of the old policies stay with their connections, and their own context tells what they say.
 */
import type { FrameBatch } from './capture/frame.js';
import type { Owner } from './cluster/inventory.js';
import type { Compiled } from './compile.js';
import type { ConntrackKind } from './flow/kinds.js';
import type { FastPath } from './memory/fast-path.js';
import type { PacketBatch } from './packet/row.js';
import { Counters } from './report/counters.js';
import type { ContextChange, ReplayContext } from './report/report.js';
import { RequestTally } from './report/requests.js';
import { createWritings } from './report/writing.js';
import { type FlatTree, flatten } from './tree/flat.js';
import { flattenAddresses } from './tree/flat-addresses.js';
import { EndOwners } from './verdict/end-owners.js';
import { generationsInUse } from './verdict/in-use.js';
import { Judge, type JudgeParts } from './verdict/judge.js';
import { asksRequests, Layer7, withRequestsJudged } from './verdict/layer7.js';
import { MeshLayer } from './verdict/mesh.js';
import type { Noticed, Observed } from './verdict/noticed.js';
import type { Observations } from './verdict/observations.js';
import { OpenedConnections } from './verdict/opened.js';
import { type Listening, RequestStreams } from './verdict/request-streams.js';
import type { VerdictBatch } from './verdict/verdict.js';

/** What stays when policies change. */
export interface Lasting
  extends Pick<JudgeParts, 'tracker' | 'fragments' | 'reassembly' | 'decisions' | 'mode' | 'ends' | 'share'>,
    Pick<ReplayContext, 'source' | 'captures'> {
  readonly kind: ConntrackKind;
  /** Seconds in which the fragments of a datagram may come. */
  readonly longestFragment: number;
}

/** The classifier for the loops, and counters for its decisions. */
export interface Tables {
  readonly flat: FlatTree | null;
  readonly newCounting: ReplayContext['newCounting'];
}

/** What is kept of policies as long as connections have their decisions. */
interface Generation {
  readonly compiled: Compiled;
  readonly context: ReplayContext;
  /** In the order in which they see a batch. */
  readonly streams: readonly RequestStreams[];
  readonly observations: Observations;
  /** Seconds since 1970 since when others are in force. */
  until: number;
}

/** Connections that the counters of later policies remember. */
const LATER_CONNECTIONS = 1 << 16;
/** Seconds for which policies that are in force no more are kept beyond the time in which fragments may come that they
 *  decided about. */
const KEPT = 60;

export class Judgings {
  judge: Judge;
  /** By generation; null where no connection is decided by it any more. */
  private readonly all: (Generation | null)[] = [];
  private readonly changes: ContextChange[] = [];
  /** Of those that are not kept. */
  private noticedBefore: Observed & Pick<Noticed, 'givenUp'> = NOTHING_NOTICED;

  constructor(
    private readonly lasting: Lasting,
    given: Compiled,
    tables: Tables,
    fastPath: FastPath | null,
  ) {
    this.judge = this.begin(openingRequests(given), tables, fastPath, null);
  }

  get context(): ReplayContext {
    return this.all.at(-1)!.context;
  }

  /**
   * Judges by other policies from the next packet on.
   * @param reevaluates connections that are known are asked again; else they keep their verdicts, as far as connection tracking
   * lets a host keep them: in dataplane mode rules see every packet of a connection without a reply
   * @param seconds, nanoseconds the next packet's time
   */
  turn(given: Compiled, reevaluates: boolean, seconds: number, nanoseconds: number): void {
    const compiled = openingRequests(given);
    const { decisions, mode } = this.lasting;
    const firstPacket = this.judge.packets + 1;
    this.all.at(-1)!.until = seconds;
    decisions.turn();
    this.judge = this.begin(compiled, laterTables(compiled), null, this.judge);
    const { context } = this;
    const isAsked = reevaluates || mode === 'dataplane';
    const ownersOf = (decision: number): readonly Owner[] => context.of(decision).compiled.inventory.owners;
    const again = isAsked ? this.judge.askAgain(!reevaluates, ownersOf) : { asked: 0, changed: 0 };
    this.changes.push({ firstPacket, seconds, nanoseconds, ...again });
    this.release(seconds);
  }

  /** A batch that was judged, to all who listen. */
  listen(frames: FrameBatch, packets: PacketBatch, verdicts: VerdictBatch, first: number): void {
    for (const generation of this.all) {
      for (const streams of generation?.streams ?? []) streams.batch(frames, packets, verdicts, first);
    }
  }

  end(): void {
    for (const generation of this.all) for (const streams of generation?.streams ?? []) streams.end();
  }

  /** What all of them noticed on the way. */
  noticed(): Observed & Pick<Noticed, 'givenUp'> {
    return this.all.reduce((sum, it) => (it === null ? sum : addNoticed(sum, it)), this.noticedBefore);
  }

  /** Lets go of policies by which no connection is decided any more. */
  private release(now: number): void {
    const { decisions, tracker, longestFragment } = this.lasting;
    const used = generationsInUse(tracker, this.judge.opening, decisions);
    for (const [generation, it] of this.all.entries()) {
      if (it === null || used.has(generation) || now - it.until < KEPT + longestFragment) continue;
      for (const streams of it.streams) streams.end();
      this.noticedBefore = addNoticed(this.noticedBefore, it);
      this.all[generation] = null;
    }
  }

  private begin(
    compiled: Compiled,
    { flat, newCounting }: Tables,
    fastPath: FastPath | null,
    before: Judge | null,
  ): Judge {
    const { kind, ends, decisions, source, captures, longestFragment: _, ...lasting } = this.lasting;
    const { classifier, inventory } = compiled;
    const { list } = decisions;
    const ofDecision = (decision: number): Generation => {
      const found = this.all[decisions.generationOf(decision)];
      if (found == null) throw new Error(`decision ${decision} is of policies that were let go of`);
      return found;
    };
    const madeBy = (decision: number): Compiled['classifier'] => ofDecision(decision).compiled.classifier;
    const stateless = kind === 'none';
    const parts: JudgeParts = {
      ...lasting,
      classifier,
      inventory,
      decisions,
      stateless,
      flat: ends == null ? flat : null,
      ...(ends != null && { ends }),
      madeBy,
      // The rules of iptables and nftables stop at IPv6's authentication header; an eBPF program's do not.
      stopsAtAuthentication: kind === 'linux' || stateless,
      looksInside: compiled.objects.istio.length > 0 || asksRequests(compiled),
    };
    const judge = new Judge(parts, fastPath, before);
    const generation = this.all.length;
    const isOwn = (decision: number): boolean => decisions.generationOf(decision) === generation;
    const streamsFor = (listening: Listening): RequestStreams => {
      const opened = new OpenedConnections(list, new EndOwners(list, classifier), inventory);
      return new RequestStreams(listening, list, opened, isOwn);
    };
    const requests = asksRequests(compiled) ? new RequestTally(inventory) : null;
    const mesh = compiled.objects.istio.length > 0 ? new RequestTally(inventory) : null;
    const streams: RequestStreams[] = [];
    if (mesh !== null)
      streams.push(streamsFor(new MeshLayer(compiled.mesh, (judged, audited) => mesh.add(judged, audited))));
    if (requests !== null)
      streams.push(streamsFor(new Layer7(compiled.ruleset, inventory, judged => requests.add(judged))));
    const context: ReplayContext = {
      compiled,
      source,
      decisions: list,
      of: decision => ofDecision(decision).context,
      isOwn,
      current: () => this.context,
      ends: new EndOwners(list, classifier, madeBy),
      requests,
      mesh,
      newCounting,
      newWriting: createWritings(fastPath),
      mode: lasting.mode,
      captures,
      changes: this.changes,
    };
    const { observations } = judge;
    this.all.push({ compiled, context, streams, observations, until: Number.POSITIVE_INFINITY });
    return judge;
  }
}

const NOTHING_NOTICED = { fromNodes: 0, darkPackets: 0, darkBytes: 0, younger: [], givenUp: 0 };

function addNoticed(
  sum: Observed & Pick<Noticed, 'givenUp'>,
  { observations, streams }: Generation,
): Observed & Pick<Noticed, 'givenUp'> {
  const { fromNodes, darkPackets, darkBytes, younger } = observations.observed();
  return {
    fromNodes: sum.fromNodes + fromNodes,
    darkPackets: sum.darkPackets + darkPackets,
    darkBytes: sum.darkBytes + darkBytes,
    younger: [...new Set([...sum.younger, ...younger])].sort(),
    givenUp: sum.givenUp + (streams.at(-1)?.givenUp ?? 0),
  };
}

/** Rules that look at requests open connections here, as their requests are judged. */
function openingRequests(compiled: Compiled): Compiled {
  const ruleset = withRequestsJudged(compiled.ruleset);
  return ruleset === compiled.ruleset
    ? compiled
    : { ...compiled, ruleset, classifier: { ...compiled.classifier, ruleset } };
}

/** Counters are made when they are asked for: whoever joins what it counted lets go of them. */
function laterTables({ classifier, inventory }: Compiled): Tables {
  const addresses = flattenAddresses(classifier, inventory);
  return {
    flat: flatten(classifier, addresses),
    newCounting(conversations) {
      const counters = new Counters(addresses, inventory.owners.length, conversations, LATER_CONNECTIONS);
      return { counters, count: counters.count.bind(counters) };
    },
  };
}
