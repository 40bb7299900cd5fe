/**
 * Addresses numbered as they come, and their texts (hot: asked for every address of every packet).
 *
 * In:  words of an address, as a packet's row has them.  Out: its number, from 0 on, the same until clear().
 * Open addressing, a quarter full at most, so that mostly the first place that is looked at is the right one. Eight IPv4 addresses
 * in a row share a line of the cache: pods of a node have such.
 */
import { ipv4Text, wordsText } from '../packet/text.js';
import type { AddressNumbers } from './columns.js';

const FIRST_PLACES = 1024;
const EMPTIER = 4;
const SIX_WORDS = 4;
/** From a place that is taken to the next one: odd, so that all are reached. */
const STEP = 9;
const text = new TextEncoder();

export class NumberedAddresses implements AddressNumbers {
  /** By number, as UTF-8. */
  texts: Uint8Array[] = [];
  /** IPv4's by place: the word, and the number + 1. */
  private four = new Int32Array(2 * FIRST_PLACES);
  private fours = 0;
  /** IPv6's by place, the number + 1; and the words of each by number. */
  private six = new Int32Array(FIRST_PLACES);
  private sixes = 0;
  private words = new Int32Array(SIX_WORDS * FIRST_PLACES);

  ofFour(word: number): number {
    const { four } = this;
    const mask = (four.length >>> 1) - 1;
    let place = placeOf(word) & mask;
    for (;;) {
      const number = four[2 * place + 1]!;
      if (number === 0) return this.learnFour(word, place);
      if (four[2 * place] === word) return number - 1;
      place = (place + STEP) & mask;
    }
  }

  ofSix(from: Int32Array, at: number): number {
    const { six, words } = this;
    const a = from[at]!;
    const b = from[at + 1]!;
    const c = from[at + 2]!;
    const d = from[at + 3]!;
    const mask = six.length - 1;
    let place = hashOfSix(a, b, c, d) & mask;
    for (;;) {
      const number = six[place]! - 1;
      if (number < 0) return this.learnSix(a, b, c, d, place);
      const its = SIX_WORDS * number;
      if (words[its] === a && words[its + 1] === b && words[its + 2] === c && words[its + 3] === d) return number;
      place = (place + 1) & mask;
    }
  }

  /** Forgets all of them. */
  clear(): void {
    this.texts = [];
    this.four = new Int32Array(2 * FIRST_PLACES);
    this.six = new Int32Array(FIRST_PLACES);
    this.words = new Int32Array(SIX_WORDS * FIRST_PLACES);
    this.fours = 0;
    this.sixes = 0;
  }

  private learnFour(word: number, place: number): number {
    const number = this.texts.push(text.encode(ipv4Text(word))) - 1;
    this.four[2 * place] = word;
    this.four[2 * place + 1] = number + 1;
    if (EMPTIER * ++this.fours > this.four.length >>> 1) this.widenFour();
    return number;
  }

  private learnSix(a: number, b: number, c: number, d: number, place: number): number {
    const number = this.texts.push(text.encode(wordsText(6, [a, b, c, d]))) - 1;
    if (SIX_WORDS * (number + 1) > this.words.length) {
      const words = new Int32Array(2 * SIX_WORDS * (number + 1));
      words.set(this.words);
      this.words = words;
    }
    this.words.set([a, b, c, d], SIX_WORDS * number);
    this.six[place] = number + 1;
    if (EMPTIER * ++this.sixes > this.six.length) this.widenSix();
    return number;
  }

  private widenFour(): void {
    const before = this.four;
    this.four = new Int32Array(2 * before.length);
    const mask = (this.four.length >>> 1) - 1;
    for (let from = 0; from < before.length; from += 2) {
      if (before[from + 1] === 0) continue;
      let place = placeOf(before[from]!) & mask;
      while (this.four[2 * place + 1] !== 0) place = (place + STEP) & mask;
      this.four[2 * place] = before[from]!;
      this.four[2 * place + 1] = before[from + 1]!;
    }
  }

  private widenSix(): void {
    const { six: before, words } = this;
    this.six = new Int32Array(2 * before.length);
    const mask = this.six.length - 1;
    for (const number of before) {
      if (number === 0) continue;
      const from = SIX_WORDS * (number - 1);
      let place = hashOfSix(words[from]!, words[from + 1]!, words[from + 2]!, words[from + 3]!) & mask;
      while (this.six[place] !== 0) place = (place + 1) & mask;
      this.six[place] = number;
    }
  }
}

const placeOf = (word: number): number => (hashOf(word >>> 3) << 3) | (word & 7);

function hashOf(word: number): number {
  const hash = Math.imul(word, 0x9e3779b1);
  return hash ^ (hash >>> 15);
}

const hashOfSix = (a: number, b: number, c: number, d: number): number =>
  hashOf(a ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ Math.imul(d, 0x27d4eb2f));
