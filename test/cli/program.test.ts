import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { policap } from './person.js';
import { makeShop } from './shop.js';

const shop = makeShop();
afterAll(shop.remove);

describe('help', () => {
  it('shows every command and ends with 0', async () => {
    const { code, out, err } = await policap(['--help']);
    expect([code, err]).toEqual([0, '']);
    for (const command of ['replay', 'query', 'matrix', 'compile', 'bench', 'completion'])
      expect(out).toMatch(new RegExp(`^ {2}${command} `, 'm'));
    expect(out).toContain('kubectl get ns,nodes,pods,svc,endpointslices -A -o yaml');
  });

  it.each([
    'replay',
    'live',
    'merge',
    'submit',
    'worker',
    'status',
    'fetch',
    'compare',
    'diff',
    'query',
    'explain',
    'matrix',
    'test',
    'init',
    'lint',
    'suggest',
    'ui',
    'compile',
    'bench',
  ])('of %s has examples, and fits the terminal', async command => {
    const { code, out } = await policap([command, '--help'], { columns: 80 });
    expect(code).toBe(0);
    expect(out).toContain('Examples:');
    const options = out.slice(out.indexOf('Options:'), out.indexOf('Examples:')).split('\n');
    expect(Math.max(...options.map(line => line.length))).toBeLessThanOrEqual(80);
    expect(await policap(['help', command], { columns: 80 })).toMatchObject({ code: 0, out });
  });

  it('goes to stderr, with exit 2, where nothing was asked', async () => {
    const { code, out, err } = await policap([]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('Usage: policap');
  });

  it('prints the version of the package', async () => {
    const { version } = JSON.parse(execFileSync('cat', ['package.json'], { encoding: 'utf8' }));
    expect(await policap(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });
});

describe('usage errors', () => {
  it.each([
    [['qurey'], "unknown command 'qurey'\n(Did you mean query?)"],
    [['query', '--form', 'x'], "unknown option '--form'\n(Did you mean --from?)"],
    [['replay', 'x', '--mode', 'both'], 'Allowed choices are what-if, dataplane'],
    [['replay', 'x', '--mode', 'dataplan'], '(Did you mean dataplane?)'],
    [['matrix', '--by', 'work-load'], '(Did you mean workload?)'],
    [['matrix', '--profile', 'calicoo'], '(Did you mean calico?)'],
    [['compare', 'x', '--profiles', 'calico,weeve'], '(Did you mean weave?)'],
    [['replay', 'x', '--fail-on', 'undecided,droped'], '(Did you mean dropped?)'],
    [['completion', 'bsh'], '(Did you mean bash?)'],
    [['replay', 'x', '--timeout', 'tcp_establish=3'], 'did you mean tcp_established?'],
    [['replay', 'x', '--timeout', 'tcp_close'], 'Give name=seconds'],
    [['replay', 'x', '--fail-on', 'droped'], 'Allowed are dropped, undecided, warnings'],
    [['replay', 'x', '--max-connections', '0'], 'Give a whole number from 1 to'],
    [['replay', 'x', '--conntrack', 'bsd'], '--conntrack bsd: not known'],
    [['replay', 'x', '--conntrack', 'celium'], 'did you mean cilium?'],
    [['replay', 'x', '--conntrack', 'ovs'], 'give one of linux, cilium, calico-ebpf, none'],
    [['replay', 'x', '--timeout', 'regular_tpc=3'], 'did you mean regular_tcp?'],
    [['replay', 'x', '--timeout', 'tcp_ever=3'], 'The names by connection table: linux: tcp_syn_sent'],
    [['replay', 'x', '--timeout', 'tcp_ever=3'], 'cilium: regular_tcp_syn, regular_tcp, regular_tcp_fin, regular_any'],
    [
      ['replay', 'x', ...shop.input, '--timeout', 'regular_tcp=3'],
      '--timeout regular_tcp: connection table linux (of profile upstream) has no such timeout, cilium has',
    ],
    [
      ['replay', 'x', ...shop.input, '--conntrack', 'cilium', '--timeout', 'udp_stream=3'],
      '--timeout udp_stream: connection table cilium has no such timeout, linux has',
    ],
    [
      ['replay', 'x', ...shop.input, '--conntrack', 'cilium', '--timeout', 'udp_stream=3'],
      'the names of cilium: regular_tcp_syn, regular_tcp, regular_tcp_fin, regular_any, ip_fragment, ip6_fragment',
    ],
    [
      ['replay', 'x', ...shop.input, '--conntrack', 'cilium', '--be-liberal'],
      '--be-liberal: connection table cilium has no windows',
    ],
    [
      ['replay', 'x', ...shop.input, '--conntrack', 'calico-ebpf', '--verify-checksums'],
      'connection table calico-ebpf does not look at checksums',
    ],
    [['compare', 'x', ...shop.input, '--profiles', 'calico,weave', '--conntrack', 'bsd'], '--conntrack bsd: not known'],
    [
      ['compare', 'x', ...shop.input, '--profiles', 'upstream,calico', '--timeout', 'regular_tcp=3'],
      'linux (of profile upstream) or linux (of profile calico) has no such timeout, cilium has',
    ],
    [['replay', 'x', '--only', 'dropped'], '--only dropped is for records: it needs one of -o jsonl, -o csv'],
    [
      ['replay', 'x', '--only', 'dropped', '-o', 'verdicts'],
      "the place of a byte of -o verdicts is its packet's number",
    ],
    [['replay', '-p', 'x'], 'captures come first'],
    [['replay', '-', '-p', 'x', '-c', '-'], 'standard input can be read only once'],
    [['query', '--to', 'x', '-p', 'y'], '--from is missing'],
    [['query', '--from', 'x', '--to', 'y', '--port', '65536'], 'Give a whole number from 0 to 65535'],
    [['query', '--from', 'x', '-f', 'y'], 'either -f, or --from and --to'],
    [['matrix'], 'no policies: name files or directories with -p'],
    [['matrix', '-p', '/nowhere/at-all.yaml'], '/nowhere/at-all.yaml: no such file or directory'],
    [['matrix', '-p', shop.path('empty')], 'no *.yaml, *.yml or *.json in this directory'],
  ])('%j say what is wrong, and end with 2', async (args, message) => {
    const { code, out, err } = await policap(args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
    expect(err).toMatch(/^policap: error: /);
    expect(err).not.toMatch(/ {4}at .*\.(ts|js):/);
  });

  it('keep a capture off the terminal', async () => {
    const { code, err } = await policap(['replay', 'x', '-o', 'pcapng', ...shop.input], { isTerminal: true });
    expect(code).toBe(2);
    expect(err).toContain('-o pcapng -w marked.pcapng');
    const bytes = await policap(['replay', 'x', '-o', 'verdicts', ...shop.input], { isTerminal: true });
    expect([bytes.code, bytes.err]).toEqual([2, expect.stringContaining('-o verdicts -w verdicts.bin')]);
  });
});

describe('documents', () => {
  it('with errors are all named at once, with their lines, and end with 2', async () => {
    const { code, out, err } = await policap(['matrix', '-p', shop.path('broken.yaml'), shop.path('policies')]);
    expect([code, out]).toEqual([2, '']);
    const lines = err.split('\n').filter(line => /broken\.yaml:\d+:\d+: /.test(line));
    expect(lines.map(line => line.slice(line.indexOf('broken.yaml')).replace(/ .*/, ''))).toEqual([
      'broken.yaml:7:17:',
      'broken.yaml:7:34:',
      'broken.yaml:8:7:',
    ]);
    expect(lines.map(line => line.split(' ')[1])).toEqual(['error:', 'error:', 'warning:']);
    expect(err).toContain('2 errors and 1 warning in the documents; nothing was judged');
  });

  it('named twice are read once, and standard input may be one of them', async () => {
    const twice = ['-p', shop.path('policies'), shop.path('policies/db.yaml'), '-c', shop.path('policies'), '-'];
    const input = execFileSync('cat', [shop.path('cluster.yaml')], { encoding: 'utf8' });
    const { code, out, err } = await policap(['compile', ...twice, '-o', 'json'], { input });
    expect([code, err]).toEqual([0, '']);
    expect(JSON.parse(out)).toMatchObject({ schema: 'policap.stats/1', policies: 2, cluster: { pods: 4 } });
  });

  it('are printed as they were compiled', async () => {
    const rules = await policap(['compile', ...shop.input, '--emit', 'rules']);
    expect(rules.code).toBe(0);
    expect(rules.out).toMatch(/TCP dport 5432-5433 {2}# shop\/db ingress\[0\] \(.*db\.yaml:7:7\)/);
    const tree = await policap(['compile', ...shop.input, '--emit', 'tree']);
    expect([tree.code, tree.out.includes('shop/db ingress[1]')]).toEqual([0, true]);
    const stats = await policap(['compile', ...shop.input]);
    expect(stats.out).toMatch(/^policies +2$/m);
    expect(stats.out).toMatch(/^rules +2$/m);
  });
});

describe('colours', () => {
  const matrix = ['matrix', ...shop.input];
  const hasColour = async (args: readonly string[], person = {}): Promise<boolean> =>
    (await policap(args, person)).out.includes('\u001b[');

  it('are for terminals, unless NO_COLOR or --color say otherwise', async () => {
    const terminal = { isTerminal: true };
    const noColor = { isTerminal: true, environment: { NO_COLOR: '1' } };
    expect(await hasColour(matrix)).toBe(false);
    expect(await hasColour(matrix, terminal)).toBe(true);
    expect(await hasColour(matrix, noColor)).toBe(false);
    expect(await hasColour(matrix, { isTerminal: true, environment: { NO_COLOR: '' } })).toBe(true);
    expect(await hasColour([...matrix, '--color', 'always'], noColor)).toBe(true);
    expect(await hasColour(['--color=never', ...matrix], terminal)).toBe(false);
  });
});

describe('the process', () => {
  const program = 'bin/policap';

  it('runs from a checkout, and ends with the exit code', () => {
    expect(existsSync(program)).toBe(true);
    const help = spawnSync(process.execPath, [program, '--help'], { encoding: 'utf8' });
    expect([help.status, help.stdout.startsWith('Usage: policap')]).toEqual([0, true]);
    expect(spawnSync(process.execPath, [program, 'replay'], { encoding: 'utf8' }).status).toBe(2);
  });

  it('is quiet when the reader of its results leaves', () => {
    const command = `${process.execPath} ${program} replay ${shop.path('three.pcap')} ${shop.input.join(' ')} -o jsonl`;
    const { stderr, status } = spawnSync('bash', ['-c', `set -o pipefail; ${command} | true`], { encoding: 'utf8' });
    expect([stderr, status]).toEqual(['', 0]);
  });
});
