/**
 * Where a store in S3 is, and with which keys it is asked: `s3://BUCKET[/PREFIX]` and the environment that S3 tools share.
 *
 * In:  the address of --store; AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, AWS_REGION or AWS_DEFAULT_REGION, AWS_ACCESS_KEY_ID,
 * AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.  Out: an S3Place, or a QueueError that prints no key.
 * With an endpoint the bucket stands in the path; at AWS it stands in the name of the host, but where it has dots in it, for
 * which AWS has no certificate.
 */
import { QueueError } from './errors.js';

export interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of keys that are valid for some hours. */
  readonly sessionToken?: string;
}

export interface S3Place {
  /** As --store names it, without what it does not need: for people. */
  readonly name: string;
  /** The server's address: for people. */
  readonly endpoint: string;
  readonly region: string;
  readonly keys: S3Keys;
  /** @param name of an object below the prefix, with `/` between its parts */
  objectUrl(name: string): string;
  /** What asks for the first name below the prefix: answered where the bucket is there and may be listed. */
  readonly listUrl: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** AWS allows fewer; other servers have capitals and underscores, too. */
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/;
const REGION = /^[A-Za-z0-9-]+$/;
/** What may stand in a header of HTTP, without blanks. */
const KEY = /^[\x21-\x7e]+$/;
const DEFAULT_REGION = 'us-east-1';

const S3_SCHEME = /^s3:\/\//i;
export const isS3 = (address: string): boolean => S3_SCHEME.test(address);

/** @throws QueueError */
export function readS3Place(address: string, environment: Environment): S3Place {
  const { bucket, prefix } = readAddress(address);
  const name = `s3://${[bucket, ...prefix].join('/')}`;
  const region = environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'] || DEFAULT_REGION;
  if (!REGION.test(region)) {
    throw new QueueError(
      `--store ${name}: AWS_REGION '${region}' is no name of a region`,
      'set one such as eu-central-1',
    );
  }
  const given = readEndpoint(environment);
  const { endpoint, root } = given === null ? atAws(bucket, region) : { endpoint: given, root: `${given}/${bucket}` };
  const keys = readKeys(name, environment);
  return {
    name,
    endpoint,
    region,
    keys,
    objectUrl: object => `${root}/${encoded([...prefix, ...object.split('/')])}`,
    listUrl: `${root}/?list-type=2&max-keys=1&prefix=${encodeURIComponent(prefix.map(part => `${part}/`).join(''))}`,
  };
}

function readAddress(address: string): { readonly bucket: string; readonly prefix: readonly string[] } {
  // What stands before an @ is meant as a key.
  if (address.includes('@')) {
    throw new QueueError(
      '--store s3://***: keys have no place in it',
      'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    );
  }
  const [bucket = '', ...parts] = address.replace(S3_SCHEME, '').replace(/\/+$/, '').split('/');
  const form = 'give s3://BUCKET or s3://BUCKET/PREFIX';
  if (!BUCKET.test(bucket)) throw new QueueError(`--store ${address}: '${bucket}' is no name of a bucket`, form);
  if (parts.some(part => part === '' || part === '.' || part === '..')) {
    throw new QueueError(`--store ${address}: a prefix has no empty parts, no '.' and no '..'`, form);
  }
  return { bucket, prefix: parts };
}

/** @returns null where it is AWS itself */
function readEndpoint(environment: Environment): string | null {
  const variable = environment['AWS_ENDPOINT_URL_S3'] ? 'AWS_ENDPOINT_URL_S3' : 'AWS_ENDPOINT_URL';
  const value = environment[variable];
  if (!value) return null;
  const form = 'set it to http://HOST:PORT or https://HOST';
  let url: URL;
  try {
    url = new URL(value);
  } catch {
    throw new QueueError(`${variable} '${value.replace(/\/\/.*@/, '//***@')}': is no address`, form);
  }
  if (url.username !== '' || url.password !== '') throw new QueueError(`${variable}: keys have no place in it`, form);
  if (!/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new QueueError(`${variable} '${value}': is no address of a server`, form);
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

function atAws(bucket: string, region: string): { readonly endpoint: string; readonly root: string } {
  const host = `s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
  const endpoint = `https://${host}`;
  return { endpoint, root: bucket.includes('.') ? `${endpoint}/${bucket}` : `https://${bucket}.${host}` };
}

function readKeys(name: string, environment: Environment): S3Keys {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = environment;
  const sessionToken = environment['AWS_SESSION_TOKEN'] || undefined;
  if (!accessKeyId || !secretAccessKey) {
    const missing = [
      ...(accessKeyId ? [] : ['AWS_ACCESS_KEY_ID']),
      ...(secretAccessKey ? [] : ['AWS_SECRET_ACCESS_KEY']),
    ];
    throw new QueueError(
      `--store ${name}: ${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not set`,
      'set what is missing; for those of a profile or a role: eval "$(aws configure export-credentials --format env)"',
    );
  }
  const named = {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  };
  for (const [variable, value] of Object.entries(named)) {
    if (value === undefined || KEY.test(value)) continue;
    throw new QueueError(
      `--store ${name}: ${variable} holds a character that no key has, such as a blank or a line break`,
      'set it again, as it was given to you',
    );
  }
  return { accessKeyId, secretAccessKey, sessionToken };
}

/** Each part as RFC 3986 has it; a server signs it in this form. */
const encoded = (parts: readonly string[]): string =>
  parts
    .map(part => encodeURIComponent(part).replace(/[!'()*]/g, it => `%${it.charCodeAt(0).toString(16).toUpperCase()}`))
    .join('/');
