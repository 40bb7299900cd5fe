/**
 * Tests -> functions of a value (hot where a row has its values as numbers).
 *
 * In:  a Test.  Out: whether a value passes it. Whoever has few distinct values asks once for each (matchValue); numbers and
 * addresses that differ from row to row have functions of their own, which allocate nothing.
 */
import { RE2JS } from 're2js';
import { addressWords } from '../packet/text.js';
import type { Block, Range, Test } from './expression.js';
import type { Value } from './field.js';

export type ValueMatcher = (value: Value) => boolean;
/** NaN stands for null. */
export type NumberMatcher = (value: number) => boolean;
/** @param family 4 or 6, 0 for null @param at the address's first word in `words` */
export type AddressMatcher = (family: number, words: ArrayLike<number>, at: number) => boolean;

export function matchValue(test: Test): ValueMatcher {
  switch (test.kind) {
    case 'null':
      return value => value === null;
    case 'is': {
      const values: ReadonlySet<unknown> = new Set(test.values);
      return eachOf(value => values.has(value));
    }
    case 'within': {
      const { ranges } = test;
      return value =>
        (typeof value === 'number' || typeof value === 'bigint') &&
        ranges.some(({ from, to }) => (from === null || value >= from) && (to === null || value <= to));
    }
    case 'under': {
      const matches = matchAddress(test);
      return value => {
        const words = typeof value === 'string' ? addressWords(value) : null;
        return words !== null && matches(words.family, words.words, 0);
      };
    }
    case 'matches': {
      const pattern = RE2JS.compile(test.pattern);
      return eachOf(value => typeof value === 'string' && pattern.matcher(value).find());
    }
  }
}

const eachOf =
  (matches: (value: string | number | bigint | boolean) => boolean): ValueMatcher =>
  value =>
    value !== null && (typeof value === 'object' ? value.some(matches) : matches(value));

export function matchNumber(test: Test): NumberMatcher {
  if (test.kind === 'null') return value => Number.isNaN(value);
  const bounds = Float64Array.from((test.kind === 'within' ? test.ranges : []).flatMap(boundsOf));
  if (bounds.length === 2) {
    const [from = 0, to = 0] = bounds;
    return value => value >= from && value <= to;
  }
  return value => {
    for (let i = 0; i < bounds.length; i += 2) if (value >= bounds[i]! && value <= bounds[i + 1]!) return true;
    return false;
  };
}

/** Numbers beyond 2^53 are no row's. */
const boundsOf = ({ from, to }: Range): [number, number] => [
  from === null ? Number.NEGATIVE_INFINITY : Number(from),
  to === null ? Number.POSITIVE_INFINITY : Number(to),
];

export function matchAddress(test: Test): AddressMatcher {
  if (test.kind === 'null') return family => family === 0;
  const blocks = (test.kind === 'under' ? test.blocks : []).map(maskedBlock);
  return (family, words, at) => {
    for (let i = 0; i < blocks.length; i++) if (isUnder(blocks[i]!, family, words, at)) return true;
    return false;
  };
}

interface MaskedBlock {
  readonly family: number;
  readonly masks: Int32Array;
  readonly words: Int32Array;
}

function maskedBlock({ family, words, length }: Block): MaskedBlock {
  const masks = Int32Array.from(words, (_, word) => {
    const bits = Math.min(32, Math.max(0, length - 32 * word));
    return bits === 0 ? 0 : -1 << (32 - bits);
  });
  return { family, masks, words: Int32Array.from(words, (word, i) => word & masks[i]!) };
}

function isUnder(block: MaskedBlock, family: number, words: ArrayLike<number>, at: number): boolean {
  if (family !== block.family) return false;
  const { masks } = block;
  if ((words[at]! & masks[0]!) !== block.words[0]) return false;
  if (family === 4) return true;
  for (let word = 1; word < 4; word++) if ((words[at + word]! & masks[word]!) !== block.words[word]) return false;
  return true;
}
