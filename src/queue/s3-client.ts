/**
 * Requests to a server of S3, signed, with patience that has an end.
 *
 * In:  a place, a method and a URL, and for PUT the whole object.  Out: the answer, all of it, or a QueueError that says what
 * is wrong and what to do. A PUT is one request with the hash of its content signed: the server takes the whole object or
 * refuses it. What may pass (no connection, 429, 5xx) is tried again, later each time; what will not is told at once.
 */
import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { QueueError } from './errors.js';
import type { S3Place } from './s3-place.js';
import { type Fault, faultOfAnswer, faultOfError, type Refusal } from './s3-words.js';

export interface Patience {
  /** How often a request is made, at most. */
  readonly attempts: number;
  /** Milliseconds without a byte of the answer after which an attempt is given up. */
  readonly silence: number;
  /** Milliseconds before the second attempt, at most; they double with each further one, up to LONGEST. */
  readonly first: number;
}

/** About twelve seconds where nothing listens; a server that is started again is back by then, or soon. */
export const PATIENCE: Patience = { attempts: 8, silence: 30_000, first: 250 };
/** For the first request of all: what does not answer then is a wrong address as a rule. */
export const FIRST_CONTACT: Patience = { attempts: 3, silence: 10_000, first: 250 };

/** Milliseconds between two attempts, at most. */
const LONGEST = 4000;

/** Bytes a millisecond that an upload makes at least: a megabyte a second. */
const SLOWEST = 1000;

export interface S3Answer extends Refusal {
  readonly body: Buffer;
}

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT';
  readonly url: string;
  /** Of a PUT. */
  readonly content?: Uint8Array;
  /** Statuses that are an answer, beside 200. */
  readonly alsoAnswers?: readonly number[];
}

export class S3Client {
  constructor(
    private readonly place: S3Place,
    private readonly signer: typeof import('aws4fetch').AwsV4Signer,
    private readonly patience: Patience,
  ) {}

  /** @throws QueueError */
  async send(request: S3Request, patience: Patience = this.patience): Promise<S3Answer> {
    const { attempts, first } = patience;
    const hash = createHash('sha256')
      .update(request.content ?? '')
      .digest('hex');
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#attempt(request, hash, patience.silence);
      if ('body' in outcome) return outcome;
      if (!outcome.isPassing || attempt >= attempts) throw this.error(outcome, attempt);
      // Half of it by chance: workers that lost the server together do not come back together.
      await wait(Math.min(LONGEST, first * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2));
    }
  }

  error({ why, hint }: Omit<Fault, 'isPassing'>, attempts = 1): QueueError {
    const { name, endpoint } = this.place;
    const tries = attempts > 1 ? `, ${attempts} times` : '';
    return new QueueError(`--store ${name} at ${endpoint}: ${why}${tries}`, hint);
  }

  async #attempt(request: S3Request, hash: string, silence: number): Promise<S3Answer | Fault> {
    const { method, content = new Uint8Array(0), alsoAnswers = [] } = request;
    const { url, headers } = await this.#signed(request, hash);
    const stop = new AbortController();
    let timer = setTimeout(() => stop.abort(), silence + content.length / SLOWEST);
    try {
      const body = method === 'PUT' ? { body: content as Uint8Array<ArrayBuffer> } : {};
      const response = await fetch(url, { method, headers, redirect: 'manual', signal: stop.signal, ...body });
      const chunks: Uint8Array[] = [];
      for await (const chunk of response.body ?? []) {
        clearTimeout(timer);
        timer = setTimeout(() => stop.abort(), silence);
        chunks.push(chunk as Uint8Array);
      }
      const { status } = response;
      const received = Buffer.concat(chunks);
      const isAnswer = status === 200 || alsoAnswers.includes(status);
      // An object is no text, and may be longer than a text can be.
      const text = isAnswer && status === 200 ? '' : received.toString();
      const answer: S3Answer = { status, headers: response.headers, text, body: received };
      return isAnswer ? answer : faultOfAnswer(answer);
    } catch (error) {
      return faultOfError(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Anew for each attempt: the time is signed, too. */
  async #signed({ method, url }: S3Request, hash: string): Promise<{ url: string; headers: Headers }> {
    const { region, keys } = this.place;
    const signer = new this.signer({
      ...keys,
      ...{ method, url, region, service: 's3', headers: { 'x-amz-content-sha256': hash } },
    });
    const signed = await signer.sign();
    return { url: signed.url.href, headers: signed.headers };
  }
}
