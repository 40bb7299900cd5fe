/**
 * A queue with machines around it, on this one: a redis-server with an append-only file on a free port of loopback, workers as
 * processes of bin/policap, captures made up. What was started is ended by its process id.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { policap, policapBytes } from '../cli/person.js';
import { schemaErrors } from '../support/schema.js';

export const SHOP = ['-p', 'pcaps/shop/policies', '-c', 'pcaps/shop/cluster.yaml'];

export interface Program {
  readonly child: ChildProcess;
  /** What it said so far. */
  readonly said: () => string;
  readonly ended: Promise<number | null>;
}

const running = new Set<Program>();

export function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let said = '';
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', text => {
      said += text;
    });
  }
  const ended = new Promise<number | null>(end => child.on('close', end));
  const program = { child, said: () => said, ended };
  running.add(program);
  return program;
}

/** Ends it at once, also where it is stopped. */
export async function kill(program: Program): Promise<void> {
  program.child.kill('SIGKILL');
  await program.ended;
  running.delete(program);
}

export async function killAll(): Promise<void> {
  for (const program of running) await kill(program);
}

export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 90_000;
  while (!(await isSo())) {
    if (performance.now() > end) {
      throw new Error(
        `waited 90 seconds until ${what}:\n${[...running].map(({ said }) => said().slice(-2000)).join('\n')}`,
      );
    }
    await new Promise(wake => setTimeout(wake, 20));
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as { readonly port: number };
  await new Promise(closed => server.close(closed));
  return port;
}

export class Machines {
  readonly folder = mkdtempSync(join(tmpdir(), 'policap-queue-'));
  readonly store = join(this.folder, 'store');
  /** --store, and what stands in the environment for it. */
  storeAddress = this.store;
  environment: Record<string, string> = {};
  #port = 0;
  #redis: Program | null = null;
  #large: Buffer | null = null;

  path(name: string): string {
    return join(this.folder, name);
  }

  get address(): string {
    return `redis://127.0.0.1:${this.#port}`;
  }

  get queue(): string[] {
    return ['--queue', this.address];
  }

  get both(): string[] {
    return [...this.queue, '--store', this.storeAddress];
  }

  /** Again: at the same port, with what its append-only file holds. */
  async startRedis(): Promise<void> {
    this.#port ||= await freePort();
    const where = ['--port', `${this.#port}`, '--bind', '127.0.0.1', '--dir', this.folder];
    this.#redis = start('redis-server', [...where, '--appendonly', 'yes', '--save', '']);
    await until('Redis is ready', () => this.#redis!.said().includes('Ready to accept connections'));
  }

  async killRedis(): Promise<void> {
    await kill(this.#redis!);
  }

  /** Nothing is left for the next test. */
  empty(): void {
    for (const name of readdirSync(this.folder)) rmSync(this.path(name), { recursive: true });
  }

  /** @param slow with plain JavaScript, so that a capture takes a while */
  worker(args: readonly string[] = [], { slow = false } = {}): Program {
    const given = ['bin/policap', 'worker', ...this.both, ...args];
    return start(process.execPath, given, { ...this.environment, ...(slow ? { POLICAP_WASM: '0' } : {}) });
  }

  policap(...args: readonly string[]) {
    return policap(args, { environment: this.environment });
  }

  /** @returns the job's id */
  async submit(captures: readonly string[], ...args: readonly string[]): Promise<string> {
    const { code, out, err } = await this.policap('submit', ...captures, ...SHOP, ...this.both, ...args);
    if (code !== 0) throw new Error(err);
    return out.trim();
  }

  async status(id: string) {
    const { code, out, err } = await policap(['status', id, ...this.queue, '-o', 'json']);
    if (code !== 0) throw new Error(err);
    expect(schemaErrors('policap.status/1', JSON.parse(out))).toEqual([]);
    return JSON.parse(out).jobs[0];
  }

  /** What the job found, and what was said beside it. */
  async fetch(id: string) {
    const { code, out, err } = await this.policap('fetch', id, '--wait', ...this.both, '-o', 'part');
    return { code, err, part: out === '' ? null : untimed(JSON.parse(out)) };
  }

  /** A shop's traffic in as many captures, every one different. */
  async captures(count: number, packets: number, prefix = 'capture-'): Promise<string[]> {
    const args = ['--packets', `${count * packets}`, '--seed', `${count}`];
    const { bytes } = await policapBytes(['generate', 'capture', ...SHOP, ...args]);
    const records = recordsOf(bytes);
    return Array.from({ length: count }, (_, i) => {
      const name = this.path(`${prefix}${i}.pcap`);
      writeFileSync(name, Buffer.concat([bytes.subarray(0, 24), ...records.slice(i * packets, (i + 1) * packets)]));
      return name;
    });
  }

  /** One that takes a slow worker seconds. */
  async large(): Promise<string> {
    const args = ['generate', 'capture', ...SHOP, '--packets', '20000', '--seed', '7'];
    this.#large ??= (await policapBytes(args)).bytes;
    const records = Array<Uint8Array>(30).fill(this.#large.subarray(24));
    const name = this.path('large.pcap');
    writeFileSync(name, Buffer.concat([this.#large.subarray(0, 24), ...records]));
    return name;
  }

  async end(): Promise<void> {
    await killAll();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The records of a pcap capture with the host's byte order. */
export function recordsOf(bytes: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 24; at < bytes.length; ) {
    const end = at + 16 + bytes.readUInt32LE(at + 8);
    records.push(bytes.subarray(at, end));
    at = end;
  }
  return records;
}

/** The same in one process, without a queue. */
export async function inOne(captures: readonly string[], ...args: readonly string[]) {
  const replay = start(process.execPath, ['bin/policap', 'replay', ...captures, ...SHOP, '-o', 'part', ...args]);
  const code = await replay.ended;
  running.delete(replay);
  if (code !== 0) throw new Error(replay.said());
  return untimed(JSON.parse(replay.said()));
}

// biome-ignore lint/suspicious/noExplicitAny: any JSON
function untimed(part: any) {
  for (const { found } of part.pieces) {
    found.compileMs = 0;
    found.replayMs = 0;
  }
  return part;
}
