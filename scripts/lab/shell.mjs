/**
 * Processes of a lab: every one is started here, remembered, and ended by its own process group.
 *
 * In:  a command and its arguments (never a shell line, unless the caller runs `sh -c`).
 * Out: what it printed, or a Started that can be waited for and ended.
 * Contract: `endAll()` leaves nothing running that was started here.
 */
import { spawn } from 'node:child_process';

/** A generic environment: nothing of the machine may reach a packet. */
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin', HOME: '/tmp', LANG: 'C' };

/** @typedef {{ child: import('node:child_process').ChildProcess, name: string, stdout: string, stderr: string,
 *   done: Promise<number> }} Started  `done` resolves to the exit code, or 128 + the signal's number. */

/** @type {Set<Started>} */
const running = new Set();

/**
 * Starts a command in its own process group.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string }} [options]
 * @returns {Started}
 */
export function start(command, args, options = {}) {
  const child = spawn(command, args, { ...options, env: ENVIRONMENT, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  /** @type {Started} */
  const started = { child, name: [command, ...args].join(' '), stdout: '', stderr: '', done: Promise.resolve(0) };
  child.stdout.on('data', data => {
    started.stdout += data;
  });
  child.stderr.on('data', data => {
    started.stderr += data;
  });
  child.stdin.on('error', () => {}); // a program that ended does not read: its exit code says so
  started.done = new Promise(resolve => {
    child.on('error', error => {
      started.stderr += `${error.message}\n`;
      resolve(127);
    });
    child.on('close', (code, signal) => resolve(code ?? (signal === 'SIGKILL' ? 137 : 130)));
  });
  running.add(started);
  void started.done.then(() => running.delete(started));
  return started;
}

/**
 * Runs a command to its end.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ input?: string, cwd?: string, seconds?: number, exit?: number | 'any' }} [options]
 * @returns {Promise<string>} what it printed on stdout
 * @throws Error with its stderr, when it exits with another code than `exit` (default 0)
 */
export async function run(command, args, { input, cwd, seconds = 30, exit = 0 } = {}) {
  const started = start(command, args, { cwd });
  started.child.stdin?.end(input ?? '');
  const timer = setTimeout(() => end(started, 'SIGKILL'), seconds * 1000);
  const code = await started.done;
  clearTimeout(timer);
  if (exit !== 'any' && code !== exit)
    throw new Error(`${started.name}: exit code ${code}, expected ${exit}\n${started.stderr}${started.stdout}`);
  return started.stdout;
}

/**
 * Sends a signal to a process group; one that has ended already is none of our concern.
 * @param {Started} started
 * @param {NodeJS.Signals} signal
 */
export function end(started, signal) {
  if (started.child.pid === undefined || started.child.exitCode !== null) return;
  try {
    process.kill(-started.child.pid, signal);
  } catch {
    running.delete(started);
  }
}

/** Ends everything that still runs: politely, then by force after a second. */
export async function endAll() {
  const left = [...running];
  for (const started of left) end(started, 'SIGTERM');
  const all = Promise.all(left.map(started => started.done));
  await Promise.race([all, sleep(1)]);
  for (const started of running) end(started, 'SIGKILL');
  await Promise.race([all, sleep(2)]);
}

/** @param {number} seconds */
export const sleep = seconds => new Promise(resolve => setTimeout(resolve, seconds * 1000));

/**
 * Polls until `test` holds.
 * @param {string} what for the error
 * @param {() => boolean | Promise<boolean>} test
 * @param {number} [seconds]
 */
export async function until(what, test, seconds = 10) {
  const deadline = Date.now() + seconds * 1000;
  while (!(await test())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s`);
    await sleep(0.05);
  }
}
