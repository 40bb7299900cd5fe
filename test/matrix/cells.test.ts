/** What a cell says of rules that look at more than the destination's port: source ports, types of ICMP, requests, names. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { policap } from '../cli/person.js';

const directory = mkdtempSync(join(tmpdir(), 'policap-cells-'));
afterAll(() => rmSync(directory, { recursive: true }));

const pod = (name: string, ip: string) =>
  `{apiVersion: v1, kind: Pod, metadata: {name: ${name}, namespace: shop}, status: {podIP: ${ip}, phase: Running}}\n---\n`;
const cluster = join(directory, 'cluster.yaml');
writeFileSync(cluster, pod('a', '10.0.0.1') + pod('b', '10.0.0.2'));

async function cellUnder(rules: readonly string[]): Promise<string> {
  const file = join(directory, 'rules.yaml');
  writeFileSync(file, `kind: RuleList\ndefault: deny\nrules:\n${rules.map(rule => `  - ${rule}\n`).join('')}`);
  const args = ['matrix', '--rules', file, '-c', cluster, '--no-outside', '--layout', 'list'];
  const { out } = await policap(args);
  return /shop\/a\n {2}(?:→ shop\/b {2})?(.*)/.exec(out)![1]!;
}

const from = 'source: 10.0.0.1, destination: 10.0.0.2';

describe('cells', () => {
  it('hold neighbouring ranges as one', async () => {
    const rules = [
      `{ name: one, action: allow, ${from}, protocol: TCP, destinationPorts: ["80-90"] }`,
      `{ name: two, action: allow, ${from}, protocol: TCP, destinationPorts: ["91-100"] }`,
    ];
    expect(await cellUnder(rules)).toBe('TCP 80-100');
    expect(
      await cellUnder([`{ name: three, action: allow, ${from}, protocol: TCP, sourcePorts: [53] }`, ...rules]),
    ).toBe('TCP 80-100, some: TCP 0-79,101-65535');
  });

  it('never call open what is so from some source ports alone', async () => {
    const rule = `{ name: one, action: allow, ${from}, protocol: TCP, destinationPorts: [80], sourcePorts: ["0-1023"] }`;
    expect(await cellUnder([rule])).toBe('some: TCP 80');
    const other = `{ name: two, action: allow, ${from}, protocol: TCP, destinationPorts: [80], sourcePorts: ["1024-65535"] }`;
    expect(await cellUnder([rule, other])).toBe('TCP 80');
    const denied = `{ name: dns, action: deny, ${from}, protocol: UDP, sourcePorts: [53] }`;
    expect(await cellUnder([denied, `{ name: all, action: allow, ${from} }`])).toBe(
      'TCP any SCTP any ICMP other protocols, some: UDP any',
    );
  });

  it('never call open what is so for some types of ICMP alone', async () => {
    expect(await cellUnder([`{ name: ping, action: allow, ${from}, protocol: ICMP, icmpType: 8 }`])).toBe('some: ICMP');
    expect(await cellUnder([`{ name: ping, action: allow, ${from}, protocol: ICMP }`])).toBe('ICMP');
  });

  it('say what is undecided, in every format', async () => {
    const input = ['-p', 'examples/cilium-dns-names/policies', '-c', 'examples/cilium-dns-names/cluster.yaml'];
    const matrix = async (output: string) => (await policap(['matrix', ...input, '-o', output])).out;
    expect(await matrix('csv')).toContain('shop/worker-1,outside,TCP,443,undecided\n');
    expect(await matrix('markdown')).toContain('undecided: TCP 443');
    expect(await matrix('dot')).toContain('"shop/worker-1" -> "outside" [label="undecided: TCP 443", style=dashed];');
    expect(await matrix('svg')).toContain('<title>shop/worker-1 → outside: undecided: TCP 443</title>');
    const { cells } = JSON.parse(await matrix('json'));
    const cell = cells.find((it: { from: string; to: string }) => it.from === 'shop/worker-1' && it.to === 'outside');
    expect(cell).toEqual({
      ...{ from: 'shop/worker-1', to: 'outside', allowed: [], some: [] },
      undecided: [{ protocol: 'TCP', ports: [[443, 443]] }],
    });
  });
});
