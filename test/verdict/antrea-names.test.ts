/**
 * Antrea's `fqdn` peers (facts AN13, AN20 to AN25 of docs/dialects/antrea.md): policies as they are written, frames through the
 * judge, in both modes, on the fast path and without it alike.
 */
import { describe, expect, it } from 'vitest';
import { type Compiled, compile } from '../../src/compile.js';
import { readDocuments } from '../../src/documents/read.js';
import { dnsAnswer } from '../support/dns.js';
import { batchOf, ethernet, ipv4, type Segment, tcp, udp } from '../support/frames.js';
import { record, sourceOf } from '../support/replay.js';

const [WEB, API, FAR, BACKEND, COREDNS] = ['10.0.0.1', '10.0.0.2', '10.0.1.1', '10.0.0.9', '10.0.0.53'];
const [VIP, SHOP_VIP, OTHER_DNS] = ['10.96.0.10', '10.96.0.5', '8.8.8.8'];
const [GOOD, OTHER, NEVER] = ['192.0.2.1', '192.0.2.2', '192.0.2.3'];

const pod = (name: string, ip: string, node: string, namespace = 'shop'): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: ${namespace}, labels: {app: ${name}}}\nspec: {nodeName: ${node}, containers: [{name: c}]}\nstatus: {phase: Running, podIPs: [{ip: ${ip}}]}\n---\n`;
const node = (name: string, ip: string): string =>
  `apiVersion: v1\nkind: Node\nmetadata: {name: ${name}, labels: {name: ${name}}}\nstatus: {addresses: [{type: InternalIP, address: ${ip}}]}\n---\n`;
const CLUSTER = `${pod('web', WEB, 'n1')}${pod('api', API, 'n1')}${pod('far', FAR, 'n2')}${pod('backend', BACKEND, 'n1')}
${pod('dns', COREDNS, 'n1', 'kube-system')}${node('n1', '192.168.0.1')}${node('n2', '192.168.0.2')}apiVersion: v1
kind: Service
metadata: {name: dns, namespace: kube-system}
spec: {clusterIP: ${VIP}, selector: {app: dns}, ports: [{port: 53, protocol: UDP}]}
---
apiVersion: v1
kind: Service
metadata: {name: shop, namespace: shop}
spec: {clusterIP: ${SHOP_VIP}, selector: {app: backend}, ports: [{port: 443}]}
`;
const policy = (name: string, spec: string): string =>
  `apiVersion: crd.antrea.io/v1beta1\nkind: ClusterNetworkPolicy\nmetadata: {name: ${name}}\nspec: {${spec}}\n`;
const CLIENTS = 'appliedTo: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}}]';
const egress = (rules: string, to = CLIENTS): string => policy('p', `priority: 5, ${to}, egress: [${rules}]`);
const TO_DNS = '{action: Allow, ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]}';
const named = (pattern: string, action = 'Allow'): string =>
  `{action: ${action}, to: [{fqdn: "${pattern}"}], ports: [{port: 443}]}`;
/** Pods may go to example.com on 443, to DNS, and nowhere else. */
const NORMAL = egress(`${TO_DNS}, ${named('example.com')}, {action: Drop}`);

function compiled(policies: readonly string[]): Compiled {
  const documents = [CLUSTER, ...policies].flatMap((text, i) => readDocuments(text, `${i}.yaml`).documents);
  const { compiled, problems } = compile(documents, { profile: 'antrea' });
  if (compiled === null) throw new Error(JSON.stringify(problems, null, 1));
  return compiled;
}

interface Step {
  readonly frame: Uint8Array;
  readonly second: number;
  /** Its verdict is asked for. */
  readonly isAsked: boolean;
}
let port = 20_000;
const packet = (src: string, dst: string, segment: Segment, second: number, isAsked = false): Step => ({
  frame: ethernet(ipv4({ src, dst }, segment)),
  second,
  isAsked,
});
const message = (name: string, addresses: readonly string[], ttl: number) =>
  Uint8Array.from(dnsAnswer(name, addresses, ttl));
/** A pod's question, which is any packet to port 53, and what answers it. */
function resolve(from: string, name: string, addresses: readonly string[], second: number, ttl = 60, server = VIP) {
  const client = port++;
  return [
    packet(from, server, udp({ sport: client, dport: 53, payload: new Uint8Array(20) }), second - 0.1),
    packet(server, from, udp({ sport: 53, dport: client, payload: message(name, addresses, ttl) }), second),
  ];
}
const connect = (from: string, to: string, second: number, dport = 443): Step =>
  packet(from, to, tcp({ sport: port++, dport, flags: 'S' }), second, true);

/** @param modes dataplane mode takes a service's address for what it is, what-if mode for its pods */
async function verdicts(
  steps: readonly Step[],
  policies: readonly string[] = [NORMAL],
  modes: readonly ('what-if' | 'dataplane')[] = ['what-if', 'dataplane'],
): Promise<string[]> {
  const all: string[][] = [];
  for (const mode of modes) {
    for (const options of [{ mode }, { mode, fastPath: null }]) {
      // A batch for each third packet: what is learned lasts from one to the next.
      const batches = [];
      for (let i = 0; i < steps.length; i += 3) {
        const part = steps.slice(i, i + 3);
        const times = part.map(({ second }) => BigInt(Math.round(second * 1000)) * 1_000_000n);
        batches.push(
          batchOf(
            part.map(({ frame }) => frame),
            { times },
          ).batch,
        );
      }
      const { records } = await record(sourceOf(batches), compiled(policies), options);
      all.push(records.flatMap(({ verdict, reason }, i) => (steps[i]!.isAsked ? [`${verdict} ${reason}`] : [])));
    }
  }
  for (const other of all) expect(other).toEqual(all[0]);
  return all[0]!;
}

const [YES, NO, UNKNOWN, FREE] = ['allowed rule', 'dropped rule', 'undecided unsupported', 'allowed no-policy'];

describe('names that Antrea learns', () => {
  it('AN13: an address that an answer gave the name; one that it gave another; one that nobody was told of', async () => {
    const steps = [
      connect(WEB, GOOD, 0),
      ...resolve(WEB, 'example.com', [GOOD], 1),
      ...resolve(WEB, 'example.org', [OTHER], 1.2),
      connect(WEB, GOOD, 2),
      connect(WEB, OTHER, 2),
      connect(WEB, NEVER, 2),
      connect(WEB, GOOD, 2, 80),
    ];
    expect(await verdicts(steps)).toEqual([UNKNOWN, YES, NO, UNKNOWN, NO]);
  });

  it('AN20: from answers to pods of such rules alone, shared by the pods of a node', async () => {
    const steps = (to: string) => [
      ...resolve(to, 'example.com', [GOOD], 1),
      ...[WEB, API, FAR].map(from => connect(from, GOOD, 2)),
    ];
    const of = (app: string) => egress(`${TO_DNS}, ${named('example.com')}`, `appliedTo: [${app}]`);
    expect(await verdicts(steps(WEB))).toEqual([YES, YES, UNKNOWN]);
    expect(await verdicts(steps(FAR))).toEqual([UNKNOWN, UNKNOWN, YES]);
    const web = of('{podSelector: {matchLabels: {app: web}}}');
    expect(await verdicts(steps(API), [web])).toEqual([UNKNOWN, FREE, FREE]);
    expect(await verdicts(steps(WEB), [web])).toEqual([YES, FREE, FREE]);
  });

  it('AN20: from whichever server the pod asked', async () => {
    const steps = [...resolve(WEB, 'example.com', [GOOD], 1, 60, OTHER_DNS), connect(WEB, GOOD, 2)];
    expect(await verdicts(steps)).toEqual([YES]);
  });

  it('AN21: an answer that nobody asked for, and one to a question that the policies refuse, open nothing', async () => {
    const [question, answer] = resolve(WEB, 'example.com', [GOOD], 1);
    expect(await verdicts([answer!, connect(WEB, GOOD, 2)])).toEqual([UNKNOWN]);
    expect(await verdicts([answer!, question!, connect(WEB, GOOD, 2)])).toEqual([UNKNOWN]);
    expect(await verdicts([question!, answer!, connect(WEB, GOOD, 2)])).toEqual([YES]);
    // Who speaks first has opened the connection: what follows is no reply either.
    const again = { ...answer!, second: 1.2 };
    expect(await verdicts([{ ...answer!, second: 0.8 }, question!, again, connect(WEB, GOOD, 2)])).toEqual([UNKNOWN]);
    // Long after, it seems to be of a connection that is known.
    expect(await verdicts([answer!, { ...answer!, second: 201 }, connect(WEB, GOOD, 202)])).toEqual([UNKNOWN]);
    const noDns = egress(`${named('example.com')}, {action: Drop}`);
    expect(await verdicts([question!, answer!, connect(WEB, GOOD, 2)], [noDns])).toEqual([UNKNOWN]);
    const toTheirs = egress(
      `{action: Allow, to: [{podSelector: {matchLabels: {app: dns}}}], ports: [{protocol: UDP, port: 53}]}, ${named('example.com')}, {action: Drop}`,
    );
    // The rule sees the pod behind the service.
    expect(await verdicts([question!, answer!, connect(WEB, GOOD, 2)], [toTheirs], ['what-if'])).toEqual([YES]);
    const foreign = [...resolve(WEB, 'example.com', [GOOD], 1, 60, OTHER_DNS), connect(WEB, GOOD, 2)];
    expect(await verdicts(foreign, [toTheirs])).toEqual([UNKNOWN]);
    // What was refused was not even heard.
    const refused = [
      ...resolve(WEB, 'example.com', [GOOD], 1, 60, OTHER_DNS),
      ...resolve(WEB, 'example.org', [GOOD], 1.2),
      connect(WEB, GOOD, 2),
    ];
    expect(await verdicts(refused, [toTheirs], ['what-if'])).toEqual([NO]);
  });

  it('AN21: an answer to an undecided question is not surely learned', async () => {
    const undecidedDns = egress(
      `{action: Allow, to: [{group: lost}], ports: [{protocol: UDP, port: 53}]}, ${named('example.com')}, {action: Drop}`,
    );
    const steps = [
      ...resolve(WEB, 'example.org', [GOOD], 1),
      ...resolve(WEB, 'example.com', [GOOD], 1.2),
      ...resolve(WEB, 'example.org', [OTHER], 1.4),
      connect(WEB, GOOD, 2),
      connect(WEB, OTHER, 2),
    ];
    expect(await verdicts(steps, [undecidedDns])).toEqual([UNKNOWN, NO]);
  });

  it('AN22: as long as it lasts; then the agent asks again, and nobody can tell', async () => {
    const steps = [
      ...resolve(WEB, 'example.com', [GOOD], 1, 10),
      connect(WEB, GOOD, 10.9),
      connect(WEB, GOOD, 11.1),
      ...resolve(WEB, 'example.org', [GOOD], 12, 60),
      connect(WEB, GOOD, 13),
      ...resolve(WEB, 'example.com', [GOOD], 14, 60),
      ...resolve(WEB, 'example.com', [OTHER], 15, 1),
      connect(WEB, GOOD, 70),
    ];
    expect(await verdicts(steps)).toEqual([YES, UNKNOWN, UNKNOWN, YES]);
  });

  it('AN23: patterns span labels; the name that was asked for counts, not its aliases', async () => {
    const steps = [
      ...resolve(WEB, 'a.b.Example.com', [GOOD], 1),
      ...resolve(WEB, 'example.com', [OTHER], 1.2),
      ...resolve(WEB, 'example.org', [NEVER], 1.4),
      ...[GOOD, OTHER, NEVER].map(to => connect(WEB, to, 2)),
    ];
    const of = (pattern: string) => verdicts(steps, [egress(`${TO_DNS}, ${named(pattern)}, {action: Drop}`)]);
    expect(await of('*example.com')).toEqual([YES, YES, NO]);
    expect(await of('*.EXAMPLE.com')).toEqual([YES, NO, NO]);
    expect(await of('a.*')).toEqual([YES, NO, NO]);
    expect(await of('example.com')).toEqual([NO, YES, NO]);
  });

  it('AN24: a headless service is its pods; an address of a service never matches', async () => {
    const name = 'shop.shop.svc.cluster.local';
    const policies = [egress(`${TO_DNS}, ${named(name)}, {action: Drop}`)];
    const headless = [...resolve(WEB, name, [BACKEND], 1), connect(WEB, BACKEND, 2)];
    expect(await verdicts(headless, policies)).toEqual([YES]);
    const normal = [...resolve(WEB, name, [SHOP_VIP], 1), connect(WEB, SHOP_VIP, 2), connect(WEB, BACKEND, 2)];
    expect(await verdicts(normal, policies, ['what-if'])).toEqual([UNKNOWN, UNKNOWN]);
    expect(await verdicts(normal, policies, ['dataplane'])).toEqual([NO, UNKNOWN]);
    // Names from outside are not asked of pods, unless one of the cluster stands beside them.
    const other = [...resolve(WEB, 'example.com', [BACKEND], 1), connect(WEB, BACKEND, 2)];
    expect(await verdicts(other)).toEqual([NO]);
    const both = egress(`${TO_DNS}, {action: Allow, to: [{fqdn: example.com}, {fqdn: "${name}"}]}, {action: Drop}`);
    expect(await verdicts(other, [both])).toEqual([YES]);
  });

  it('AN25: of nodes a rule never knows names', async () => {
    const onNode = policy(
      'node',
      `priority: 5, appliedTo: [{nodeSelector: {matchLabels: {name: n1}}}], egress: [${named('example.com', 'Drop')}]`,
    );
    const steps = [...resolve('192.168.0.1', 'example.com', [GOOD], 1), connect('192.168.0.1', GOOD, 2)];
    expect(await verdicts(steps, [onNode])).toEqual([UNKNOWN]);
  });

  it('Drop, Reject and Pass', async () => {
    const steps = [
      ...resolve(WEB, 'example.com', [GOOD], 1),
      ...resolve(WEB, 'example.org', [OTHER], 1.2),
      ...[GOOD, OTHER, NEVER].map(to => connect(WEB, to, 2)),
    ];
    expect(await verdicts(steps, [egress(named('example.com', 'Drop'))])).toEqual([NO, FREE, UNKNOWN]);
    const reject = egress(named('example.com', 'Reject'));
    expect(await verdicts(steps, [reject])).toEqual([NO, FREE, UNKNOWN]);
    const { batch } = batchOf(steps.map(({ frame }) => frame));
    const { records } = await record(sourceOf([batch]), compiled([reject]));
    expect(records.flatMap((it, i) => (steps[i]!.isAsked ? [it.egress?.answer] : []))).toEqual([
      'tcp-reset',
      undefined,
      undefined,
    ]);
    // Past the tiers between, NetworkPolicies are next.
    const pass = policy(
      'first',
      `priority: 5, tier: emergency, ${CLIENTS}, egress: [${TO_DNS}, ${named('example.com', 'Pass')}]`,
    );
    const drops = ['platform', 'application'].map(tier =>
      policy(tier, `priority: 5, tier: ${tier}, ${CLIENTS}, egress: [{action: Drop}]`),
    );
    expect(await verdicts(steps, [pass, ...drops])).toEqual([FREE, NO, UNKNOWN]);
    const isolating = `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: np, namespace: shop}\nspec: {podSelector: {}, policyTypes: [Egress]}\n`;
    expect(await verdicts(steps, [pass, ...drops, isolating])).toEqual(['dropped default-deny', NO, UNKNOWN]);
  });

  it('AN4: equal priorities that disagree about names', async () => {
    const first = policy('a', `priority: 1, ${CLIENTS}, egress: [${named('example.com')}]`);
    const second = policy('b', `priority: 1, ${CLIENTS}, egress: [${named('example.org', 'Drop')}]`);
    const dns = policy('dns', `priority: 9, ${CLIENTS}, egress: [${TO_DNS}]`);
    const steps = [
      ...resolve(WEB, 'example.com', [GOOD, OTHER], 1),
      ...resolve(WEB, 'example.org', [OTHER, NEVER], 1.2),
      ...[GOOD, OTHER, NEVER].map(to => connect(WEB, to, 2)),
    ];
    for (const policies of [
      [first, second, dns],
      [second, first, dns],
    ]) {
      expect(await verdicts(steps, policies)).toEqual([YES, 'undecided ambiguous-policy', NO]);
    }
    // All say the same: yes, no or unknown of each does not matter where it is known.
    const third = policy('c', `priority: 1, ${CLIENTS}, egress: [${named('*.net')}]`);
    expect(await verdicts(steps, [first, third, dns])).toEqual([YES, YES, FREE]);
  });

  it('a tier that was not given: what has the name is undecided, what has not goes on', async () => {
    const lost = policy('l', `priority: 1, tier: lost, ${CLIENTS}, egress: [${named('example.com')}]`);
    const steps = [
      ...resolve(WEB, 'example.com', [GOOD], 1),
      ...resolve(WEB, 'example.org', [OTHER], 1.2),
      ...[GOOD, OTHER, NEVER].map(to => connect(WEB, to, 2)),
    ];
    expect(await verdicts(steps, [lost])).toEqual([UNKNOWN, FREE, UNKNOWN]);
  });
});
