/**
 * CI2: the table of Cilium's documentation (Documentation/security/policy/deny.rst): five sets of allow and deny policies of a
 * server pod, three kinds of traffic, and what each comes to.
 */
import { describe, expect, it } from 'vitest';
import { asker, compiled, node, ping, pod, to } from './ask.js';

const SERVER = '10.0.0.2';
const CLIENT = '10.0.0.1';

const CLUSTER = [
  node('n1', ['192.168.0.1']),
  pod({ at: 'shop/client', labels: { app: 'client' }, ips: [CLIENT], node: 'n1' }),
  pod({ at: 'shop/server', labels: { app: 'server' }, ips: [SERVER], node: 'n1' }),
];

const policy = (name: string, rules: string): string => `
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: ${name}, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: server}}
  ${rules}
`;

const ALLOWS = [
  policy(
    'l7',
    'ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{method: GET, path: /public}]}}]}]',
  ),
  policy('l4-80', 'ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]'),
  policy('l4-81', 'ingress: [{toPorts: [{ports: [{port: "81", protocol: TCP}]}]}]'),
  policy('l3', 'ingress: [{fromEndpoints: [{matchLabels: {app: client}}]}]'),
].join('');
const DENY_80 = policy('deny-80', 'ingressDeny: [{toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]');
const DENY_L3 = policy('deny-l3', 'ingressDeny: [{fromEndpoints: [{matchLabels: {app: client}}]}]');

const COLUMNS: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['allows alone', [ALLOWS], ['allowed', 'allowed', 'allowed']],
  ['allows, and 80 is denied', [ALLOWS, DENY_80], ['allowed', 'dropped', 'allowed']],
  ['allows, and the client is denied', [ALLOWS, DENY_L3], ['dropped', 'dropped', 'dropped']],
  ['allows, and both are denied', [ALLOWS, DENY_80, DENY_L3], ['dropped', 'dropped', 'dropped']],
  ['80 is denied, and nothing allowed', [DENY_80], ['dropped', 'dropped', 'dropped']],
];

describe('CI2: deny beats allow, as the documentation has it', () => {
  it.each(COLUMNS)('%s', (_, policies, [at81, at80, pinged]) => {
    const ask = asker(compiled(policies.join(''), CLUSTER));
    const verdict = (packet: Parameters<typeof ask>[0]): string => ask(packet).ingress.split(' ')[0]!;
    expect(verdict(to(CLIENT, SERVER, 81))).toBe(at81);
    expect(verdict(to(CLIENT, SERVER, 80))).toBe(at80);
    expect(verdict(ping(CLIENT, SERVER))).toBe(pinged);
  });

  it('a deny beats a NetworkPolicy, too, and is named', () => {
    const allow = `
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: all, namespace: shop}
spec: {podSelector: {}, ingress: [{}]}
`;
    const ask = asker(compiled(allow + DENY_80, CLUSTER));
    expect(ask(to(CLIENT, SERVER, 80)).ingress).toBe('dropped rule shop/deny-80 ingressDeny[0]');
    expect(ask(to(CLIENT, SERVER, 81)).ingress).toBe('allowed rule shop/all ingress[0]');
  });
});
