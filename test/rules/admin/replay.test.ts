/** Administrators' policies over a replay: connections, not packets (A17), and how an ambiguous one is counted (A4). */
import { expect, it } from 'vitest';
import { batchOf, ethernet, icmpError, ipv4, type TcpFields, tcp } from '../../support/frames.js';
import { compileText, record, sourceOf, words } from '../../support/replay.js';
import { CLUSTER } from '../../verdict/cluster.js';

const WEB = '10.0.1.2';
const DB = '10.0.2.3';

const packet = (src: string, dst: string, fields: TcpFields): Uint8Array => ipv4({ src, dst }, tcp(fields));
const policy = (name: string, spec: string): string =>
  `apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: ${name}}\nspec: {tier: Admin, priority: 1, subject: {namespaces: {}}, ${spec}}\n`;
const toDb = 'to: [{pods: {podSelector: {matchLabels: {app: db}}}}]';

const first = packet(WEB, DB, { sport: 40000, dport: 5432, seq: 100, flags: 'S' });
const answer = packet(DB, WEB, { sport: 5432, dport: 40000, seq: 500, ack: 101, flags: 'SA' });
const unreachable = ipv4({ src: DB, dst: WEB }, icmpError(first));

const judge = async (...policies: string[]) => {
  const frames = [first, answer, unreachable].map(it => ethernet(it));
  return (await record(sourceOf([batchOf(frames, {}).batch]), compileText(CLUSTER, ...policies))).records;
};

it('A17: what a rule accepts includes replies and errors, whatever else is denied', async () => {
  const records = await judge(
    policy('p', `egress: [{action: Accept, ${toDb}}, {action: Deny, to: [{networks: [0.0.0.0/0]}]}]`),
  );
  expect(words(records)).toEqual(['allowed rule', 'allowed established', 'allowed related']);
});

it('A4: an ambiguous connection is undecided from its first packet on, and counts for both names', async () => {
  const a = policy('a', `egress: [{action: Accept, ${toDb}}]`);
  const b = policy('b', `egress: [{action: Deny, ${toDb}}]`);
  const records = await judge(a, b);
  expect(words(records)[0]).toBe('undecided ambiguous-policy');
  expect(records[0]!.egress).toMatchObject({ policy: 'a and b', rule: 'egress[0] and egress[0]' });
});
