/** Calico's own kinds as rules; the numbers are facts of docs/dialects/calico.md. */
import { describe, expect, it } from 'vitest';
import { type CompileOptions, createCompiler } from '../../src/compile.js';
import { readDocuments } from '../../src/documents/read.js';
import { OUTCOME_DEFAULT_DENY } from '../../src/tree/classifier.js';
import { createLinear } from '../../src/tree/linear.js';
import { createTree } from '../../src/tree/tree.js';
import { classify, judge, type PacketLiteral } from '../tree/packets.js';
import {
  account,
  compileObjects,
  type Manifest,
  namespace,
  node,
  object,
  pod,
  policy,
  service,
  tier,
  toText,
} from './calico-objects.js';

const WEB = '10.0.0.1';
const API = '10.0.0.2';
const DB = '10.0.0.3';
const OTHER = '10.0.1.1';
const OUTSIDE = '203.0.113.9';
const WEB6 = 'fd00::1';
const API6 = 'fd00::2';

const CLUSTER: readonly Manifest[] = [
  namespace('shop', { env: 'prod' }),
  namespace('other', { env: 'dev' }),
  account('shop', 'default'),
  account('shop', 'robot', { role: 'machine' }),
  account('other', 'default'),
  node('n1', '192.168.0.1'),
  pod('shop', 'web', [WEB, WEB6], { app: 'web' }, { serviceAccount: 'robot' }),
  pod(
    'shop',
    'api',
    [API, API6],
    { app: 'api', 'k8s.io/x': 'y' },
    {
      node: 'n2',
      ports: [
        { name: 'http', protocol: 'TCP', containerPort: 8080 },
        { name: 'dns', protocol: 'UDP', containerPort: 53 },
      ],
    },
  ),
  pod('shop', 'db', [DB], { app: 'db' }, { ports: [{ name: 'http', protocol: 'TCP', containerPort: 9090 }] }),
  pod('other', 'out', [OTHER], { app: 'out' }, { node: 'n2' }),
];

type Ask = Omit<PacketLiteral, 'source' | 'destination'>;

/** What is said of packets, egress then ingress; the tree must say the same. */
function ask(objects: readonly Manifest[], options?: CompileOptions) {
  const { compiled, problems } = compileObjects([...CLUSTER, ...objects], options);
  const tree = createTree(compiled.ruleset, compiled.inventory);
  const says = (source: string, destination: string, packet: Ask = { dport: 80 }): string => {
    const literal = { source, destination, ...packet };
    const [egress, ingress] = judge(compiled.classifier, literal);
    expect(judge(tree, literal)).toEqual([egress, ingress]);
    return `${egress} | ${ingress}`;
  };
  const ingress = (source: string, destination: string, packet?: Ask): string =>
    says(source, destination, packet).split(' | ')[1]!;
  const egress = (source: string, destination: string, packet?: Ask): string =>
    says(source, destination, packet).split(' | ')[0]!;
  return { says, ingress, egress, problems, compiled };
}

const allow = (rule: Record<string, unknown> = {}) => ({ action: 'Allow', ...rule });
const deny = (rule: Record<string, unknown> = {}) => ({ action: 'Deny', ...rule });
const toApi = (...ingress: unknown[]) => policy('shop/p', { selector: "app == 'api'", types: ['Ingress'], ingress });
const fromWeb = (...egress: unknown[]) => policy('shop/p', { selector: "app == 'web'", types: ['Egress'], egress });

describe('policies and tiers', () => {
  it('C1: both groups are read', () => {
    for (const api of ['projectcalico.org/v3', 'crd.projectcalico.org/v1']) {
      const p = object('NetworkPolicy', 'shop/p', { selector: 'all()', ingress: [deny()] }, undefined, api);
      expect(ask([p]).ingress(WEB, API)).toBe('deny shop/p ingress[0]');
    }
  });
  it('C2: the storage form names a policy of tier default with the tier before it', () => {
    const p = object('NetworkPolicy', 'shop/default.p', { ingress: [deny()] }, undefined, 'crd.projectcalico.org/v1');
    expect(ask([p]).ingress(WEB, API)).toBe('deny shop/p ingress[0]');
    expect(() => ask([p, policy('shop/p', {})])).toThrow('NetworkPolicy shop/p is given twice');
    const own = object('NetworkPolicy', 'shop/default.p', { ingress: [deny()] });
    expect(ask([own]).ingress(WEB, API)).toBe('deny shop/default.p ingress[0]');
  });
  it("C3: what a rule asks of the subject's own side counts, too", () => {
    const { ingress } = ask([
      policy('shop/p', {
        types: ['Ingress'],
        ingress: [
          deny({ destination: { selector: "app == 'db'" } }),
          deny({ destination: { nets: [`${WEB}/32`] } }),
          allow({ protocol: 'TCP', source: { ports: [7] } }),
        ],
      }),
    ]);
    expect(ingress(API, DB)).toBe('deny shop/p ingress[0]');
    expect(ingress(API, WEB)).toBe('deny shop/p ingress[1]');
    expect(ingress(WEB, API, { dport: 80, sport: 7 })).toBe('allow shop/p ingress[2]');
    expect(ingress(WEB, API, { dport: 80, sport: 8 })).toBe('default-deny');
  });
  it('C4: types by the rules that are there, where none are given', () => {
    const of = (spec: object): string => ask([policy('shop/p', spec)]).says(WEB, DB);
    expect(of({})).toBe('not-isolated | default-deny');
    expect(of({ ingress: [allow()] })).toBe('not-isolated | allow shop/p ingress[0]');
    expect(of({ egress: [allow()] })).toBe('allow shop/p egress[0] | not-isolated');
    expect(of({ ingress: [allow()], egress: [allow()] })).toBe('allow shop/p egress[0] | allow shop/p ingress[0]');
    expect(of({ types: ['Ingress', 'Egress'] })).toBe('default-deny | default-deny');
  });
  it('C5: rules of a direction that is not among the types do not count, and a warning says so', () => {
    const { says, problems } = ask([policy('shop/p', { types: ['Egress'], ingress: [deny()], egress: [allow()] })]);
    expect(says(WEB, DB)).toBe('allow shop/p egress[0] | not-isolated');
    expect(problems).toContainEqual(expect.stringContaining('spec.ingress: has no effect'));
  });
  it('C6: by order, none is last; ties by name, then namespace and kind', () => {
    const p = (name: string, order: number | null, action: string) =>
      policy(name, { ...(order !== null && { order }), types: ['Ingress'], ingress: [{ action }] });
    expect(ask([p('shop/b', null, 'Deny'), p('shop/a', 20.5, 'Allow')]).ingress(WEB, API)).toContain('shop/a');
    expect(ask([p('shop/a', null, 'Deny'), p('shop/b', -1, 'Allow')]).ingress(WEB, API)).toContain('shop/b');
    expect(ask([p('shop/b', 1, 'Deny'), p('a', 1, 'Allow')]).ingress(WEB, API)).toContain('allow a');
    expect(ask([p('shop/a', 1, 'Deny'), p('a', 1, 'Allow')]).ingress(WEB, API)).toBe('allow a ingress[0]');
    // The tier's name before a policy's does not count.
    expect(ask([p('shop/default.b', 1, 'Deny'), p('shop/c', 1, 'Allow')]).ingress(WEB, API)).toContain('default.b');
    expect(ask([p('shop/default.z', 1, 'Deny'), p('shop/c', 1, 'Allow')]).ingress(WEB, API)).toContain('shop/c');
  });
  it('C6: tiers by order, none is last; ties by name', () => {
    const p = (name: string, inTier: string, action: string) =>
      policy(name, { tier: inTier, types: ['Ingress'], ingress: [{ action }] });
    const both = [p('x', 'one', 'Deny'), p('y', 'two', 'Allow')];
    const says = (one: number | null, two: number | null): string =>
      ask([tier('one', one), tier('two', two), ...both]).ingress(WEB, API);
    expect(says(1, 2)).toBe('deny x ingress[0]');
    expect(says(2, 1)).toBe('allow y ingress[0]');
    expect(says(5, 5)).toBe('deny x ingress[0]');
    expect(says(null, 5_000_000)).toBe('allow y ingress[0]');
    expect(says(null, null)).toBe('deny x ingress[0]');
    expect(says(-3, -3.5)).toBe('allow y ingress[0]');
    // Beside tier default, by name again.
    const beside = (name: string): string =>
      ask([tier(name, 1_000_000), p('x', name, 'Deny'), p('y', 'default', 'Allow')]).ingress(WEB, API);
    expect([beside('aaa'), beside('zzz')]).toEqual(['deny x ingress[0]', 'allow y ingress[0]']);
    const none = ask([tier('one', null), p('x', 'one', 'Deny'), p('y', 'default', 'Pass')]);
    expect(none.ingress(WEB, API)).toBe('deny x ingress[0]');
  });
  it('C7: the built-in tiers are there without being given', () => {
    const p = policy('kube-admin.x', {
      tier: 'kube-admin',
      types: ['Ingress'],
      ingress: [deny({ source: { nets: [`${DB}/32`] } })],
    });
    const { ingress } = ask([p, toApi(allow())]);
    expect(ingress(DB, API)).toBe('deny kube-admin.x ingress[0]');
    // Its end goes on.
    expect(ingress(WEB, API)).toBe('allow shop/p ingress[0]');
  });
  it('C8: whoever a policy of the tier applies to ends there: Deny by default, or Pass', () => {
    const p = policy('x', { tier: 'one', selector: "app == 'api'", types: ['Ingress'], ingress: [] });
    const late = policy('y', { types: ['Ingress'], ingress: [allow()] });
    expect(ask([tier('one', 1), p, late]).ingress(WEB, API)).toBe('default-deny');
    expect(ask([tier('one', 1), p, late]).ingress(API, WEB)).toBe('allow y ingress[0]');
    expect(ask([tier('one', 1, 'Deny'), p, late]).ingress(WEB, API)).toBe('default-deny');
    expect(ask([tier('one', 1, 'Pass'), p, late]).ingress(WEB, API)).toBe('allow y ingress[0]');
  });
  it('C9: Log decides nothing', () => {
    expect(ask([toApi({ action: 'Log' }, deny())]).ingress(WEB, API)).toBe('deny shop/p ingress[1]');
  });
  it('C9: Pass goes on to the next tier, past the rest of its own', () => {
    const passing = policy('x', { tier: 'one', types: ['Ingress'], ingress: [{ action: 'Pass' }, deny()] });
    const rest = policy('z', { tier: 'one', order: 1, types: ['Ingress'], ingress: [] });
    const late = policy('y', { types: ['Ingress'], ingress: [allow({ source: { nets: [`${WEB}/32`] } })] });
    // What has no rules has no say.
    expect(ask([tier('one', 1), passing, rest, late]).ingress(WEB, API)).toBe('allow y ingress[0]');
    const shut = policy('z', { tier: 'one', order: 1, types: ['Ingress'], ingress: [deny()] });
    expect(ask([tier('one', 1), passing, shut, late]).ingress(WEB, API)).toBe('deny z ingress[0]');
    const first = policy('a', { tier: 'one', order: 0, types: ['Ingress'], ingress: [{ action: 'Pass' }, deny()] });
    const { ingress: then } = ask([tier('one', 1), first, shut, late]);
    expect(then(WEB, API)).toBe('allow y ingress[0]');
    expect(then(DB, API)).toBe('default-deny');
    expect(ask([tier('one', 1), first]).ingress(DB, API)).toBe('not-isolated');
  });
  it('C10: NetworkPolicies stand in tier default at order 1,000', () => {
    const knp = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { namespace: 'shop', name: 'k' },
      spec: { podSelector: {}, ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }] }] },
    };
    const p = (order: number | null, name = 'shop/p') =>
      policy(name, { ...(order !== null && { order }), types: ['Ingress'], ingress: [deny()] });
    expect(ask([knp, p(999)]).ingress(WEB, API)).toBe('deny shop/p ingress[0]');
    expect(ask([knp, p(1001)]).ingress(WEB, API)).toBe('allow shop/k ingress[0]');
    expect(ask([knp, p(null)]).ingress(WEB, API)).toBe('allow shop/k ingress[0]');
    expect(ask([knp, p(null)]).ingress(DB, API)).toBe('deny shop/p ingress[0]');
    // At the same order by name, where theirs is knp.default.NAME; a warning tells.
    const tied = ask([knp, p(1000)]);
    expect(tied.ingress(WEB, API)).toBe('allow shop/k ingress[0]');
    expect(tied.problems).toContainEqual(expect.stringContaining('order 1000 is where NetworkPolicies stand'));
    expect(ask([knp, p(1000, 'shop/early')]).ingress(WEB, API)).toBe('deny shop/early ingress[0]');
    // Whoever either kind isolates is held to the tier's end.
    expect(ask([knp, toApi()]).ingress(DB, WEB)).toBe('default-deny');
    expect(ask([knp, toApi()]).ingress(WEB, API)).toBe('allow shop/k ingress[0]');
  });
  it('C33: in a tier that is not given nothing is decided', () => {
    const p = policy('x', { tier: 'lost', selector: "app == 'api'", types: ['Ingress'], ingress: [deny()] });
    const { ingress, problems } = ask([p, toApi(deny())]);
    expect(ingress(WEB, API)).toBe('unsupported x ingress');
    expect(ingress(API, WEB)).toBe('not-isolated');
    expect(problems).toContainEqual(expect.stringContaining('tier lost is not given'));
  });
});

describe('whom a policy is about', () => {
  /** Who of web, api, db, out is isolated. */
  const selected = (name: string, spec: Record<string, unknown>, more: readonly Manifest[] = []): string => {
    const { ingress } = ask([policy(name, { types: ['Ingress'], ...spec }), ...more]);
    const ends = { web: WEB, api: API, db: DB, out: OTHER };
    return Object.entries(ends)
      .filter(([, address]) => ingress(OUTSIDE, address) === 'default-deny')
      .map(([end]) => end)
      .join(' ');
  };

  it.each([
    ['', 'web api db out'],
    ['all()', 'web api db out'],
    ["app == 'web'", 'web'],
    ['app == "web"', 'web'],
    ["app != 'web'", 'api db out'],
    ["nobody != 'web'", 'web api db out'],
    ['app in {\'web\', "db"}', 'web db'],
    ["app in {'web',}", 'web'],
    ['app in {}', ''],
    ["app not in {'web'}", 'api db out'],
    ["app notin {'web'}", 'api db out'],
    ["nobody not in {'web'}", 'web api db out'],
    ["app contains 'b'", 'web db'],
    ["app starts with 'w'", 'web'],
    ["app startswith 'w'", 'web'],
    ["app ends with 'b'", 'web db'],
    ["nobody contains ''", ''],
    ['has(k8s.io/x)', 'api'],
    ['!has(k8s.io/x)', 'web db out'],
    ['!!has(k8s.io/x)', 'api'],
    ["app == 'web' || app == 'db' && has(k8s.io/x)", 'web'],
    ["(app == 'web' || app == 'api') && has( k8s.io/x )", 'api'],
    ["!(app == 'web' || app == 'api')", 'db out'],
    ["app=='web'&&!has(x)", 'web'],
    ['\t all( ) ', 'web api db out'],
  ])('C11: %s', (selector, expected) => {
    expect(selected('p', { selector })).toBe(expected);
  });

  it.each([
    ["projectcalico.org/namespace == 'shop'", 'web api db'],
    ["projectcalico.org/orchestrator == 'k8s'", 'web api db out'],
    ["projectcalico.org/serviceaccount == 'robot'", 'web'],
    ["pcns.env == 'dev'", 'out'],
    ["pcns.projectcalico.org/name == 'shop'", 'web api db'],
    ["pcns.kubernetes.io/metadata.name == 'shop'", 'web api db'],
    ["pcsa.role == 'machine'", 'web'],
    ["pcsa.projectcalico.org/name == 'robot'", 'web'],
    ["env == 'dev'", ''],
  ])('C14, C15, C16: %s', (selector, expected) => {
    expect(selected('p', { selector })).toBe(expected);
  });
  it('C13: an own label goes before an inherited one; the synthetic ones are always there', () => {
    const odd = pod('shop', 'odd', ['10.0.0.9'], { 'pcns.env': 'mine', 'projectcalico.org/namespace': 'lie' });
    const of = (selector: string) =>
      ask([odd, policy('p', { selector, types: ['Ingress'] })]).ingress(OUTSIDE, '10.0.0.9');
    expect(of("pcns.env == 'mine'")).toBe('default-deny');
    expect(of("pcns.env == 'prod'")).toBe('not-isolated');
    expect(of("projectcalico.org/namespace == 'shop'")).toBe('default-deny');
  });
  it('C14: the name of a service account is a label where it is short enough', () => {
    const long = 'a'.repeat(63);
    const odd = pod('shop', 'odd', ['10.0.0.9'], {}, { serviceAccount: long });
    const p = policy('p', { selector: 'has(projectcalico.org/serviceaccount)', types: ['Ingress'] });
    const { ingress } = ask([odd, p]);
    expect([ingress(OUTSIDE, '10.0.0.9'), ingress(OUTSIDE, WEB)]).toEqual(['not-isolated', 'default-deny']);
  });
  it('C16: labels of service accounts that are not given are none, and a warning tells', () => {
    const p = policy('p', { serviceAccountSelector: "role == 'machine'", types: ['Ingress'] });
    const stray = pod('stray', 's', ['10.0.0.9'], {}, { serviceAccount: 'lost' });
    expect(ask([p]).problems).toEqual([]);
    expect(ask([p, stray]).problems).toContainEqual(expect.stringContaining('service account stray/lost is not given'));
  });
  it('C18: a namespaced policy is about its namespace', () => {
    expect(selected('shop/p', {})).toBe('web api db');
    expect(selected('shop/p', { selector: "app == 'web' || app == 'out'" })).toBe('web');
    expect(selected('shop/p', { serviceAccountSelector: "role == 'machine'" })).toBe('web');
    expect(selected('shop/p', { selector: "app == 'api'", serviceAccountSelector: "role == 'machine'" })).toBe('');
  });
  it('C18: a global one is about the namespaces and service accounts that it selects', () => {
    expect(selected('p', { namespaceSelector: "env == 'prod'" })).toBe('web api db');
    expect(selected('p', { namespaceSelector: "env != 'prod'" })).toBe('out');
    expect(selected('p', { namespaceSelector: 'all()' })).toBe('web api db out');
    expect(selected('p', { namespaceSelector: "projectcalico.org/name == 'other'" })).toBe('out');
    expect(selected('p', { namespaceSelector: "env == 'prod'", selector: "app in {'db', 'out'}" })).toBe('db');
    expect(selected('p', { serviceAccountSelector: "role == 'machine'" })).toBe('web');
    expect(selected('p', { serviceAccountSelector: "projectcalico.org/name == 'default'" })).toBe('api db out');
  });
  it('C42: pods on the host network are selected by nothing', () => {
    const host = pod('shop', 'host', ['192.168.0.2'], { app: 'web' }, { hostNetwork: true, node: 'n2' });
    const { says } = ask([host, node('n2', '192.168.0.2'), policy('p', { types: ['Ingress', 'Egress'] })]);
    expect(says(OUTSIDE, '192.168.0.2')).toBe('none | none');
  });
});

describe('the other side', () => {
  it('C19: a selector of a namespaced policy looks in its namespace, a global one everywhere', () => {
    const rule = allow({ source: { selector: "app in {'out', 'web'}" } });
    const { ingress } = ask([toApi(rule)]);
    expect([ingress(WEB, API), ingress(OTHER, API)]).toEqual(['allow shop/p ingress[0]', 'default-deny']);
    const global = ask([policy('p', { selector: "app == 'api'", ingress: [rule] })]);
    expect(global.ingress(OTHER, API)).toBe('allow p ingress[0]');
  });
  it('C19: namespaceSelector instead of the own namespace', () => {
    const of = (source: object) => {
      const { ingress } = ask([toApi(allow({ source }))]);
      return [WEB, OTHER, OUTSIDE].filter(it => ingress(it, API).startsWith('allow'));
    };
    expect(of({ namespaceSelector: "env == 'dev'" })).toEqual([OTHER]);
    expect(of({ namespaceSelector: 'all()' })).toEqual([WEB, OTHER]);
    expect(of({ namespaceSelector: 'all()', selector: "app == 'web'" })).toEqual([WEB]);
    expect(of({ namespaceSelector: "projectcalico.org/name == 'other'" })).toEqual([OTHER]);
    expect(of({ selector: 'all()' })).toEqual([WEB]);
    expect(of({ serviceAccounts: { names: ['robot'] } })).toEqual([WEB]);
    expect(of({ serviceAccounts: { selector: "role == 'machine'" } })).toEqual([WEB]);
    expect(of({ serviceAccounts: { names: ['default'] }, namespaceSelector: 'all()' })).toEqual([OTHER]);
    expect(of({ serviceAccounts: { names: ['robot', 'default'] }, selector: "app == 'db'" })).toEqual([]);
    expect(of({ serviceAccounts: {} })).toEqual([WEB, OTHER, OUTSIDE]);
  });
  it('C20: notSelector leaves in whoever is no such endpoint; in a namespaced policy, of its namespace', () => {
    const rule = allow({ source: { notSelector: "app == 'web'" } });
    const global = ask([policy('p', { selector: "app == 'api'", ingress: [rule] })]);
    const of = (it: typeof global) =>
      [WEB, DB, OTHER, OUTSIDE].filter(from => it.ingress(from, API).startsWith('allow'));
    expect(of(global)).toEqual([DB, OTHER, OUTSIDE]);
    expect(of(ask([toApi(rule)]))).toEqual([DB]);
    const both = allow({ source: { selector: "app in {'web', 'db'}", notSelector: "app == 'web'" } });
    expect(of(ask([policy('p', { selector: "app == 'api'", ingress: [both] })]))).toEqual([DB]);
    const negated = allow({ source: { selector: "!(app == 'web')" } });
    expect(of(ask([policy('p', { selector: "app == 'api'", ingress: [negated] })]))).toEqual([DB, OTHER]);
  });
  it('C17: network sets are peers by their labels', () => {
    const sets = [
      object('GlobalNetworkSet', 'feeds', { nets: ['203.0.113.0/24', '2001:db8::1'] }, { feed: 'yes' }),
      object('NetworkSet', 'other/ours', { nets: ['198.51.100.7'] }, { feed: 'yes' }),
    ];
    const of = (source: object, name = 'p') => {
      const rules = { selector: "app == 'api'", ingress: [allow({ source })] };
      const { ingress } = ask([...sets, policy(name, rules)]);
      return [OUTSIDE, '198.51.100.7', '198.51.100.8', WEB].filter(it => ingress(it, API).startsWith('allow'));
    };
    expect(of({ selector: "feed == 'yes'" })).toEqual([OUTSIDE, '198.51.100.7']);
    expect(of({ selector: 'all()' })).toEqual([OUTSIDE, '198.51.100.7', WEB]);
    expect(of({ selector: "feed == 'yes'" }, 'shop/p')).toEqual([]);
    expect(of({ selector: "feed == 'yes'", namespaceSelector: "env == 'dev'" })).toEqual(['198.51.100.7']);
    expect(of({ selector: "feed == 'yes'", namespaceSelector: 'global()' })).toEqual([OUTSIDE]);
    expect(of({ namespaceSelector: 'global()' }, 'shop/p')).toEqual([OUTSIDE]);
    expect(of({ namespaceSelector: "env != 'dev'" })).toEqual([OUTSIDE, WEB]);
    expect(of({ namespaceSelector: 'all()' })).toEqual(['198.51.100.7', WEB]);
    expect(of({ namespaceSelector: '!all()' }, 'shop/p')).toEqual([OUTSIDE]);
    expect(of({ notSelector: "feed == 'yes'" })).toEqual(['198.51.100.8', WEB]);
    const six = ask([
      ...sets,
      policy('p', { selector: "app == 'api'", ingress: [allow({ source: { selector: 'has(feed)' } })] }),
    ]);
    expect(six.ingress('2001:db8::1', API6)).toBe('allow p ingress[0]');
  });
  it('C20: a set that is selected keeps what notSelector names of pods inside it', () => {
    const set = object('GlobalNetworkSet', 'wide', { nets: ['10.0.0.0/8'] }, { wide: 'yes' });
    const source = { selector: "wide == 'yes'", notSelector: "app == 'web'" };
    const { ingress } = ask([set, policy('p', { selector: "app == 'api'", ingress: [allow({ source })] })]);
    expect(ingress(WEB, API)).toBe('allow p ingress[0]');
  });
  it('C24: nets and notNets hold together, pods included', () => {
    const { ingress } = ask([toApi(allow({ source: { nets: ['10.0.0.0/8'], notNets: [`${WEB}/32`] } }))]);
    expect([ingress(WEB, API), ingress(DB, API), ingress(OUTSIDE, API)]).toEqual([
      'default-deny',
      'allow shop/p ingress[0]',
      'default-deny',
    ]);
    const both = ask([toApi(allow({ source: { nets: ['10.0.0.0/8'], selector: "app == 'db'" } }))]);
    expect([both.ingress(WEB, API), both.ingress(DB, API)]).toEqual(['default-deny', 'allow shop/p ingress[0]']);
  });
  it('C27: prefixes of one family make the rule one of that family, notNets too', () => {
    const { ingress } = ask([toApi(allow({ source: { notNets: ['198.51.100.0/24'] } }))]);
    expect(ingress(WEB, API)).toBe('allow shop/p ingress[0]');
    expect(ingress(WEB6, API6)).toBe('default-deny');
    const six = ask([toApi(allow({ ipVersion: 6 }))]);
    expect([six.ingress(WEB, API), six.ingress(WEB6, API6)]).toEqual(['default-deny', 'allow shop/p ingress[0]']);
  });
});

describe('ports and protocols', () => {
  it('C21: numbers, ranges, notPorts', () => {
    const destination = { ports: [80, '8000:8100', '443'], notPorts: ['8010:8020'] };
    const { ingress } = ask([toApi(allow({ protocol: 'TCP', destination }))]);
    const open = [79, 80, 443, 8000, 8009, 8010, 8020, 8021, 8100, 8101].filter(
      dport => ingress(WEB, API, { dport }) !== 'default-deny',
    );
    expect(open).toEqual([80, 443, 8000, 8009, 8021, 8100]);
    expect(ingress(WEB, API, { dport: 80, protocol: 17 })).toBe('default-deny');
    const not = ask([toApi(allow({ protocol: 'UDP', destination: { notPorts: [53] } }))]);
    expect([52, 53].map(dport => not.ingress(WEB, API, { dport, protocol: 17 }))).toEqual([
      'allow shop/p ingress[0]',
      'default-deny',
    ]);
  });
  it('C22: a name is the number that the destination gives it, by protocol', () => {
    const { egress } = ask([fromWeb(allow({ protocol: 'TCP', destination: { ports: ['http', 22] } }))]);
    const open = (to: string) => [22, 53, 8080, 9090].filter(dport => egress(WEB, to, { dport }).startsWith('allow'));
    expect([open(API), open(DB), open(OTHER), open(OUTSIDE)]).toEqual([[22, 8080], [22, 9090], [22], [22]]);
    const udp = ask([fromWeb(allow({ protocol: 'UDP', destination: { ports: ['dns'] } }))]);
    expect(udp.egress(WEB, API, { dport: 53, protocol: 17 })).toBe('allow shop/p egress[0]');
    const selected = ask([
      fromWeb(allow({ protocol: 'TCP', destination: { selector: "app == 'api'", ports: ['http'] } })),
    ]);
    expect(selected.egress(WEB, DB, { dport: 9090 })).toBe('default-deny');
    expect(selected.egress(WEB, API, { dport: 8080 })).toBe('allow shop/p egress[0]');
    const subject = ask([toApi(allow({ protocol: 'TCP', destination: { ports: ['http'] } }))]);
    expect([8080, 9090].map(dport => subject.ingress(WEB, API, { dport }))).toEqual([
      'allow shop/p ingress[0]',
      'default-deny',
    ]);
  });
  it('C22: a name among notPorts takes away that number of those who have it', () => {
    const { egress } = ask([fromWeb(allow({ protocol: 'TCP', destination: { notPorts: ['http'] } }))]);
    expect(egress(WEB, API, { dport: 8080 })).toBe('default-deny');
    expect(egress(WEB, API, { dport: 9090 })).toBe('allow shop/p egress[0]');
    expect(egress(WEB, OUTSIDE, { dport: 8080 })).toBe('allow shop/p egress[0]');
  });
  it('C22: a name is one of the endpoints that the selector names, not of who stands in a set of theirs', () => {
    const set = object('GlobalNetworkSet', 'wide', { nets: ['10.0.0.0/8'] }, { wide: 'yes' });
    const of = (ports: unknown[]) => {
      const rule = allow({ protocol: 'TCP', destination: { selector: "wide == 'yes'", ports } });
      return ask([set, policy('p', { selector: "app == 'api'", ingress: [rule] })]).ingress(WEB, API, { dport: 8080 });
    };
    expect([of(['http']), of([8080])]).toEqual(['default-deny', 'allow p ingress[0]']);
  });
  it('C22: a name beside nets is one of the pods inside them', () => {
    const { egress } = ask([
      fromWeb(allow({ protocol: 'TCP', destination: { nets: [`${API}/32`], ports: ['http'] } })),
    ]);
    expect(egress(WEB, API, { dport: 8080 })).toBe('allow shop/p egress[0]');
    expect(egress(WEB, DB, { dport: 9090 })).toBe('default-deny');
  });
  it('C22: a name that nobody has matches nothing', () => {
    expect(ask([fromWeb(allow({ protocol: 'TCP', destination: { ports: ['lost'] } }))]).egress(WEB, API)).toBe(
      'default-deny',
    );
  });
  it('C22: a name of the source', () => {
    const { ingress } = ask([
      policy('shop/p', { selector: "app == 'db'", ingress: [allow({ protocol: 'TCP', source: { ports: ['http'] } })] }),
    ]);
    expect(ingress(API, DB, { sport: 8080, dport: 1 })).toBe('allow shop/p ingress[0]');
    expect(ingress(API, DB, { sport: 8081, dport: 1 })).toBe('default-deny');
  });
  it('C23: services in egress: the ready endpoints, on their own ports and protocols', () => {
    const given = service(
      'shop',
      'svc',
      [API, API6, '198.51.100.1'],
      [
        { protocol: 'TCP', port: 8443 },
        { protocol: 'UDP', port: 5353 },
      ],
    );
    const rule = allow({ destination: { services: { name: 'svc' } } });
    const { egress } = ask([...given, fromWeb(rule)]);
    expect(egress(WEB, API, { dport: 8443 })).toBe('allow shop/p egress[0]');
    expect(egress(WEB6, API6, { dport: 8443 })).toBe('allow shop/p egress[0]');
    expect(egress(WEB, '198.51.100.1', { dport: 5353, protocol: 17 })).toBe('allow shop/p egress[0]');
    expect(egress(WEB, API, { dport: 5353 })).toBe('default-deny');
    expect(egress(WEB, API, { dport: 8443, protocol: 17 })).toBe('default-deny');
    expect(egress(WEB, DB, { dport: 8443 })).toBe('default-deny');
    const tcp = ask([...given, fromWeb({ ...rule, protocol: 'TCP' })]);
    expect(tcp.egress(WEB, API, { dport: 8443 })).toBe('allow shop/p egress[0]');
    expect(tcp.egress(WEB, API, { dport: 5353, protocol: 17 })).toBe('default-deny');
  });
  it('C23: services in ingress: the endpoints alone; of another namespace where it is named', () => {
    const given = service('other', 'svc', [OTHER], [{ protocol: 'TCP', port: 8443 }]);
    const rule = allow({
      protocol: 'TCP',
      source: { services: { name: 'svc', namespace: 'other' } },
      destination: { ports: [80] },
    });
    const { ingress } = ask([...given, toApi(rule)]);
    expect([ingress(OTHER, API), ingress(WEB, API), ingress(OTHER, API, { dport: 81 })]).toEqual([
      'allow shop/p ingress[0]',
      'default-deny',
      'default-deny',
    ]);
  });
  it('C23: a service that is not given decides nothing', () => {
    const { egress, problems } = ask([
      fromWeb(allow({ protocol: 'TCP', destination: { services: { name: 'lost' } } }), deny()),
    ]);
    expect(egress(WEB, API)).toBe('unsupported shop/p egress[0]');
    expect(egress(WEB, API, { dport: 53, protocol: 17 })).toBe('deny shop/p egress[1]');
    expect(problems).toContainEqual(expect.stringContaining('Service shop/lost is not given'));
  });
  it('C25: protocols by name and number, notProtocol', () => {
    const open = (rule: object) => {
      const { ingress } = ask([toApi(allow(rule as Record<string, unknown>))]);
      return [1, 6, 17, 47, 132, 136].filter(protocol => ingress(WEB, API, { protocol, dport: 1 }).startsWith('allow'));
    };
    expect(open({ protocol: 'TCP' })).toEqual([6]);
    expect(open({ protocol: 'UDPLite' })).toEqual([136]);
    expect(open({ protocol: 47 })).toEqual([47]);
    expect(open({ protocol: '47' })).toEqual([47]);
    expect(open({ notProtocol: 'UDP' })).toEqual([1, 6, 47, 132, 136]);
    expect(open({ notProtocol: 47 })).toEqual([1, 6, 17, 132, 136]);
    expect(open({ protocol: 'TCP', notProtocol: 'TCP' })).toEqual([]);
    expect(open({ protocol: 'TCP', notProtocol: 'UDP' })).toEqual([6]);
    expect(open({})).toEqual([1, 6, 17, 47, 132, 136]);
  });
  it('C26: ICMP is of IPv4, ICMPv6 of IPv6', () => {
    const { ingress } = ask([toApi(allow({ protocol: 'ICMP' }))]);
    expect(ingress(WEB, API, { protocol: 1 })).toBe('allow shop/p ingress[0]');
    expect(ingress(WEB6, API6, { protocol: 1 })).toBe('default-deny');
    expect(ingress(WEB6, API6, { protocol: 58 })).toBe('default-deny');
    const six = ask([toApi(allow({ protocol: 'ICMPv6' }))]);
    expect(six.ingress(WEB6, API6, { protocol: 58 })).toBe('allow shop/p ingress[0]');
    expect(ask([toApi(allow({ protocol: 1 }))]).ingress(WEB6, API6, { protocol: 1 })).toBe('allow shop/p ingress[0]');
  });
  it('C28: icmp and notICMP', () => {
    const open = (rule: Record<string, unknown>) => {
      const { ingress } = ask([toApi(allow({ protocol: 'ICMP', ...rule }))]);
      const asked = [
        [0, 0],
        [3, 0],
        [3, 1],
        [8, 0],
      ] as const;
      return asked
        .filter(([icmpType, icmpCode]) => ingress(WEB, API, { protocol: 1, icmpType, icmpCode }).startsWith('allow'))
        .map(it => it.join('/'));
    };
    expect(open({ icmp: { type: 3 } })).toEqual(['3/0', '3/1']);
    expect(open({ icmp: { type: 3, code: 1 } })).toEqual(['3/1']);
    expect(open({ notICMP: { type: 3 } })).toEqual(['0/0', '8/0']);
    expect(open({ notICMP: { type: 3, code: 1 } })).toEqual(['0/0', '3/0', '8/0']);
    expect(open({ icmp: { type: 3 }, notICMP: { type: 3, code: 1 } })).toEqual(['3/0']);
    expect(open({ icmp: {} })).toEqual(['0/0', '3/0', '3/1', '8/0']);
  });
  it('C28: of ICMPv6 as well, by its number, too', () => {
    for (const protocol of ['ICMPv6', 58]) {
      const { ingress } = ask([toApi(allow({ protocol, icmp: { type: 128 } }))]);
      expect(ingress(WEB6, API6, { protocol: 58, icmpType: 128 })).toBe('allow shop/p ingress[0]');
      expect(ingress(WEB6, API6, { protocol: 58, icmpType: 129 })).toBe('default-deny');
      expect(ingress(WEB, API, { protocol: 58, icmpType: 128 })).toBe('default-deny');
    }
  });
  it('C28: notICMP without an ICMP protocol is not decided', () => {
    const { ingress, problems } = ask([toApi(deny({ notICMP: { type: 8 } }))]);
    expect(ingress(WEB, API)).toBe('unsupported shop/p ingress[0]');
    expect(problems).toContainEqual(expect.stringContaining('spec.ingress[0].notICMP'));
  });
  it('C29: http is not decided, at what else the rule matches', () => {
    const rule = allow({ http: { methods: ['GET'] }, protocol: 'TCP', source: { selector: "app == 'web'" } });
    const { ingress, problems } = ask([toApi(rule, deny())]);
    expect(ingress(WEB, API)).toBe('unsupported shop/p ingress[0]');
    expect(ingress(DB, API)).toBe('deny shop/p ingress[1]');
    expect(ingress(WEB, API, { protocol: 17, dport: 80 })).toBe('deny shop/p ingress[1]');
    expect(problems).toContainEqual(expect.stringContaining('spec.ingress[0].http'));
  });
  it('C43: domains are not decided', () => {
    const { egress, problems } = ask([fromWeb(allow({ destination: { domains: ['example.com'] } }))]);
    expect(egress(WEB, OUTSIDE)).toBe('unsupported shop/p egress[0]');
    expect(problems).toContainEqual(expect.stringContaining('destination.domains'));
  });
});

describe('pods without an address', () => {
  /** What is said of a packet to api, and to another pod without an address. */
  const ofWaiting = (rule: Record<string, unknown>): string => {
    const waiting = [pod('shop', 'waiting', [], { app: 'waiting' }), pod('shop', 'later', [], { app: 'later' })];
    const p = policy('shop/p', { types: ['Ingress'], ingress: [rule, deny()] });
    const { compiled } = compileObjects([...CLUSTER, ...waiting, p]);
    const { inventory, ruleset } = compiled;
    const linear = createLinear(ruleset, inventory);
    const named = (name: string) => inventory.pods.find(it => it.name === name)!;
    const end = (name: string) => ({ owner: named(name).owner, address: named(name).addresses[0] ?? null });
    return ['api', 'later']
      .map(to => {
        const header = { protocol: 6, sourcePort: -1, destinationPort: 80, icmpType: -1, icmpCode: -1 };
        const outcome = linear.decide({ source: end('waiting'), destination: end(to), ...header })[1];
        return `${ruleset.rules[outcome]!.action} ${ruleset.rules[outcome]!.origin.rule}`;
      })
      .join(' | ');
  };
  it.each([
    [allow(), 'allow ingress[0] | allow ingress[0]'],
    [allow({ source: { selector: "app == 'waiting'" } }), 'allow ingress[0] | allow ingress[0]'],
    [allow({ source: { nets: ['0.0.0.0/0'] } }), 'allow ingress[0] | allow ingress[0]'],
    [allow({ source: { nets: ['10.0.0.0/8'] } }), 'unsupported ingress[0] | unsupported ingress[0]'],
    [allow({ source: { notNets: ['10.0.0.0/8'] } }), 'unsupported ingress[0] | unsupported ingress[0]'],
    [allow({ destination: { nets: ['10.0.0.0/8'] } }), 'allow ingress[0] | unsupported ingress[0]'],
    [allow({ source: { selector: "app == 'web'", nets: ['10.0.0.0/8'] } }), 'deny ingress[1] | deny ingress[1]'],
    [allow({ ipVersion: 4 }), 'allow ingress[0] | unsupported ingress[0]'],
    [allow({ ipVersion: 6 }), 'deny ingress[1] | unsupported ingress[0]'],
    [allow({ protocol: 'UDP', source: { nets: ['10.0.0.0/8'] } }), 'deny ingress[1] | deny ingress[1]'],
    [
      allow({ protocol: 'TCP', source: { nets: ['10.0.0.0/8'] }, destination: { ports: [81] } }),
      'deny ingress[1] | deny ingress[1]',
    ],
    [
      allow({ protocol: 'TCP', source: { selector: "app == 'waiting'" }, destination: { ports: ['http', 80] } }),
      'allow ingress[0] | allow ingress[0]',
    ],
  ])('C34: are selected, and in no prefix that anybody could tell: %j', (rule, expected) => {
    expect(ofWaiting(rule)).toBe(expected);
  });
});

describe('profiles', () => {
  const profile = (name: string, spec: object) => object('Profile', name, spec);
  const all = { ingress: [allow()], egress: [allow()] };
  it("C35: Calico's own say nothing that is not said anyway", () => {
    const { says } = ask([profile('kns.shop', all), profile('ksa.shop.robot', {})]);
    expect(says(API, WEB)).toBe('not-isolated | not-isolated');
  });
  it('C35: others are asked past the last tier: first of the namespace, then of the service account', () => {
    const shut = profile('kns.shop', {
      ingress: [deny({ protocol: 'UDP' }), { action: 'Pass', protocol: 'TCP' }],
      egress: [allow()],
    });
    const robot = profile('ksa.shop.robot', { ingress: [allow({ source: { nets: [`${DB}/32`] } })] });
    const { ingress, egress } = ask([shut, robot]);
    expect(ingress(API, WEB, { protocol: 17, dport: 1 })).toBe('deny kns.shop ingress[0]');
    expect(ingress(DB, WEB)).toBe('allow ksa.shop.robot ingress[0]');
    // C36: what no profile takes is dropped.
    expect(ingress(API, WEB)).toBe('default-deny');
    expect(ingress(DB, API)).toBe('default-deny');
    expect(ingress(DB, API, { protocol: 132, dport: 1 })).toBe('default-deny');
    expect(egress(WEB, API)).toBe('not-isolated');
    expect(ingress(WEB, OTHER)).toBe('not-isolated');
  });
  it('C35: a policy that passes, and one that allows, before them', () => {
    const shut = profile('kns.shop', {});
    const { ingress } = ask([shut, toApi({ action: 'Pass', source: { nets: [`${DB}/32`] } }, allow())]);
    expect(ingress(DB, API)).toBe('default-deny');
    expect(ingress(WEB, API)).toBe('allow shop/p ingress[0]'.replace('[0]', '[1]'));
  });
  it('C16: labelsToApply are inherited, an own label goes before them', () => {
    const given = profile('kns.shop', { ...all, labelsToApply: { zone: 'a', app: 'lie' } });
    const of = (selector: string) => ask([given, policy('p', { selector, types: ['Ingress'] })]).ingress(OUTSIDE, API);
    expect([of("zone == 'a'"), of("app == 'lie'")]).toEqual(['default-deny', 'not-isolated']);
  });
});

describe('staged policies', () => {
  const staged = (kind: string, name: string, spec: object) => object(kind, name, spec);
  const shut = staged('StagedNetworkPolicy', 'shop/p', { selector: "app == 'api'", ingress: [deny()] });
  it('C44: are left out, and a warning counts them', () => {
    const global = staged('StagedGlobalNetworkPolicy', 'g', { tier: 'lost', ingress: [deny()] });
    const { ingress, problems, compiled } = ask([shut, global]);
    expect(ingress(WEB, API)).toBe('not-isolated');
    expect(problems).toEqual([expect.stringContaining('2 staged policies are left out of all verdicts')]);
    expect(compiled.objects.calico).toEqual([]);
  });
  it('C32: a tier of staged policies alone has no end', () => {
    const p = staged('StagedGlobalNetworkPolicy', 'g', { tier: 'one', ingress: [] });
    expect(ask([tier('one', 1), p]).ingress(WEB, API)).toBe('not-isolated');
    expect(ask([tier('one', 1), p], { staged: true }).ingress(WEB, API)).toBe('default-deny');
  });
  it('C44: with `staged` they stand in the place of the enforced ones of their names', () => {
    const now = policy('shop/p', { selector: "app == 'api'", ingress: [allow()] });
    const { ingress, problems } = ask([now, shut], { staged: true });
    expect(ingress(WEB, API)).toBe('deny shop/p ingress[0]');
    expect(problems).toEqual([]);
    expect(ask([policy('shop/q', { ingress: [allow()] }), shut], { staged: true }).ingress(WEB, DB)).toContain(
      'shop/q',
    );
    const gone = staged('StagedNetworkPolicy', 'shop/p', { stagedAction: 'Delete' });
    expect(ask([now, gone]).ingress(WEB, API)).toBe('allow shop/p ingress[0]');
    expect(ask([now, gone], { staged: true }).ingress(WEB, API)).toBe('not-isolated');
    const global = policy('p', { ingress: [allow()] });
    expect(ask([global, gone], { staged: true }).ingress(WEB, API)).toBe('allow p ingress[0]');
  });
  it('C44: what is only learnt or ignored changes nothing', () => {
    const now = policy('shop/p', { selector: "app == 'api'", ingress: [allow()] });
    for (const stagedAction of ['Learn', 'Ignore']) {
      const it_ = staged('StagedNetworkPolicy', 'shop/p', { stagedAction, ingress: [deny()] });
      const { ingress, problems } = ask([now, it_], { staged: true });
      expect(ingress(WEB, API)).toBe('allow shop/p ingress[0]');
      expect(problems).toEqual([
        expect.stringContaining('a staged policy is left out of all verdicts (stagedAction Learn or Ignore)'),
      ]);
    }
  });
  it('C45: a staged NetworkPolicy of Kubernetes', () => {
    const spec = { podSelector: { matchLabels: { app: 'api' } }, policyTypes: ['Ingress'] };
    const it_ = staged('StagedKubernetesNetworkPolicy', 'shop/k', spec);
    const now = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { namespace: 'shop', name: 'k' },
      spec: { ...spec, ingress: [{}] },
    };
    expect(ask([now, it_]).ingress(WEB, API)).toBe('allow shop/k ingress[0]');
    expect(ask([now, it_], { staged: true }).ingress(WEB, API)).toBe('default-deny');
    const gone = staged('StagedKubernetesNetworkPolicy', 'shop/k', { stagedAction: 'Delete', podSelector: {} });
    expect(ask([now, gone], { staged: true }).ingress(WEB, API)).toBe('not-isolated');
  });
  it('another plugin leaves out all of it', () => {
    const { ingress, problems } = ask([shut, toApi(deny())], { profile: 'kube-router' });
    expect(ingress(WEB, API)).toBe('not-isolated');
    expect(problems).toEqual([
      'kube-router does not enforce StagedNetworkPolicy: verdicts leave out shop/p',
      'kube-router does not enforce NetworkPolicy: verdicts leave out shop/p',
    ]);
  });
});

describe('host endpoints', () => {
  const NODE = '192.168.0.1';
  const hep = (name: string, spec: object, labels = { host: 'yes' }) =>
    object('HostEndpoint', name, { node: 'n1', ...spec }, labels);
  const wild = hep('all', { interfaceName: '*' });
  /** What the engines say at the node's side. */
  function ofNode(
    objects: readonly Manifest[],
    direction: 'ingress' | 'egress',
    peer: string,
    { protocol = 6, dport = 80 }: Ask = {},
  ): string {
    const { compiled } = compileObjects([...CLUSTER, ...objects]);
    const { ruleset, inventory, classifier } = compiled;
    const [source, destination] = direction === 'ingress' ? [peer, NODE] : [NODE, peer];
    const [said, tree] = [createLinear(ruleset, inventory), classifier].map(engine => {
      const outcome = classify(engine, { source, destination, protocol, dport })[direction === 'egress' ? 0 : 1];
      if (outcome >= 0) {
        const { action, origin } = ruleset.rules[outcome]!;
        return `${action} ${origin.policy} ${origin.rule}`;
      }
      return outcome <= OUTCOME_DEFAULT_DENY
        ? `end of ${ruleset[direction][OUTCOME_DEFAULT_DENY - outcome]!.name}`
        : 'open';
    });
    expect(tree).toBe(said);
    return said!;
  }
  const hostPolicy = (name: string, spec: object) => policy(name, { selector: "host == 'yes'", ...spec });

  it('C39: without a policy and a profile a host endpoint is closed, but for its failsafe ports', () => {
    expect(ofNode([wild], 'ingress', OUTSIDE)).toBe('end of end of profiles');
    expect(ofNode([wild], 'egress', OUTSIDE)).toBe('end of end of profiles');
    expect(ofNode([], 'ingress', OUTSIDE)).toBe('open');
  });
  it('C38: failsafe ports', () => {
    const open = (direction: 'ingress' | 'egress', protocol: number) =>
      [22, 53, 67, 68, 179, 2379, 2380, 5473, 6443, 6666, 6667, 80].filter(dport =>
        ofNode([wild], direction, OUTSIDE, { protocol, dport }).startsWith('allow all failsafe'),
      );
    expect(open('ingress', 6)).toEqual([22, 179, 2379, 2380, 5473, 6443, 6666, 6667]);
    expect(open('ingress', 17)).toEqual([68]);
    expect(open('egress', 6)).toEqual([179, 2379, 2380, 5473, 6443, 6666, 6667]);
    expect(open('egress', 17)).toEqual([53, 67]);
  });
  it("C37: the node's own pods are not asked about", () => {
    expect(ofNode([wild], 'ingress', WEB)).toBe('allow all own pods');
    expect(ofNode([wild], 'egress', WEB)).toBe('allow all own pods');
    // api is on another node.
    expect(ofNode([wild], 'ingress', API)).toBe('end of end of profiles');
  });
  it('C39: policies that select it, then profiles', () => {
    const p = hostPolicy('h', { ingress: [allow({ protocol: 'TCP', destination: { ports: [80] } })] });
    expect(ofNode([wild, p], 'ingress', OUTSIDE)).toBe('allow h ingress[0]');
    expect(ofNode([wild, p], 'ingress', OUTSIDE, { dport: 81 })).toBe('end of default');
    expect(ofNode([wild, p], 'egress', OUTSIDE)).toBe('end of end of profiles');
    const open = hep('all', { interfaceName: '*', profiles: ['projectcalico-default-allow'] });
    expect(ofNode([open], 'ingress', OUTSIDE)).toBe('open');
    expect(ofNode([open, p], 'ingress', OUTSIDE, { dport: 81 })).toBe('end of default');
    const own = hep('all', { interfaceName: '*', profiles: ['mine'] });
    const mine = object('Profile', 'mine', { ingress: [deny({ protocol: 'UDP' }), allow()] });
    expect(ofNode([own, mine], 'ingress', OUTSIDE)).toBe('allow mine ingress[1]');
    expect(ofNode([own, mine], 'ingress', OUTSIDE, { protocol: 17 })).toBe('deny mine ingress[0]');
    expect(ofNode([own], 'ingress', OUTSIDE)).toBe('unsupported all ingress');
    // It is selected by global policies alone, and no pod is by what selects it.
    expect(ofNode([wild, policy('shop/p', { ingress: [allow()] })], 'ingress', OUTSIDE)).toBe('end of end of profiles');
    expect(ofNode([wild, policy('p', { namespaceSelector: 'all()', ingress: [allow()] })], 'ingress', OUTSIDE)).toBe(
      'end of end of profiles',
    );
    expect(ofNode([wild, policy('p', { ingress: [allow()] })], 'ingress', OUTSIDE)).toBe('allow p ingress[0]');
  });
  it('C18: a namespaceSelector that holds without labels selects host endpoints, unless all() is beside it', () => {
    const p = (spec: object) => policy('p', { namespaceSelector: "env != 'prod'", ingress: [allow()], ...spec });
    expect(ofNode([wild, p({})], 'ingress', OUTSIDE)).toBe('allow p ingress[0]');
    expect(ofNode([wild, p({ selector: 'all()' })], 'ingress', OUTSIDE)).toBe('end of end of profiles');
  });
  it('C37: a named interface is its expected addresses, and goes before the one of all', () => {
    const eth = hep('eth', { interfaceName: 'eth0', expectedIPs: [NODE] }, { host: 'eth' });
    const p = policy('h', { selector: "host == 'eth'", ingress: [allow()] });
    expect(ofNode([wild, eth, p], 'ingress', OUTSIDE)).toBe('allow h ingress[0]');
    const lost = hep('lost', { interfaceName: 'eth0' });
    expect(ofNode([lost], 'ingress', OUTSIDE)).toBe('unsupported lost ingress');
    expect(ofNode([lost], 'ingress', OUTSIDE, { dport: 22 })).toBe('allow lost failsafe TCP 22');
    expect(ask([lost]).problems).toContainEqual(
      expect.stringContaining('the addresses of interface eth0 are not told'),
    );
    const none = object('HostEndpoint', 'none', { node: 'n9', interfaceName: '*' });
    expect(ask([none]).problems).toContainEqual(expect.stringContaining('node n9 is not given: it holds nothing'));
  });
  it('C40: preDNAT before all tiers, doNotTrack undecided; neither is about pods', () => {
    const early = hostPolicy('early', {
      preDNAT: true,
      applyOnForward: true,
      order: 9,
      ingress: [deny({ source: { nets: ['203.0.113.0/24'] } })],
    });
    const normal = hostPolicy('h', { ingress: [allow()] });
    expect(ofNode([wild, early, normal], 'ingress', OUTSIDE)).toBe('deny early ingress[0]');
    expect(ofNode([wild, early, normal], 'ingress', '198.51.100.1')).toBe('allow h ingress[0]');
    const raw = hostPolicy('raw', {
      doNotTrack: true,
      applyOnForward: true,
      types: ['Ingress'],
      ingress: [allow({ protocol: 'TCP' })],
    });
    expect(ofNode([wild, raw, normal], 'ingress', OUTSIDE)).toBe('unsupported raw ingress[0]');
    expect(ofNode([wild, raw, normal], 'ingress', OUTSIDE, { protocol: 17 })).toBe('allow h ingress[0]');
    const everybody = policy('raw', { doNotTrack: true, applyOnForward: true, types: ['Ingress'], ingress: [deny()] });
    expect(ask([everybody]).ingress(WEB, API)).toBe('not-isolated');
  });
  it('C41: with applyOnForward what passes through the host is undecided, but between its own pods', () => {
    const p = hostPolicy('h', { applyOnForward: true, ingress: [deny()] });
    const { ingress, problems } = ask([wild, p]);
    expect([ingress(OUTSIDE, WEB), ingress(API, WEB), ingress(DB, WEB), ingress(OUTSIDE, API)]).toEqual([
      'unsupported all ingress',
      'unsupported all ingress',
      'not-isolated',
      'not-isolated',
    ]);
    expect(ask([wild, p]).egress(WEB, OUTSIDE)).toBe('not-isolated');
    expect(problems).toContainEqual(expect.stringContaining('hold forwarded traffic, too (applyOnForward)'));
  });
  it('C17: as peers they are their expected addresses', () => {
    const far = object(
      'HostEndpoint',
      'far',
      {
        node: 'n9',
        interfaceName: 'eth0',
        expectedIPs: [OUTSIDE],
        ports: [{ name: 'web', protocol: 'TCP', port: 8443 }],
      },
      { host: 'far' },
    );
    const { egress } = ask([
      far,
      policy('p', {
        selector: "app == 'web'",
        egress: [allow({ protocol: 'TCP', destination: { selector: "host == 'far'", ports: ['web'] } })],
      }),
    ]);
    expect(egress(WEB, OUTSIDE, { dport: 8443 })).toBe('allow p egress[0]');
    expect(egress(WEB, OUTSIDE, { dport: 8444 })).toBe('default-deny');
  });
});

describe('what is not made again', () => {
  it('the same policies give the same contributions; one that changes, its own', () => {
    const many = Array.from({ length: 50 }, (_, i) =>
      policy(`shop/p${i}`, { selector: "app == 'api'", ingress: [allow({ source: { nets: [`10.9.${i}.0/24`] } })] }),
    );
    const read = (objects: readonly Manifest[]) => readDocuments(toText(objects), 'p.yaml').documents;
    const cluster = read(CLUSTER);
    const before = read(many.map(it => it));
    const changed = [...before];
    changed[7] = read([policy('shop/p7', { selector: "app == 'api'", ingress: [deny()] })])[0]!;
    const compiler = createCompiler({ profile: 'calico' });
    const rulesOf = (documents: typeof before) => compiler.compile([...cluster, ...documents]).compiled!.ruleset.rules;
    const first = new Set(rulesOf(before));
    expect([...first].filter(({ direction }) => direction === 'ingress').length).toBeGreaterThanOrEqual(50);
    const again = rulesOf(before);
    expect(again.filter(rule => !first.has(rule))).toEqual([]);
    const fresh = rulesOf(changed).filter(rule => !first.has(rule));
    expect(fresh.map(({ origin }) => origin.policy)).toEqual(['shop/p7']);
  });
});
