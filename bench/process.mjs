/**
 * Whole processes, measured: CPU time, user and system, of a program and all it starts.
 *
 * In:  a command and its arguments.  Out: seconds, or null where the program is not installed.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const SCRIPT = `TIMEFORMAT='%U %S'; time "$@" > /dev/null 2>&1; exit $?`;

export function isInstalled(program) {
  return spawnSync('bash', ['-c', 'command -v "$0"', program], { stdio: 'ignore' }).status === 0;
}

export function cpuSeconds(command, ...args) {
  if (!isInstalled(command)) return null;
  const { status, stderr } = spawnSync('bash', ['-c', SCRIPT, 'bash', command, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')}: exit ${status}`);
  const [user, system] = stderr.trim().split('\n').at(-1).split(' ').map(Number);
  return user + system;
}

/** One line of JSON that a script of this folder prints. */
export function jsonOf(script, ...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args.map(String)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${script} ${args.join(' ')}: ${stderr}`);
  return JSON.parse(stdout);
}

/** Brings dist/ up to what src/ says. */
export function build() {
  const builder = fileURLToPath(new URL('../scripts/run.mjs', import.meta.url));
  const { status } = spawnSync(process.execPath, [builder, 'build'], { stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('dist/ could not be built');
}
