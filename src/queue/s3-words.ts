/**
 * What a server of S3 or the way to it has against a request, in words: a reason and a next step.
 *
 * In:  an answer's status, headers and body (XML with a code), or what fetch() threw.  Out: a Fault. The server's own sentence
 * is shown only for codes that are not known here, and shortened; nothing of the request is repeated, so no key is.
 */
import { CONNECTION_REASONS } from './connection.js';

export interface Fault {
  readonly why: string;
  readonly hint: string;
  /** Whether the same request may succeed a moment later. */
  readonly isPassing: boolean;
}

export interface Refusal {
  readonly status: number;
  readonly headers: Headers;
  /** Empty where the request was a HEAD. */
  readonly text: string;
}

/** Characters of a server's own sentence that are shown. */
const MOST_SAID = 200;

const ENDPOINT = 'AWS_ENDPOINT_URL is the address of an S3 server; without it, AWS is asked';
const RIGHTS = 'the key needs s3:ListBucket for the bucket, s3:GetObject and s3:PutObject for what is in it';
const KEYS = 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to a pair that the server knows';

const KNOWN: Readonly<Record<string, readonly [why: string, hint: string]>> = {
  NoSuchBucket: ['there is no such bucket', 'make it first: aws s3 mb s3://BUCKET'],
  InvalidBucketName: ['the server has no bucket of such a name', 'give s3://BUCKET or s3://BUCKET/PREFIX'],
  AccessDenied: ['access denied', RIGHTS],
  AllAccessDisabled: ['access denied', RIGHTS],
  InvalidAccessKeyId: ['the server does not know this AWS_ACCESS_KEY_ID', KEYS],
  SignatureDoesNotMatch: ['AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are no pair that the server knows', KEYS],
  ExpiredToken: ['the keys have expired', 'get new ones, with their AWS_SESSION_TOKEN'],
  InvalidToken: [
    'the server refuses AWS_SESSION_TOKEN',
    'set the token that belongs to the keys; unset it where they have none',
  ],
  RequestTimeTooSkewed: ["the clock of this machine and the server's differ too much", 'set the clock'],
  EntityTooLarge: ['this is more than the server takes at once', 'submit fewer captures at a time'],
};

/** Codes under which a moment later is another one, whatever their status. */
const PASSING = new Set(['RequestTimeout', 'SlowDown', 'ServiceUnavailable', 'InternalError', 'OperationAborted']);

const tag = (name: string, text: string): string => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? '';

export const codeOf = ({ text }: Refusal): string => tag('Code', text);

export function faultOfAnswer(refusal: Refusal): Fault {
  const { status, headers, text } = refusal;
  const code = codeOf(refusal);
  const region = headers.get('x-amz-bucket-region') ?? tag('Region', text);
  const isElsewhere = (status >= 300 && status < 400) || code === 'AuthorizationHeaderMalformed';
  if (isElsewhere && region !== '') {
    return { why: `the bucket is in the region ${region}`, hint: `set AWS_REGION=${region}`, isPassing: false };
  }
  const known = Object.hasOwn(KNOWN, code) ? KNOWN[code] : status === 403 ? KNOWN['AccessDenied'] : undefined;
  if (known !== undefined) return { why: known[0], hint: known[1], isPassing: false };
  const isPassing =
    status === 429 || status === 408 || (status >= 500 && status !== 501 && status !== 505) || PASSING.has(code);
  if (code === '' && !isPassing) return { ...noS3(status), isPassing };
  const sentence = tag('Message', text).slice(0, MOST_SAID);
  const said = [code, sentence].filter(it => it !== '').join(': ');
  const why = `the server answers with status ${status}${said === '' ? '' : ` (${said})`}`;
  return { why, hint: isPassing ? 'it may do better later: give the same command again' : ENDPOINT, isPassing };
}

export const noS3 = (status: number): Omit<Fault, 'isPassing'> => ({
  why: `what answers there does not speak S3 (HTTP status ${status})`,
  hint: ENDPOINT,
});

/** @param error what fetch() threw, or the reading of its answer */
export function faultOfError(error: unknown): Fault {
  const { code, message } = rootOf(error);
  if (/^(ERR_SSL|ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code)) {
    return {
      why: `TLS fails: ${message.split('\n', 1)[0]}`,
      hint: 'NODE_EXTRA_CA_CERTS=FILE names a certificate authority of your own; http:// goes without TLS',
      isPassing: false,
    };
  }
  const ended = /^UND_ERR_SOCKET$|^HPE_/.test(code) ? CONNECTION_REASONS['ECONNRESET'] : undefined;
  const silent = /TIMEOUT/.test(code) || code === 'ABORT_ERR' ? CONNECTION_REASONS['ETIMEDOUT'] : undefined;
  return {
    why: CONNECTION_REASONS[code] ?? ended ?? silent ?? message.split('\n', 1)[0]!,
    hint: ENDPOINT,
    isPassing: true,
  };
}

/** fetch() wraps what happened, once or twice. */
function rootOf(error: unknown): { readonly code: string; readonly message: string } {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  if (inner instanceof AggregateError && inner.errors.length > 0) inner = inner.errors[0];
  if (!(inner instanceof Error)) return { code: '', message: String(inner) };
  const { code } = inner as { readonly code?: unknown };
  if (inner.name === 'AbortError' || inner.name === 'TimeoutError')
    return { code: 'ABORT_ERR', message: inner.message };
  return { code: typeof code === 'string' ? code : '', message: inner.message };
}
