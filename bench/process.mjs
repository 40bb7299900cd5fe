/**
 * Whole processes, measured: from a program's start to its end, and all that it starts.
 *
 * In:  a command and its arguments.  Out: { cpu, wall } in seconds (user and system together), { memory } in bytes at its
 * highest, null where nobody here can tell: GNU time tells it of every program, a small hook of Node programs only.
 * What the program prints is thrown away; where it fails, its first words are the error's.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = name => fileURLToPath(new URL(name, import.meta.url));
/** The program's own complaints go to descriptor 3, what bash measured to 2. */
const SCRIPT = `TIMEFORMAT='%R %U %S'; time "$@" > /dev/null 2>&3`;
const GNU_TIME = '/usr/bin/time';
/** Seconds after which a program is taken to hang; it is ended, with all that it started. */
const LONGEST = ['timeout', '1800'];
const KILOBYTE = 1024;

export function isInstalled(program) {
  return spawnSync('bash', ['-c', 'command -v "$0"', program], { stdio: 'ignore' }).status === 0;
}

/** @throws Error with the program's first words where it fails */
export function measureProcess(command, args, { cwd } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'policap-bench-process-'));
  const memoryFile = join(folder, 'memory');
  const timed = isInstalled(GNU_TIME) ? [GNU_TIME, '-f', '%M', '-o', memoryFile] : [];
  const hook = timed.length === 0 && command === process.execPath ? ['--import', here('memory-hook.mjs')] : [];
  try {
    const { status, stderr, output } = spawnSync(
      'bash',
      ['-c', SCRIPT, 'bash', ...LONGEST, ...timed, command, ...hook, ...args],
      {
        cwd,
        encoding: 'utf8',
        env: { ...process.env, POLICAP_BENCH_MEMORY: memoryFile },
        maxBuffer: 1 << 28,
        stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      },
    );
    if (status !== 0) throw new Error(`${command}: exit ${status}: ${output[3].trim().split('\n')[0]}`);
    const [wall, user, system] = stderr.trim().split('\n').at(-1).split(' ').map(Number);
    return { cpu: user + system, wall, memory: memoryOf(memoryFile) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function memoryOf(file) {
  try {
    return Number(readFileSync(file, 'utf8').trim().split('\n').at(-1)) * KILOBYTE;
  } catch {
    return null;
  }
}

/** One line of JSON that a script of this folder prints. */
export function jsonOf(script, ...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [here(script), ...args.map(String)], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`${script} ${args.join(' ')}: ${stderr}`);
  return JSON.parse(stdout);
}

/** Brings dist/ up to what src/ says. */
export function build() {
  const { status } = spawnSync(process.execPath, [here('../scripts/run.mjs'), 'build'], { stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('dist/ could not be built');
}
