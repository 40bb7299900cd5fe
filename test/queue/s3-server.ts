/**
 * A server of S3 for tests, on a free port of loopback: OpenStack Swift with its S3 API (s3_server.py; Debian: python3-swift).
 *
 * What was written stays when it is killed and started again. What was started is ended by its process id.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AwsClient } from 'aws4fetch';
import { freePort, kill, type Program, start, until } from './machines.js';

/** Debian's, for which the package is; another one may stand before it in the path. */
const PYTHON = '/usr/bin/python3';
export const hasS3 = existsSync(PYTHON) && existsSync('/usr/lib/python3/dist-packages/swift/proxy/server.py');

const KEY = 'test:tester';
/** Known to the server, too, with the same secret; it may do nothing. */
export const GUEST = 'test:guest';
export const SECRET = 'Never/shown+anywhere=';

export class S3Server {
  readonly #folder = mkdtempSync(join(tmpdir(), 'policap-s3-'));
  #port = 0;
  #program: Program | null = null;

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get environment(): Record<string, string> {
    return { AWS_ENDPOINT_URL: this.endpoint, AWS_ACCESS_KEY_ID: KEY, AWS_SECRET_ACCESS_KEY: SECRET };
  }

  /** Again: at the same port, with what it held. */
  async start(): Promise<void> {
    this.#port ||= await freePort();
    this.#program = start(PYTHON, ['test/queue/s3_server.py', this.#folder, `${this.#port}`, KEY, SECRET]);
    await until('S3 is ready', () => this.#program!.said().includes(`ready ${this.endpoint}`));
  }

  async kill(): Promise<void> {
    await kill(this.#program!);
  }

  async makeBucket(name: string): Promise<void> {
    const client = new AwsClient({ accessKeyId: KEY, secretAccessKey: SECRET, service: 's3', region: 'us-east-1' });
    const { status } = await client.fetch(`${this.endpoint}/${name}`, { method: 'PUT' });
    if (status !== 200) throw new Error(`the bucket ${name} was answered with ${status}`);
  }

  /** Requests since it was started: `PUT /bucket/a/b 200`. */
  requests(): string[] {
    return [...this.#program!.said().matchAll(/"(\w+ \S+) HTTP\/1\.1" (\d+)/g)].map(
      ([, what, status]) => `${what} ${status}`,
    );
  }

  async end(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
