/** The facts of docs/dialects/istio.md, each by its number. */
import { describe, expect, it } from 'vitest';
import { asking, namespace, pod, policy, request } from './ask.js';

const CLUSTER = [
  namespace('shop'),
  namespace('lab'),
  pod({ at: 'shop/web', ip: '10.0.0.1', labels: { app: 'web' }, account: 'web', proxy: 'containers' }),
  pod({ at: 'shop/db', ip: '10.0.0.2', labels: { app: 'db' }, account: 'db', proxy: 'initContainers' }),
  pod({ at: 'lab/web', ip: '10.0.0.3', labels: { app: 'web' }, account: 'my.app', proxy: 'containers' }),
  pod({ at: 'lab/bare', ip: '10.0.0.4', labels: { app: 'bare', 'sidecar.istio.io/inject': 'false' } }),
  pod({ at: 'lab/silent', ip: '10.0.0.5', labels: { app: 'silent' }, account: 'web' }),
];
const TO_DB = { from: 'shop/web', to: 'shop/db' };
const ask = (...policies: string[]) => asking(policies, CLUSTER);
/** An ALLOW policy of one rule: whether it matches. */
const allows = (rule: string, from = 'shop/web', port = 80): string =>
  ask(policy('shop/a', `{rules: [${rule}]}`)).tcp({ from, to: 'shop/db', port });
const YES = 'allowed rule shop/a rules[0]';
const NO = 'denied default-deny shop/a';
const from = (source: string): string => `{from: [{source: ${source}}]}`;
const to = (operation: string): string => `{to: [{operation: ${operation}}]}`;

describe('IS1 workloads', () => {
  it('of the own namespace, all or by labels', () => {
    const one = ask(policy('shop/a', '{selector: {matchLabels: {app: db}}}'));
    expect(one.tcp(TO_DB)).toBe(NO);
    expect(one.tcp({ from: 'shop/db', to: 'shop/web' })).toBe('allowed no-policy');
    const all = ask(policy('shop/a', '{}'));
    expect(all.tcp({ from: 'shop/db', to: 'shop/web' })).toBe(NO);
    expect(all.tcp({ from: 'shop/db', to: 'lab/web' })).toBe('allowed no-policy');
    expect(ask(policy('shop/a', '{selector: {}}')).tcp(TO_DB)).toBe(NO);
  });
  it('what selects is told', () => {
    const { mesh, place } = ask(policy('shop/a', '{selector: {matchLabels: {app: db}}}'));
    expect(mesh.selects(place(TO_DB).destination)).toBe(true);
    expect(mesh.selects(place(TO_DB).source)).toBe(false);
    expect(mesh.selects(-1)).toBe(false);
  });
});

describe('IS2 the root namespace', () => {
  it('is about every namespace', () => {
    const { tcp } = ask(policy('istio-system/a', '{selector: {matchLabels: {app: web}}}'));
    expect(tcp({ from: 'shop/db', to: 'lab/web' })).toBe('denied default-deny istio-system/a');
    expect(tcp({ from: 'shop/db', to: 'shop/web' })).toBe('denied default-deny istio-system/a');
    expect(tcp(TO_DB)).toBe('allowed no-policy');
  });
});

describe('IS3 targets', () => {
  const spec = '{targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: front}]}';
  it('are gateways: pods that are none are not selected', () => {
    const gateway = pod({
      at: 'shop/front',
      ip: '10.0.0.9',
      labels: { 'gateway.networking.k8s.io/gateway-name': 'front' },
      proxy: 'containers',
    });
    const { tcp } = asking([policy('shop/a', spec)], [...CLUSTER, gateway]);
    expect(tcp(TO_DB)).toBe('allowed no-policy');
    expect(tcp({ from: 'shop/web', to: 'shop/front' })).toBe(NO);
    const service = policy('shop/a', '{targetRefs: [{kind: Service, name: front}]}');
    for (const other of [service, policy('istio-system/a', spec)]) {
      expect(asking([other], [...CLUSTER, gateway]).tcp({ from: 'shop/web', to: 'shop/front' })).toBe(
        'allowed no-policy',
      );
    }
    expect(asking([policy('lab/a', spec)], [...CLUSTER, gateway]).tcp({ from: 'shop/web', to: 'shop/front' })).toBe(
      'allowed no-policy',
    );
  });
  it('a waypoint is never selected by labels; what it enforces is undecided', () => {
    const labels = {
      'gateway.istio.io/managed': 'istio.io-mesh-controller',
      'gateway.networking.k8s.io/gateway-name': 'w',
    };
    const waypoint = pod({ at: 'shop/w', ip: '10.0.0.9', labels, proxy: 'containers' });
    expect(asking([policy('shop/a', '{}')], [...CLUSTER, waypoint]).tcp({ from: 'shop/web', to: 'shop/w' })).toBe(
      'allowed no-policy',
    );
    const service = policy('shop/a', '{targetRefs: [{kind: Service, name: db}]}');
    expect(asking([service], [...CLUSTER, waypoint]).tcp({ from: 'shop/web', to: 'shop/w' })).toMatch(
      /^undecided shop\/a: what a waypoint/,
    );
  });
});

describe('IS4 order', () => {
  const allow = policy('shop/a', '{rules: [{}]}');
  const deny = policy('shop/d', '{action: DENY, rules: [{to: [{operation: {ports: ["80"]}}]}]}');
  it('DENY before ALLOW; without ALLOW policies all else is allowed', () => {
    expect(ask(allow, deny).tcp(TO_DB)).toBe('denied rule shop/d rules[0]');
    expect(ask(allow, deny).tcp({ ...TO_DB, port: 81 })).toBe(YES);
    expect(ask(deny).tcp({ ...TO_DB, port: 81 })).toBe('allowed no-policy');
  });
  it('an absent action is ALLOW, and one ALLOW policy that matches is enough', () => {
    expect(ask(policy('shop/b', '{action: ALLOW}'), allow).tcp(TO_DB)).toBe(YES);
  });
  it('AUDIT changes nothing', () => {
    const audit = policy('shop/u', '{action: AUDIT, rules: [{to: [{operation: {methods: [GET]}}]}]}');
    const { http, tcp, mesh, place } = ask(audit, allow);
    expect(http(TO_DB, request('GET', '/'))).toBe(`${YES} (audited by shop/u)`);
    expect(http(TO_DB, request('PUT', '/'))).toBe(YES);
    expect(tcp(TO_DB)).toBe(`${YES} (audited by shop/u)`);
    expect(mesh.dependsOnRequests(place(TO_DB))).toBe(true);
    expect(ask(audit).http(TO_DB, request('PUT', '/'))).toBe('allowed no-policy');
  });
});

describe('IS5 no rules, and the empty rule', () => {
  it('match nothing, and everything', () => {
    expect(ask(policy('shop/a', '{}')).tcp(TO_DB)).toBe(NO);
    expect(ask(policy('shop/a', '{rules: []}')).tcp(TO_DB)).toBe(NO);
    expect(ask(policy('shop/a', '{action: DENY, rules: []}')).tcp(TO_DB)).toBe('allowed no-policy');
    expect(allows('{}')).toBe(YES);
    expect(ask(policy('shop/a', '{action: DENY, rules: [{}]}')).tcp(TO_DB)).toBe('denied rule shop/a rules[0]');
  });
});

describe('IS6 dry run', () => {
  it('is not enforced', () => {
    const { tcp, warnings, mesh, place } = ask(policy('shop/a', '{}', '{istio.io/dry-run: "true"}'));
    expect(tcp(TO_DB)).toBe('allowed no-policy');
    expect(mesh.selects(place(TO_DB).destination)).toBe(false);
    expect(warnings).toContainEqual(expect.stringContaining('is not enforced'));
    expect(ask(policy('shop/a', '{}', '{istio.io/dry-run: "false"}')).tcp(TO_DB)).toBe(NO);
  });
});

describe('IS7 CUSTOM', () => {
  const custom = policy(
    'shop/c',
    '{action: CUSTOM, provider: {name: opa}, rules: [{to: [{operation: {ports: ["80"]}}]}]}',
  );
  it('is undecided where it matches, unless the others deny', () => {
    expect(ask(custom).tcp(TO_DB)).toBe('undecided shop/c rules[0]: the answer of the provider opa');
    expect(ask(custom).tcp({ ...TO_DB, port: 81 })).toBe('allowed no-policy');
    const open = '{action: CUSTOM, provider: {name: opa}, rules: [{when: [{key: remote.ip, values: [10.0.0.1]}]}]}';
    expect(ask(policy('shop/c', open)).tcp(TO_DB)).toBe(
      'undecided shop/c rules[0]: the address that proxies in front report (remote.ip); the answer of the provider opa',
    );
    expect(ask(custom, policy('shop/a', '{}')).tcp(TO_DB)).toBe(NO);
    expect(ask(custom, policy('shop/a', '{action: DENY, rules: [{}]}')).tcp(TO_DB)).toBe('denied rule shop/a rules[0]');
    expect(ask(custom, policy('shop/a', '{rules: [{}]}')).tcp(TO_DB)).toMatch(/^undecided shop\/c/);
  });
});

describe('IS8 rules', () => {
  it('sources OR, operations OR, both AND every condition; fields of one AND', () => {
    const rule =
      '{from: [{source: {ipBlocks: [10.0.0.1]}}, {source: {ipBlocks: [10.0.0.3], namespaces: [shop]}}], to: [{operation: {ports: ["80"]}}, {operation: {ports: ["81"]}}], when: [{key: source.ip, notValues: [10.9.0.0/16]}, {key: destination.port, values: ["81", "82"]}]}';
    expect(allows(rule, 'shop/web', 81)).toBe(YES);
    expect(allows(rule, 'shop/web', 80)).toBe(NO);
    expect(allows(rule, 'shop/web', 82)).toBe(NO);
    expect(allows(rule, 'lab/web', 81)).toBe(NO);
  });
  it('the second rule is named', () => {
    expect(allows(`${to('{ports: ["81"]}')}, {}`)).toBe('allowed rule shop/a rules[1]');
  });
});

describe('IS9 HTTP fields in ALLOW, and no HTTP', () => {
  it('take the whole rule out, with its other entries', () => {
    const rule = '{to: [{operation: {ports: ["80"]}}, {operation: {methods: [GET]}}]}';
    expect(allows(rule)).toBe(NO);
    const { http, unread, mesh, place } = ask(policy('shop/a', `{rules: [${rule}]}`));
    expect(http(TO_DB, request('PUT', '/'))).toBe(YES);
    expect(unread(TO_DB)).toBe('undecided shop/a rules[0]: whether it carries HTTP');
    expect(mesh.dependsOnRequests(place(TO_DB))).toBe(true);
  });
  it('in from and when, too', () => {
    expect(allows(from('{requestPrincipals: ["*"]}'))).toBe(NO);
    expect(allows('{when: [{key: "request.headers[x-a]", notValues: [b]}]}')).toBe(NO);
  });
});

describe('IS10 HTTP fields in DENY, and no HTTP', () => {
  const denies = (rule: string, port = 80): string =>
    ask(policy('shop/d', `{action: DENY, rules: [${rule}]}`)).tcp({ ...TO_DB, port });
  it('are left out', () => {
    expect(denies(to('{methods: [GET]}'))).toBe('denied rule shop/d rules[0]');
    expect(denies(to('{methods: [GET], ports: ["81"]}'))).toBe('allowed no-policy');
    expect(denies(to('{methods: [GET], ports: ["81"]}'), 81)).toBe('denied rule shop/d rules[0]');
    expect(denies('{when: [{key: "request.headers[x-a]", values: [b]}]}')).toBe('denied rule shop/d rules[0]');
    expect(denies(from('{notRequestPrincipals: ["*"]}'))).toBe('denied rule shop/d rules[0]');
  });
});

describe('IS11 strings', () => {
  const method = (pattern: string, given: string): string =>
    ask(policy('shop/a', `{rules: [${to(`{methods: ["${pattern}"]}`)}]}`)).http(TO_DB, request(given, '/'));
  it.each([
    ['GET', 'GET', YES],
    ['GET', 'GETS', NO],
    ['GE*', 'GET', YES],
    ['GET*', 'GET', YES],
    ['*ET', 'GET', YES],
    ['*GET', 'GET', YES],
    ['*', 'GET', YES],
    ['G*T', 'GET', NO],
    ['*E*', 'GET', NO],
    ['get', 'GET', NO],
  ])('%s against %s', (pattern, given, expected) => expect(method(pattern, given)).toBe(expected));
});

describe('IS12 principals', () => {
  it.each([
    ['cluster.local/ns/shop/sa/web', YES],
    ['cluster.local/ns/shop/sa/we', NO],
    ['cluster.local/ns/shop/*', YES],
    ['*/sa/web', YES],
    ['*/ns/lab/sa/web', NO],
    ['*', YES],
    [
      'clusterxlocal/ns/shop/sa/web',
      'undecided shop/a rules[0]: whether the trust domain of the mesh is clusterxlocal',
    ],
    ['*xlocal/ns/shop/sa/web', 'undecided shop/a rules[0]: whether the trust domain of the mesh is xlocal'],
    ['*.local/ns/sho./sa/web', YES],
    ['td1/ns/lab/sa/web', NO],
    ['*web*', 'undecided shop/a rules[0]: what "*web*" matches'],
    ['spiffe://cluster.local/ns/shop/sa/web', NO],
    ['/ns/shop/sa/web', NO],
  ])('%s', (principal, expected) => expect(allows(from(`{principals: ["${principal}"]}`))).toBe(expected));
  it('of a source that proves none: no value matches, so every negation does', () => {
    for (const source of ['lab/bare', '203.0.113.4']) {
      expect(allows(from('{principals: ["*"]}'), source)).toBe(NO);
      expect(allows(from('{notPrincipals: ["*"]}'), source)).toBe(YES);
      expect(allows(from('{notNamespaces: [lab]}'), source)).toBe(YES);
      expect(allows(from('{notServiceAccounts: [lab/web]}'), source)).toBe(YES);
    }
    expect(allows(from('{notPrincipals: ["*"]}'))).toBe(NO);
  });
  it('of a pod without any sign, in a mesh that others show: undecided where it counts', () => {
    expect(allows(from('{namespaces: [lab]}'), 'lab/silent')).toBe(
      'undecided shop/a rules[0]: whether lab/silent is in the mesh',
    );
    expect(allows(from('{notNamespaces: [lab]}'), 'lab/silent')).toMatch(/^undecided/);
    expect(allows(from('{namespaces: [shop]}'), 'lab/silent')).toBe(NO);
    expect(allows('{when: [{key: source.principal, notValues: ["*"]}]}', 'lab/silent')).toMatch(/^undecided/);
  });
});

describe('IS13 namespaces and service accounts', () => {
  it.each([
    ['{namespaces: [shop]}', 'shop/web', YES],
    ['{namespaces: [sho]}', 'shop/web', NO],
    ['{namespaces: ["s*"]}', 'shop/web', YES],
    ['{namespaces: ["*p"]}', 'shop/web', YES],
    ['{namespaces: ["s*p"]}', 'shop/web', YES],
    // A * reaches over what stands behind the namespace.
    ['{namespaces: ["*a"]}', 'shop/web', YES],
    ['{namespaces: ["*b"]}', 'shop/web', NO],
    ['{namespaces: ["sh.p"]}', 'shop/web', 'undecided shop/a rules[0]: what "sh.p" matches'],
    ['{serviceAccounts: [web]}', 'shop/web', YES],
    ['{serviceAccounts: [web]}', 'lab/web', NO],
    ['{serviceAccounts: [lab/my.app]}', 'lab/web', YES],
    ['{serviceAccounts: [lab/m..app]}', 'lab/web', YES],
    ['{serviceAccounts: [lab/my-app]}', 'lab/web', NO],
    ['{serviceAccounts: [shop/we]}', 'shop/web', NO],
  ])('%s from %s', (source, end, expected) => expect(allows(from(source), end)).toBe(expected));
  it('an account in when', () => {
    expect(allows('{when: [{key: source.serviceAccount, values: [web]}]}')).toBe(YES);
    expect(allows('{when: [{key: source.serviceAccount, notValues: [shop/web]}]}')).toBe(NO);
  });
});

describe('IS14 addresses and ports', () => {
  it.each([
    ['{ipBlocks: [10.0.0.1]}', YES],
    ['{ipBlocks: [10.0.0.2]}', NO],
    ['{ipBlocks: [10.0.0.7/29]}', YES],
    ['{notIpBlocks: [10.0.0.0/30]}', NO],
    ['{ipBlocks: ["::/0"]}', NO],
    ['{ipBlocks: ["::ffff:10.0.0.1"]}', 'undecided shop/a rules[0]: what "::ffff:10.0.0.1" matches'],
  ])('%s', (source, expected) => expect(allows(from(source))).toBe(expected));
  it('the port is the pod’s, and destination.ip its address', () => {
    expect(allows(to('{ports: ["080"]}'))).toBe(YES);
    expect(allows(to('{notPorts: ["80"]}'))).toBe(NO);
    expect(allows('{when: [{key: destination.ip, values: [10.0.0.2]}]}')).toBe(YES);
    expect(allows('{when: [{key: destination.ip, values: [10.0.0.1]}]}')).toBe(NO);
  });
  it('what is not known is undecided', () => {
    expect(allows(to('{ports: ["80"]}'), 'shop/web', -1)).toBe('undecided shop/a rules[0]: the port');
    const nowhere = pod({ at: 'shop/new', proxy: 'containers' });
    const { tcp } = asking([policy('shop/a', `{rules: [${from('{ipBlocks: [10.0.0.1]}')}]}`)], [...CLUSTER, nowhere]);
    expect(tcp({ from: 'shop/new', to: 'shop/db' })).toBe('undecided shop/a rules[0]: the address of the source');
  });
});

const path = (pattern: string, given: string): string =>
  ask(policy('shop/a', `{rules: [${to(`{paths: ["${pattern}"]}`)}]}`)).http(TO_DB, request('GET', given));

describe('IS15 path templates', () => {
  it.each([
    ['/a/{*}', '/a/b', YES],
    ['/a/{*}', '/a/', NO],
    ['/a/{*}', '/a/b/c', NO],
    ['/a/{*}', '/a/b?c', YES],
    ['/a/{*}', '/a/b=c', NO],
    ['/a/{*}/c', '/a/b/c', YES],
    ['/a/{**}', '/a/', YES],
    ['/a/{**}', '/a', NO],
    ['/a/{**}', '/a/b/c', YES],
    ['/{*}/{**}', '/a/b/c', YES],
    ['/a/{*}/', '/a/b/', YES],
    ['/a/{*}/', '/a/b', NO],
    ['/{**}.html', '/a/b.html', YES],
    ['/{**}.html', '/a/bxhtml', NO],
    ['/{**}/{*}', '/a/b', 'undecided shop/a rules[0]: what "/{**}/{*}" matches'],
  ])('%s against %s', (pattern, given, expected) => expect(path(pattern, given)).toBe(expected));
});

describe('IS16 requests', () => {
  it.each([
    ['/a', '/a?b=/c', YES],
    ['/a', '/%61', YES],
    ['/a/b', '/a%2fb', NO],
    ['/a%2fb', '/a%2fb', YES],
    ['/a/b', '/a\\\\b', YES],
    ['/b', '/a/../b', YES],
    ['/b', '/a/%2e%2E/b', YES],
    ['/b', '/../b', YES],
    ['/a/', '/a/.', YES],
    ['/', '/a/..', YES],
    ['/a//b', '/a//b', YES],
    ['/a/b', '/a//b', NO],
    ['/a', '/a?b#c', 'undecided shop/a rules[0]: what the proxy makes of the path'],
    ['/a', '/a#b', 'undecided shop/a rules[0]: what the proxy makes of the path'],
    ['/a', '/a%zz', 'undecided shop/a rules[0]: what the proxy makes of the path'],
    ['/a', '/a%00', 'undecided shop/a rules[0]: what the proxy makes of the path'],
    ['/a', '/a b', 'undecided shop/a rules[0]: what the proxy makes of the path'],
    ['/a', '*', 'undecided shop/a rules[0]: what the proxy makes of the path'],
  ])('path %s against %s', (pattern, given, expected) =>
    expect(path(pattern, given.replace('\\\\', '\\'))).toBe(expected),
  );
  const host = (pattern: string, given: string): string =>
    ask(policy('shop/a', `{rules: [${to(`{hosts: ["${pattern}"]}`)}]}`)).http(TO_DB, request('GET', '/', given));
  it.each([
    ['shop.example', 'Shop.EXAMPLE', YES],
    ['Shop.Example', 'shop.example', YES],
    ['shop.example', 'shop.example:8080', NO],
    ['shop.example:*', 'shop.example:8080', YES],
    ['*.example', 'shop.example', YES],
    ['*', '', NO],
  ])('host %s against %s', (pattern, given, expected) => expect(host(pattern, given)).toBe(expected));
  const header = (condition: string, headers: Readonly<Record<string, readonly string[]>>): string =>
    ask(policy('shop/a', `{rules: [{when: [{key: "request.headers[X-A]", ${condition}}]}]}`)).http(
      TO_DB,
      request('GET', '/', 'h', headers),
    );
  it('headers by name in any case, several joined by commas, absent ones by no value', () => {
    expect(header('values: [b]', { 'x-a': ['b'] })).toBe(YES);
    expect(header('values: [B]', { 'x-a': ['b'] })).toBe(NO);
    expect(header('values: ["b,c"]', { 'x-a': ['b', 'c'] })).toBe(YES);
    expect(header('values: [b]', { 'x-a': ['b', 'c'] })).toBe(NO);
    expect(header('values: ["*"]', { 'x-a': [''] })).toBe(YES);
    expect(header('values: ["*"]', {})).toBe(NO);
    expect(header('notValues: [b]', {})).toBe(YES);
  });
  it('headers that proxies change are undecided', () => {
    const key = '{when: [{key: "request.headers[x-forwarded-for]", values: [b]}]}';
    expect(ask(policy('shop/a', `{rules: [${key}]}`)).http(TO_DB, request('GET', '/'))).toMatch(/^undecided/);
  });
  it('without one it is said what the answer depends on', () => {
    const rule =
      '{to: [{operation: {methods: [GET], paths: [/a]}}], when: [{key: "request.headers[x-a]", values: [b]}]}';
    const { unread, mesh, place } = ask(policy('shop/a', `{action: DENY, rules: [${rule}]}`));
    expect(unread(TO_DB)).toBe(
      'undecided shop/a rules[0]: the method of the request; the path of the request; the header x-a of the request',
    );
    expect(mesh.dependsOnRequests(place(TO_DB))).toBe(true);
    const ports = ask(policy('shop/a', `{rules: [${to('{methods: [GET], ports: ["81"]}')}]}`));
    expect(ports.mesh.dependsOnRequests(ports.place(TO_DB))).toBe(false);
    expect(ports.unread(TO_DB)).toBe(NO);
  });
});

describe('IS17 to IS19 what is not judged', () => {
  it.each([
    ['{from: [{source: {requestPrincipals: ["*"]}}]}', 'requestPrincipals'],
    ['{when: [{key: "request.auth.claims[iss]", values: [x]}]}', 'request.auth.claims[iss]'],
    ['{from: [{source: {notRemoteIpBlocks: [10.0.0.0/8]}}]}', 'notRemoteIpBlocks'],
    ['{when: [{key: remote.ip, values: [10.0.0.0/8]}]}', 'remote.ip'],
    ['{when: [{key: connection.sni, values: [x]}]}', 'connection.sni'],
    ['{when: [{key: "experimental.envoy.filters.a[b]", values: [x]}]}', 'experimental.envoy.filters.a[b]'],
  ])('%s', (rule, field) => {
    const { http, warnings } = ask(policy('shop/a', `{rules: [${rule}]}`));
    expect(http(TO_DB, request('GET', '/'))).toMatch(/^undecided shop\/a rules\[0\]: /);
    expect(http(TO_DB, request('GET', '/'))).toContain(`(${field})`);
    expect(warnings).toContainEqual(expect.stringContaining('what depends on it is undecided'));
  });
  it('counts only where it would change the answer', () => {
    const { http } = ask(policy('shop/a', '{rules: [{when: [{key: remote.ip, values: [1.1.1.1]}]}, {}]}'));
    expect(http(TO_DB, request('GET', '/'))).toBe('allowed rule shop/a rules[1]');
  });
});

describe('IS20 what passes no proxy', () => {
  const closed = policy('lab/a', '{}');
  it('pods on the host network and pods that refuse injection', () => {
    const host = pod({ at: 'lab/host', ip: '10.9.9.9', hostNetwork: true, proxy: 'containers' });
    const refused = pod({ at: 'lab/refused', ip: '10.0.0.8', annotations: { 'sidecar.istio.io/inject': 'false' } });
    const { tcp, warnings } = asking([closed], [...CLUSTER, host, refused]);
    for (const end of ['lab/host', 'lab/refused', 'lab/bare']) {
      expect(tcp({ from: 'shop/web', to: end })).toBe('allowed not-enforced');
    }
    expect(warnings).toContainEqual(expect.stringMatching(/^3 pods .* are out of the mesh/));
  });
  it('all but TCP, and the ports of the proxy itself', () => {
    const { tcp } = ask(policy('shop/a', '{}'));
    expect(tcp({ ...TO_DB, protocol: 17 })).toBe('allowed not-enforced');
    for (const port of [15020, 15021, 15090]) expect(tcp({ ...TO_DB, port })).toBe('allowed not-enforced');
    expect(tcp({ ...TO_DB, port: 15022 })).toBe(NO);
  });
  it('a pod to itself: undecided where it would be denied', () => {
    expect(ask(policy('shop/a', '{}')).tcp({ from: 'shop/db', to: 'shop/db' })).toMatch(/^undecided shop\/a: whether/);
    expect(ask(policy('shop/a', '{rules: [{}]}')).tcp({ from: 'shop/db', to: 'shop/db' })).toBe(YES);
  });
});

describe('IS21 who is in the mesh', () => {
  it('the label counts before the annotation, a container before both', () => {
    const inject = (value: string) => ({ 'sidecar.istio.io/inject': value });
    const pods = [
      pod({ at: 'lab/a', ip: '10.1.0.1', labels: inject('true'), annotations: inject('false') }),
      pod({ at: 'lab/b', ip: '10.1.0.2', labels: inject('false'), annotations: inject('true') }),
      pod({ at: 'lab/c', ip: '10.1.0.3', labels: inject('false'), proxy: 'containers' }),
      pod({ at: 'lab/d', ip: '10.1.0.4', annotations: inject('true') }),
    ];
    const { tcp, warnings } = asking([policy('lab/a', '{}')], pods);
    const verdicts = ['lab/a', 'lab/b', 'lab/c', 'lab/d'].map(to => tcp({ from: '203.0.113.1', to }));
    expect(verdicts).toEqual([
      'denied default-deny lab/a',
      'allowed not-enforced',
      'denied default-deny lab/a',
      'denied default-deny lab/a',
    ]);
    expect(warnings.filter(it => it.includes('no sign'))).toEqual([]);
  });
  it('a pod without a sign is taken for one with a sidecar, and counted', () => {
    const finished = { ...pod({ at: 'lab/done' }), status: { phase: 'Succeeded' } };
    const refused = pod({ at: 'shop/out', labels: { 'sidecar.istio.io/inject': 'false' } });
    const pods = [...['a', 'b'].map((name, i) => pod({ at: `lab/${name}`, ip: `10.1.0.${i}` })), finished, refused];
    const { tcp, warnings } = asking([policy('lab/x', `{rules: [${from('{namespaces: [lab]}')}]}`)], pods);
    // Nobody shows a mesh: the plan is to have one.
    expect(tcp({ from: 'lab/a', to: 'lab/b' })).toBe('allowed rule lab/x rules[0]');
    expect(warnings.filter(it => it.includes('no sign'))).toEqual([
      '2 pods that AuthorizationPolicies select show no sign of a proxy: lab/a, lab/b',
    ]);
  });
  it('a namespace may disable injection, or ask for it for pods that are still to come', () => {
    const workload = (ns: string, annotations: Readonly<Record<string, string>> = {}): object => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'w', namespace: ns },
      spec: {
        template: {
          metadata: { labels: { app: 'w' }, annotations },
          spec: { containers: [{ name: 'c', image: 'i' }] },
        },
      },
    });
    const refused = { 'sidecar.istio.io/inject': 'false' };
    const { tcp, warnings } = asking(
      [policy('into/a', '{}'), policy('outof/a', '{}'), policy('part/a', '{}')],
      [
        namespace('into', { 'istio-injection': 'enabled' }),
        namespace('outof', { 'istio-injection': 'disabled' }),
        namespace('part', { 'istio-injection': 'enabled' }),
        workload('into'),
        workload('outof'),
        workload('part', refused),
        pod({ at: 'into/old', ip: '10.0.0.1' }),
      ],
    );
    expect(tcp({ from: '203.0.113.1', to: 'into/w' })).toBe('denied default-deny into/a');
    expect(tcp({ from: '203.0.113.1', to: 'outof/w' })).toBe('allowed not-enforced');
    expect(tcp({ from: '203.0.113.1', to: 'part/w' })).toBe('allowed not-enforced');
    // A pod that runs without a sidecar was not injected.
    expect(warnings.filter(it => it.includes('no sign'))).toEqual([
      '1 pod that AuthorizationPolicies select shows no sign of a proxy: into/old',
    ]);
  });
});

const AMBIENT = [
  namespace('amb', { 'istio.io/dataplane-mode': 'ambient' }),
  pod({ at: 'amb/a', ip: '10.2.0.1', account: 'a.b' }),
  pod({ at: 'amb/b', ip: '10.2.0.2' }),
  pod({
    at: 'amb/out',
    ip: '10.2.0.3',
    labels: { 'istio.io/dataplane-mode': 'none', 'sidecar.istio.io/inject': 'false' },
  }),
];
const ambient = (spec: string, source = 'amb/a'): string =>
  asking([policy('amb/a', spec)], AMBIENT).http({ from: source, to: 'amb/b' }, request('GET', '/'));

describe('IS22 the ambient mode', () => {
  it('by the label of the namespace or the pod, whose own counts first', () => {
    expect(ambient('{}')).toBe('denied default-deny amb/a');
    const { tcp } = asking([policy('amb/a', '{}')], AMBIENT);
    expect(tcp({ from: 'amb/a', to: 'amb/out' })).toBe('allowed not-enforced');
    expect(tcp({ from: 'amb/a', to: 'amb/b', port: 15020 })).toBe('denied default-deny amb/a');
    expect(ambient('{rules: [{from: [{source: {namespaces: [amb]}}]}]}', 'amb/out')).toBe('denied default-deny amb/a');
  });
});

describe('IS23 ztunnel', () => {
  const allow = (rule: string): string => ambient(`{rules: [${rule}]}`);
  const deny = (rule: string): string => ambient(`{action: DENY, rules: [${rule}]}`);
  it('looks at layer 4 alone, at requests never', () => {
    expect(allow(to('{methods: [GET]}'))).toBe('denied default-deny amb/a');
    expect(allow('{when: [{key: remote.ip, values: [10.0.0.0/8]}]}')).toBe('denied default-deny amb/a');
    expect(deny(to('{methods: [PUT], ports: ["80"]}'))).toBe('denied rule amb/a rules[0]');
    expect(deny(to('{methods: [PUT], ports: ["81"]}'))).toBe('allowed no-policy');
    expect(deny(to('{methods: [PUT]}'))).toMatch(/^undecided amb\/a rules\[0\]: what ztunnel makes/);
    expect(deny('{when: [{key: "request.headers[x]", values: [v]}]}')).toMatch(/^undecided/);
  });
  it('compares names as they are', () => {
    expect(allow(from('{namespaces: ["*b"]}'))).toBe('allowed rule amb/a rules[0]');
    expect(allow(from('{namespaces: ["*a"]}'))).toBe('denied default-deny amb/a');
    expect(allow(from('{serviceAccounts: [a.b]}'))).toBe('allowed rule amb/a rules[0]');
    expect(allow(from('{serviceAccounts: [a-b, axb]}'))).toBe('denied default-deny amb/a');
    expect(allow(from('{principals: ["*.b"]}'))).toBe('allowed rule amb/a rules[0]');
    expect(allow(from('{principals: ["*/sa/a..", "*a*"]}'))).toBe('denied default-deny amb/a');
    expect(allow('{when: [{key: source.serviceAccount, values: [a.b]}]}')).toMatch(/^undecided/);
  });
  it('knows neither CUSTOM nor AUDIT, and says so', () => {
    expect(ambient('{action: CUSTOM, provider: {name: p}, rules: [{}]}')).toBe('allowed no-policy');
    expect(ambient('{action: AUDIT, rules: [{}]}')).toBe('allowed no-policy');
    const { warnings } = asking([policy('amb/a', '{action: AUDIT, rules: [{}]}')], AMBIENT);
    expect(warnings).toContainEqual(expect.stringContaining('ztunnel does not support the AUDIT action'));
    const http = asking([policy('amb/a', `{rules: [{}, ${to('{methods: [GET]}')}]}`)], AMBIENT).warnings;
    expect(http).toContainEqual(expect.stringContaining('amb/a rules[1]: ztunnel does not support HTTP attributes'));
  });
  it('behind a waypoint all is undecided', () => {
    const waypointed = [
      namespace('amb', { 'istio.io/dataplane-mode': 'ambient', 'istio.io/use-waypoint': 'w' }),
      ...AMBIENT.slice(1),
    ];
    const asked = { from: 'amb/a', to: 'amb/b' };
    expect(asking([policy('amb/a', '{}')], waypointed).tcp(asked)).toMatch(/^undecided amb\/a: what the waypoint w/);
    const service = policy('amb/a', '{targetRefs: [{kind: Service, name: b}]}');
    expect(asking([service], waypointed).tcp(asked)).toMatch(/^undecided amb\/a: what the waypoint w/);
    expect(asking([service], AMBIENT).tcp(asked)).toBe('allowed no-policy');
    const ofService = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'b', namespace: 'amb', labels: { 'istio.io/use-waypoint': 'w' } },
      spec: { selector: { app: 'b' }, ports: [{ port: 80 }] },
    };
    const behind = pod({ at: 'amb/c', ip: '10.2.0.4', labels: { app: 'b' } });
    const { tcp } = asking([policy('amb/a', '{}')], [...AMBIENT, behind, ofService]);
    expect(tcp({ from: 'amb/a', to: 'amb/c' })).toMatch(/^undecided amb\/a: what the waypoint w/);
    expect(tcp(asked)).toBe('denied default-deny amb/a');
    const other = [
      namespace('amb', { 'istio.io/dataplane-mode': 'ambient', 'istio.io/use-waypoint': 'none' }),
      ...AMBIENT.slice(1),
    ];
    expect(asking([policy('amb/a', '{}')], other).tcp(asked)).toBe('denied default-deny amb/a');
  });
});
