/**
 * --store -> a Store: a folder, or a bucket of S3.
 */
import { QueueError } from './errors.js';
import { type Environment, isS3 } from './s3-place.js';
import { folderStore, type Store } from './store.js';

/** @param create whether a folder is made where there is none; a bucket never is @throws QueueError */
export async function openStore(address: string, environment: Environment, { create = false } = {}): Promise<Store> {
  if (isS3(address)) return (await import('./s3-store.js')).s3Store(address, environment);
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(address)?.[1];
  if (scheme !== undefined) {
    throw new QueueError(
      `--store ${scheme}://...: policap knows no such store`,
      'give a folder, or s3://BUCKET[/PREFIX]',
    );
  }
  return folderStore(address, { create });
}
