/**
 * The pipe to dataplane.py: packets go out in batches, verdicts come back.
 *
 * In, out: see the head of dataplane.py.  The child ends when its stdin does, so it never outlives this process.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { KernelPacket, KernelVerdict } from './kernel.js';

/** Packets a message. */
const BATCH = 1024;
const HEAD = 12;

interface SetUp {
  readonly ruleset: string;
  readonly settings: Readonly<Record<string, number>>;
  /** Every timeout that an entry may get, in whole seconds. */
  readonly timeouts: readonly number[];
  /** How long a datagram waits for its fragments, in seconds: IPv4, IPv6. */
  readonly fragments: readonly [number, number];
  readonly trace: boolean;
}

type Entry = readonly [state: string, left: number, replied: boolean, assured: boolean];
type Answer = readonly [
  packet: number,
  allowed: boolean,
  state: string,
  direction: string | null,
  rule: string | null,
  entry: Entry | null,
];

/** The run is worth nothing, but another one may be fast enough. */
export class TooSlow extends Error {
  override readonly name = 'TooSlow';
}

export interface Channel {
  setUp(asked: SetUp): Promise<void>;
  judge(packets: readonly KernelPacket[]): Promise<KernelVerdict[]>;
  close(): void;
}

export async function openChannel(): Promise<Channel> {
  const script = fileURLToPath(new URL('dataplane.py', import.meta.url));
  const child = spawn('unshare', ['--net', 'python3', '-B', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const { stdin, stdout } = child;
  let received: Buffer[] = [];
  let size = 0;
  let waiting: { resolve(document: unknown): void; reject(error: Error): void } | null = null;
  let failure: Error | null = null;

  const fail = (error: Error): void => {
    failure = error;
    waiting?.reject(error);
    waiting = null;
  };
  child.on('error', fail);
  child.on('exit', code => fail(new Error(`The kernel harness ended (${code})`)));
  stdin.on('error', fail);
  stdout.on('data', (part: Buffer) => {
    received.push(part);
    size += part.length;
    if (size < 4) return;
    const all = received.length === 1 ? part : Buffer.concat(received);
    received = [all];
    const length = all.readUInt32LE(0);
    if (size < 4 + length || waiting === null) return;
    const { resolve, reject } = waiting;
    waiting = null;
    received = [all.subarray(4 + length)];
    size -= 4 + length;
    const document: unknown = JSON.parse(all.toString('utf8', 5, 4 + length));
    if (all[4] === 0x58) reject(new Error(`The kernel harness: ${String(document)}`));
    else resolve(document);
  });

  const next = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (failure === null) waiting = { resolve, reject };
      else reject(failure);
    });
  const ask = (kind: string, ...payload: Uint8Array[]): Promise<unknown> => {
    const head = Buffer.alloc(5);
    head.writeUInt32LE(1 + payload.reduce((sum, { length }) => sum + length, 0));
    head.write(kind, 4);
    const answer = next();
    stdin.write(Buffer.concat([head, ...payload]));
    return answer;
  };

  await next();
  return {
    async setUp(asked) {
      await ask('S', Buffer.from(JSON.stringify(asked)));
    },
    async judge(packets) {
      const verdicts: KernelVerdict[] = new Array(packets.length);
      const first =
        packets.length === 0
          ? 0n
          : packets.reduce((least, { time }) => minimum(least, BigInt(time)), BigInt(packets[0]!.time));
      // Whole seconds are taken away, so that milliseconds begin where the packets' own do.
      const base = first - (((first % SECOND) + SECOND) % SECOND);
      for (let from = 0; from < packets.length; from += BATCH) {
        const payload = packets.slice(from, from + BATCH).flatMap(packet => encode(packet, base));
        place(await ask('P', ...payload), verdicts);
      }
      place(await ask('E'), verdicts);
      return verdicts;
    },
    close() {
      child.removeAllListeners('exit');
      stdin.end();
    },
  };
}

const SECOND = 1_000_000_000n;
const minimum = (a: bigint, b: bigint): bigint => (a < b ? a : b);

function encode({ time, bytes }: KernelPacket, base: bigint): Uint8Array[] {
  const head = Buffer.alloc(HEAD);
  head.writeBigUInt64LE(BigInt(time) - base);
  head.writeUInt32LE(bytes.length, 8);
  return [head, bytes];
}

function place(document: unknown, verdicts: KernelVerdict[]): void {
  const { answers, late } = document as { answers: Answer[]; late: number };
  if (late > 0) {
    throw new TooSlow(
      `The machine was too slow: ${late} UDP packets came more than two real seconds behind their first.`,
    );
  }
  for (const [packet, allowed, state, direction, rule, entry] of answers) {
    verdicts[packet] = {
      verdict: allowed ? 'allowed' : 'dropped',
      state: state as KernelVerdict['state'],
      direction: direction as KernelVerdict['direction'],
      rule,
      entry: entry && { state: entry[0], left: entry[1], replied: entry[2], assured: entry[3] },
    };
  }
}
