/**
 * action.yml and the Dockerfile, as far as they can be checked here: the action's script is run with inputs as GitHub hands
 * them over, and both name only what there is.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

interface Step {
  readonly shell: string;
  readonly run: string;
  readonly env?: Readonly<Record<string, string>>;
}

const TEXT = readFileSync('action.yml', 'utf8');
const ACTION = parse(TEXT) as {
  readonly inputs: Readonly<Record<string, { readonly default?: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
};
const STEP = ACTION.runs.steps.at(-1)!;

const folder = mkdtempSync(join(tmpdir(), 'policap-action-'));
symlinkSync(join(process.cwd(), 'pcaps/shop/capture.pcapng'), join(folder, 'a capture.pcapng'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The last step with these inputs, as bash runs it on GitHub. */
function run(inputs: Readonly<Record<string, string>>) {
  const given = (name: string): string => inputs[name] ?? ACTION.inputs[name]!.default ?? '';
  const env = Object.fromEntries(
    Object.entries(STEP.env ?? {}).map(([name, value]) => [
      name,
      value
        .replace(/\$\{\{ inputs\.([\w-]+) \}\}/, (_, input: string) => given(input))
        .replace(/\$\{\{ github\.action_path \}\}/, process.cwd()),
    ]),
  );
  const args = ['--noprofile', '--norc', '-eo', 'pipefail', '-c', STEP.run];
  return spawnSync('bash', args, { encoding: 'utf8', env: { PATH: process.env['PATH'], ...env } });
}

const SHOP = { policies: 'pcaps/shop/policies\n', cluster: 'pcaps/shop/cluster.yaml' };

describe('action.yml', () => {
  it('hands every input to the script by the environment, and none in its text', () => {
    expect(ACTION.runs.using).toBe('composite');
    for (const input of Object.keys(ACTION.inputs))
      expect(Object.values(STEP.env!)).toContain(`\${{ inputs.${input} }}`);
    for (const { run: script } of ACTION.runs.steps) expect(script).not.toContain('${{');
    for (const name of Object.keys(STEP.env!)) expect(STEP.run).toContain(`$${name}`);
  });

  it('runs a replay, and fails as it is asked to', () => {
    const { status, stdout } = run({ ...SHOP, captures: `${join(folder, 'a capture.pcapng')}\n` });
    expect([status, stdout]).toEqual([1, expect.stringContaining('9 of 28 connections would be refused')]);
    const calm = run({ ...SHOP, captures: 'pcaps/shop/capture.pcapng', 'fail-on': '', args: '--top\n1' });
    expect([calm.status, calm.stdout]).toEqual([0, expect.stringContaining('and 8 more: --top 0 shows all of them')]);
  });

  it('takes no input for a command or an option', () => {
    const marked = join(folder, 'marked');
    const { status, stderr } = run({ ...SHOP, captures: `--write=${marked}\n$(touch ${marked})\n\`touch ${marked}\`` });
    expect([status, stderr]).toEqual([2, expect.stringContaining(`--write=${marked}: no such file`)]);
    expect(existsSync(marked)).toBe(false);
  });
});

describe('the Dockerfile', () => {
  const lines = readFileSync('Dockerfile', 'utf8').split('\n');
  const kept = readFileSync('.dockerignore', 'utf8').split('\n');

  it('builds from what is there, and keeps nothing else', () => {
    const copied = lines.flatMap(line => /^COPY (?!--from)(.*) \S+$/.exec(line)?.[1]?.split(' ') ?? []);
    expect(copied.length).toBeGreaterThan(0);
    for (const path of copied) {
      expect(existsSync(path), path).toBe(true);
      if (path !== '.') expect(kept).toContain(`!${path}`);
    }
    expect(kept[0]).toBe('*');
    for (const line of kept.slice(1).filter(line => line !== '')) expect(existsSync(line.slice(1)), line).toBe(true);
  });

  it('builds from all that the package holds, and all that the build reads', () => {
    const { files } = JSON.parse(readFileSync('package.json', 'utf8')) as { files: string[] };
    const held = files.filter(path => path !== 'dist' && !path.startsWith('!'));
    const read = ['package.json', 'package-lock.json', 'tsconfig.json', 'scripts', 'src', 'web', 'lessons'];
    const isThere = (path: string): boolean =>
      kept.some(line => line.startsWith('!') && `${path}/`.startsWith(`${line.slice(1)}/`));
    expect([...held, ...read].filter(path => !isThere(path))).toEqual([]);
  });

  it('has the packages that the queue needs', () => {
    const { peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { peerDependencies: object };
    const installed = lines.find(line => line.startsWith('RUN npm install'))!;
    expect(Object.keys(peerDependencies).length).toBeGreaterThan(0);
    // Live traffic is not the image's: it has no compiler, and no tcpdump either.
    const wanted = Object.keys(peerDependencies).filter(name => name !== 'raw-socket');
    for (const name of wanted) expect(installed.split(' ')).toContain(name);
  });

  it('runs policap, and not as root', () => {
    expect(lines).toEqual(expect.arrayContaining(['USER node', 'ENTRYPOINT ["policap"]']));
    expect(lines.filter(line => line.startsWith('FROM node:20-slim')).length).toBe(2);
  });
});
