/**
 * DNS messages (RFC 1035, 4): bytes -> the question and the addresses that answer it (cold: only answers of port 53 come here).
 *
 * In:  bytes from..to of a message, cut short or not.  Out: what could be read, or null where it is no answer to one question.
 * Never throws, and never reads beyond `to`: names are followed through at most MOST_POINTERS pointers, records are counted.
 */

export interface DnsAnswer {
  /** The name that was asked for: lower case, without the dot at its end. */
  readonly name: string;
  /** RCODE: 0 no error, 3 no such name. */
  readonly rcode: number;
  /** Addresses of the name, through its aliases (CNAME), in the record's bytes: 4 or 16. */
  readonly addresses: readonly Uint8Array[];
  /** Seconds, the least of the records on the way. */
  readonly ttl: number;
}

const HEADER = 12;
const RESPONSE = 0x8000;
const CLASS_IN = 1;
const TYPE_A = 1;
const TYPE_CNAME = 5;
const TYPE_AAAA = 28;
/** RFC 1035, 2.3.4. */
const LONGEST_NAME = 255;
const MOST_POINTERS = 64;
const MOST_RECORDS = 1024;
/** RFC 2181, 8: a TTL with the highest bit set is none. */
const LONGEST_TTL = 0x7fffffff;

interface Name {
  readonly text: string;
  /** Behind the name where it stands. */
  readonly end: number;
}

/** @returns the one name that a question asks for: lower case, without the dot at its end; null where it is none */
export function readQuestion(bytes: Uint8Array, from: number, to: number): string | null {
  const u16 = (at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;
  if (to - from < HEADER || (u16(from + 2) & RESPONSE) !== 0 || u16(from + 4) !== 1) return null;
  const question = readName(bytes, from, from + HEADER, to);
  return question === null || question.end + 4 > to ? null : question.text;
}

export function readAnswer(bytes: Uint8Array, from: number, to: number): DnsAnswer | null {
  const u16 = (at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;
  if (to - from < HEADER || (u16(from + 2) & RESPONSE) === 0 || u16(from + 4) !== 1) return null;
  const question = readName(bytes, from, from + HEADER, to);
  if (question === null || question.end + 4 > to || u16(question.end + 2) !== CLASS_IN) return null;
  const aliases = new Map<string, { readonly name: string; readonly ttl: number }>();
  const found: { readonly name: string; readonly ttl: number; readonly address: Uint8Array }[] = [];
  let at = question.end + 4;
  for (let left = Math.min(u16(from + 6), MOST_RECORDS); left > 0; left--) {
    const owner = readName(bytes, from, at, to);
    if (owner === null || owner.end + 10 > to) break;
    const type = u16(owner.end);
    const data = owner.end + 10;
    const length = u16(owner.end + 8);
    if (data + length > to) break;
    const seconds = u16(owner.end + 4) * 65536 + u16(owner.end + 6);
    const record = { name: owner.text, ttl: seconds > LONGEST_TTL ? 0 : seconds };
    if (u16(owner.end + 2) !== CLASS_IN) {
      // Of another class it says nothing about addresses.
    } else if (type === TYPE_CNAME) {
      const target = readName(bytes, from, data, data + length);
      if (target !== null) aliases.set(record.name, { name: target.text, ttl: record.ttl });
    } else if ((type === TYPE_A && length === 4) || (type === TYPE_AAAA && length === 16)) {
      found.push({ ...record, address: bytes.slice(data, data + length) });
    }
    at = data + length;
  }
  return { name: question.text, rcode: u16(from + 2) & 15, ...resolve(question.text, aliases, found) };
}

/** The addresses at the end of the aliases; a circle of them has none. */
function resolve(
  name: string,
  aliases: ReadonlyMap<string, { readonly name: string; readonly ttl: number }>,
  found: readonly { readonly name: string; readonly ttl: number; readonly address: Uint8Array }[],
): Pick<DnsAnswer, 'addresses' | 'ttl'> {
  let ttl = LONGEST_TTL;
  let last = name;
  for (let steps = 0; aliases.has(last); steps++) {
    if (steps > aliases.size) return { addresses: [], ttl: 0 };
    const alias = aliases.get(last)!;
    ttl = Math.min(ttl, alias.ttl);
    last = alias.name;
  }
  const own = found.filter(record => record.name === last);
  return { addresses: own.map(({ address }) => address), ttl: own.reduce((least, it) => Math.min(least, it.ttl), ttl) };
}

/** @param from where the message begins: pointers count from there */
function readName(bytes: Uint8Array, from: number, start: number, to: number): Name | null {
  const labels: string[] = [];
  let at = start;
  let end = -1;
  let length = 0;
  let pointers = 0;
  // A name in a record's data may point out of it, back into the message.
  let limit = to;
  while (at < limit) {
    const size = bytes[at]!;
    if (size === 0) return { text: labels.join('.'), end: end < 0 ? at + 1 : end };
    if ((size & 0xc0) === 0xc0) {
      if (at + 2 > limit || ++pointers > MOST_POINTERS) return null;
      if (end < 0) end = at + 2;
      const target = from + (((size & 0x3f) << 8) | bytes[at + 1]!);
      // RFC 1035, 4.1.4: a prior occurrence.
      if (target >= at) return null;
      limit = at;
      at = target;
      continue;
    }
    length += size + 1;
    if ((size & 0xc0) !== 0 || at + 1 + size > limit || length > LONGEST_NAME) return null;
    labels.push(labelText(bytes, at + 1, at + 1 + size));
    at += 1 + size;
  }
  return null;
}

const UPPER_A = 65;
const UPPER_Z = 90;

/** In lower case (RFC 4343); a dot or a byte that does not print as `\ddd` (RFC 1035, 5.1). */
function labelText(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    const isPlain = byte > 0x20 && byte < 0x7f && byte !== 0x2e && byte !== 0x5c;
    if (!isPlain) text += `\\${String(byte).padStart(3, '0')}`;
    else text += String.fromCharCode(byte >= UPPER_A && byte <= UPPER_Z ? byte + 32 : byte);
  }
  return text;
}
