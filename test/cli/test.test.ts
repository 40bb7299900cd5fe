/** policap test, as a person meets it: results, formats, exit codes, and files that change. */
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/main.js';
import type { Terminal } from '../../src/cli/terminal.js';
import { policap } from './person.js';

const CASES = 'test/cases/shop-cases.yaml';
const folder = mkdtempSync(join(tmpdir(), 'policap-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const SHOP = `policies: ["${process.cwd()}/pcaps/shop/policies"]\ncluster: ["${process.cwd()}/pcaps/shop/cluster.yaml"]\n`;
const casesOf = (...cases: string[]): string =>
  `apiVersion: policap/v1\nkind: TestCases\n${SHOP}cases:\n${cases.map(it => `  - ${it}\n`).join('')}`;

describe('policap test', () => {
  it('prints what failed first, with what was expected, what came, and the deciding line', async () => {
    const { code, out } = await policap(['test', CASES]);
    expect(code).toBe(2);
    const lines = out.trimEnd().split('\n');
    expect(lines[0]).toBe(`FAILED  wrong verdict  ${CASES}:9`);
    expect(lines[1]).toContain('expected allowed, got dropped: ingress default-deny: shop/db');
    expect(out).toContain('pcaps/shop/policies/data.yaml:1:1');
    expect(lines.at(-1)).toBe('8 of 15 assertions passed, 6 failed, 1 could not be asked');
    expect(out).toMatch(/ERROR {2}nobody.*\n.*no Deployment "wbe".*\n.*did you mean shop\/Deployment\/web\?/);
    expect(out).toMatch(
      /1 refused that denied does not name\n +refused: shop\/Deployment\/web -> shop\/Deployment\/api ICMP/,
    );
    expect(out).toMatch(/expected to be refused, but is not: anybody -> shop\/db-0 1/);
  });

  it('says first what a failure means, where its case does', async () => {
    const cases = casesOf(
      '{ from: tools/debug-shell, to: shop/db-0, port: 5432, expect: allowed, otherwise: Nobody can repair the database. }',
      `{ capture: "${process.cwd()}/pcaps/shop/capture.pcapng", expect: { dropped: 0 }, otherwise: Customers would notice. }`,
      '{ from: shop/Deployment/web, to: shop/Deployment/api, port: 8080, expect: allowed, otherwise: It is not said. }',
    );
    const { code, out } = await policap(['test', write('otherwise.yaml', cases)]);
    expect(code).toBe(1);
    expect(out).toMatch(/\n {4}Nobody can repair the database\.\n {4}expected allowed, got dropped: /);
    expect(out).toMatch(/\n {4}Customers would notice\.\n {4}expected connections\.dropped 0, got 9\n/);
    expect(out).not.toContain('It is not said');
  });

  it('says the same in json', async () => {
    const { results, ...counts } = JSON.parse((await policap(['test', CASES, '-o', 'json'])).out);
    expect(counts).toEqual({ schema: 'policap.test/1', passed: 8, failed: 6, errors: 1 });
    const failed = results.filter((it: { status: string }) => it.status === 'failed');
    expect(failed.map((it: { name: string }) => it.name)).toEqual([
      'wrong verdict',
      'wrong side',
      'wrong reason',
      'wrong policy',
      'too many refused',
      'one is missing, one too many',
    ]);
    expect(failed[0]).toMatchObject({
      line: 9,
      expected: { verdict: 'allowed' },
      got: { verdict: 'dropped', reason: 'default-deny' },
    });
  });

  it.each([
    [0, casesOf('{ from: shop/Deployment/web, to: shop/Deployment/api, port: 8080, expect: allowed }')],
    [1, casesOf('{ from: shop/Deployment/web, to: shop/Deployment/api, port: 8081, expect: allowed }')],
    [2, casesOf('{ from: shop/Deployment/web, to: shop/nobody, port: 8081, expect: allowed }')],
    [2, casesOf('{ from: shop/Deployment/web, to: shop/db-0, expect: allow }')],
    [2, casesOf('{ capture: missing.pcap, expect: { dropped: 0 } }')],
    [2, 'apiVersion: policap/v1\nkind: TestCases\ncases: []\n'],
    [2, 'apiVersion: policap/v1\nkind: TestCases\npolicies: [not-there]\ncases: []\n'],
  ])('exits with %i', async (expected, text) => {
    const ran = await policap(['test', write('exit.yaml', text)]);
    expect(ran.code, ran.out + ran.err).toBe(expected);
    expect(ran.err + ran.out).not.toMatch(/\bat .*\.[jt]s:\d/);
  });

  it('exits with 3 at a damaged capture, which proves nothing', async () => {
    const whole = readFileSync('pcaps/shop/capture.pcapng');
    writeFileSync(join(folder, 'cut.pcapng'), whole.subarray(0, whole.length - 7));
    const { code, out } = await policap([
      'test',
      write('damaged.yaml', casesOf('{ capture: cut.pcapng, expect: { dropped: 9 } }')),
    ]);
    expect(code).toBe(3);
    expect(out).toMatch(/ERROR {2}cut\.pcapng.*\n.*cut\.pcapng: at byte \d+/);
  });

  it('fails where the pods of a workload differ, and names both groups', async () => {
    const open = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: one, namespace: shop }
spec: { podSelector: { matchExpressions: [{ key: app, operator: In, values: [web] }] }, policyTypes: [Ingress], ingress: [{ from: [{ ipBlock: { cidr: 10.244.1.6/32 } }] }] }
`;
    const text = casesOf('{ from: shop/Deployment/api, to: shop/Deployment/web, port: 1, expect: dropped }');
    const { code, out } = await policap(['test', write('differ.yaml', text), '-p', write('one.yaml', open)]);
    expect(code).toBe(1);
    expect(out).toMatch(/expected dropped, got different answers \(/);
    expect(out).toMatch(/allowed: [^;]*shop\/api-66c5d8f9b7-4tgjw/);
    expect(out).toMatch(/dropped: [^;]*shop\/api-66c5d8f9b7-w9f5s/);
  });

  it('-p and --profile stand in the place of what the file names', async () => {
    const path = write(
      'flannel.yaml',
      casesOf('{ from: tools/debug-shell, to: shop/db-0, port: 5432, expect: dropped }'),
    );
    expect((await policap(['test', path])).code).toBe(0);
    expect((await policap(['test', path, '--profile', 'flannel'])).code).toBe(1);
    expect((await policap(['test', path, '-p', write('none.yaml', '')])).code).toBe(1);
  });

  it('-w writes a file, and prints the text beside it', async () => {
    const path = join(folder, 'results.xml');
    const { out } = await policap(['test', CASES, '-o', 'junit', '-w', path]);
    expect(readFileSync(path, 'utf8')).toMatch(/^<\?xml[\s\S]*<\/testsuites>\n$/);
    expect(out).toContain('8 of 15 assertions passed');
    // Standard output holds one of the two only.
    const beside = await policap(['test', CASES, '-o', 'junit', '-w', '-']);
    expect(beside.out).toMatch(/^<\?xml.*<\/testsuites>\n$/s);
  });

  it('without cases says how to get some', async () => {
    const { code, err } = await policap(['test']);
    expect(code).toBe(2);
    expect(err).toMatch(/no cases.*\n.*policap init/);
  });
});

/** A person who watches: what was printed so far, and waiting for more of it, no longer than a test may take. */
function watcher(args: readonly string[]) {
  let printed = '';
  let wake = (): void => {};
  let interrupt = (): void => {};
  const add = (text: string): void => {
    printed += text;
    wake();
  };
  const terminal: Terminal = {
    write(chunk) {
      add(chunk.toString());
      return true;
    },
    say: text => add(`${text}\n`),
    progress() {},
    outIsTerminal: false,
    errIsTerminal: false,
    columns: 100,
    environment: {},
    readInput: () => new Uint8Array(),
    onInterrupt(listener) {
      interrupt = listener;
      return () => {};
    },
  };
  const ended = main(args, terminal);
  return {
    /** What was printed up to the text, which is then forgotten. */
    async until(text: string): Promise<string> {
      for (;;) {
        const at = printed.indexOf(text);
        if (at >= 0) {
          const before = printed.slice(0, at + text.length);
          printed = printed.slice(at + text.length);
          return before;
        }
        await new Promise<void>(resolve => {
          wake = resolve;
        });
      }
    },
    async stop(): Promise<number> {
      interrupt();
      return await ended;
    },
  };
}

describe('policap test --watch', () => {
  it('runs again when a policy, a case or a capture changes, tells what is broken, and goes on', async () => {
    cpSync('pcaps/shop/policies', join(folder, 'policies'), { recursive: true });
    copyFileSync('pcaps/shop/cluster.yaml', join(folder, 'cluster.yaml'));
    copyFileSync('pcaps/shop/capture.pcapng', join(folder, 'live.pcapng'));
    const head = 'apiVersion: policap/v1\nkind: TestCases\npolicies: [policies]\ncluster: [cluster.yaml]\ncases:\n';
    const one = '  - { from: shop/Deployment/api, to: shop/db-0, port: 5432, expect: allowed }\n';
    const capture = '  - { capture: live.pcapng, expect: { total: 28 } }\n';
    const path = write('watched.yaml', head + one + capture);
    const person = watcher(['test', path, '--watch']);
    expect(await person.until('watching')).toContain('2 assertions passed');

    const policy = join(folder, 'policies', 'data.yaml');
    const before = readFileSync(policy, 'utf8');
    writeFileSync(
      policy,
      before.replaceAll('kind: NetworkPolicy', 'kind: NetworkPolicyy').replaceAll('spec:', 'spec: ['),
    );
    const broken = await person.until('watching');
    expect(broken).toContain(`changed: ${policy}`);
    expect(broken).toMatch(/data\.yaml:\d+:\d+: error/);
    expect(broken).toContain('the last result stays');

    rmSync(policy);
    expect(await person.until('watching')).toContain('1 failed');
    writeFileSync(policy, before);
    expect(await person.until('watching')).toContain('2 assertions passed');

    writeFileSync(path, head + one);
    expect(await person.until('watching')).toContain('1 assertion passed');
    writeFileSync(path, head + one + capture);
    expect(await person.until('watching')).toContain('2 assertions passed');
    copyFileSync('pcaps/ipv6/capture.pcap', join(folder, 'live.pcapng'));
    expect(await person.until('watching')).toContain('expected connections.total 28');
    expect(await person.stop()).toBe(0);
  });
});
