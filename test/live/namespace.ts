/**
 * A network namespace of its own for a test: its loopback has the addresses of pods, and programs run in it.
 */
import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process';

export interface Namespace {
  /** Runs a program to its end. @returns what it printed */
  run(program: string, ...args: string[]): string;
  start(program: string, args: readonly string[], options?: SpawnOptions): ChildProcess;
  remove(): void;
}

/** @param addresses of its loopback interface, IPv4 */
export function createNamespace(name: string, addresses: readonly string[]): Namespace {
  const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });
  ip('netns', 'add', name);
  ip('-n', name, 'link', 'set', 'lo', 'up');
  for (const address of addresses) ip('-n', name, 'address', 'add', `${address}/32`, 'dev', 'lo');
  return {
    run: (program, ...args) =>
      execFileSync('ip', ['netns', 'exec', name, program, ...args], { encoding: 'utf8', timeout: 60_000 }),
    // ip becomes the program: signals and the process id are the program's.
    start: (program, args, options = {}) => spawn('ip', ['netns', 'exec', name, program, ...args], options),
    remove: () => ip('netns', 'delete', name),
  };
}
