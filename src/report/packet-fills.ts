/**
 * Columns of packets, many at once (hot): the same as their functions of one row say (packet-columns.ts), a loop each.
 *
 * In:  a row whose packets were picked, and which of them: from..to-1.  Out: values, keys or numbers of addresses (columns.ts).
 */
import { type DST, SRC, STRIDE } from '../packet/row.js';
import { DROPPED_CONNECTION, MARK_DUPLICATE, MARK_MIDSTREAM, MARK_ONE_WAY } from '../verdict/verdict.js';
import type { AddressNumbers } from './columns.js';
import type { PacketRow } from './packet-row.js';
import { NOTHING } from './picked-packets.js';

/** `fill` writes a key for each. */
const EACH = -1;

export function fillNumber(row: PacketRow, from: number, to: number, into: Float64Array, at: number): number {
  const { picked, first } = row;
  const shift = at - from;
  for (let k = from; k < to; k++) into[k + shift] = first + picked[k]!;
  return to - from;
}

export function fillLength(
  { frames, picked }: PacketRow,
  from: number,
  to: number,
  into: Int32Array,
  at: number,
): number {
  const { original } = frames;
  const shift = at - from;
  for (let k = from; k < to; k++) into[k + shift] = original[picked[k]!]!;
  return to - from;
}

/** @param word SRC or DST */
export const addressFill =
  (word: typeof SRC | typeof DST) =>
  (row: PacketRow, from: number, to: number, numbers: AddressNumbers, into: Int32Array, at: number): number => {
    const { rows, picked } = row;
    const fields = row.pickedFields();
    if (fields.addressed === 0) return 0;
    const { family } = fields;
    const first = word === SRC ? fields.source : fields.destination;
    const shift = at - from;
    let there = 0;
    for (let k = from; k < to; k++) {
      const its = family[k]!;
      if (its === 4) into[k + shift] = numbers.ofFour(first[k]!);
      else if (its === 0) into[k + shift] = NOTHING;
      else into[k + shift] = numbers.ofSix(rows, picked[k]! * STRIDE + word);
      if (its !== 0) there++;
    }
    return there;
  };

type SmallFill = (row: PacketRow, from: number, to: number, into: Int32Array, at: number) => number;

export const fillSport: SmallFill = (row, from, to, into, at) => {
  const { sport, withPorts } = row.pickedFields();
  return withPorts === 0 ? 0 : copyKnown(sport, from, to, into, at);
};

export const fillDport: SmallFill = (row, from, to, into, at) => {
  const { dport, withPorts } = row.pickedFields();
  return withPorts === 0 ? 0 : copyKnown(dport, from, to, into, at);
};

export const fillIcmpType: SmallFill = (row, from, to, into, at) => {
  const { icmpType, withIcmp } = row.pickedFields();
  return withIcmp === 0 ? 0 : copyKnown(icmpType, from, to, into, at);
};

export const fillIcmpCode: SmallFill = (row, from, to, into, at) => {
  const { icmpCode, withIcmp } = row.pickedFields();
  return withIcmp === 0 ? 0 : copyKnown(icmpCode, from, to, into, at);
};

/** @returns how many are there */
function copyKnown(values: Int32Array, from: number, to: number, into: Int32Array, at: number): number {
  const shift = at - from;
  let missing = 0;
  for (let k = from; k < to; k++) {
    const value = values[k]!;
    into[k + shift] = value;
    missing += value >>> 31;
  }
  return to - from - missing;
}

export function fillConnection(
  { verdicts, picked }: PacketRow,
  from: number,
  to: number,
  into: Int32Array,
  at: number,
): number {
  const { connection } = verdicts;
  const shift = at - from;
  let there = 0;
  for (let k = from; k < to; k++) {
    const number = connection[picked[k]!]!;
    into[k + shift] = number === 0 ? NOTHING : number;
    if (number !== 0) there++;
  }
  return there;
}

type WideFill = (row: PacketRow, from: number, to: number, into: Float64Array, at: number) => number;

export const fillDuplicateOf: WideFill = ({ verdicts, picked }, from, to, into, at) => {
  const { marks, packet } = verdicts;
  let seen = 0;
  for (let k = from; k < to; k++) seen |= marks[picked[k]!]!;
  if ((seen & MARK_DUPLICATE) === 0) return 0;
  const shift = at - from;
  let there = 0;
  for (let k = from; k < to; k++) {
    const i = picked[k]!;
    const has = (marks[i]! & MARK_DUPLICATE) !== 0;
    into[k + shift] = has ? packet[i]! : Number.NaN;
    if (has) there++;
  }
  return there;
};

export const fillRefusedAt: WideFill = ({ verdicts, picked }, from, to, into, at) => {
  const { marks, code, packet } = verdicts;
  const shift = at - from;
  let there = 0;
  for (let k = from; k < to; k++) {
    const i = picked[k]!;
    const has = code[i] === DROPPED_CONNECTION && (marks[i]! & MARK_DUPLICATE) === 0;
    into[k + shift] = has ? packet[i]! : Number.NaN;
    if (has) there++;
  }
  return there;
};

export function fillProtocolKey(row: PacketRow, from: number, to: number, into: Int32Array): number {
  const { protocolKey } = row.pickedFields();
  for (let k = from; k < to; k++) into[k - from] = protocolKey[k]!;
  return EACH;
}

export function fillCode({ verdicts, picked }: PacketRow, from: number, to: number, into: Int32Array): number {
  const { code } = verdicts;
  for (let k = from; k < to; k++) into[k - from] = code[picked[k]!]!;
  return EACH;
}

/** Marks that columns tell. */
export const TOLD_MARKS = MARK_MIDSTREAM | MARK_ONE_WAY;

export function fillMarks({ verdicts, picked }: PacketRow, from: number, to: number, into: Int32Array): number {
  const { marks } = verdicts;
  let seen = 0;
  for (let k = from; k < to; k++) {
    const told = marks[picked[k]!]! & TOLD_MARKS;
    into[k - from] = told;
    seen |= told;
  }
  return seen === 0 ? 0 : EACH;
}

type KeyFill = (row: PacketRow, from: number, to: number, into: Int32Array) => number;

export const fillEgress: KeyFill = (row, from, to, into) => {
  const { picked } = row;
  const { egress } = row.pickedKeys();
  for (let k = from; k < to; k++) into[k - from] = egress[picked[k]!]!;
  return EACH;
};

export const fillIngress: KeyFill = (row, from, to, into) => {
  const { picked } = row;
  const { ingress } = row.pickedKeys();
  for (let k = from; k < to; k++) into[k - from] = ingress[picked[k]!]!;
  return EACH;
};

export const fillForward: KeyFill = (row, from, to, into) => {
  const { picked } = row;
  const { forward, hasForward } = row.pickedKeys();
  if (!hasForward) return 0;
  for (let k = from; k < to; k++) into[k - from] = forward[picked[k]!]!;
  return EACH;
};

export const fillDecision: KeyFill = ({ verdicts, picked }, from, to, into) => {
  const { decision } = verdicts;
  for (let k = from; k < to; k++) into[k - from] = decision[picked[k]!]! + 1;
  return EACH;
};
