/** One frame into one row, as an object with the row's words by name: what the tests of this folder look at. */
import { createParser, newPacketBatch, type ParserOptions } from '../../src/packet/parse.js';
import * as row from '../../src/packet/row.js';
import { addressText } from '../../src/packet/text.js';
import { type BatchOptions, batchOf } from '../support/frames.js';

export const STATUS_NAMES = ['ok', 'not-ip', 'truncated', 'malformed'] as const;

export interface ReadRow {
  status: (typeof STATUS_NAMES)[number];
  family: number;
  protocol: number;
  src: string;
  dst: string;
  sport: number;
  dport: number;
  icmp: [type: number, code: number, id: number];
  flags: number;
  seq: number;
  ack: number;
  window: number;
  options: number;
  sack: number;
  payload: number;
  fragment: number;
  id: number;
  l3: number;
  l4: number;
  end: number;
  outer: number;
  bits: number;
  ttl: number;
  tag: number;
}

export function readRow(rows: Int32Array, base: number): ReadRow {
  const word = (at: number): number => rows[base + at]!;
  return {
    status: STATUS_NAMES[word(row.STATUS)]!,
    family: word(row.FAMILY),
    protocol: word(row.PROTOCOL),
    src: addressText(rows, base, row.SRC),
    dst: addressText(rows, base, row.DST),
    sport: word(row.SPORT),
    dport: word(row.DPORT),
    icmp: [word(row.ICMP_TYPE), word(row.ICMP_CODE), word(row.ICMP_ID)],
    flags: word(row.TCP_FLAGS),
    seq: word(row.TCP_SEQ) >>> 0,
    ack: word(row.TCP_ACK) >>> 0,
    window: word(row.TCP_WINDOW),
    options: word(row.TCP_OPTIONS),
    sack: word(row.TCP_SACK) >>> 0,
    payload: word(row.PAYLOAD),
    fragment: word(row.FRAGMENT),
    id: word(row.IP_ID) >>> 0,
    l3: word(row.L3),
    l4: word(row.L4),
    end: word(row.END),
    outer: word(row.OUTER_L3),
    bits: word(row.FLAGS),
    ttl: word(row.TTL),
    tag: word(row.TAG) >>> 0,
  };
}

export function parseAll(frames: Uint8Array[], options: BatchOptions & ParserOptions = {}): ReadRow[] {
  const { batch, interfaces } = batchOf(frames, options);
  const out = newPacketBatch(frames.length);
  // What a former batch left behind must not shine through.
  out.rows.fill(0x55555555);
  createParser({ duplicates: false, ...options }).parse(batch, interfaces, out);
  return frames.map((_, i) => readRow(out.rows, i * row.STRIDE));
}

export const parseOne = (frame: Uint8Array, options: BatchOptions & ParserOptions = {}): ReadRow =>
  parseAll([frame], options)[0]!;
