/** --profile on every command: what it changes, where outputs name it, and what is refused. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { policap } from './person.js';

const folder = mkdtempSync(join(tmpdir(), 'policap-profile-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const pod = (name: string, ip: string, extra = ''): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: { app: ${name} } }
spec: { nodeName: n1, containers: [{ name: c${extra} }] }
status: { phase: Running, podIP: ${ip}, hostIP: 192.168.0.1 }
---`;
const CLUSTER = file(
  'cluster.yaml',
  `${pod('web', '10.0.0.1')}${pod('db', '10.0.0.2', ', ports: [{ name: sql, containerPort: 5432 }]')}`,
);
const POLICY = file(
  'policies.yaml',
  `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: shop }
spec:
  podSelector: { matchLabels: { app: db } }
  policyTypes: [Ingress]
  ingress:
    - from: [{ podSelector: { matchLabels: { app: web } } }]
      ports: [{ port: sql }, { port: 8000, endPort: 8100 }]
`,
);
const INPUT = ['-p', POLICY, '-c', CLUSTER];
const PING = ['--from', 'shop/web', '--to', 'shop/db', '--protocol', 'ICMP', '--icmp-type', '8'];
const SHOP = ['-p', 'pcaps/shop/policies', '-c', 'pcaps/shop/cluster.yaml'];

describe('--profile', () => {
  it('changes the answer of query, and both outputs say whose it is', async () => {
    const upstream = await policap(['query', ...INPUT, ...PING]);
    expect(upstream.out).toMatch(/^DROPPED/);
    expect(upstream.out).not.toContain('enforces');
    const text = await policap(['query', ...INPUT, ...PING, '--profile', 'kube-router']);
    expect(text.out).toMatch(/^ALLOWED/);
    expect(text.out).toContain('kube-router asks no policy about ICMP echo request');
    expect(text.out).toMatch(/\nPolicies as kube-router enforces them\.\n$/);
    const json = JSON.parse(
      (await policap(['query', ...INPUT, ...PING, '--profile', 'kube-router', '-o', 'json'])).out,
    );
    expect(json).toMatchObject({ profile: 'kube-router', verdict: 'allowed', reason: 'not-enforced' });
    expect(json.ingress).toMatchObject({ policy: 'kube-router', source: 'profile kube-router' });
    expect(JSON.parse((await policap(['query', ...INPUT, ...PING, '-o', 'json'])).out)).not.toHaveProperty('profile');
  });

  it('changes the verdicts of replay; the policies counted stay the documents', async () => {
    const replay = async (...more: string[]) =>
      JSON.parse((await policap(['replay', 'pcaps/shop/capture.pcapng', ...SHOP, '-o', 'json', ...more])).out);
    const [upstream, plugin] = [await replay(), await replay('--profile', 'kube-router')];
    expect(upstream.profile).toBeUndefined();
    expect(plugin.profile).toBe('kube-router');
    expect(plugin.packets.dropped).toBeLessThan(upstream.packets.dropped);
    const names = (summary: { policies: { policy: string }[] }) => summary.policies.map(({ policy }) => policy);
    expect(names(plugin)).toEqual(names(upstream));
    const { out } = await policap(['replay', 'pcaps/shop/capture.pcapng', ...SHOP, '--profile', 'kube-router']);
    expect(out).toContain('5 policies compiled');
    expect(out).toContain('read as kube-router enforces them.');
  });

  it('is named by matrix and by compile', async () => {
    expect((await policap(['matrix', ...INPUT, '--profile', 'calico'])).out).toContain(
      'Policies as Calico enforces them.',
    );
    expect((await policap(['compile', ...INPUT, '--profile', 'calico'])).out).toMatch(/profile +calico/);
    expect((await policap(['compile', ...INPUT, '--profile', 'calico', '--emit', 'rules'])).out).toContain(
      'calico VXLAN from a pod (profile calico)',
    );
    expect((await policap(['compile', ...INPUT, '--profile', 'calico', '--emit', 'tree'])).out).toContain('VXLAN');
  });

  it('warns where a plugin does not do what a policy says', async () => {
    const named = await policap(['compile', ...INPUT, '--profile', 'weave']);
    expect(named.err).toContain('policies.yaml:8:7: warning: Weave Net refuses NetworkPolicy shop/db as a whole');
    const range = file(
      'range.yaml',
      `kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: { name: r }
spec: { podSelector: {}, ingress: [{ ports: [{ port: 1, endPort: 9 }] }] }
`,
    );
    expect((await policap(['compile', '-p', range, '--profile', 'weave'])).err).toContain('does not read endPort');
    expect((await policap(['compile', '-p', range])).err).toBe('');
  });

  it('prints the ruleset of the enforcer, which has no place for plain rules', async () => {
    const emit = async (profile: string, ...more: string[]) =>
      policap(['compile', ...INPUT, '--emit', 'nft', '--profile', profile, ...more]);
    expect((await emit('upstream')).out).toContain('table inet policap');
    expect((await emit('calico')).out).toContain('chain cali-fw-0');
    expect((await emit('kube-router')).out).toContain('chain KUBE-POD-FW-0');
    expect((await emit('weave')).out).toContain('chain WEAVE-NPC-EGRESS-CUSTOM');
    expect((await emit('calico')).out).toMatch(/^# NetworkPolicies as Calico enforces them.*\n# This is for checking/);
    const rules = file('rules.yaml', 'kind: RuleList\ndefault: deny\nrules: []\n');
    const refused = await emit('calico', '--rules', rules);
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toContain('plain rules have no place in the ruleset of Calico');
  });

  it('takes no name that is not built', async () => {
    const { code, err } = await policap(['query', ...INPUT, ...PING, '--profile', 'canal']);
    expect(code).toBe(2);
    expect(err).toContain('Allowed choices are upstream, calico, kube-router, weave, flannel, cilium.');
  });
});
