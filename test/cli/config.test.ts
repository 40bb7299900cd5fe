/**
 * policap.yaml: what it may say, who wins, and what is told of it.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findConfig } from '../../src/cli/config-options.js';
import { policap } from './person.js';
import { makeShop } from './shop.js';

const shop = makeShop();
afterAll(shop.remove);
let files = 0;

/** A file of settings in the shop's folder. */
function config(text: string, folder = '.'): string {
  const file = shop.path(join(folder, `settings-${files++}.yaml`));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const withConfig = (text: string, args: readonly string[]) => policap([...args, '--config', config(text)]);
const stats = async (text: string, args: readonly string[] = []) => {
  const { code, out, err } = await withConfig(text, ['compile', '-o', 'json', ...args]);
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out);
};

describe('settings', () => {
  it('stand for options, with paths relative to the file', async () => {
    const replay = await withConfig(
      'policies: [policies]\ncluster: cluster.yaml\nreplay: { fail-on: [dropped], output: json }\n',
      ['replay', shop.path('three.pcap')],
    );
    expect([replay.code, replay.err]).toEqual([1, '']);
    expect(JSON.parse(replay.out)).toMatchObject({ schema: 'policap.summary/1', packets: { total: 3, dropped: 2 } });
    const file = config('policies: ../policies\ncluster: ../cluster.yaml\n', 'deeper');
    expect((await policap(['compile', '--config', file])).out).toMatch(/^policies +2$/m);
  });

  it('of a list give way to the command line as a whole', async () => {
    expect(await stats('policies: [policies]\ncluster: cluster.yaml\n')).toMatchObject({ policies: 2 });
    const canary = shop.path('policies/more/canary.yml');
    const given = await stats('policies: [policies]\ncluster: cluster.yaml\n', ['-p', canary]);
    expect(given).toMatchObject({ policies: 1, cluster: { pods: 4 } });
    const twice = await stats('policies: [policies]\n', ['-p', canary, '-p', shop.path('cluster.yaml')]);
    expect(twice).toMatchObject({ policies: 1, cluster: { pods: 4 } });
  });

  it('of policies give way to plain rules, and the other way round', async () => {
    writeFileSync(shop.path('one.rules'), 'kind: RuleList\ndefault: deny\nrules: [{ action: allow, protocol: TCP }]\n');
    const rules = await stats('policies: [policies]\ncluster: cluster.yaml\n', ['--rules', shop.path('one.rules')]);
    expect(rules).toMatchObject({ policies: 0, cluster: { pods: 4 }, classifier: { rules: 1 } });
    const policies = await stats('rules: [one.rules]\n', ['-p', shop.path('policies')]);
    expect(policies).toMatchObject({ policies: 2, classifier: { rules: 2 } });
    expect(await stats('rules: [one.rules]\npolicies: policies\n')).toMatchObject({
      policies: 2,
      classifier: { rules: 3 },
    });
  });

  it('of a command go before those of the top, and the command line before both', async () => {
    const text = 'policies: policies\nprofile: calico\ncompile: { profile: flannel }\n';
    expect(await stats(text)).toMatchObject({ profile: 'flannel' });
    expect(await stats(text, ['--profile', 'antrea'])).toMatchObject({ profile: 'antrea' });
    const colour = async (...args: string[]) => (await withConfig(`${text}color: always\n`, ['compile', ...args])).out;
    expect(await colour()).toContain('\u001b[');
    expect(await colour('--color', 'never')).not.toContain('\u001b[');
  });

  it('may turn off what is on, and be turned off', async () => {
    const text = `policies: policies\ncluster: cluster.yaml\nmatrix: { outside: false, output: json }\n`;
    const { out } = await withConfig(text, ['matrix']);
    expect(JSON.parse(out).names).not.toContain('outside');
    const none = await policap(['matrix', '--no-config', ...shop.input, '-o', 'json']);
    expect(JSON.parse(none.out).names).toContain('outside');
  });

  it('satisfy options that a command cannot do without', async () => {
    const text = 'policies: policies\ncluster: cluster.yaml\ncompare: { profiles: [calico, weave] }\n';
    const { code, out } = await withConfig(text, ['compare', shop.path('three.pcap'), '-o', 'json']);
    expect([code, JSON.parse(out).profiles.length]).toEqual([0, 2]);
  });

  it('reach commands inside commands, and mean the same option only', async () => {
    const text = 'policies: policies\ngenerate: { cluster: { pods: 3, policies: 1, nodes: 1 } }\n';
    const { code, out } = await withConfig(text, ['generate', 'cluster']);
    expect(code).toBe(0);
    const kinds = JSON.parse(out).items.map(({ kind }: { kind: string }) => kind);
    expect(kinds.filter((kind: string) => kind === 'NetworkPolicy').length).toBe(1);
    const args = ['generate', 'cluster', '--pods', '30', '--nodes', '1'];
    expect(await withConfig('policies: policies\n', args)).toEqual(await policap([...args, '--no-config']));
  });

  it('may be pairs', async () => {
    const text = 'policies: policies\nreplay: { timeout: { udp_stream: 3, tcp_close: 4 }, conntrack: cilium }\n';
    const { code, err } = await withConfig(text, ['replay', shop.path('three.pcap')]);
    expect([code, err]).toEqual([2, expect.stringContaining('--timeout udp_stream: connection table cilium')]);
  });
});

describe('a broken file', () => {
  it.each([
    ['polices: [x]\n', '1:1: error: polices: not a setting', 'did you mean policies?'],
    ['replay:\n  tpo: 3\n', '2:3: error: replay.tpo: not a setting', 'did you mean top?'],
    ['reply: {}\n', '1:1: error: reply: not a setting', 'did you mean replay?'],
    [
      'zzzzzz: 1\n',
      'zzzzzz: not a setting',
      'settings here are color, policies, cluster, rules, staged, profile, replay',
    ],
    ['replay: { write: out.json }\n', '1:11: error: replay.write: not a setting', 'only the command line says --write'],
    [
      'profile: calicoo\n',
      '1:1: error: profile: Invalid value: "calicoo": Allowed choices are',
      'Did you mean calico?',
    ],
    [
      'replay: { fail-on: [dropped, undecide] }\n',
      'replay.fail-on[1]: Invalid value: "undecide"',
      'Did you mean undecided?',
    ],
    ['replay: { top: -1 }\n', 'replay.top: Invalid value: -1: Give a whole number', ''],
    ['replay: { tunnels: "no" }\n', 'replay.tunnels: Invalid value: "no": must be true or false', ''],
    ['replay: { mode: [what-if] }\n', 'replay.mode: a list, where the option takes one value', ''],
    ['policies: []\n', 'policies: an empty list', 'leave the key out'],
    ['policies:\n', 'policies: Invalid value: null', ''],
    ['policies: [{ a: 1 }]\n', '1:12: error: policies[0]: Invalid value: {"a":1}', ''],
    ['generate: { cluster: { pots: 1 } }\n', 'generate.cluster.pots: not a setting', 'did you mean pods?'],
    ['replay: 3\n', 'replay: not a mapping', ''],
    ['- policies\n', '1:1: error: not a mapping', ''],
    ['color: never\n---\ncolor: never\n', 'two documents in one file', ''],
    ['color: [never\n', 'error: ', ''],
    ['color: never\ncolor: always\n', '2:1: error: key "color" already set in map', ''],
  ])('%j is refused, with its place', async (text, message, hint) => {
    const { code, out, err } = await withConfig(text, ['matrix', ...shop.input]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
    expect(err).toContain(hint);
    expect(err).toMatch(/settings-\d+\.yaml:\d+:\d+: error: /);
    expect(err).not.toMatch(/ {4}at .*\.(ts|js):/);
  });

  it('says everything at once', async () => {
    const { err } = await withConfig('polices: x\ncolour: never\nreplay: { tpo: 1 }\n', ['matrix', ...shop.input]);
    expect(err.match(/not a setting/g)?.length).toBe(3);
  });

  it('that is not there is named', async () => {
    const { code, err } = await policap(['matrix', '--config', '/nowhere/policap.yaml']);
    expect([code, err]).toEqual([2, 'policap: error: /nowhere/policap.yaml: no such file\n']);
  });

  it('keeps nobody from help and from completion', async () => {
    const broken = config('polices: x\n');
    expect((await policap(['matrix', '--help', '--config', broken])).code).toBe(0);
    expect((await policap(['completion', 'bash', '--config', broken])).code).toBe(0);
  });
});

describe('the file that counts', () => {
  it('is the nearest one, up to the root of the repository', () => {
    const at = (path: string): string => shop.path(join('tree', path));
    mkdirSync(at('repository/.git'), { recursive: true });
    mkdirSync(at('repository/a/b'), { recursive: true });
    writeFileSync(at('policap.yaml'), '');
    expect(findConfig(at('.'))).toBe('policap.yaml');
    expect(findConfig(at('repository/a/b'))).toBe(null);
    writeFileSync(at('repository/policap.yaml'), '');
    expect(findConfig(at('repository/a/b'))).toBe('../../policap.yaml');
    writeFileSync(at('repository/a/policap.yaml'), '');
    expect(findConfig(at('repository/a/b'))).toBe('../policap.yaml');
    mkdirSync(shop.path('no-repository/a'), { recursive: true });
    writeFileSync(shop.path('no-repository/policap.yaml'), '');
    expect(findConfig(shop.path('no-repository/a'))).toBe(null);
  });

  it('is found by the program, which says what it took', () => {
    const folder = shop.path('found');
    mkdirSync(join(folder, '.git'), { recursive: true });
    mkdirSync(join(folder, 'deep'));
    const sections = 'profile: calico\ncompile: { emit: stats, output: json, profile: antrea }\n';
    const text = `policies: ../policies\ncluster: ../cluster.yaml\n${sections}`;
    writeFileSync(join(folder, 'policap.yaml'), text);
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [join(process.cwd(), 'bin/policap'), 'compile', ...args], {
        cwd: join(folder, 'deep'),
        encoding: 'utf8',
      });
    const { status, stdout, stderr } = run('--emit', 'stats');
    expect([status, stderr]).toEqual([
      0,
      'policap: policies, cluster, compile.output, compile.profile from ../policap.yaml (--no-config goes without)\n',
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ policies: 2, cluster: { pods: 4 } });
    const without = run('--no-config');
    expect([without.status, without.stderr]).toEqual([2, expect.stringContaining('no policies')]);
    expect(run('--no-config', '-p', '../../policies').stderr).toBe('');
  });
});

describe('docs/config.md', () => {
  it('shows settings that are valid', async () => {
    const [, shown = ''] = /```yaml\n([\s\S]*?)```/.exec(readFileSync('docs/config.md', 'utf8')) ?? [];
    const { code, err } = await withConfig(shown, [
      'matrix',
      '-p',
      shop.path('policies'),
      '-c',
      shop.path('cluster.yaml'),
    ]);
    expect([code, err]).toEqual([0, '']);
    expect(shown.split('\n').length).toBeGreaterThan(8);
  });
});
