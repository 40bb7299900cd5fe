import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prepareKeys } from '../../src/flow/ahead.js';
import { KEY_TAIL, META, TAIL_WORDS } from '../../src/flow/entry.js';
import { hashKey, KEY_HASH, KEY_SIDE, KEY_WORDS, Table } from '../../src/flow/table.js';
import { AHEAD } from '../../src/flow/tracker.js';
import { NO_TUPLE, writeKey } from '../../src/flow/tuple.js';
import {
  DPORT,
  DST,
  FAMILY,
  FRAG_LATER,
  FRAGMENT,
  ICMP_TYPE,
  L4,
  PROTOCOL,
  SPORT,
  SRC,
  STATUS,
  STATUS_OK,
  STATUS_TRUNCATED,
  STRIDE,
} from '../../src/packet/row.js';

/** Few addresses and ports, on both sides of the sign bit, so that ends are often equal and orders change. */
const address = fc.constantFrom(0, 1, 0x0a000001, 0x7fffffff, 0x80000000 | 0, 0xcb007101 | 0, -1);
const port = fc.constantFrom(0, 53, 0x7fff, 0x8000, 0xffff);
const packet = fc.record({
  family: fc.constantFrom(4, 4, 6),
  protocol: fc.constantFrom(6, 6, 17, 1, 58, 132, 136, 47, 50),
  status: fc.constantFrom(STATUS_OK, STATUS_OK, STATUS_OK, STATUS_TRUNCATED),
  fragment: fc.constantFrom(0, 0, 0, FRAG_LATER),
  source: fc.tuple(address, address),
  destination: fc.tuple(address, address),
  sport: port,
  dport: port,
  type: fc.constantFrom(0, 3, 8, 128, 129, 135),
});

describe('keys made ahead', () => {
  it('are those that are made one by one, in a table that has seen others', () => {
    const table = new Table(16);
    const bytes = Uint8Array.from({ length: 64 }, (_, i) => (i * 37) & 255);
    fc.assert(
      fc.property(
        fc.array(packet, { minLength: 1, maxLength: AHEAD }),
        fc.integer({ min: 0, max: 5 }),
        (list, from) => {
          const rows = new Int32Array((from + list.length) * STRIDE);
          list.forEach((p, i) => {
            const base = (from + i) * STRIDE;
            rows[base + FAMILY] = p.family;
            rows[base + PROTOCOL] = p.protocol;
            rows[base + STATUS] = p.status;
            rows[base + FRAGMENT] = p.fragment;
            rows[base + SRC] = p.source[0];
            rows[base + DST] = p.destination[0];
            if (p.family === 6) {
              rows[base + SRC + 3] = p.source[1];
              rows[base + DST + 3] = p.destination[1];
            }
            rows[base + SPORT] = p.sport;
            rows[base + DPORT] = p.dport;
            rows[base + ICMP_TYPE] = p.type;
            rows[base + L4] = 8;
          });
          expect(prepareKeys(table, rows, bytes, from, from + list.length)).toBe(list.length);
          list.forEach((p, i) => {
            const of = (i + 1) * KEY_WORDS;
            const key = new Int32Array(KEY_WORDS);
            const keyless = p.status !== STATUS_OK || p.fragment !== 0;
            const side = keyless ? NO_TUPLE : writeKey(rows, (from + i) * STRIDE, bytes, key, 0);
            expect(table.key[of + KEY_SIDE]).toBe(side);
            if (side === NO_TUPLE) return;
            const words = p.family === 6 ? KEY_TAIL + TAIL_WORDS : META + 1;
            expect([...table.key.subarray(of, of + words)]).toEqual([...key.subarray(0, words)]);
            expect(table.key[of + KEY_HASH]).toBe(hashKey(key, 0));
          });
        },
      ),
      { numRuns: 2000 },
    );
  });
});
