/**
 * docs/schemas against real output. A schema is closed: a key that it does not name is an error.
 */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Terminal } from '../../src/cli/terminal.js';
import { type UiCommandOptions, uiCommand } from '../../src/cli/ui-command.js';
import { workspaceReader } from '../../src/cli/ui-workspace.js';
import type { Workspace, WorkspaceDocument } from '../../src/server/workspace.js';
import { type Person, policap, policapBytes } from '../cli/person.js';
import { schemaErrors } from '../support/schema.js';

const of = (folder: string): string[] => ['-p', `${folder}/policies`, '-c', `${folder}/cluster.yaml`];
const SHOP = of('pcaps/shop');
const CAPTURE = 'pcaps/shop/capture.pcapng';
const FROM = ['--from', 'shop/Deployment/web', '--to', 'shop/StatefulSet/db', '--port', '5432'];
const MESH = ['--from', 'shop/web-1', '--to', 'shop/api-1', '--port', '8080'];
const RULES: Person = {
  input:
    'kind: RuleList\ndefault: deny\nrules: [{ name: web, action: allow, protocol: TCP, destinationPorts: [80] }]\n',
};

/** Replays that between them print every key. */
const REPLAYS: readonly (readonly string[])[] = [
  ['replay', CAPTURE, ...SHOP],
  ['replay', CAPTURE, ...SHOP, '--profile', 'flannel'],
  ['replay', CAPTURE, ...SHOP, '--mode', 'dataplane'],
  ['replay', CAPTURE, '--rules', '-'],
  ['replay', 'pcaps/services/pod.pcap', ...of('pcaps/services')],
  ['replay', 'pcaps/midstream/capture.pcapng', ...of('pcaps/midstream')],
  ['replay', 'pcaps/oneway/in.pcap', ...of('pcaps/oneway')],
  ['replay', 'pcaps/vxlan/underlay.pcap.gz', ...of('pcaps/vxlan')],
  ['replay', 'examples/cilium-http/capture.pcapng.gz', ...of('examples/cilium-http'), '--profile', 'cilium'],
  ['replay', 'examples/istio-mesh/pod.pcap.gz', ...of('examples/istio-mesh')],
  ['replay', 'examples/antrea-tiers/capture.pcapng.gz', ...of('examples/antrea-tiers'), '--profile', 'antrea'],
];
const as = (format: string, ...options: readonly string[]) => REPLAYS.map(args => [...args, '-o', format, ...options]);

const SIDES = ['-c', 'pcaps/shop/cluster.yaml', '--after', 'pcaps/shop/policies'];
const HTTP = 'examples/cilium-http';
const ISTIO = 'examples/istio-mesh';

/** Commands that print one document each, by schema. */
const DOCUMENTS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'policap.lint/1': [
    ['lint', ...SHOP, '-o', 'json'],
    ['lint', '-p', 'pcaps/shop/policies', '-o', 'json', '--profile', 'flannel'],
  ],
  'policap.diff/1': [
    ['diff', 'pcaps/shop/capture.pcapng', ...SIDES, '-o', 'json'],
    ['diff', 'pcaps/shop/capture.pcapng', ...SIDES, '-o', 'json', '--profile', 'flannel'],
    ['diff', `${HTTP}/capture.pcapng.gz`, '-c', `${HTTP}/cluster.yaml`, '--after', `${HTTP}/policies`, '-o', 'json'],
    ['diff', `${ISTIO}/pod.pcap.gz`, '-c', `${ISTIO}/cluster.yaml`, '--after', `${ISTIO}/policies`, '-o', 'json'],
  ],
  'policap.reach-diff/1': [
    ['diff', ...SIDES, '-o', 'json'],
    ['diff', '-c', `${HTTP}/cluster.yaml`, '--after', `${HTTP}/policies`, '-o', 'json'],
    ['diff', ...SIDES, '-o', 'json', '--profile', 'kube-router'],
  ],
  'policap.matrix/1': [
    ['matrix', ...SHOP, '-o', 'json'],
    ['matrix', ...SHOP, '-o', 'json', '--by', 'pod', '--profile', 'flannel'],
  ],
  'policap.explain/1': [
    ['explain', 'pcaps/shop/capture.pcapng#613', ...SHOP, '-o', 'json'],
    [
      'explain',
      '--from',
      'shop/db-0',
      '--to',
      '8.8.8.8',
      '--port',
      '443',
      ...SHOP,
      '-o',
      'json',
      '--profile',
      'flannel',
    ],
  ],
  'policap.test/1': [
    ['test', 'test/cases/shop-cases.yaml', '-o', 'json'],
    ['test', 'test/cases/shop-cases.yaml', '-o', 'json', '--profile', 'flannel'],
  ],
  'policap.learn/1': [
    ['learn', '-o', 'json', '--dir', 'test/lessons/nobody'],
    ['learn', '1', '--check', '-o', 'json', '--dir', 'test/lessons/work'],
    ['learn', '2', '--check', '-o', 'json', '--dir', 'test/lessons/work'],
    ['learn', '3', '--check', '-o', 'json', '--dir', 'test/lessons/work'],
  ],
  'policap.summary/1': as('json'),
  'policap.compare/1': [
    ['compare', CAPTURE, ...SHOP, '--profiles', 'calico,weave,kube-router,flannel', '-o', 'json'],
    ['compare', CAPTURE, '--rules', '-', '--profiles', 'calico,flannel', '-o', 'json'],
  ],
  'policap.query/1': [
    ['query', ...SHOP, ...FROM, '-o', 'json'],
    ['query', ...SHOP, ...FROM, '-o', 'json', '--profile', 'flannel'],
    ['query', ...of('examples/istio-mesh'), ...MESH, '-o', 'json'],
    ['query', ...of('examples/istio-mesh'), ...MESH, '--request', 'GET /items', '--header', 'Host: api', '-o', 'json'],
  ],
  'policap.stats/1': [
    ['compile', ...SHOP, '-o', 'json'],
    ['compile', ...SHOP, '-o', 'json', '--engine', 'linear', '--profile', 'flannel'],
  ],
  'policap.bench/1': [
    ['bench', ...SHOP, '--seconds', '1', '-o', 'json'],
    ['bench', CAPTURE, ...SHOP, '--seconds', '1', '--stages', '-o', 'json', '--profile', 'flannel'],
  ],
};

/** Commands that print one document a line. */
const LINES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'policap.packet/1': as('jsonl'),
  'policap.connection/1': as('jsonl', '--records', 'connections'),
  'policap.query/1': [
    ['query', ...SHOP, '-f', '-', '-o', 'jsonl'],
    ['query', ...SHOP, '-f', '-', '-o', 'jsonl', '--profile', 'flannel'],
  ],
};

/** Formats that are no JSON, but hold some. */
const HEADERS = ['policap.verdicts/1'];

const QUESTIONS: Person = {
  input: [
    '{"from": "shop/Deployment/api", "to": "shop/service/cache", "port": 6379, "sourcePort": 4000}',
    '{"from": "tools/debug-shell", "to": "shop/StatefulSet/db", "protocol": "ICMP", "icmpType": 8, "icmpCode": 0}',
    '{"from": "203.0.113.9", "to": "shop/Deployment/web", "port": 8080, "protocol": 6, "request": "GET /", "headers": {"Host": "a"}}',
  ].join('\n'),
};

const stdinFor = (command: readonly string[]): Person => (command.includes('--rules') ? RULES : QUESTIONS);

/** As the command line's options say it; nothing is served. */
async function workspaceOf(args: readonly string[]): Promise<() => Workspace> {
  let read: (() => Workspace) | undefined;
  const terminal = { readInput: () => new Uint8Array() };
  const command = uiCommand({} as Terminal, () => {}).action((captures: string[], options: UiCommandOptions) => {
    read = workspaceReader(captures, options, terminal);
  });
  await command.parseAsync(args, { from: 'user' });
  return read!;
}

function hold(schema: string, document: Record<string, unknown>): void {
  expect(schemaErrors(schema, document)).toEqual([]);
}

describe('docs/schemas', () => {
  for (const [schema, commands] of Object.entries(DOCUMENTS)) {
    for (const command of commands) {
      it(`${schema}: policap ${command.join(' ')}`, async () => {
        const document = JSON.parse((await policap(command, stdinFor(command))).out);
        expect(document.schema).toBe(schema);
        hold(schema, document);
        expect(schemaErrors(schema, { ...document, unheardOf: 1 })).not.toEqual([]);
        for (const key of ['schema', 'verdict', 'packets', 'classifier', 'cells'].filter(it => it in document)) {
          const { [key]: _, ...rest } = document;
          // A line of query behind the first one names no schema.
          if (key !== 'schema' || schema !== 'policap.query/1') expect(schemaErrors(schema, rest), key).not.toEqual([]);
        }
      });
    }
  }

  for (const [schema, commands] of Object.entries(LINES)) {
    for (const command of commands) {
      it(`${schema}: policap ${command.join(' ')}`, async () => {
        const lines = (await policap(command, stdinFor(command))).out.trimEnd().split('\n');
        expect(JSON.parse(lines[0]!).schema).toBe(schema);
        for (const line of lines) hold(schema, JSON.parse(line));
        expect(schemaErrors(schema, { ...JSON.parse(lines[0]!), unheardOf: 1 })).not.toEqual([]);
      });
    }
  }

  it('policap.query/1: policap query -f - -o json', async () => {
    const document = JSON.parse((await policap(['query', ...SHOP, '-f', '-', '-o', 'json'], QUESTIONS)).out);
    expect(document.answers.length).toBe(3);
    hold('policap.query/1', document);
    expect(
      schemaErrors('policap.query/1', { ...document, answers: [{ ...document.answers[0], unheardOf: 1 }] }),
    ).not.toEqual([]);
  });

  it.each([[], ['--profile', 'flannel']])('policap.verdicts/1: its header %s %s', async (...options) => {
    const { bytes } = await policapBytes(['replay', CAPTURE, ...SHOP, '-o', 'verdicts', ...options]);
    const header = JSON.parse(bytes.toString('utf8', 16, 16 + bytes.readUInt32LE(12)));
    expect(header.schema).toBe('policap.verdicts/1');
    hold('policap.verdicts/1', header);
    expect(schemaErrors('policap.verdicts/1', { ...header, unheardOf: 1 })).not.toEqual([]);
  });

  it.each([[], ['--profile', 'calico', '--conntrack', 'none', '--timeout', 'tcp_close=0.5', '--max-connections', '1']])(
    'policap.workspace/1: what policap ui tells its page %s %s',
    async (...options) => {
      const read = await workspaceOf([CAPTURE, ...SHOP, ...options]);
      const workspace = read();
      expect([workspace.captures.length, workspace.documents.length]).toEqual([1, 3]);
      hold('policap.workspace/1', { ...workspace });
      const { mode: _, ...others } = workspace.options;
      const [{ role: __, ...document }] = workspace.documents as [WorkspaceDocument];
      const [capture] = workspace.captures;
      for (const wrong of [
        { ...workspace, unheardOf: 1 },
        { ...workspace, options: others },
        { ...workspace, documents: [document] },
        { ...workspace, captures: [{ ...capture, url: '/api/captures/0' }] },
      ])
        expect(schemaErrors('policap.workspace/1', wrong)).not.toEqual([]);
    },
  );

  it('are each held against some output', () => {
    const files = readdirSync('docs/schemas').filter(name => name.endsWith('.json'));
    // What is read, and not printed, is held against what init writes (test/cases/init.test.ts); status needs a queue
    // (test/queue/queue.test.ts).
    const others = [...HEADERS, 'policap.cases/1', 'policap.workspace/1', 'policap.status/1'];
    const held = new Set([...Object.keys(DOCUMENTS), ...Object.keys(LINES), ...others]);
    expect(files.sort()).toEqual([...held].map(name => `${name.replace('/', '-')}.json`).sort());
  });
});
