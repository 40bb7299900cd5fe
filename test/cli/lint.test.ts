import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/lint/checks/index.js';
import { sarifLog } from '../../src/report/sarif.js';
import { SARIF_SCHEMA } from '../lint/sarif-schema.js';
import { schemaErrors } from '../support/schema.js';
import { policap } from './person.js';

const SHOP = ['-p', 'pcaps/shop/policies', '-c', 'pcaps/shop/cluster.yaml'];
const DEBUGGING = ['-p', 'examples/debugging/policies', '-c', 'examples/debugging/cluster.yaml'];
const directory = mkdtempSync(join(tmpdir(), 'policap-lint-'));
afterAll(() => rmSync(directory, { recursive: true }));

const TWICE = `# The web's.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: shop }
spec:
  podSelector: { matchLabels: { app: web } }
  ingress:
    - ports: [{ port: 80 }, {port:   443}, { protocol: TCP, port: 80 }]
    # What follows is there twice.
    - ports: [{ port: 443 }, { port: 80 }] # the second one
    - from:
        - podSelector: {}
        - ipBlock:
            cidr: 192.0.2.0/24 # documentation

        - podSelector:
            matchLabels: {}
`;

function fileOf(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

describe('policap lint', () => {
  it('prints file and line, a sentence, and the next step', async () => {
    const { code, out, err } = await policap(['lint', ...SHOP, '--ignore', 'pod-not-isolated']);
    expect([code, err]).toEqual([0, '']);
    expect(out.split('\n')[0]).toBe(
      'pcaps/shop/policies/shop.yaml:43:1: warning: NetworkPolicy shop/api: isolates the egress of 2 pods (shop/Deployment/api), and no policy lets them ask DNS: UDP 53 to kube-system/service/kube-dns [dns-blocked]',
    );
    expect(out.split('\n')[1]).toContain('    if they look up names, add to egress: {to: [{namespaceSelector');
    expect(out).toContain('\n1 warning: 5 policies looked at by 16 checks.\n');
  });

  it('finds the mistakes of the example that is about them', async () => {
    const { out } = await policap(['lint', ...DEBUGGING, '-o', 'json']);
    const { findings, counts } = JSON.parse(out);
    const found = findings.map((it: { check: string; file: string; line: number }) => [
      it.file.split('/').at(-1),
      it.line,
      it.check,
    ]);
    for (const expected of [
      ['1-selects-nothing.yaml', 8, 'selects-no-pod'],
      ['2-wrong-peer-label.yaml', 15, 'peer-matches-nothing'],
      ['3-service-port.yaml', 19, 'port-not-open'],
      ['4-or-instead-of-and.yaml', 18, 'and-or-selectors'],
      ['5-no-dns.yaml', 2, 'dns-blocked'],
    ]) {
      expect(found).toContainEqual(expected);
    }
    expect(counts.error).toBe(0);
    expect(counts.warning + counts.note).toBe(findings.length);
  });

  it('says which checks are left out without a cluster', async () => {
    const { out } = await policap(['lint', '-p', 'pcaps/shop/policies']);
    const asking = CHECKS.filter(({ needsCluster }) => needsCluster).map(({ id }) => id);
    expect(out).toContain(
      `Left out: ${asking.join(', ')} (it asks about pods, and none are given: name the cluster with -c).`,
    );
  });

  it('fails on what is so severe, or more', async () => {
    const codes = async (severity: string): Promise<number> =>
      (await policap(['lint', ...SHOP, '--fail-on', severity])).code;
    expect([await codes('error'), await codes('warning'), await codes('note')]).toEqual([0, 1, 1]);
    expect((await policap(['lint', ...SHOP, '--fail-on', 'warning', '--ignore', 'dns-blocked'])).code).toBe(0);
    expect((await policap(['lint', ...SHOP, '--profile', 'flannel', '--fail-on', 'error'])).code).toBe(1);
  });

  it('says first that nothing is enforced', async () => {
    const { out } = await policap(['lint', ...SHOP, '--profile', 'flannel', '--only', 'not-enforced']);
    expect(out).toMatch(/^Flannel enforces no policies/);
    expect(out).toContain(
      'error: NetworkPolicy shop/db: Flannel (asked for) enforces no policies: 5 NetworkPolicies have no effect',
    );
  });

  it('knows its checks', async () => {
    const { code, err } = await policap(['lint', ...SHOP, '--only', 'redundnat']);
    expect(code).toBe(2);
    expect(err).toContain('there is no check "redundnat" (did you mean redundant?)');
    const { out } = await policap(['lint', '--list-checks']);
    expect(out.trimEnd().split('\n')).toHaveLength(CHECKS.length);
  });

  it('prints JSON of its schema', async () => {
    for (const args of [SHOP, DEBUGGING, ['-p', 'pcaps/shop/policies'], [...SHOP, '--profile', 'flannel']]) {
      expect(schemaErrors('policap.lint/1', JSON.parse((await policap(['lint', ...args, '-o', 'json'])).out))).toEqual(
        [],
      );
    }
  });

  it('prints remarks as GitHub takes them', async () => {
    const { out } = await policap(['lint', ...SHOP, '-o', 'github', '--only', 'dns-blocked']);
    expect(out).toMatch(
      /^::warning file=pcaps\/shop\/policies\/shop\.yaml,line=43,col=1,title=dns-blocked::NetworkPolicy shop\/api: .*%0Aif they.*\n$/,
    );
  });

  it('ends with 2 on an invalid document', async () => {
    const path = fileOf('invalid.yaml', TWICE.replace('port: 80 }', 'port: 0 }'));
    const { code, err } = await policap(['lint', '-p', path]);
    expect(code).toBe(2);
    expect(err).toContain('invalid.yaml:8:');
  });
});

describe('SARIF', () => {
  const validate = new Ajv2020({ allErrors: true }).compile(SARIF_SCHEMA);
  const logOf = async (...args: string[]) => JSON.parse((await policap(['lint', ...args, '-o', 'sarif'])).out);

  it('is of its schema, and places each result', async () => {
    for (const args of [SHOP, DEBUGGING, ['-p', 'pcaps/shop/policies']]) {
      const log = await logOf(...args);
      validate(log);
      expect(validate.errors ?? []).toEqual([]);
      const [run] = log.runs;
      expect(run.tool.driver.rules.map(({ id }: { id: string }) => id)).toEqual(CHECKS.map(({ id }) => id));
      for (const { ruleId, ruleIndex } of run.results) expect(run.tool.driver.rules[ruleIndex].id).toBe(ruleId);
    }
    const { results } = (await logOf(...SHOP)).runs[0];
    expect(results[0].locations[0].physicalLocation).toEqual({
      artifactLocation: { uri: 'pcaps/shop/policies/shop.yaml' },
      region: { startLine: 43, startColumn: 1 },
    });
  });

  it('keeps fingerprints where lines move, and tells like results apart', async () => {
    const prints = async (text: string): Promise<string[]> =>
      (await logOf('-p', fileOf('moved.yaml', text))).runs[0].results.map(
        (it: { partialFingerprints: Record<string, string> }) => it.partialFingerprints['policap/v1'],
      );
    const before = await prints(TWICE);
    expect(before).toHaveLength(3);
    expect(new Set(before).size).toBe(3);
    expect(await prints(`# more\n\n${TWICE}`)).toEqual(before);
  });

  it('writes paths as URI references', () => {
    const uriOf = (file: string): string => {
      const result = {
        ruleId: 'a',
        level: 'note',
        message: 'm',
        position: { file, line: 1, column: 1 },
        identity: '',
      } as const;
      const log = sarifLog({ name: 'p', version: '1' }, [], [result]) as {
        runs: { results: { locations: { physicalLocation: { artifactLocation: { uri: string } } }[] }[] }[];
      };
      return log.runs[0]!.results[0]!.locations[0]!.physicalLocation.artifactLocation.uri;
    };
    expect(uriOf('./a b/c#1.yaml')).toBe('a%20b/c%231.yaml');
    expect(uriOf('/etc/p.yaml')).toBe('file:///etc/p.yaml');
  });
});

describe('--fix', () => {
  const FIXED = `# The web's.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: shop }
spec:
  podSelector: { matchLabels: { app: web } }
  ingress:
    - ports: [{ port: 80 }, {port:   443}]
    # What follows is there twice.
    - from:
        - podSelector: {}
        - ipBlock:
            cidr: 192.0.2.0/24 # documentation

`;

  it('removes copies, and nothing else of the file', async () => {
    const path = fileOf('twice.yaml', TWICE);
    const { code, out, err } = await policap(['lint', '-p', path, '--fix', '--only', 'duplicate', '--fail-on', 'note']);
    expect(readFileSync(path, 'utf8')).toBe(FIXED);
    expect(code).toBe(0);
    expect(out).toContain('Nothing found');
    expect(err).toContain('policap: fixed 3 findings in 1 file');
    expect((await policap(['lint', '-p', path, '--fix'])).err).toContain('nothing to fix');
  });

  it('shows what it would do', async () => {
    const path = fileOf('dry.yaml', TWICE);
    const { out, err } = await policap(['lint', '-p', path, '--fix=dry-run', '--only', 'duplicate']);
    expect(readFileSync(path, 'utf8')).toBe(TWICE);
    expect(out).toContain('3 warnings');
    expect(err).toBe(`--- ${path}
+++ ${path}
@@ -5,13 +5,10 @@
 spec:
   podSelector: { matchLabels: { app: web } }
   ingress:
-    - ports: [{ port: 80 }, {port:   443}, { protocol: TCP, port: 80 }]
+    - ports: [{ port: 80 }, {port:   443}]
     # What follows is there twice.
-    - ports: [{ port: 443 }, { port: 80 }] # the second one
     - from:
         - podSelector: {}
         - ipBlock:
             cidr: 192.0.2.0/24 # documentation
 
-        - podSelector:
-            matchLabels: {}
`);
  });

  it('leaves alone what programs write, anchors that are used, and standard input', async () => {
    const port = { port: 80 };
    const json = JSON.stringify({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'web', namespace: 'shop' },
      spec: { podSelector: {}, ingress: [{ ports: [port, port] }] },
    });
    const path = fileOf('given.json', json);
    expect((await policap(['lint', '-p', path, '--fix'])).err).toContain('not fixed: the file is JSON');
    expect(readFileSync(path, 'utf8')).toBe(json);

    const anchored = TWICE.replace(
      '[{ port: 80 }, {port:   443}, { protocol: TCP, port: 80 }]',
      '\n        - port: 80\n        - &http\n          port: 80',
    ).replace('{ port: 443 }, { port: 80 }]', '*http, { port: 443 }]');
    const other = fileOf('anchored.yaml', anchored);
    const { err } = await policap(['lint', '-p', other, '--fix']);
    expect(err).toContain('not fixed: without it the file would read otherwise');
    expect(readFileSync(other, 'utf8')).toBe(anchored);

    const piped = await policap(['lint', '-p', '-', '--fix'], { input: TWICE });
    expect(piped.err).toContain('standard input is not written to');
    expect(piped.out).toContain('3 warnings');
  });
});
