/**
 * The connection to Redis or Valkey, through packages that are installed only where the queue is used.
 *
 * In:  an address, `redis://HOST:PORT/DB`.  Out: a client that is connected, or a QueueError within some seconds. Afterwards a
 * patient client waits for a server that went away, as long as it takes; another one tries for a few seconds.
 */
import type { Redis } from 'ioredis';
import { CONNECTION_REASONS } from './connection.js';
import { QueueError } from './errors.js';

export type BullMQ = typeof import('bullmq');

export interface Client {
  readonly bullmq: BullMQ;
  readonly redis: Redis;
  /** The address without its password. */
  readonly name: string;
}

/** Milliseconds in which a server that is there has answered. */
const ANSWERS = 10_000;
/** Milliseconds between two attempts, at most, and how many an impatient client makes. */
const BETWEEN = 2000;
const ATTEMPTS = 8;

/** @throws QueueError */
export async function connect(address: string, { patient }: { readonly patient: boolean }): Promise<Client> {
  const { bullmq, ioredis } = await load();
  const name = withoutPassword(address);
  let isConnected = false;
  const redis = new ioredis.Redis(address, {
    lazyConnect: true,
    connectTimeout: ANSWERS / 2,
    maxRetriesPerRequest: patient ? null : ATTEMPTS,
    retryStrategy: times => (isConnected && (patient || times <= ATTEMPTS) ? Math.min(times * 100, BETWEEN) : null),
  });
  // The first one says why; connect() itself only that it failed.
  const refused = new Promise<never>((_, reject) => {
    redis.on('error', reject);
    setTimeout(() => reject(new Error('no answer')), ANSWERS).unref();
  });
  refused.catch(() => {});
  try {
    await Promise.race([redis.connect().then(() => redis.ping()), refused]);
  } catch (error) {
    redis.disconnect();
    throw new QueueError(
      `--queue ${name}: ${wordsOf(error as Error)}`,
      'give the address of a Redis or Valkey server that runs: redis://[USER:PASSWORD@]HOST:PORT[/DB]',
    );
  }
  isConnected = true;
  return { bullmq, redis, name };
}

async function load(): Promise<{ readonly bullmq: BullMQ; readonly ioredis: { readonly Redis: typeof Redis } }> {
  try {
    return { bullmq: await import('bullmq'), ioredis: await import('ioredis') };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new QueueError(
      'the queue needs the packages bullmq and ioredis, which are not installed',
      'npm install bullmq ioredis',
    );
  }
}

function withoutPassword(address: string): string {
  try {
    const url = new URL(address);
    if (url.password !== '') url.password = '***';
    return url.href;
  } catch {
    return address.replace(/\/\/.*@/, '//***@');
  }
}

function wordsOf(error: Error): string {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (error.message.startsWith('NOAUTH')) return 'it asks for a password';
  if (/^(WRONGPASS|NOPERM)/.test(error.message)) return 'it refuses the user or the password';
  if (/RESP|Protocol error/.test(error.message)) return 'what answers there is neither Redis nor Valkey';
  if (code.startsWith('ERR_SSL')) return 'TLS fails; redis:// goes without';
  return CONNECTION_REASONS[code] ?? error.message.split('\n', 1)[0]!;
}

/** Runs what needs the queue, and closes the connection behind it. @throws QueueError where the server goes away meanwhile */
export async function withClient<T>(address: string, run: (client: Client) => Promise<T>): Promise<T> {
  const client = await connect(address, { patient: false });
  try {
    return await run(client);
  } catch (error) {
    if (!isConnectionLost(error)) throw error;
    throw new QueueError(
      `--queue ${client.name}: the server went away`,
      'start it again, and give the same command again',
    );
  } finally {
    client.redis.disconnect();
  }
}

const isConnectionLost = (error: unknown): boolean =>
  error instanceof Error &&
  (error.name === 'MaxRetriesPerRequestError' ||
    ((error as NodeJS.ErrnoException).code !== undefined &&
      (error as NodeJS.ErrnoException).code! in CONNECTION_REASONS) ||
    /^(Connection is closed|Stream isn't writeable|read ECONNRESET|LOADING|Command timed out)/.test(error.message));
