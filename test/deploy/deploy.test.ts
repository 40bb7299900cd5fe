/**
 * deploy/: its NetworkPolicies judged by policap, what its pods may, and its commands, run as they stand there.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { createProgram } from '../../src/cli/main.js';
import type { Terminal } from '../../src/cli/terminal.js';
import { policap } from '../cli/person.js';

interface PodSpec {
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: Record<string, unknown>;
  readonly containers: readonly {
    readonly command?: string[];
    readonly args: string[];
    readonly securityContext: unknown;
    readonly volumeMounts: readonly {
      readonly name: string;
      readonly mountPath: string;
      readonly readOnly?: boolean;
    }[];
  }[];
}

const files = readdirSync('deploy').filter(
  name => name.endsWith('.yaml') && !['others.yaml', 'policap-cases.yaml'].includes(name),
);
const objects = files.flatMap(name =>
  parseAllDocuments(readFileSync(join('deploy', name), 'utf8')).map(document => document.toJS()),
);
const specOf = (kind: string): PodSpec => objects.find(object => object.kind === kind).spec.template.spec;

describe('deploy/', () => {
  it('allows and refuses what it is meant to', async () => {
    const { code, out } = await policap(['test', 'deploy/policap-cases.yaml']);
    expect([code, out]).toEqual([0, expect.stringMatching(/^\d{2} assertions passed$/m)]);
  });

  it('has no mistake that policap lint finds', async () => {
    const all = files.map(name => join('deploy', name));
    const { code, out } = await policap(['lint', '-p', ...all, '-c', 'deploy/others.yaml', '-o', 'json']);
    const { findings } = JSON.parse(out);
    const ours = findings.filter(({ file }: { file: string }) => file !== 'deploy/others.yaml');
    expect([code, ours]).toEqual([0, []]);
  });

  it.each(['Job', 'Deployment', 'StatefulSet'])('its %s has no rights', kind => {
    const spec = specOf(kind);
    expect(spec.automountServiceAccountToken).toBe(false);
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(spec.securityContext['runAsUser']).toBeGreaterThan(0);
    for (const { securityContext, volumeMounts } of spec.containers) {
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      for (const { name, readOnly } of volumeMounts)
        expect([name, readOnly ?? false]).toEqual([name, !['results', 'data'].includes(name)]);
    }
  });

  it('gives the worker options that policap has', () => {
    const [command, ...args] = specOf('Deployment').containers[0]!.args;
    const program = createProgram({ columns: 80 } as Terminal, () => {});
    const worker = program.commands.find(it => it.name() === command)!;
    expect(worker.parseOptions(args)).toEqual({ operands: [], unknown: [] });
  });
});

describe("the Job's command", () => {
  const folders = ['captures', 'documents', 'results', 'bin'];
  let root = '';
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'policap-deploy-'));
    for (const name of folders) mkdirSync(join(root, name));
    for (const name of ['shop/capture.pcapng', 'midstream/capture.pcapng', 'ipv6/capture.pcap', 'scan/capture.pcap'])
      symlinkSync(resolve('pcaps', name), join(root, 'captures', name.replace('/', '-')));
    symlinkSync(resolve('pcaps/shop/policies/shop.yaml'), join(root, 'documents/policies.yaml'));
    symlinkSync(resolve('pcaps/shop/cluster.yaml'), join(root, 'documents/cluster.yaml'));
    symlinkSync(resolve('bin/policap'), join(root, 'bin/policap'));
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it('writes parts that join to the whole', async () => {
    const { spec } = objects.find(object => object.kind === 'Job');
    const { command, args } = specOf('Job').containers[0]!;
    const script = folders.reduce((text, name) => text.replaceAll(`/${name}/`, `${root}/${name}/`), args[0]!);
    for (let index = 0; index < spec.completions; index++) {
      execFileSync(command![0]!, [command![1]!, script], {
        env: { ...process.env, PATH: `${root}/bin:${process.env['PATH']}`, JOB_COMPLETION_INDEX: String(index) },
        stdio: 'inherit',
      });
    }
    const parts = readdirSync(join(root, 'results')).map(name => join(root, 'results', name));
    expect(parts.length).toBe(spec.completions);
    const merged = await policap(['merge', ...parts, '-o', 'json']);
    expect([merged.code, merged.err]).toEqual([0, '']);
    const captures = readdirSync(join(root, 'captures')).sort();
    const { captures: seen, packets } = JSON.parse(merged.out);
    expect(seen.map(({ name }: { name: string }) => name)).toEqual(captures.map(name => join(root, 'captures', name)));
    expect(packets.dropped).toBeGreaterThan(0);
  });
});
