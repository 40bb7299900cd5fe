/** CI19, CI26: toFQDNs over a capture with its DNS answers, from documents to verdicts. */
import { describe, expect, it } from 'vitest';
import { dnsAnswer } from '../../support/dns.js';
import { batchOf, ethernet, ipv4, tcp, udp } from '../../support/frames.js';
import { compileText, record, sourceOf, words } from '../../support/replay.js';

const [CLIENT, SIBLING, FAR, DNS] = ['10.0.0.1', '10.0.0.2', '10.0.1.1', '10.0.1.53'];
const [WEB, SERVICE, ELSEWHERE, ODD] = ['10.0.1.80', '10.96.0.10', '10.96.0.11', '10.96.0.12'];
const [GOOD, OTHER] = ['203.0.113.1', '203.0.113.2'];

const pod = (name: string, ip: string, node: string, app: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: { app: ${app} } }
spec: { nodeName: ${node}, containers: [] }
status: { phase: Running, podIP: ${ip}, podIPs: [{ ip: ${ip} }] }
---`;
const node = (name: string, ip: string): string => `
apiVersion: v1
kind: Node
metadata: { name: ${name} }
status: { addresses: [{ type: InternalIP, address: ${ip} }] }
---`;
const service = (name: string, ip: string, app: string, port: number): string => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec: { clusterIP: ${ip}, selector: { app: ${app} }, ports: [{ port: ${port}, targetPort: 53, protocol: UDP }] }
---`;
const CLUSTER = [
  ...[node('n1', '192.168.0.1'), node('n2', '192.168.0.2')],
  ...[pod('client', CLIENT, 'n1', 'client'), pod('sibling', SIBLING, 'n1', 'client'), pod('far', FAR, 'n2', 'client')],
  pod('dns', DNS, 'n2', 'dns'),
  pod('web', WEB, 'n2', 'web'),
  ...[service('kube-dns', SERVICE, 'dns', 53), service('other', ELSEWHERE, 'web', 53), service('odd', ODD, 'dns', 54)],
].join('');

const policy = (names: string, questions: string): string => `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: out, namespace: shop }
spec:
  endpointSelector: { matchLabels: { app: client } }
  egress:
    - toEndpoints: [{ matchLabels: { app: dns } }]
      toPorts: [{ ports: [{ port: "53", protocol: ANY }]${questions} }]
    - toFQDNs: [${names}]
      toPorts: [{ ports: [{ port: "443", protocol: TCP }] }]
`;
const ALL = ', rules: { dns: [{ matchPattern: "*" }] }';

let port = 40_000;
const answer = (to: string, name: string, addresses: readonly string[], from = DNS): Uint8Array =>
  ethernet(
    ipv4(
      { src: from, dst: to },
      udp({ sport: 53, dport: 5353, payload: Uint8Array.from(dnsAnswer(name, addresses, 60)) }),
    ),
  );
const question = (from: string): Uint8Array => ethernet(ipv4({ src: from, dst: DNS }, udp({ sport: 5353, dport: 53 })));
const connect = (from: string, to: string): Uint8Array =>
  ethernet(ipv4({ src: from, dst: to }, tcp({ sport: port++, dport: 443, flags: 'S' })));

async function ask(names: string, questions: string, frames: readonly Uint8Array[]) {
  const compiled = compileText(CLUSTER, policy(names, questions));
  const { batch } = batchOf(frames, { times: frames.map((_, i) => BigInt(i) * 1_000_000n) });
  const { records } = await record(sourceOf([batch]), compiled);
  return { verdicts: words(records), records, compiled };
}

const EXAMPLE = '{ matchName: example.com }, { matchPattern: "*.cdn.example" }';

describe('CI19: toFQDNs', () => {
  it('addresses that answers gave such a name, to any pod of the node', async () => {
    const { verdicts, records } = await ask(EXAMPLE, ALL, [
      question(CLIENT),
      answer(CLIENT, 'example.com', [GOOD]),
      answer(CLIENT, 'example.org', [OTHER]),
      connect(CLIENT, GOOD),
      connect(SIBLING, GOOD),
      connect(FAR, GOOD),
      connect(CLIENT, OTHER),
      answer(CLIENT, 'a.cdn.example', [OTHER]),
      connect(CLIENT, OTHER),
    ]);
    const [yes, no, unknown] = ['allowed rule', 'dropped default-deny', 'undecided unsupported'];
    expect(verdicts[0]).toBe(yes);
    expect([3, 4, 5, 6, 8].map(i => verdicts[i])).toEqual([yes, yes, unknown, no, yes]);
    expect(records[3]!.egress).toMatchObject({ policy: 'shop/out', rule: 'egress[1]', kind: 'CiliumNetworkPolicy' });
  });

  it('CI26: nothing is learned where no DNS rule lets the proxy see it, nor what such a rule refuses', async () => {
    const frames = [answer(CLIENT, 'example.com', [GOOD]), connect(CLIENT, GOOD)];
    const last = async (questions: string) => (await ask(EXAMPLE, questions, frames)).verdicts[1];
    expect(await last('')).toBe('undecided unsupported');
    expect(await last(', rules: { dns: [{ matchName: example.org }] }')).toBe('undecided unsupported');
    expect(await last(', rules: { dns: [{ matchPattern: "*.com" }] }')).toBe('allowed rule');
  });

  it('CI26: nor from a server that no DNS rule allows; a service answers for its backends', async () => {
    const from = async (server: string, pair = policy(EXAMPLE, ALL)): Promise<string | undefined> => {
      const frames = [answer(CLIENT, 'example.com', [GOOD], server), connect(CLIENT, GOOD)];
      const { batch } = batchOf(frames, { times: [0n, 1n] });
      return words((await record(sourceOf([batch]), compileText(CLUSTER, pair))).records)[1];
    };
    const servers = [DNS, SERVICE, '198.51.100.53', WEB, ELSEWHERE, ODD];
    const learned = ['allowed rule', 'allowed rule', ...Array<string>(4).fill('undecided unsupported')];
    expect(await Promise.all(servers.map(it => from(it)))).toEqual(learned);
    // What such a rule says of everybody holds for every server.
    const open = policy(EXAMPLE, ALL).replace('toEndpoints: [{ matchLabels: { app: dns } }]', 'toEntities: [all]');
    expect(await Promise.all(servers.map(it => from(it, open)))).toEqual([
      ...Array<string>(5).fill('allowed rule'),
      'undecided unsupported',
    ]);
  });

  it('a plain allow needs no name', async () => {
    const wide = policy(EXAMPLE, ALL).replace('- toFQDNs', '- toCIDR: [203.0.113.2/32]\n    - toFQDNs');
    const compiled = compileText(CLUSTER, wide);
    const { batch } = batchOf([connect(CLIENT, OTHER), connect(CLIENT, GOOD)], { times: [0n, 1n] });
    const { records } = await record(sourceOf([batch]), compiled);
    expect(words(records)).toEqual(['allowed rule', 'undecided unsupported']);
  });
});
