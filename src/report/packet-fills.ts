/**
 * Columns of packets, many at once (hot): the same as their functions of one row say (packet-columns.ts), a loop each.
 *
 * In:  a row whose packets were picked, and which of them: from..to-1.  Out: values, keys or addresses from the start of `into`.
 */
import { FAMILY, PROTOCOL, STRIDE } from '../packet/row.js';
import { hasPorts } from '../rules/protocols.js';
import { DROPPED_CONNECTION, MARK_DUPLICATE } from '../verdict/verdict.js';
import { ADDRESS_WORDS } from './columns.js';
import { isIcmp, transportKnown } from './fields.js';
import type { PacketRow } from './packet-row.js';
import { FOUND } from './packet-texts.js';

export function fillNumber(row: PacketRow, from: number, to: number, into: Float64Array): number {
  const { picked, first } = row;
  for (let k = from; k < to; k++) into[k - from] = first + picked[k]!;
  return to - from;
}

export function fillTime(
  { frames, picked }: PacketRow,
  from: number,
  to: number,
  seconds: Float64Array,
  nanoseconds: Int32Array,
): void {
  for (let k = from; k < to; k++) {
    seconds[k - from] = frames.seconds[picked[k]!]!;
    nanoseconds[k - from] = frames.nanoseconds[picked[k]!]!;
  }
}

export function fillLength({ frames, picked }: PacketRow, from: number, to: number, into: Float64Array): number {
  const { original } = frames;
  for (let k = from; k < to; k++) into[k - from] = original[picked[k]!]!;
  return to - from;
}

/** @param word SRC or DST */
export const addressFill =
  (word: number) =>
  ({ rows, picked }: PacketRow, from: number, to: number, into: Int32Array): number => {
    let there = 0;
    let place = 0;
    for (let k = from; k < to; k++) {
      const base = picked[k]! * STRIDE;
      const family = rows[base + FAMILY]!;
      const at = base + word;
      if (family !== 0) there++;
      into[place] = family;
      into[place + 1] = rows[at]!;
      into[place + 2] = rows[at + 1]!;
      into[place + 3] = rows[at + 2]!;
      into[place + 4] = rows[at + 3]!;
      place += ADDRESS_WORDS;
    }
    return there;
  };

/** @param word SPORT or DPORT */
export const portFill =
  (word: number) =>
  ({ rows, picked }: PacketRow, from: number, to: number, into: Float64Array): number => {
    let there = 0;
    for (let k = from; k < to; k++) {
      const base = picked[k]! * STRIDE;
      const has = rows[base + FAMILY] !== 0 && hasPorts(rows[base + PROTOCOL]!) && transportKnown(rows, base);
      into[k - from] = has ? rows[base + word]! : Number.NaN;
      if (has) there++;
    }
    return there;
  };

/** @param word ICMP_TYPE or ICMP_CODE */
export const icmpFill =
  (word: number) =>
  ({ rows, picked }: PacketRow, from: number, to: number, into: Float64Array): number => {
    let there = 0;
    for (let k = from; k < to; k++) {
      const base = picked[k]! * STRIDE;
      const has = isIcmp(rows[base + PROTOCOL]!) && rows[base + FAMILY] !== 0 && transportKnown(rows, base);
      into[k - from] = has ? rows[base + word]! : Number.NaN;
      if (has) there++;
    }
    return there;
  };

export function fillConnection({ verdicts, picked }: PacketRow, from: number, to: number, into: Float64Array): number {
  const { connection } = verdicts;
  let there = 0;
  for (let k = from; k < to; k++) {
    const number = connection[picked[k]!]!;
    into[k - from] = number === 0 ? Number.NaN : number;
    if (number !== 0) there++;
  }
  return there;
}

export function fillDuplicateOf({ verdicts, picked }: PacketRow, from: number, to: number, into: Float64Array): number {
  const { marks, packet } = verdicts;
  let there = 0;
  for (let k = from; k < to; k++) {
    const i = picked[k]!;
    const has = (marks[i]! & MARK_DUPLICATE) !== 0;
    into[k - from] = has ? packet[i]! : Number.NaN;
    if (has) there++;
  }
  return there;
}

export function fillRefusedAt({ verdicts, picked }: PacketRow, from: number, to: number, into: Float64Array): number {
  const { marks, code, packet } = verdicts;
  let there = 0;
  for (let k = from; k < to; k++) {
    const i = picked[k]!;
    const has = code[i] === DROPPED_CONNECTION && (marks[i]! & MARK_DUPLICATE) === 0;
    into[k - from] = has ? packet[i]! : Number.NaN;
    if (has) there++;
  }
  return there;
}

export function fillProtocolKey({ rows, picked }: PacketRow, from: number, to: number, into: Int32Array): void {
  for (let k = from; k < to; k++) {
    const base = picked[k]! * STRIDE;
    into[k - from] = rows[base + FAMILY] === 0 ? 0 : rows[base + PROTOCOL]! + 1;
  }
}

export function fillCode({ verdicts, picked }: PacketRow, from: number, to: number, into: Int32Array): void {
  const { code } = verdicts;
  for (let k = from; k < to; k++) into[k - from] = code[picked[k]!]!;
}

export function fillMarks({ verdicts, picked }: PacketRow, from: number, to: number, into: Int32Array): void {
  const { marks } = verdicts;
  for (let k = from; k < to; k++) into[k - from] = marks[picked[k]!]!;
}

/** @param word a direction, or DECIDED */
export const saidFill =
  (word: number) =>
  (row: PacketRow, from: number, to: number, into: Int32Array): void => {
    const keys = row.pickedKeys();
    for (let k = from; k < to; k++) into[k - from] = keys[k * FOUND + word]!;
  };
