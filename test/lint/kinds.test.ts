/**
 * Checks of kinds other than NetworkPolicy, and what a person gets to read of the mistakes of beginners.
 */
import { describe, expect, it } from 'vitest';
import { linted, podYaml } from './lint.js';

const CLUSTER = [
  podYaml('shop', 'web', { app: 'web' }),
  podYaml('shop', 'db', { app: 'db' }),
  podYaml('ops', 'job', { app: 'job' }),
  podYaml('ops', 'tool', { app: 'tool' }),
].join('\n---\n');

const policy = (apiVersion: string, kind: string, spec: object, namespace?: string): string =>
  JSON.stringify({ apiVersion, kind, metadata: { name: 'p', ...(namespace && { namespace }) }, spec });

const found = (text: string, ...only: string[]): string[] =>
  linted({ 'p.yaml': text, 'c.yaml': CLUSTER }, { only }).findings.map(
    ({ check, about, message }) => `${check} ${about}: ${message}`,
  );
const both = (text: string): string[] => found(text, 'selects-no-pod', 'peer-matches-nothing');

const gnp = (spec: object) => policy('projectcalico.org/v3', 'GlobalNetworkPolicy', spec);
const anp = (subject: string, peer: string) =>
  policy('policy.networking.k8s.io/v1alpha1', 'AdminNetworkPolicy', {
    priority: 1,
    subject: { pods: { namespaceSelector: {}, podSelector: { matchLabels: { app: subject } } } },
    ingress: [
      { action: 'Deny', from: [{ pods: { namespaceSelector: {}, podSelector: { matchLabels: { app: peer } } } }] },
    ],
  });
const cnp = (subject: string, peer: object) =>
  policy(
    'cilium.io/v2',
    'CiliumNetworkPolicy',
    { endpointSelector: { matchLabels: { app: subject } }, ingress: [peer] },
    'shop',
  );
const acnp = (peer: string) =>
  policy('crd.antrea.io/v1beta1', 'ClusterNetworkPolicy', {
    priority: 5,
    tier: 'application',
    appliedTo: [{ podSelector: { matchLabels: { app: 'web' } } }],
    ingress: [{ action: 'Drop', from: [{ podSelector: { matchLabels: { app: peer } } }] }],
  });
const VOID = 'matches no packet: its subjects, its peers, or the pods with its named port are nobody';

describe('kinds', () => {
  it('of Calico: whom a policy selects, and what a rule can match', () => {
    const rule = (selector: string) => ({ action: 'Allow', source: { selector } });
    expect(both(gnp({ selector: "app == 'none'", ingress: [rule("app == 'db'")] }))).toEqual([
      'selects-no-pod GlobalNetworkPolicy p: selects no pod',
    ]);
    expect(both(gnp({ selector: "app == 'web'", ingress: [rule("app == 'none'")] }))).toEqual([
      `peer-matches-nothing GlobalNetworkPolicy p: ingress[0] ${VOID}`,
    ]);
    expect(both(gnp({ selector: "app == 'web'", ingress: [rule("app == 'db'")] }))).toEqual([]);
    // It may be there for hosts alone.
    expect(both(gnp({ selector: "app == 'none'", doNotTrack: true, applyOnForward: true }))).toEqual([]);
  });

  it('of administrators', () => {
    expect(both(anp('none', 'web'))).toEqual(['selects-no-pod AdminNetworkPolicy p: selects no pod']);
    expect(both(anp('web', 'none'))).toEqual([`peer-matches-nothing AdminNetworkPolicy p: ingress[0] ${VOID}`]);
    expect(both(anp('web', 'db'))).toEqual([]);
  });

  it('of Cilium: entities are not known to be nobody', () => {
    const endpoints = (app: string) => ({ fromEndpoints: [{ matchLabels: { app } }] });
    expect(both(cnp('none', endpoints('db')))).toEqual(['selects-no-pod CiliumNetworkPolicy shop/p: selects no pod']);
    expect(both(cnp('web', endpoints('none')))).toEqual([
      `peer-matches-nothing CiliumNetworkPolicy shop/p: ingress[0] ${VOID}`,
    ]);
    expect(both(cnp('web', endpoints('db')))).toEqual([]);
    expect(both(cnp('web', { fromEntities: ['remote-node'] }))).toEqual([]);
  });

  it('of Antrea: what a rule can match', () => {
    expect(both(acnp('none'))).toEqual([`peer-matches-nothing AntreaClusterNetworkPolicy p: ingress[0] ${VOID}`]);
    expect(both(acnp('db'))).toEqual([]);
  });

  it('that the plugin does not enforce are told as that, and as nothing else', () => {
    const { findings, warnings } = linted({ 'p.yaml': cnp('none', {}), 'c.yaml': CLUSTER }, { profile: 'calico' });
    expect(findings.map(({ check }) => check)).toEqual(['not-enforced', 'pod-not-isolated', 'pod-not-isolated']);
    expect(warnings.filter(({ position }) => position.file === 'p.yaml')).toEqual([]);
  });
});

describe('a shadowed rule', () => {
  const tier = { apiVersion: 'projectcalico.org/v3', kind: 'Tier', metadata: { name: 'first' }, spec: { order: 10 } };
  const calico = (name: string, spec: object) => ({
    apiVersion: 'projectcalico.org/v3',
    kind: 'GlobalNetworkPolicy',
    metadata: { name },
    spec: { order: 1, selector: "app == 'web'", types: ['Ingress'], ...spec },
  });
  const shadowedBy = (first: object) => {
    const ingress = [first, { action: 'Deny' }];
    const all = [
      tier,
      calico('first.p', { tier: 'first', ingress }),
      calico('later', { ingress: [{ action: 'Allow', protocol: 'TCP' }] }),
    ];
    const text = all.map(it => JSON.stringify(it)).join('\n---\n');
    return linted({ 'p.yaml': text, 'c.yaml': CLUSTER }, { profile: 'calico', only: ['shadowed'] }).findings;
  };

  it('is none where it is not known whether what stands before it passes', () => {
    expect(shadowedBy({ action: 'Allow', protocol: 'UDP' }).map(({ about }) => about)).toEqual([
      'GlobalNetworkPolicy later',
    ]);
    // What ICMP without a protocol means is not modelled: the pass may be of anything.
    expect(shadowedBy({ action: 'Pass', notICMP: { type: 8 } })).toEqual([]);
  });

  it('of a policy that isolates is not simply to be removed', () => {
    const fix = shadowedBy({ action: 'Allow', protocol: 'UDP' })[0]?.fix;
    expect(fix).toContain('remove it if its policy isolates the same pods without it, or move it');
  });
});

describe('mistakes of beginners', () => {
  const np = (spec: object, name = 'p') =>
    JSON.stringify({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name, namespace: 'shop' },
      spec,
    });
  const select = (app: string) => ({ podSelector: { matchLabels: { app } } });
  const checks = (text: string, profile?: 'flannel'): string[] => [
    ...new Set(linted({ 'p.yaml': text, 'c.yaml': CLUSTER }, { profile }).findings.map(({ check }) => check)),
  ];

  it('are each found by some check', () => {
    expect(checks(np(select('web')), 'flannel')).toContain('not-enforced');
    expect(checks(np(select('web-service')))).toContain('selects-no-pod');
    expect(checks(np(select('web')))).toContain('pod-not-isolated');
    const oneSide = [
      np({ ...select('db'), ingress: [{ from: [select('web')], ports: [{ port: 5432 }] }] }, 'db'),
      np({ ...select('web'), policyTypes: ['Egress'] }, 'web'),
    ].join('\n---\n');
    expect(checks(oneSide)).toContain('other-side-refuses');
    expect(checks(np({ ...select('web'), egress: [{ to: [select('db')], ports: [{ port: 5432 }] }] }))).toContain(
      'dns-blocked',
    );
    const dash = [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ops' } } }, select('job')];
    expect(checks(np({ ...select('web'), ingress: [{ from: dash }] }))).toContain('and-or-selectors');
  });
});
