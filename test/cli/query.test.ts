import { afterAll, describe, expect, it } from 'vitest';
import { groupByVerdict } from '../../src/query/answer-groups.js';
import type { Verdict } from '../../src/verdict/verdict.js';
import { policap } from './person.js';
import { makeShop } from './shop.js';

const shop = makeShop();
afterAll(shop.remove);

const query = (from: string, to: string, ...args: string[]) =>
  policap(['query', ...shop.input, '--from', from, '--to', to, ...args], { columns: 200 });
const verdict = async (from: string, to: string, ...args: string[]): Promise<string> => {
  const { out } = await query(from, to, ...args, '-o', 'json');
  const answer = JSON.parse(out);
  return `${answer.verdict} ${answer.reason}`;
};

describe('query', () => {
  it('says the verdict first, then why, with file and line', async () => {
    const { code, out } = await query('shop/web-1', 'shop/db-0', '--port', '6379');
    expect(code).toBe(0);
    const [head, egress, ingress] = out.split('\n');
    expect(head).toBe('DROPPED  shop/web-1 (10.0.1.1) → shop/db-0 (10.0.2.1)  TCP 6379');
    expect(egress).toBe('  egress   allowed    no policy isolates shop/web-1 for egress');
    expect(ingress).toBe(
      `  ingress  dropped    shop/db-0 is isolated by shop/db; no rule allows this  ${shop.path('policies/db.yaml')}:1:1`,
    );
  });

  it('answers at the bounds of port ranges and blocks, for pods, addresses and pods without one', async () => {
    expect(await verdict('shop/web-1', 'shop/db-0', '--port', '5431')).toBe('dropped default-deny');
    expect(await verdict('shop/web-1', 'shop/db-0', '--port', '5432')).toBe('allowed rule');
    expect(await verdict('shop/web-1', '10.0.2.1', '--port', '5433')).toBe('allowed rule');
    expect(await verdict('shop/web-1', 'shop/db-0', '--port', '5434')).toBe('dropped default-deny');
    expect(await verdict('shop/web-1', 'shop/db-0', '--port', '5432', '--protocol', 'udp')).toBe(
      'dropped default-deny',
    );
    expect(await verdict('shop/web-1', 'shop/new-0', '--port', '5432')).toBe('allowed rule');
    expect(await verdict('198.51.100.255', 'shop/db-0', '--port', '8080')).toBe('allowed rule');
    expect(await verdict('198.51.101.0', 'shop/db-0', '--port', '8080')).toBe('dropped default-deny');
    expect(await verdict('203.0.113.1', '203.0.113.2', '--port', '8080')).toBe('allowed no-policy');
    expect(await verdict('shop/web-1', 'shop/db-0', '--icmp-type', '8')).toBe('dropped default-deny');
    expect(await verdict('shop/db-0', 'shop/db-0', '--port', '1')).toBe('allowed loopback');
  });

  it('answers for all pods of a workload, and names the groups where they differ', async () => {
    const { out } = await query('shop/StatefulSet/web', 'shop/db-0', '--port', '5432', '-o', 'json');
    const answer = JSON.parse(out);
    expect(answer).toMatchObject({ verdict: 'undecided', reason: 'ambiguous-policy', egress: null });
    expect(answer.groups).toMatchObject([
      { verdict: 'allowed', reason: 'rule', pods: ['shop/web-1'] },
      { verdict: 'dropped', reason: 'default-deny', pods: ['shop/web-2'] },
    ]);
    const text = (await query('shop/StatefulSet/web', 'shop/db-0', '--port', '5432')).out;
    expect(text).toMatch(
      /^UNDECIDED {2}shop\/StatefulSet\/web \(2 pods\) → .*: its pods differ\n {2}allowed {4}shop\/web-1\n/,
    );
    expect(text).toContain('\n  dropped    shop/web-2\n');
  });

  it('tells address families that differ, and pods whose families differ', async () => {
    const pod = (name: string, v4: string, v6: string) => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: dual, labels: { app: ${name} } }
spec: { nodeName: node-1, containers: [{ name: c, image: i }] }
status: { phase: Running, podIP: ${v4}, podIPs: [{ ip: ${v4} }, { ip: "${v6}" }] }
`;
    const policy = (blocks: string) => `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: b, namespace: dual }
spec: { podSelector: { matchLabels: { app: b } }, ingress: [{ from: [${blocks}] }] }
`;
    const pods = [pod('a', '10.7.0.1', 'fd07::1'), pod('b', '10.7.0.2', 'fd07::2'), pod('c', '10.7.0.3', 'fd07::3')];
    const ask = (to: string, blocks: string, ...more: string[]) => {
      const input = [...pods, policy(blocks)].join('---\n');
      return policap(['query', '-p', '-', '--from', 'dual/a', '--to', to, '--port', '80', ...more], { input });
    };
    const one = await ask('dual/b', '{ ipBlock: { cidr: 10.7.0.0/16 } }');
    expect(one.out.split('\n').slice(0, 2)).toEqual([
      'UNDECIDED  dual/a (10.7.0.1) → dual/b (10.7.0.2)  TCP 80: its address families differ',
      '  allowed    IPv4: 10.7.0.1 -> 10.7.0.2',
    ]);
    expect(one.out).toContain('\n  dropped    IPv6: fd07::1 -> fd07::2\n');
    const json = JSON.parse((await ask('dual/b', '{ ipBlock: { cidr: "fd07::/16" } }', '-o', 'json')).out);
    expect(json.groups).toMatchObject([
      { family: 4, verdict: 'dropped', pods: ['10.7.0.1 -> 10.7.0.2'] },
      { family: 6, verdict: 'allowed', pods: ['fd07::1 -> fd07::2'] },
    ]);
  });

  it('names the address where only one of several pods gets two answers', () => {
    const end = (name: string, address: string) => ({
      endpoint: { owner: 0, address },
      name,
      family: address.includes(':') ? 6 : 4,
      port: 80,
    });
    const said = { reason: 'rule', egress: null, ingress: null, forward: null } as const;
    const to = end('db', '10.0.0.9');
    const pair = (name: string, address: string, verdict: Verdict) => ({
      source: end(name, address),
      destination: address.includes(':') ? end('db', 'fd00::9') : to,
      verdict,
      ...said,
    });
    const groups = groupByVerdict([
      pair('web-1', '10.0.0.1', 'allowed'),
      pair('web-1', 'fd00::1', 'dropped'),
      pair('web-2', '10.0.0.2', 'allowed'),
      pair('web-2', 'fd00::2', 'allowed'),
    ]);
    expect(groups.map(({ verdict, pods, family }) => [verdict, pods, family])).toEqual([
      ['allowed', ['web-1 (10.0.0.1 -> 10.0.0.9)', 'web-2'], undefined],
      ['dropped', ['web-1 (fd00::1 -> fd00::9)'], undefined],
    ]);
  });

  it('goes through a service to its backends, at their port', async () => {
    const { out } = await query('shop/web-1', '10.96.0.7', '--port', '54', '-o', 'json');
    expect(JSON.parse(out)).toMatchObject({ verdict: 'allowed', reason: 'rule', service: 'shop/service/db' });
    expect((await query('shop/web-1', 'shop/service/db', '--port', '54')).out).toContain('TCP 54 (target port 5432)');
  });

  it('answers lines in their order, with their own keys first', async () => {
    const input =
      '{"from": "shop/web-1", "to": "shop/db-0", "port": 5432, "protocol": "TCP"}\n\n' +
      '{"protocol": 17, "to": "shop/db-0", "from": "shop/web-1", "port": 53, "sourcePort": 1000}\n' +
      '{"from": "10.0.1.1", "to": "shop/db-0", "icmpType": 8, "icmpCode": 0}\n';
    const args = ['query', ...shop.input, '-f', '-', '-o', 'jsonl', '--fail-on', 'dropped'];
    const { code, out } = await policap(args, { input });
    expect(code).toBe(1);
    const answers = out
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line));
    expect(answers.map(answer => Object.keys(answer).join())).toEqual([
      'schema,from,to,port,protocol,verdict,reason,egress,ingress',
      'protocol,to,from,port,sourcePort,verdict,reason,egress,ingress',
      'from,to,icmpType,icmpCode,verdict,reason,egress,ingress',
    ]);
    expect(answers.map(answer => answer.verdict)).toEqual(['allowed', 'dropped', 'dropped']);
    expect(answers[0]).toMatchObject({ schema: 'policap.query/1', port: 5432, protocol: 'TCP' });
    expect(answers[0].ingress).toEqual({
      subject: 'shop/db-0',
      isolated: true,
      verdict: 'allowed',
      reason: 'rule',
      policies: ['shop/db'],
      policy: 'shop/db',
      rule: 'ingress[0]',
      source: `${shop.path('policies/db.yaml')}:7:7`,
    });
  });

  it('names every line that cannot be answered, and answers none', async () => {
    const input = '{"from": "shop/web-1", "to": "shop/db-0", "prot": 1}\nnot json\n[]\n{"from": "a", "port": 70000}\n';
    const bad = await policap(['query', ...shop.input, '-f', '-', '-o', 'jsonl'], { input });
    expect([bad.code, bad.out]).toEqual([2, '']);
    expect(bad.err).toContain('<stdin>:1: "prot" is not a key of a question');
    expect(bad.err).toContain('<stdin>:2: not JSON');
    expect(bad.err).toContain('<stdin>:3: not a JSON object');
    expect(bad.err).toContain('<stdin>:4: port: 70000 is not a whole number from 0 to 65535; to is missing');
    const unknown = '{"from": "shop/web-1", "to": "shop/bd-0"}\n{"from": "shop/wep-1", "to": "shop/db-0"}\n';
    const { code, out, err } = await policap(['query', ...shop.input, '-f', '-'], { input: unknown });
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/<stdin>:1: no pod "bd-0".*\n.*did you mean shop\/db-0\?/);
    expect(err).toMatch(/<stdin>:2: no pod "wep-1".*\n.*did you mean shop\/web-1\?/);
  });

  it.each([
    [['--protocol', 'TPC'], 'protocol "TPC": not known'],
    [['--protocol', 'GRE', '--port', '3'], 'GRE has no ports'],
    [['--protocol', 'TCP', '--icmp-type', '3'], 'icmpType needs ICMP or ICMPv6, not TCP'],
  ])('refuses %j', async (args, message) => {
    const { code, err } = await query('shop/web-1', 'shop/db-0', ...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});

describe('the mesh', () => {
  const db = (spec: string): string =>
    `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: { name: mesh, namespace: shop }\nspec: ${spec}\n`;
  const ask = async (spec: string, ...args: string[]) => {
    const input = ['query', ...shop.input, '-p', '-', '--from', 'shop/web-1', '--to', 'shop/db-0', ...args];
    return policap(input, { columns: 200, input: db(spec) });
  };

  it('answers apart, behind the plugin, and only where a policy selects the destination', async () => {
    const spec = '{selector: {matchLabels: {app: db}}, rules: [{to: [{operation: {ports: ["5432"]}}]}]}';
    const allowed = JSON.parse((await ask(spec, '--port', '5432', '-o', 'json')).out);
    expect(allowed).toMatchObject({ verdict: 'allowed', reason: 'rule' });
    expect(allowed.mesh).toEqual({
      verdict: 'allowed',
      reason: 'rule',
      policy: 'shop/mesh',
      rule: 'rules[0]',
      source: '<stdin>:4:52',
    });
    const denied = JSON.parse((await ask(spec, '--port', '5433', '-o', 'jsonl')).out);
    expect(denied).toMatchObject({
      verdict: 'allowed',
      mesh: { verdict: 'denied', reason: 'default-deny', rule: null },
    });
    const other = '{selector: {matchLabels: {app: web}}}';
    expect(JSON.parse((await ask(other, '--port', '5432', '-o', 'json')).out)).not.toHaveProperty('mesh');
  });

  it('says so in a line below, with the place', async () => {
    const { out } = await ask('{rules: [{to: [{operation: {ports: ["5432"]}}]}]}', '--port', '5433');
    const lines = out.split('\n');
    expect(lines[0]).toMatch(/^ALLOWED /);
    expect(lines[3]).toBe(
      '  mesh     denied     no rule of the ALLOW policies about shop/db-0 (shop/mesh) allows it  <stdin>:1:1',
    );
    expect((await ask('{action: DENY, rules: [{}]}', '--port', '5433')).out).toContain(
      '\n  mesh     denied     shop/mesh rules[0] denies it  <stdin>:4:30\n',
    );
  });

  it('names what a request would decide', async () => {
    const spec = '{action: DENY, rules: [{to: [{operation: {ports: ["5432"], methods: [GET], paths: [/a]}}]}]}';
    const { out } = await ask(spec, '--port', '5432');
    expect(out).toContain(
      '\n  mesh     undecided  shop/mesh rules[0] depends on the method of the request, the path of the request  ',
    );
    expect(JSON.parse((await ask(spec, '--port', '5432', '-o', 'json')).out).mesh).toMatchObject({
      verdict: 'undecided',
      reason: 'unsupported',
      dependsOn: ['the method of the request', 'the path of the request'],
    });
    expect((await ask(spec, '--port', '5433')).out).toContain(
      'no rule denies it, and no ALLOW policy is about shop/db-0',
    );
  });

  it('names the pods where they differ', async () => {
    const spec = '{action: DENY, rules: [{from: [{source: {ipBlocks: [10.0.1.1]}}]}]}';
    const input = [
      'query',
      ...shop.input,
      '-p',
      '-',
      '--from',
      'shop/StatefulSet/web',
      '--to',
      'shop/db-0',
      '--port',
      '1',
    ];
    const run = (...args: string[]) => policap([...input, ...args], { columns: 200, input: db(spec) });
    expect((await run()).out).toContain('\n  mesh     undecided  denied: shop/web-1; allowed: shop/web-2\n');
    expect(JSON.parse((await run('-o', 'json')).out).mesh).toMatchObject({
      reason: 'ambiguous-policy',
      groups: [
        { verdict: 'denied', pods: ['shop/web-1'] },
        { verdict: 'allowed', pods: ['shop/web-2'] },
      ],
    });
  });

  it('is asked about behind a service, and never about what is not TCP', async () => {
    const spec = '{rules: [{to: [{operation: {ports: ["5432"]}}]}]}';
    const input = [
      'query',
      ...shop.input,
      '-p',
      '-',
      '--from',
      'shop/web-1',
      '--to',
      'shop/service/db',
      '--port',
      '54',
    ];
    const { out } = await policap([...input, '-o', 'json'], { input: db(spec) });
    expect(JSON.parse(out).mesh).toMatchObject({ verdict: 'allowed', rule: 'rules[0]' });
    expect((await ask('{}', '--port', '1', '--protocol', 'UDP')).out).toContain('passes no proxy that enforces them');
  });
});

describe('questions about a request', () => {
  const folder = (name: string): string[] => ['-p', `examples/${name}/policies`, '-c', `examples/${name}/cluster.yaml`];
  const ends = ['--from', 'shop/web-1', '--to', 'shop/api-1', '--port', '8080'];
  const answer = async (name: string, ...more: string[]): Promise<Record<string, unknown>> => {
    const { out, code, err } = await policap(['query', ...folder(name), ...ends, ...more, '-o', 'json']);
    expect(code, err).toBe(0);
    return JSON.parse(out) as Record<string, unknown>;
  };

  it('are answered by the rules that look at requests; without one the answer is open', async () => {
    const of = async (...more: string[]): Promise<unknown[]> => {
      const { verdict, reason, ingress } = await answer('cilium-http', '--profile', 'cilium', ...more);
      const side = ingress as Record<string, unknown>;
      return [verdict, reason, side['verdict'], side['reason'], side['rule']];
    };
    const rule = 'ingress[0]';
    expect(await of()).toEqual(['undecided', 'unsupported', 'undecided', 'unsupported', rule]);
    expect(await of('--request', 'GET /v1/items')).toEqual(['allowed', 'rule', 'allowed', 'rule', rule]);
    expect(await of('--request', 'DELETE /v1/items')).toEqual([
      'dropped',
      'http-denied',
      'dropped',
      'http-denied',
      rule,
    ]);
    const post = ['--request', 'POST /v1/orders', '--header'];
    expect((await of(...post, 'X-Shop: web'))[0]).toBe('allowed');
    expect((await of(...post, 'X-Shop: other'))[0]).toBe('dropped');
    expect((await of('--request', 'GET /v1/items/../items'))[0]).toBe('undecided');
    // Of the three entries one asks for a host, which nobody named.
    expect(await of('--request', 'GET /admin/users')).toEqual([
      'undecided',
      'unsupported',
      'undecided',
      'unsupported',
      rule,
    ]);
    expect((await of('--request', 'GET /admin/users', '--header', 'Host: other'))[0]).toBe('dropped');
    expect((await of('--request', 'GET /admin/users', '--header', 'Host: admin.shop.example'))[0]).toBe('allowed');
  });

  it('are answered by the mesh, too', async () => {
    const of = async (...more: string[]): Promise<unknown> =>
      ((await answer('istio-mesh', ...more))['mesh'] as Record<string, unknown>)['verdict'];
    expect(await of()).toBe('undecided');
    expect(await of('--request', 'GET /items')).toBe('allowed');
    expect(await of('--request', 'GET /internal/keys')).toBe('denied');
    expect(await of('--request', 'POST /orders')).toBe('undecided');
    expect(await of('--request', 'POST /orders', '--header', 'Host: other')).toBe('denied');
  });

  it('say what the request is in words, and what is none', async () => {
    const refused = ['query', ...folder('cilium-http'), '--profile', 'cilium', ...ends, '--request'];
    const { out } = await policap([...refused, 'DELETE /v1/items']);
    expect(out).toContain('TCP 8080  DELETE /v1/items');
    expect(out).toContain('no rule about requests lets this one through (the first is shop/api ingress[0])');
    for (const request of ['GET', 'GET items', 'GET / x']) {
      const { code, err } = await policap([...refused, request]);
      expect([code, err], request).toEqual([2, expect.stringContaining('is no request')]);
    }
    const alone = await policap(['query', ...folder('cilium-http'), ...ends, '--header', 'Host: a']);
    expect([alone.code, alone.err]).toEqual([2, expect.stringContaining('header fields without a request')]);
    const field = await policap([...refused, 'GET /', '--header', 'Host']);
    expect([field.code, field.err]).toEqual([2, expect.stringContaining('--header "Host" has no colon')]);
  });

  it('stand in lines, too', async () => {
    const lines = [
      {
        from: 'shop/web-1',
        to: 'shop/api-1',
        port: 8080,
        request: 'GET /admin/a',
        headers: { Host: 'admin.shop.example' },
      },
      { from: 'shop/web-1', to: 'shop/api-1', port: 8080, request: 'GET /admin/a', headers: { Host: 'other' } },
    ];
    const input = lines.map(line => JSON.stringify(line)).join('\n');
    const args = ['query', ...folder('cilium-http'), '--profile', 'cilium', '-f', '-', '-o', 'jsonl'];
    const { out } = await policap(args, { input });
    expect(
      out
        .trim()
        .split('\n')
        .map(line => JSON.parse(line).verdict),
    ).toEqual(['allowed', 'dropped']);
    const wrong = await policap(args, { input: '{"from": "a", "to": "b", "request": "", "headers": {"a": 1}}' });
    expect(wrong.err).toContain('request: "" is not a method and a path; headers: {"a":1} is not an object of strings');
  });
});
