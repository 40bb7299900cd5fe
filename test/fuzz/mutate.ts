/**
 * A seeded mutator of bytes: captures, compressed captures and text documents alike.
 *
 * In:  bytes and a seed.  Out: one to four mutations of them (the same for the same seed), and the index of the first
 * byte that differs: everything before it is as it was. The input is not changed.
 */
export interface Mutant {
  readonly bytes: Uint8Array;
  /** The first index at which the mutant differs; the original's length where nothing does. */
  readonly firstChanged: number;
}

/** Mulberry32: the same whole numbers below `limit` for the same seed, everywhere. */
export function random(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return limit => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * limit);
  };
}

type Random = (limit: number) => number;
type Mutation = (bytes: Uint8Array, pick: Random) => Uint8Array;

const EXTREMES = [
  0, 1, 2, 3, 4, 8, 11, 12, 15, 16, 20, 28, 31, 32, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xfffc, 0xffff, 0x10000,
  0x3ffff, 0x40000, 0x40001, 0xfffffc, 0x1000000, 0x7ffffffc, 0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffffc,
  0xffffffff,
] as const;

/** What means something to a YAML, JSON or rule parser. */
const TOKENS = [
  '\n',
  '\r\n',
  '\t',
  ' ',
  ': ',
  '- ',
  '{',
  '}',
  '[',
  ']',
  ',',
  '"',
  "'",
  '#',
  '---\n',
  '&a ',
  '*a',
  '!!binary ',
  '<<: ',
  '|\n',
  '>\n',
  '\0',
  '\u00ff',
  '\ufeff',
  'null',
  '~',
  'true',
  '-1',
  '0',
  '65536',
  '4294967296',
  '1e999',
  '0x10',
  '::',
  '/33',
  '/129',
  '10.0.0.0/8',
  '*',
  '@',
  '%s',
  '__proto__',
];

const concat = (...parts: readonly Uint8Array[]): Uint8Array => {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
};

/** A range, often at multiples of four as blocks and words are, mostly short. */
function range(bytes: Uint8Array, pick: Random): readonly [number, number] {
  const aligned = pick(2) === 0;
  const longest = Math.min(bytes.length, pick(3) === 0 ? bytes.length : 64);
  let start = pick(bytes.length + 1);
  let length = pick(longest + 1);
  if (aligned) {
    start &= ~3;
    length = (length + 3) & ~3;
  }
  return [start, Math.min(bytes.length, start + length)];
}

const MUTATIONS: readonly Mutation[] = [
  function flipBit(bytes, pick) {
    const copy = bytes.slice();
    if (copy.length > 0) copy[pick(copy.length)]! ^= 1 << pick(8);
    return copy;
  },
  function setByte(bytes, pick) {
    const copy = bytes.slice();
    if (copy.length > 0) copy[pick(copy.length)] = pick(256);
    return copy;
  },
  function cut(bytes, pick) {
    return bytes.slice(0, pick(bytes.length + 1));
  },
  function extremeWord(bytes, pick) {
    const copy = bytes.slice();
    const size = pick(3) === 0 ? 2 : 4;
    if (copy.length < size) return copy;
    let at = pick(copy.length - size + 1);
    if (pick(4) !== 0) at &= ~(size - 1);
    const value = (pick(4) === 0 ? bytes.length : EXTREMES[pick(EXTREMES.length)]!) + (pick(4) === 0 ? pick(9) - 4 : 0);
    const view = new DataView(copy.buffer);
    if (size === 2) view.setUint16(at, value, pick(2) === 0);
    else view.setUint32(at, value, pick(2) === 0);
    return copy;
  },
  function duplicate(bytes, pick) {
    const [start, end] = range(bytes, pick);
    const to = pick(2) === 0 ? end : range(bytes, pick)[0];
    return concat(bytes.subarray(0, to), bytes.subarray(start, end), bytes.subarray(to));
  },
  function remove(bytes, pick) {
    const [start, end] = range(bytes, pick);
    return concat(bytes.subarray(0, start), bytes.subarray(end));
  },
  function swap(bytes, pick) {
    const cuts = [...range(bytes, pick), ...range(bytes, pick)].sort((a, b) => a - b);
    const [a, b, c, d] = cuts as [number, number, number, number];
    const part = (from: number, to?: number): Uint8Array => bytes.subarray(from, to);
    return concat(part(0, a), part(c, d), part(b, c), part(a, b), part(d));
  },
  function insertRandom(bytes, pick) {
    const at = pick(bytes.length + 1);
    const inserted = Uint8Array.from({ length: 1 + pick(16) }, () => pick(256));
    return concat(bytes.subarray(0, at), inserted, bytes.subarray(at));
  },
  function insertToken(bytes, pick) {
    const at = pick(bytes.length + 1);
    const token = new TextEncoder().encode(TOKENS[pick(TOKENS.length)]!.repeat(1 + (pick(8) === 0 ? pick(50) : 0)));
    return concat(bytes.subarray(0, at), token, bytes.subarray(at));
  },
];

export function mutate(bytes: Uint8Array, seed: number): Mutant {
  const pick = random(seed);
  let mutant: Uint8Array = bytes.slice();
  for (let left = 1 + pick(4); left > 0; left--) {
    const next = MUTATIONS[pick(MUTATIONS.length)]!(mutant, pick);
    if (next.length <= 2 * bytes.length + 1024) mutant = next;
  }
  let same = 0;
  while (same < bytes.length && same < mutant.length && bytes[same] === mutant[same]) same++;
  return { bytes: mutant, firstChanged: same };
}
