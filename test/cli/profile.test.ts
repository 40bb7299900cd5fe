/** --profile on every command: what it changes, where outputs name it, and what is refused. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { policap, policapBytes } from './person.js';

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
  it('says where the sender of a refused packet is told: in query, the conversations of replay, compare and comments', async () => {
    const to = ['--from', 'shop/web', '--to', 'shop/db', '--port', '1'];
    const silent = await policap(['query', ...INPUT, ...to], { columns: 200 });
    expect(silent.out).toContain('shop/db is isolated by shop/db; no rule allows this  ');
    const told = await policap(['query', ...INPUT, ...to, '--profile', 'kube-router'], { columns: 200 });
    expect(told.out).toMatch(/^DROPPED/);
    expect(told.out).toContain('no rule allows this, rejected with ICMP port unreachable  ');
    const json = await policap(['query', ...INPUT, ...to, '--profile', 'kube-router', '-o', 'json']);
    expect(JSON.parse(json.out).ingress).toMatchObject({ verdict: 'dropped', answer: 'icmp-port-unreachable' });
    const reject = file(
      'reject.yaml',
      'apiVersion: crd.antrea.io/v1beta1\nkind: NetworkPolicy\nmetadata: { name: r, namespace: shop }\nspec: { priority: 1, appliedTo: [{ podSelector: {} }], egress: [{ action: Reject }] }\n',
    );
    const antrea = await policap(['query', ...INPUT, '-p', reject, ...to, '--profile', 'antrea'], { columns: 200 });
    expect(antrea.out).toContain('shop/r egress[0] denies it, rejected with a TCP reset (tier application)');
    const shop = ['pcaps/shop/capture.pcapng', ...SHOP];
    const replayed = await policap(['replay', ...shop, '--profile', 'kube-router'], { columns: 200 });
    expect(replayed.out).toMatch(/default-deny: shop\/\S+, rejected with ICMP port unreachable \(/);
    const marked = join(folder, 'marked.pcapng');
    await policap(['replay', ...shop, '--profile', 'kube-router', '-o', 'pcapng', '-w', marked]);
    expect(readFileSync(marked, 'latin1')).toMatch(/default-deny, rejected with ICMP port unreachable \(/);
    const compared = await policap(['compare', ...shop, '--profiles', 'flannel,kube-router'], { columns: 200 });
    expect(compared.out).toMatch(/, rejected with ICMP port unreachable \(/);
    const lines = await policap(['replay', ...shop, '--profile', 'kube-router', '-o', 'jsonl']);
    expect(lines.out).toContain('"answer":"icmp-port-unreachable"');
  });

  it('changes the answer of query, and both outputs say whose it is', async () => {
    const upstream = await policap(['query', ...INPUT, ...PING]);
    expect(upstream.out).toMatch(/^DROPPED/);
    expect(upstream.out).not.toContain('enforces');
    const text = await policap(['query', ...INPUT, ...PING, '--profile', 'kube-router']);
    expect(text.out).toMatch(/^ALLOWED/);
    expect(text.out).toContain('kube-router asks no policy about ICMP echo request');
    expect(text.out).toMatch(/\nPolicies as kube-router enforces them \(asked for\)\.\n$/);
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
    expect(out).toContain('Policies as kube-router enforces them (asked for).');
  });

  it('is named by matrix and by compile', async () => {
    expect((await policap(['matrix', ...INPUT, '--profile', 'calico'])).out).toContain(
      'Policies as Calico enforces them (asked for).',
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
    expect(err).toContain('Allowed choices are upstream, calico, kube-router, weave, flannel, antrea, cilium.');
  });

  it('is told by the cluster where nobody asks', async () => {
    const agent = file(
      'agent.yaml',
      `apiVersion: apps/v1
kind: DaemonSet
metadata: { name: kube-router, namespace: kube-system }
spec: { selector: { matchLabels: { a: b } }, template: { metadata: { labels: { a: b } }, spec: { containers: [] } } }
`,
    );
    const found = await policap(['query', ...INPUT, '-c', agent, ...PING]);
    expect(found.out).toMatch(/^ALLOWED/);
    expect(found.out).toContain('as kube-router enforces them (DaemonSet kube-system/kube-router).');
    const summary = JSON.parse(
      (await policap(['replay', 'pcaps/shop/capture.pcapng', ...SHOP, '-c', agent, '-o', 'json'])).out,
    );
    expect(summary).toMatchObject({ profile: 'kube-router', profileFrom: 'DaemonSet kube-system/kube-router' });
    const asked = await policap(['query', ...INPUT, '-c', agent, ...PING, '--profile', 'upstream']);
    expect(asked.out).toMatch(/^DROPPED/);
    const { out } = await policap(['replay', 'pcaps/shop/capture.pcapng', ...SHOP]);
    expect(out).toContain('Policies as upstream specifies them (the cluster names no network plugin).');
  });
});

describe('--profile flannel', () => {
  const NOTICE = 'Flannel enforces no policies: they have no effect, and everything is allowed.';
  const REPLAY = ['replay', 'pcaps/shop/capture.pcapng', ...SHOP, '--profile', 'flannel'];

  it('says in the first line of every output that nothing is enforced', async () => {
    for (const args of [
      ['query', ...INPUT, ...PING],
      ['matrix', ...INPUT],
      ['compile', ...INPUT],
      ['compile', ...INPUT, '--emit', 'rules'],
      ['compile', ...INPUT, '--emit', 'tree'],
    ]) {
      const { out } = await policap([...args, '--profile', 'flannel']);
      expect(out.split('\n')[0], args.join(' ')).toBe(NOTICE);
    }
    expect((await policap(REPLAY)).out.split('\n')[0]).toBe(NOTICE);
    const { out: lines } = await policap([...REPLAY, '-o', 'jsonl']);
    expect(JSON.parse(lines.split('\n')[0]!)).toMatchObject({ schema: 'policap.packet/1', notice: NOTICE });
    expect(lines.match(/notice/g)).toHaveLength(1);
    for (const args of [
      ['query', ...INPUT, ...PING, '-o', 'json'],
      ['matrix', ...INPUT, '-o', 'json'],
      ['compile', ...INPUT, '-o', 'json'],
      [...REPLAY.slice(0, -2), '-o', 'json'],
    ]) {
      const { out } = await policap([...args, '--profile', 'flannel']);
      expect(JSON.parse(out), args.join(' ')).toMatchObject({ profile: 'flannel', notice: NOTICE });
    }
    const marked = (await policapBytes([...REPLAY, '-o', 'pcapng'])).bytes;
    // opt_comment of the section header.
    expect(marked.subarray(24, 28)).toEqual(Buffer.from([1, 0, NOTICE.length, 0]));
    expect(marked.subarray(28, 28 + NOTICE.length).toString()).toBe(NOTICE);
    expect((await policapBytes([...REPLAY, '-o', 'verdicts'])).bytes.toString()).toContain(NOTICE);
  });

  it('allows everything, and --fail-on unenforced makes that a finding', async () => {
    const { out } = await policap([...REPLAY, '-o', 'json']);
    const { packets, reasons } = JSON.parse(out);
    expect(packets).toMatchObject({ dropped: 0 });
    expect(reasons['not-enforced']).toBeGreaterThan(0);
    expect((await policap(REPLAY)).code).toBe(0);
    expect((await policap([...REPLAY, '--fail-on', 'unenforced'])).code).toBe(1);
    const query = ['query', ...INPUT, ...PING, '--fail-on', 'unenforced', '--profile'];
    expect((await policap([...query, 'flannel'])).code).toBe(1);
    expect((await policap([...query, 'calico'])).code).toBe(0);
  });

  it('has no ruleset to print', async () => {
    const { code, err } = await policap(['compile', ...INPUT, '--emit', 'nft', '--profile', 'flannel']);
    expect(code).toBe(2);
    expect(err).toContain('policap writes no ruleset as Flannel would install it');
  });
});

describe("Calico's own kinds", () => {
  const STAGED = file(
    'staged.yaml',
    'apiVersion: projectcalico.org/v3\nkind: StagedNetworkPolicy\nmetadata: { name: s, namespace: shop }\nspec: {}\n',
  );
  const ENFORCED = file(
    'calico.yaml',
    'apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: { name: g }\nspec: {}\n',
  );
  const ASK = ['--from', 'shop/web', '--to', 'shop/db', '--port', '80'];

  it('--staged judges staged policies; without it a warning says that they are left out', async () => {
    const without = await policap(['query', '-p', STAGED, '-c', CLUSTER, ...ASK]);
    expect(without.out).toMatch(/^ALLOWED/);
    expect(without.err).toContain('a staged policy is left out of all verdicts: StagedNetworkPolicy shop/s');
    const staged = await policap(['query', '-p', STAGED, '-c', CLUSTER, ...ASK, '--staged']);
    expect(staged.out).toMatch(/^DROPPED/);
    expect(staged.err).not.toContain('staged');
  });
  it('have no place in the ruleset that Calico would install; policap writes its own', async () => {
    const theirs = await policap(['compile', '-p', ENFORCED, '-c', CLUSTER, '--emit', 'nft', '--profile', 'calico']);
    expect([theirs.code, theirs.err]).toEqual([2, expect.stringContaining('is written for NetworkPolicies')]);
    const own = await policap(['compile', '-p', ENFORCED, '-c', CLUSTER, '--emit', 'nft']);
    expect(own.out).toContain('table inet policap');
  });
});
