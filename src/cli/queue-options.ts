/**
 * The options of the commands that share work among machines: where the queue is, and where the store.
 */
import { InvalidArgumentError, Option } from 'commander';

const ADDRESS = /^rediss?:\/\/[^\s/]/;

function address(value: string): string {
  if (!ADDRESS.test(value)) throw new InvalidArgumentError('Give redis://HOST:PORT, or rediss://HOST:PORT with TLS.');
  return value;
}

export const queueOption = (): Option =>
  new Option('--queue <url>', 'a Redis or Valkey server: redis://[USER:PASSWORD@]HOST[:PORT][/DB]')
    .argParser(address)
    .makeOptionMandatory();

export const storeOption = (what: string): Option => new Option('--store <directory>', what).makeOptionMandatory();
