/**
 * A hand-made replay for the report tests: a shop's cluster and policies, frames, and verdicts written by hand.
 */

import type { CaptureInterface, FrameBatch, FrameSource } from '../../src/capture/frame.js';
import { CaptureError } from '../../src/capture/frame.js';
import type { Inventory, Owner, Pod } from '../../src/cluster/inventory.js';
import type { Compiled } from '../../src/compile.js';
import { createMesh } from '../../src/mesh/mesh.js';
import { createParser, newPacketBatch } from '../../src/packet/parse.js';
import type { PacketBatch } from '../../src/packet/row.js';
import { noObjects } from '../../src/policy/dialects.js';
import { PROFILES } from '../../src/profile/index.js';
import { Counters } from '../../src/report/counters.js';
import type { Output, ReplayContext, Report } from '../../src/report/report.js';
import { createWritings } from '../../src/report/writing.js';
import { buildRules } from '../../src/rules/build.js';
import { OUTCOME_DEFAULT_DENY, OUTCOME_NONE, OUTCOME_NOT_ISOLATED } from '../../src/tree/classifier.js';
import { createLinear } from '../../src/tree/linear.js';
import type { Decision } from '../../src/verdict/decisions.js';
import { EndOwners } from '../../src/verdict/end-owners.js';
import {
  ALLOWED_ESTABLISHED,
  ALLOWED_NO_POLICY,
  ALLOWED_NOT_IP,
  ALLOWED_RULE,
  DROPPED_CONNECTION,
  DROPPED_DEFAULT_DENY,
  DROPPED_INVALID_STATE,
  MARK_DUPLICATE,
  MARK_FIRST,
  MARK_MIDSTREAM,
  MARK_ORIGINAL,
  UNDECIDED_AMBIGUOUS,
  UNDECIDED_TRUNCATED,
  type VerdictBatch,
} from '../../src/verdict/verdict.js';
import { cluster, everything, labels, pods, policy, port, rule } from '../rules/cluster.js';
import { arp, batchOf, ethernet, icmp, interfaceOf, ipv4, tcp } from '../support/frames.js';

const WORKLOADS: Readonly<Record<string, string>> = {
  'web-0': 'Deployment/web',
  'web-1': 'Deployment/web',
  'db-0': 'StatefulSet/db',
};

/** web-0 10.0.1.7, web-1 10.0.1.8, db-0 10.0.2.9; node worker-1; a service db at 10.96.0.5. */
export function shopInventory(): Inventory {
  const made = cluster({
    namespaces: { shop: {} },
    pods: [
      { ns: 'shop', name: 'web-0', labels: { app: 'web' }, ips: ['10.0.1.7'] },
      { ns: 'shop', name: 'web-1', labels: { app: 'web' }, ips: ['10.0.1.8'] },
      { ns: 'shop', name: 'db-0', labels: { app: 'db' }, ips: ['10.0.2.9'] },
    ],
    nodes: { 'worker-1': ['192.168.0.1'] },
    services: { db: ['10.96.0.5'] },
  });
  const owners = made.owners.map((owner): Owner => {
    if (owner.kind === 'pod') return { ...owner, workload: WORKLOADS[owner.name] ?? null };
    return owner.kind === 'node' ? { ...owner, podCIDRs: ['10.0.1.0/24'] } : { ...owner, namespace: 'shop' };
  });
  const of = <K extends Owner['kind']>(kind: K) =>
    owners.filter((o): o is Extract<Owner, { kind: K }> => o.kind === kind);
  const byAddress = new Map([...made.byAddress].map(([address, { owner }]) => [address, owners[owner]!]));
  return { ...made, owners, pods: of('pod') as Pod[], nodes: of('node'), services: of('service'), byAddress };
}

/** db takes TCP 5432 from web; `old` selects nobody; web is not isolated. */
export const POLICIES = [
  policy(
    'shop',
    'db',
    labels({ app: 'db' }),
    { ingress: [rule([pods(labels({ app: 'web' }))], [port(5432)], 12), rule([pods(everything)], [port(9090)], 16)] },
    4,
  ),
  policy('shop', 'old', labels({ app: 'gone' }), { ingress: [] }, 30),
];

export function shopCompiled(): Compiled {
  const inventory = shopInventory();
  const ruleset = buildRules(POLICIES, inventory);
  const classifier = createLinear(ruleset, inventory);
  const profile = PROFILES.upstream;
  return {
    inventory,
    policies: POLICIES,
    objects: noObjects(),
    mesh: createMesh([], inventory),
    profileFrom: 'asked for',
    profile,
    ruleset,
    classifier,
    problems: [],
    ignored: new Map(),
    compileMs: 12.5,
  };
}

const decision = (part: Partial<Decision>): Decision => ({
  egress: OUTCOME_NOT_ISOLATED,
  ingress: OUTCOME_NONE,
  forward: OUTCOME_NONE,
  source: -1,
  destination: -1,
  code: ALLOWED_NO_POLICY,
  service: -1,
  port: -1,
  backends: null,
  ...part,
});

const WEB0 = 0;
const WEB1 = 1;
const DB = 2;
const SERVICE = 4;

/** 0 web-0 -> db allowed by rule 0; 1, 2 web-0/web-1 -> db refused; 3 an outsider -> db refused; 4 backends disagree. */
export const DECISIONS: readonly Decision[] = [
  decision({ source: WEB0, destination: DB, ingress: 0, code: ALLOWED_RULE }),
  decision({ source: WEB0, destination: DB, ingress: OUTCOME_DEFAULT_DENY, code: DROPPED_DEFAULT_DENY }),
  decision({ source: WEB1, destination: DB, ingress: OUTCOME_DEFAULT_DENY, code: DROPPED_DEFAULT_DENY }),
  decision({ egress: OUTCOME_NONE, destination: DB, ingress: OUTCOME_DEFAULT_DENY, code: DROPPED_DEFAULT_DENY }),
  decision({
    source: WEB0,
    destination: SERVICE,
    service: SERVICE,
    ingress: OUTCOME_DEFAULT_DENY,
    code: UNDECIDED_AMBIGUOUS,
    backends: { allowed: ['shop/db-1'], dropped: ['shop/db-0'] },
  }),
];

interface Judged {
  readonly frame: Uint8Array;
  readonly code: number;
  readonly decision?: number;
  readonly connection?: number;
  readonly marks?: number;
  readonly packet?: number;
}

const packet = (src: string, dst: string, sport: number, dport: number, flags = 'S'): Uint8Array =>
  ethernet(ipv4({ src, dst }, tcp({ sport, dport, flags })));

const WEB = '10.0.1.7';
const OTHER_WEB = '10.0.1.8';
const DATABASE = '10.0.2.9';
const BOTH = MARK_FIRST | MARK_ORIGINAL;

/** Fourteen packets: each kind of verdict once or more. */
export const PACKETS: readonly Judged[] = [
  { frame: packet(WEB, DATABASE, 40000, 5432), code: ALLOWED_RULE, decision: 0, connection: 1, marks: BOTH },
  {
    frame: packet(DATABASE, WEB, 5432, 40000, 'SA'),
    code: ALLOWED_ESTABLISHED,
    decision: 0,
    connection: 1,
  },
  { frame: packet(WEB, DATABASE, 40001, 6379), code: DROPPED_DEFAULT_DENY, decision: 1, connection: 2, marks: BOTH },
  { frame: packet(DATABASE, WEB, 6379, 40001, 'SA'), code: DROPPED_CONNECTION, decision: 1, connection: 2, packet: 3 },
  {
    frame: packet(OTHER_WEB, DATABASE, 40002, 6379),
    code: DROPPED_DEFAULT_DENY,
    decision: 2,
    connection: 3,
    marks: BOTH,
  },
  {
    frame: packet('203.0.113.9', DATABASE, 999, 22),
    code: DROPPED_DEFAULT_DENY,
    decision: 3,
    connection: 4,
    marks: BOTH,
  },
  // The responder's packet is the first one seen of a connection that began before the capture.
  {
    frame: packet(DATABASE, '10.0.1.99', 22, 998, 'A'),
    code: DROPPED_DEFAULT_DENY,
    decision: 3,
    connection: 5,
    marks: MARK_FIRST | MARK_MIDSTREAM,
  },
  {
    frame: ethernet(ipv4({ src: '203.0.113.9', dst: DATABASE }, icmp({ type: 8, code: 0, id: 7 }))),
    code: DROPPED_DEFAULT_DENY,
    decision: 3,
    connection: 6,
    marks: BOTH,
  },
  // Its reply belongs to the same conversation.
  {
    frame: ethernet(ipv4({ src: DATABASE, dst: '203.0.113.9' }, icmp({ type: 0, code: 0, id: 7 }))),
    code: DROPPED_CONNECTION,
    decision: 3,
    connection: 6,
    packet: 8,
  },
  { frame: packet(WEB, '10.96.0.5', 40003, 80), code: UNDECIDED_AMBIGUOUS, decision: 4, connection: 7, marks: BOTH },
  { frame: arp(), code: ALLOWED_NOT_IP },
  { frame: packet(WEB, DATABASE, 1, 2, 'SF'), code: DROPPED_INVALID_STATE },
  { frame: packet(WEB, DATABASE, 40000, 5432, 'A').subarray(0, 30), code: UNDECIDED_TRUNCATED },
  {
    frame: packet(WEB, DATABASE, 40001, 6379),
    code: DROPPED_DEFAULT_DENY,
    decision: 1,
    connection: 2,
    marks: MARK_ORIGINAL | MARK_DUPLICATE,
    packet: 3,
  },
];

export const TIMES = PACKETS.map((_, i) => 1_767_225_600_000_000_000n + BigInt(i) * 500_000_001n);
/** Packet 13 was cut by the snap length; the others are whole. */
export const ORIGINAL = PACKETS.map(({ frame }, i) => (i === 12 ? 1500 : frame.length));

export interface Batches {
  readonly frames: FrameBatch;
  readonly packets: PacketBatch;
  readonly verdicts: VerdictBatch;
  readonly interfaces: readonly CaptureInterface[];
}

export function batchesOf(judged: readonly Judged[], times = TIMES, original = ORIGINAL): Batches {
  const frames = judged.map(({ frame }) => frame);
  const { batch } = batchOf(frames, { times: [...times], original: [...original] });
  const interfaces = [interfaceOf()];
  const packets = newPacketBatch(judged.length);
  createParser({ duplicates: false }).parse(batch, interfaces, packets);
  const numbers = (of: (it: Judged) => number | undefined): number[] => judged.map(it => of(it) ?? 0);
  const verdicts: VerdictBatch = {
    count: judged.length,
    code: Uint8Array.from(numbers(({ code }) => code)),
    decision: Int32Array.from(judged.map(it => it.decision ?? -1)),
    connection: Int32Array.from(numbers(({ connection }) => connection)),
    packet: Float64Array.from(numbers(it => it.packet)),
    marks: Uint8Array.from(numbers(({ marks }) => marks)),
  };
  return { frames: batch, packets, verdicts, interfaces };
}

export interface RunOptions {
  readonly decisions?: readonly Decision[];
  readonly batches?: Batches;
  readonly damaged?: boolean;
  readonly compiled?: Compiled;
  readonly warnings?: readonly string[];
}

/** Runs a report over the batches, as the replay does. */
export async function run(report: Report, options: RunOptions = {}): Promise<void> {
  const { frames, packets, verdicts, interfaces } = options.batches ?? batchesOf(PACKETS);
  const source: FrameSource = {
    interfaces,
    next: () => null,
    errors: options.damaged ? [new CaptureError('shop.pcap', 1234, 'a packet of 60 bytes', 'the end of the file')] : [],
    bytesRead: 0,
    stepsBack: 0,
    close() {},
  };
  const compiled = options.compiled ?? shopCompiled();
  const decisions = options.decisions ?? DECISIONS;
  const context: ReplayContext = {
    compiled,
    source,
    decisions,
    of: () => context,
    isOwn: () => true,
    current: () => context,
    ends: new EndOwners(decisions, compiled.classifier),
    newCounting(conversations) {
      const counters = new Counters(compiled.classifier, compiled.inventory.owners.length, conversations, 1024);
      return { counters, count: counters.count.bind(counters) };
    },
    newWriting: createWritings(null),
    mode: 'what-if',
    requests: null,
    mesh: null,
    captures: ['shop.pcap'],
    changes: [],
  };
  report.begin(context);
  await report.batch(frames, packets, verdicts, 1);
  const tracker = { live: 7, most: 7, created: 7, expired: 0, earlyEvictions: 0, refusedFull: 0 };
  const noticed = { fromNodes: 0, darkPackets: 3, darkBytes: 0, younger: [], bytes: 0, givenUp: 0, stepsBack: 0 };
  await report.end({ tracker, replayMs: 2, warnings: options.warnings ?? ['3 packets are dark.'], noticed });
}

export function collect(): Output & { text(): string; bytes(): Uint8Array } {
  const chunks: Uint8Array[] = [];
  const encoder = new TextEncoder();
  return {
    write(chunk) {
      chunks.push(typeof chunk === 'string' ? encoder.encode(chunk) : chunk.slice());
    },
    text: () => chunks.map(chunk => new TextDecoder().decode(chunk)).join(''),
    bytes: () => Uint8Array.from(chunks.flatMap(chunk => [...chunk])),
  };
}
