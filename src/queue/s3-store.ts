/**
 * A store in a bucket of S3, or of a server that speaks it, through a package that is installed only where it is used.
 *
 * In:  `s3://BUCKET[/PREFIX]` and the environment (s3-place.ts).  Out: a Store, after one request that shows that the bucket is
 * there and that the keys may read it. A name is an object below the prefix; it appears whole or not at all, and is seen by
 * all as soon as it was written, as S3 promises. The bucket is never made, and nothing in it is ever deleted.
 */
import { QueueError } from './errors.js';
import { FIRST_CONTACT, PATIENCE, type Patience, S3Client } from './s3-client.js';
import { type Environment, readS3Place } from './s3-place.js';
import { codeOf, faultOfAnswer, noS3 } from './s3-words.js';
import type { Store } from './store.js';

/** @throws QueueError */
export async function s3Store(
  address: string,
  environment: Environment,
  { firstContact = FIRST_CONTACT, patience = PATIENCE }: { firstContact?: Patience; patience?: Patience } = {},
): Promise<Store> {
  const place = readS3Place(address, environment);
  const client = new S3Client(place, await load(), patience);
  const listed = await client.send({ method: 'GET', url: place.listUrl }, firstContact);
  if (!listed.body.includes('<ListBucketResult')) throw client.error(noS3(listed.status));
  return {
    name: place.name,
    async has(name) {
      const { status } = await client.send({ method: 'HEAD', url: place.objectUrl(name), alsoAnswers: [404] });
      return status === 200;
    },
    async read(name) {
      const answer = await client.send({ method: 'GET', url: place.objectUrl(name), alsoAnswers: [404] });
      if (answer.status === 200) return answer.body;
      if (codeOf(answer) === 'NoSuchKey') return null;
      throw client.error(faultOfAnswer(answer));
    },
    async write(name, content) {
      const bytes = typeof content === 'string' ? Buffer.from(content) : content;
      await client.send({ method: 'PUT', url: place.objectUrl(name), content: bytes });
    },
  };
}

async function load(): Promise<typeof import('aws4fetch').AwsV4Signer> {
  try {
    return (await import('aws4fetch')).AwsV4Signer;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new QueueError('--store s3:// needs the package aws4fetch, which is not installed', 'npm install aws4fetch');
  }
}
