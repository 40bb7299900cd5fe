/**
 * Completion scripts, each in its own shell: what the shell offers at a place of the command line.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, describe, expect, it } from 'vitest';
import { bashCompletion } from '../../src/cli/completion-bash.js';
import type { Shell } from '../../src/cli/completion-command.js';
import { placesOf } from '../../src/cli/completion-places.js';
import { referenceOf } from '../../src/cli/reference.js';
import { policap } from './person.js';

const folder = mkdtempSync(join(tmpdir(), 'policap-completion-'));
afterAll(() => rmSync(folder, { recursive: true }));

const isInstalled = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0;

async function script(shell: Shell): Promise<string> {
  const file = join(folder, `policap.${shell}`);
  const { code, out } = await policap(['completion', shell]);
  expect(code).toBe(0);
  writeFileSync(file, out);
  return file;
}

function run(shell: Shell, args: readonly string[]): string[] {
  const { stdout, stderr, status } = spawnSync(shell, args, { encoding: 'utf8' });
  expect([stderr, status]).toEqual(['', 0]);
  return stdout.split('\n').filter(line => line !== '');
}

/** COMPREPLY, or FILES where readline is left to offer them. */
const BASH = `
source "$1"; shift
compopt() { offersFiles=; }
offersFiles=FILES
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_policap
printf '%s\\n' "\${COMPREPLY[@]}" $offersFiles
`;

/** What the script hands to zsh's own functions, descriptions left out. */
const ZSH = `
compdef() { }
compset() { }
_describe() { local list=\${@[-1]}; print -l -- \${(P)list} | sed 's/:.*//' }
_files() { print FILES $@ }
compadd() { local list=\${@[-1]}; print -l -- \${(P)list} }
source "$1"; shift
words=("$@") CURRENT=$#
_policap
`;

const offers: Record<Shell, (words: readonly string[]) => Promise<string[]>> = {
  async bash(words) {
    return run('bash', ['-c', BASH, 'bash', await script('bash'), ...words]);
  },
  async zsh(words) {
    return run('zsh', ['-f', '-c', ZSH, 'zsh', await script('zsh'), ...words]);
  },
  async fish(words) {
    const lines = run('fish', [
      '--no-config',
      '-c',
      `source ${await script('fish')}; complete -C '${words.join(' ')}'`,
    ]);
    return lines.map(offer => offer.split('\t')[0]!);
  },
};

describe.each(['bash', 'zsh', 'fish'] as const)('%s', shell => {
  const missing = !isInstalled(shell);
  const it_ = missing ? it.skip : it;
  const title = (text: string): string => (missing ? `${text} (${shell} is not installed)` : text);
  const at = async (...words: string[]): Promise<string[]> => offers[shell](['policap', ...words]);

  it_(title('offers the commands'), async () => {
    expect(await at('')).toEqual(expect.arrayContaining(['replay', 'query', 'matrix', 'generate', 'help']));
    expect(await at('--color', 'never', '')).toEqual(expect.arrayContaining(['replay', 'query']));
    const inner = await at('generate', '');
    expect(inner).toEqual(expect.arrayContaining(['rules', 'trace', 'cluster', 'capture']));
    expect(inner).not.toContain('replay');
  });

  it_(title('offers the options of the command, and those of the program'), async () => {
    const replay = await at('replay', 'x.pcap', '--');
    expect(replay).toEqual(expect.arrayContaining(['--policies', '--mode', '--no-tunnels', '--color', '--help']));
    expect(replay).not.toContain('--emit');
    expect(await at('compile', '-p', 'policies', '--')).toContain('--emit');
    const rules = await at('generate', 'rules', '--');
    expect(rules).toEqual(expect.arrayContaining(['--family', '--format']));
    expect(rules).not.toContain('--nodes');
  });

  it_(title('offers what an option may be'), async () => {
    expect((await at('replay', '--mode', '')).sort()).toEqual(['dataplane', 'what-if']);
    expect(await at('replay', 'x.pcap', '--profile', '')).toEqual(expect.arrayContaining(['upstream', 'calico']));
    expect((await at('replay', '--conntrack', '')).sort()).toEqual(['calico-ebpf', 'cilium', 'linux', 'none']);
    expect((await at('matrix', '-o', '')).sort()).toEqual(['csv', 'dot', 'json', 'markdown', 'svg', 'text']);
    expect((await at('completion', '')).sort()).toEqual(['bash', 'fish', 'zsh']);
    expect(await at('replay', '--top', '')).toEqual([]);
  });

  it_(title('goes on in lists with commas'), async () => {
    const offered = await at('replay', '--fail-on', 'dropped,und');
    expect(offered.map(word => word.replace(/^.*,/, ''))).toContain('undecided');
  });

  it_(title('offers no file where none may stand, and files where paths do'), async () => {
    const isFiles = (offered: readonly string[]): boolean => offered.some(it => it === 'FILES' || it === 'README.md');
    expect(isFiles(await at('replay', ''))).toBe(true);
    expect(isFiles(await at('query', '-p', ''))).toBe(true);
    expect(isFiles(await at('query', '-p', 'a', 'b', ''))).toBe(true);
    expect(isFiles(await at('replay', '-w', ''))).toBe(true);
    expect(isFiles(await at('query', ''))).toBe(false);
    expect(isFiles(await at('query', '--from', ''))).toBe(false);
    expect(isFiles(await at('replay', '--mode', ''))).toBe(false);
    expect(isFiles(await at('query', '-p', 'a', '--from', ''))).toBe(false);
  });

  it_(title('offers the commands of help'), async () => {
    expect(await at('help', '')).toEqual(expect.arrayContaining(['replay', 'matrix']));
    expect(await at('generate', 'help', '')).toEqual(expect.arrayContaining(['rules', 'trace']));
  });
});

describe('bash', () => {
  it('takes the value behind an equals sign, which readline cuts off', async () => {
    expect((await offers.bash(['policap', 'replay', '--mode', '=', ''])).sort()).toEqual(['dataplane', 'what-if']);
    expect(await offers.bash(['policap', 'replay', '--mode', '=', 'wh'])).toEqual(['what-if']);
    expect((await offers.bash(['policap', 'replay', '--mode', '='])).sort()).toEqual(['dataplane', 'what-if']);
  });
});

describe.each(['zsh', 'fish'] as const)('%s', shell => {
  const missing = !isInstalled(shell);
  it.skipIf(missing)(
    `takes the value behind an equals sign${missing ? ` (${shell} is not installed)` : ''}`,
    async () => {
      const offered = await offers[shell](['policap', 'replay', '--mode=']);
      expect(offered.map(word => word.replace('--mode=', '')).sort()).toEqual(['dataplane', 'what-if']);
    },
  );
});

describe('a command that is added to a program', () => {
  it('appears in the scripts', () => {
    const program = new Command('policap').addCommand(new Command('paint').option('--hue <name>', 'which one'));
    expect(bashCompletion(placesOf(referenceOf(program)))).toContain("'paint') options='--hue -h --help'");
  });
});
