/** policap suggest as its user runs it, on every shipped capture. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { PROFILE_NAMES } from '../../src/profile/profile.js';
import { policap } from '../cli/person.js';
import { allCases } from '../support/cases.js';

const folder = mkdtempSync(join(tmpdir(), 'policap-suggest-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SHOP = ['pcaps/shop/capture.pcapng', '-c', 'pcaps/shop/cluster.yaml'];
/** Each set of captures once. */
const CASES = [...new Map(allCases().map(it => [`${it.path} ${it.captures.join()}`, it])).values()];
const NODES = 'this network plugin has no ipBlock that matches nodes';

describe('suggest', () => {
  it.each(CASES.map(it => [it.name, it] as const))(
    '%s: nothing that was completed is refused',
    async (_, { path, captures }) => {
      const paths = captures.map(capture => join(path, capture));
      const { code, out, err } = await policap([
        'suggest',
        ...paths,
        '-c',
        join(path, 'cluster.yaml'),
        '--fail-on',
        'refused',
      ]);
      expect([0, err.includes(NODES) ? 1 : 0, 3], err).toContain(code);
      expect(err).toContain('verified by a second replay: ');
      if (!err.includes(NODES)) expect(err).not.toContain('; and refused:');
      for (const document of parseAllDocuments(out)) expect(document.errors).toEqual([]);
    },
  );

  it.each(PROFILE_NAMES.flatMap(profile => ['shop', 'nodes', 'services'].map(name => [profile, name] as const)))(
    'as %s enforces them, on pcaps/%s',
    async (profile, name) => {
      const path = `pcaps/${name}`;
      const captures = readdirSync(path)
        .filter(file => file.endsWith('.pcapng'))
        .map(file => join(path, file));
      const { err } = await policap(['suggest', ...captures, '-c', `${path}/cluster.yaml`, '--profile', profile]);
      if (err.includes(NODES)) expect(profile).toBe('cilium');
      else expect(err).not.toContain('; and refused:');
      expect(err.includes('they would have no effect')).toBe(profile === 'flannel');
    },
  );

  it('is read back by replay, which refuses the rest', async () => {
    const file = join(folder, 'shop.yaml');
    const { code, out, err } = await policap(['suggest', ...SHOP, '-w', file]);
    expect([code, out]).toEqual([0, '']);
    expect(err).toContain('7 policies for 7 workloads');
    const replayed = await policap(['replay', SHOP[0]!, '-p', file, '-c', SHOP[2]!, '-o', 'json']);
    const { connections, denied } = JSON.parse(replayed.out);
    // Three pings, and what was refused or not answered in the capture too.
    expect(connections.dropped).toBe(7);
    expect(denied.map((it: { protocol: string; port: number }) => `${it.protocol} ${it.port}`).sort()).toEqual(
      ['ICMP null', 'ICMP null', 'ICMPv6 null', 'TCP 4317', 'TCP 6380', 'TCP 9093', 'UDP 5353'].sort(),
    );
  });

  it('writes what a person would', async () => {
    const { out } = await policap(['suggest', ...SHOP]);
    const cache = parseAllDocuments(out)
      .map(document => document.toJS())
      .find(it => it?.metadata.name === 'policap-cache');
    expect(cache.spec).toEqual({
      podSelector: { matchLabels: { app: 'cache' } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        {
          from: [
            { podSelector: { matchLabels: { app: 'api' } } },
            {
              namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'tools' } },
              podSelector: { matchLabels: { run: 'debug-shell' } },
            },
          ],
          ports: [{ protocol: 'TCP', port: 'redis' }],
        },
      ],
      egress: [],
    });
    expect(out).toContain(
      '    # from shop/Deployment/api via shop/service/cache, TCP 6379: 2 connections, 40 packets, first 2026-11-21T10:13:50Z\n',
    );
    expect(out).toContain('#   shop/Deployment/api → 198.51.100.20  TCP 4317: 1 connection, nobody answered\n');
  });

  it('a List says the same', async () => {
    const yaml = await policap(['suggest', ...SHOP, '--default-deny']);
    const json = await policap(['suggest', ...SHOP, '--default-deny', '-o', 'json']);
    const documents = parseAllDocuments(yaml.out)
      .map(document => document.toJS())
      .filter(it => it !== null);
    expect(JSON.parse(json.out).items).toEqual(documents);
    expect(
      documents.filter(it => it.metadata.name === 'policap-default-deny').map(it => it.metadata.namespace),
    ).toEqual(['kube-system', 'monitoring', 'shop', 'tools']);
  });

  it('one file a namespace, into a directory that is made', async () => {
    const directory = join(folder, 'new', 'policies/');
    await policap(['suggest', ...SHOP, '-w', directory]);
    expect(readdirSync(directory).sort()).toEqual(['kube-system.yaml', 'monitoring.yaml', 'shop.yaml', 'tools.yaml']);
    expect(readFileSync(join(directory, 'tools.yaml'), 'utf8')).not.toContain('namespace: shop');
  });

  it('-n suggests for one namespace', async () => {
    const { out } = await policap(['suggest', ...SHOP, '-n', 'tools']);
    expect(out.match(/^ {2}namespace: .*$/gm)).toEqual(['  namespace: tools']);
    const wrong = await policap(['suggest', ...SHOP, '-n', 'tool']);
    expect([wrong.code, wrong.err]).toEqual([
      2,
      'policap: error: -n tool: no pods in this namespace\n    namespaces with pods: kube-system, monitoring, shop, tools\n',
    ]);
  });

  it('--merge-with suggests what is missing, and then nothing', async () => {
    const missing = join(folder, 'missing.yaml');
    const first = await policap(['suggest', ...SHOP, '--merge-with', 'pcaps/shop/policies', '-w', missing]);
    expect(first.err).toContain('verified by a second replay: 21 of 24 completed connections allowed');
    const web = parseAllDocuments(readFileSync(missing, 'utf8'))
      .map(document => document.toJS())
      .find(it => it?.metadata.name === 'policap-web');
    // It may ask for names and reach the api already: the database is what it lacks.
    expect(web.spec).toEqual({
      podSelector: { matchLabels: { app: 'web' } },
      policyTypes: ['Egress'],
      egress: [
        { to: [{ podSelector: { matchLabels: { app: 'db' } } }], ports: [{ protocol: 'TCP', port: 'postgres' }] },
      ],
    });
    const second = await policap(['suggest', ...SHOP, '--merge-with', 'pcaps/shop/policies', missing]);
    expect(second.err).toContain('0 policies for 7 workloads');
    expect(second.out).not.toContain('kind:');
  });

  it('policies among the cluster documents do not count', async () => {
    const both = join(folder, 'both.yaml');
    writeFileSync(
      both,
      `${readFileSync('pcaps/shop/cluster.yaml', 'utf8')}\n---\n${readFileSync('pcaps/shop/policies/data.yaml', 'utf8')}`,
    );
    const alone = await policap(['suggest', ...SHOP]);
    expect((await policap(['suggest', SHOP[0]!, '-c', both])).out).toBe(alone.out);
  });

  it('from standard input suggests the same, and says that it cannot read it twice', async () => {
    const command = `cat ${SHOP[0]} | ${process.execPath} bin/policap suggest - -c ${SHOP[2]} 2>&1 > ${folder}/piped.yaml`;
    const err = execFileSync('sh', ['-c', command], { encoding: 'utf8' });
    expect(err).toContain('not verified: only captures in files can be read twice');
    const piped = readFileSync(join(folder, 'piped.yaml'), 'utf8');
    const { out } = await policap(['suggest', ...SHOP]);
    expect(piped.replace('standard input', 'capture.pcapng')).toBe(out);
  });

  it.each([
    [[], 'no capture to suggest policies from'],
    [[SHOP[0]!], 'no cluster: without pods and their labels'],
    [[...SHOP, '--cidr-prefix', '33'], 'Give the length for IPv4'],
    [[...SHOP, '--max-cidrs', '0'], 'Give a whole number'],
    [['nowhere.pcap', '-c', SHOP[2]!], 'nowhere.pcap'],
    [['-', '-c', '-'], 'standard input can be read only once'],
    [['-', '-c', SHOP[2]!, '--fail-on', 'refused'], '--fail-on refused: standard input cannot be read twice'],
    [['/dev/null', '-c', SHOP[2]!, '--fail-on', 'refused'], '--fail-on refused: /dev/null cannot be read twice'],
  ])('%j: %s', async (args, message) => {
    const { code, out, err } = await policap(['suggest', ...args]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
  });

  it('ends where it is interrupted, with what was read', async () => {
    const { code, err } = await policap(['suggest', ...SHOP], { interrupts: 'at once' });
    expect(code, err).toBe(130);
  });

  it('says what it is interrupted in: not that the captures cannot be read twice', async () => {
    const { err } = await policap(['suggest', ...SHOP], { interrupts: 'at once' });
    expect(err).not.toContain('only captures in files');
  });

  it('is one YAML document a policy', async () => {
    const { out } = await policap(['suggest', ...SHOP, '-n', 'tools']);
    expect(parse(out.slice(out.indexOf('---\n') + 4)).kind).toBe('NetworkPolicy');
  });
});
