/** Calico's own kinds as rules; the numbers are facts of docs/dialects/calico.md. */
import { describe, expect, it } from 'vitest';
import type { CompileOptions } from '../../src/compile.js';
import { createLinear } from '../../src/tree/linear.js';
import { createTree } from '../../src/tree/tree.js';
import { judge, type PacketLiteral } from '../tree/packets.js';
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
