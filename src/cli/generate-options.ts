/**
 * Options that the commands of `policap generate` share.
 */
import { Option } from 'commander';
import { wholeNumber } from './options.js';

export const MOST = 10_000_000;

export const seed = (): Option =>
  new Option('--seed <n>', 'another number, another result').argParser(wholeNumber(0, 2 ** 31 - 1)).default(1);

export const count = (what: string, most: number, standard: number, flag = 'count', least = 0): Option =>
  new Option(`--${flag} <n>`, what).argParser(wholeNumber(least, most)).default(standard);
