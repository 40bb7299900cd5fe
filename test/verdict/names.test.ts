/** Rules that ask for names, decided by the DNS answers in the capture itself; on the fast path and without it alike. */
import { describe, expect, it } from 'vitest';
import type { Compiled } from '../../src/compile.js';
import { createMesh } from '../../src/mesh/mesh.js';
import { ciliumPattern, exactName, type NameMatcher } from '../../src/names/patterns.js';
import { noObjects } from '../../src/policy/dialects.js';
import { PROFILES } from '../../src/profile/index.js';
import { everywhere, fromAddresses } from '../../src/rules/addresses.js';
import { createRuleBuilder } from '../../src/rules/build.js';
import { type ContributedRule, type Contribution, namedRules } from '../../src/rules/contribution.js';
import { portSet } from '../../src/rules/ports.js';
import type { NameLearner } from '../../src/rules/ruleset.js';
import { createLinear } from '../../src/tree/linear.js';
import { createTree } from '../../src/tree/tree.js';
import { at, cluster } from '../rules/cluster.js';
import { dnsAnswer } from '../support/dns.js';
import { batchOf, ethernet, ipv4, ipv6, type Segment, tcp, udp } from '../support/frames.js';
import { record, sourceOf } from '../support/replay.js';

const [WEB, API, FAR, LOOSE] = ['10.0.0.1', '10.0.0.2', '10.0.1.1', '10.0.2.1'];
const DNS = '10.96.0.10';
const [GOOD, OTHER, NEVER] = ['192.0.2.1', '192.0.2.2', '192.0.2.3'];
const inventory = cluster({
  pods: [
    { ns: 'shop', name: 'web', ips: [WEB, 'fd00::1'], node: 'n1' },
    { ns: 'shop', name: 'api', ips: [API], node: 'n1' },
    { ns: 'shop', name: 'far', ips: [FAR], node: 'n2' },
    { ns: 'shop', name: 'loose', ips: [LOOSE] },
  ],
  nodes: { n1: ['192.168.0.1'], n2: ['192.168.0.2'] },
});
const PODS = fromAddresses([WEB, API, FAR, LOOSE, 'fd00::1']);

interface Setting {
  readonly matches?: NameMatcher;
  readonly action?: ContributedRule['action'];
  readonly behind?: ContributedRule['action'];
  readonly heard?: {
    readonly subjects?: typeof PODS;
    readonly peers?: typeof PODS;
    readonly matches?: NameMatcher;
    readonly learner?: NameLearner;
  } | null;
}

/** Pods may go to example.com on 443, to DNS, and nowhere else. */
function compiled({
  matches = exactName('example.com'),
  action = 'allow',
  behind,
  heard = {},
}: Setting = {}): Compiled {
  const position = at(1);
  const rule = (name: string, given: Partial<ContributedRule>): ContributedRule => ({
    ...{ subjects: PODS, peers: everywhere([]), protocol: 6, sourcePorts: null, destinationPorts: null, icmp: null },
    ...{ action: 'allow', origin: { kind: 'TestPolicy', policy: 'names', rule: name, position }, ...given },
  });
  const dns = heard === null ? [] : [{ subjects: PODS, peers: everywhere([]), matches: () => true, ...heard }];
  const contribution: Contribution = {
    ...{ direction: 'egress', tier: { name: 'test', rank: 1_000 }, order: 0, name: 'names' },
    rules: [
      rule('dns', { protocol: null, destinationPorts: portSet([53, 53]) }),
      ...namedRules(rule('toFQDNs', { destinationPorts: portSet([443, 443]), action }), {
        patterns: ['example.com'],
        matches,
      }),
      ...(behind === undefined ? [] : [rule('behind', { destinationPorts: portSet([443, 443]), action: behind })]),
    ],
    isolations: [{ subjects: PODS, origin: { kind: 'TestPolicy', policy: 'names', rule: 'egress', position } }],
    dns,
  };
  const ruleset = createRuleBuilder(inventory)([], undefined, [contribution]);
  return {
    ...{
      inventory,
      policies: [],
      objects: noObjects(),
      mesh: createMesh([], inventory),
      profile: PROFILES.upstream,
      profileFrom: 'asked for',
      ruleset,
    },
    ...{ classifier: createTree(ruleset, inventory), problems: [], ignored: new Map(), compileMs: 0 },
  };
}

interface Step {
  readonly frame: Uint8Array;
  readonly second: number;
}
let port = 40_000;
const packet = (src: string, dst: string, segment: Segment, second: number): Step => ({
  frame: ethernet(src.includes(':') ? ipv6({ src, dst }, segment) : ipv4({ src, dst }, segment)),
  second,
});
/** An answer to a pod. */
const answer = (to: string, name: string, addresses: readonly string[], second: number, ttl = 60): Step =>
  packet(
    to.includes(':') ? 'fd00:1::10' : DNS,
    to,
    udp({ sport: 53, dport: 5353, payload: Uint8Array.from(dnsAnswer(name, addresses, ttl)) }),
    second,
  );
/** A new connection. */
const connect = (from: string, to: string, second: number, dport = 443): Step =>
  packet(from, to, tcp({ sport: port++, dport, flags: 'S' }), second);

/** The verdicts of the connections, in both modes, on the fast path and without: they must agree. */
async function verdicts(steps: readonly Step[], setting: Setting = {}): Promise<string[]> {
  const frames = steps.map(({ frame }) => frame);
  const times = steps.map(({ second }) => BigInt(Math.round(second * 1000)) * 1_000_000n);
  const asked = steps.map(({ frame }) => frame[frame[12] === 0x86 ? 14 + 6 : 14 + 9] === 6 && isSyn(frame));
  const all: string[][] = [];
  for (const mode of ['what-if', 'dataplane'] as const) {
    for (const options of [{ mode }, { mode, fastPath: null }]) {
      // A batch for each third packet: what is learned lasts from one to the next.
      const batches = [];
      for (let i = 0; i < frames.length; i += 3) {
        batches.push(batchOf(frames.slice(i, i + 3), { times: times.slice(i, i + 3) }).batch);
      }
      const { records } = await record(sourceOf(batches), compiled(setting), options);
      all.push(records.flatMap(({ verdict, reason }, i) => (asked[i] ? [`${verdict} ${reason}`] : [])));
    }
  }
  for (const other of all) expect(other).toEqual(all[0]);
  return all[0]!;
}
const isSyn = (frame: Uint8Array): boolean => (frame[(frame[12] === 0x86 ? 54 : 34) + 13]! & 2) !== 0;

const [YES, NO, UNKNOWN] = ['allowed rule', 'dropped default-deny', 'undecided unsupported'];

describe('rules that ask for names', () => {
  it('an address that an answer gave the name; one that it gave another; one that nobody was told of', async () => {
    const steps = [
      connect(WEB, GOOD, 0),
      answer(WEB, 'example.com', [GOOD], 1),
      answer(WEB, 'example.org', [OTHER], 1),
      connect(WEB, GOOD, 2),
      connect(WEB, OTHER, 2),
      connect(WEB, NEVER, 2),
      connect(WEB, GOOD, 3),
      connect(WEB, GOOD, 3, 80),
    ];
    expect(await verdicts(steps)).toEqual([UNKNOWN, YES, NO, UNKNOWN, YES, NO]);
  });

  it('until its time has run out: then nobody can tell', async () => {
    const steps = [
      answer(WEB, 'example.com', [GOOD], 1, 10),
      connect(WEB, GOOD, 10.9),
      connect(WEB, GOOD, 11.1),
      answer(WEB, 'example.com', [GOOD], 12, 10),
      connect(WEB, GOOD, 13),
    ];
    expect(await verdicts(steps)).toEqual([YES, UNKNOWN, YES]);
  });

  it('pods of one node share what they hear, others do not', async () => {
    const steps = [
      answer(WEB, 'example.com', [GOOD], 1),
      ...[WEB, API, FAR, LOOSE].map(pod => connect(pod, GOOD, 2)),
      answer(LOOSE, 'example.com', [GOOD], 3),
      connect(LOOSE, GOOD, 4),
      connect(FAR, GOOD, 4),
    ];
    expect(await verdicts(steps)).toEqual([YES, YES, UNKNOWN, UNKNOWN, YES, UNKNOWN]);
  });

  it('only answers to pods that are listened to, of names that are learned', async () => {
    const steps = [answer(WEB, 'example.com', [GOOD], 1), connect(WEB, GOOD, 2)];
    expect(await verdicts(steps, { heard: null })).toEqual([UNKNOWN]);
    expect(await verdicts(steps, { heard: { subjects: fromAddresses([FAR]) } })).toEqual([UNKNOWN]);
    expect(await verdicts(steps, { heard: { matches: exactName('example.org') } })).toEqual([UNKNOWN]);
    expect(await verdicts(steps, { heard: { peers: fromAddresses(['8.8.8.8']) } })).toEqual([UNKNOWN]);
    expect(await verdicts(steps, { heard: { peers: fromAddresses([DNS]) } })).toEqual([YES]);
  });

  it('what one plugin has learned, rules of another do not know', async () => {
    const steps = [answer(WEB, 'example.com', [GOOD], 1), connect(WEB, GOOD, 2)];
    const learner = { name: 'other', repliesOnly: false };
    expect(await verdicts(steps, { heard: { learner } })).toEqual([UNKNOWN]);
  });

  it('patterns, several addresses, IPv6', async () => {
    const steps = [
      answer(WEB, 'www.example.com', [GOOD, OTHER], 1),
      answer('fd00::1', 'v6.example.com', ['2001:db8::9'], 1),
      connect(WEB, OTHER, 2),
      connect('fd00::1', '2001:db8::9', 2),
    ];
    expect(await verdicts(steps, { matches: ciliumPattern('*.example.com') })).toEqual([YES, YES]);
    expect(await verdicts(steps)).toEqual([NO, NO]);
  });

  it('answers over TCP, in pieces', async () => {
    const body = dnsAnswer('example.com', [GOOD], 60);
    const stream = Uint8Array.from([body.length >> 8, body.length & 255, ...body]);
    const segment = (seq: number, flags: string, payload: Uint8Array, second: number): Step =>
      packet(DNS, WEB, tcp({ sport: 53, dport: 5353, seq, ack: 1, flags, payload }), second);
    const steps = [
      packet(WEB, DNS, tcp({ sport: 5353, dport: 53, seq: 0, flags: 'S' }), 0),
      segment(100, 'SA', new Uint8Array(0), 0.1),
      packet(WEB, DNS, tcp({ sport: 5353, dport: 53, seq: 1, ack: 101, flags: 'A' }), 0.2),
      segment(101, 'A', stream.subarray(0, 20), 0.3),
      connect(WEB, GOOD, 0.4),
      segment(121, 'PA', stream.subarray(20), 0.5),
      connect(WEB, GOOD, 0.6),
    ];
    const found = await verdicts(steps);
    expect(found.slice(-2)).toEqual([UNKNOWN, YES]);
  });

  it('a rule that refuses names, and one that passes them on', async () => {
    const steps = [
      answer(WEB, 'example.com', [GOOD], 1),
      answer(WEB, 'example.org', [OTHER], 1),
      connect(WEB, GOOD, 2),
      connect(WEB, OTHER, 2),
    ];
    expect(await verdicts(steps, { action: 'deny', behind: 'allow' })).toEqual(['dropped rule', YES]);
    expect(await verdicts(steps, { action: 'pass', behind: 'allow' })).toEqual(['allowed no-policy', YES]);
  });

  it('without a capture nobody can tell', () => {
    const { ruleset } = compiled();
    const linear = createLinear(ruleset, inventory);
    const endpoint = (owner: number, address: string) => ({ owner, address });
    const [egress] = linear.decide({
      ...{ source: endpoint(0, WEB), destination: endpoint(-1, GOOD), protocol: 6 },
      ...{ sourcePort: -1, destinationPort: 443, icmpType: -1, icmpCode: -1 },
    });
    expect(ruleset.rules[egress]).toMatchObject({ action: 'unsupported', names: { patterns: ['example.com'] } });
    expect(ruleset.rules[egress + 1]).toMatchObject({ action: 'allow', origin: ruleset.rules[egress]!.origin });
  });
});
