/** Of a large table the entries that end first are told, and the packet's own; what is gone is told of what was told. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IN_TABLE, META, WORDS } from '../../src/flow/entry.js';
import { NEVER } from '../../src/flow/expiry.js';
import { MOST_ENTRIES, recordTable } from '../../src/stepping/table-records.js';
import type { DescribingTable } from '../../src/stepping/table-watch.js';
import { seed } from '../support/seed.js';

const counters = { live: 0, most: 0, created: 0, expired: 0, earlyEvictions: 0, refusedFull: 0 };

function tableOf(expiry: readonly number[]): DescribingTable {
  const words = new Int32Array(expiry.length * WORDS);
  expiry.forEach((at, slot) => {
    words[slot * WORDS + META] = at === NEVER ? 0 : IN_TABLE;
  });
  const snapshot = { words, tails: new Int32Array(0), expiry: Int32Array.from(expiry) };
  const describe = (slot: number) => ({ timeoutLeft: expiry[slot]! }) as never;
  return { capacity: expiry.length, snapshot: () => snapshot, describe };
}

const arbExpiry = fc.array(fc.oneof(fc.nat(50), fc.nat(1_000_000), fc.constant(NEVER)), {
  maxLength: 400,
  size: 'max',
});

describe('recordTable', () => {
  it('keeps the soonest, and the own one', () => {
    fc.assert(
      fc.property(arbExpiry, fc.nat(400), (expiry, own) => {
        const touched = own < expiry.length ? { slot: own, isCreated: false } : null;
        const record = recordTable({ table: tableOf(expiry), counters, touched, now: 0 }, expiry.length, null);
        const live = expiry.flatMap((at, slot) => (at === NEVER ? [] : [slot]));
        const wanted = live.sort((a, b) => expiry[a]! - expiry[b]! || a - b).slice(0, MOST_ENTRIES);
        if (touched !== null && expiry[own] !== NEVER && !wanted.includes(own)) wanted.push(own);
        expect(record.entries.map(({ slot }) => slot)).toEqual(wanted);
      }),
      { seed, numRuns: 200 },
    );
  });

  it('tells what is gone, and whose slot another one has', () => {
    const before = recordTable({ table: tableOf([5, 9, 20]), counters, touched: null, now: 0 }, 3, null);
    const touched = { slot: 1, isCreated: true };
    const after = recordTable({ table: tableOf([NEVER, 50, 20]), counters, touched, now: 6 }, 3, before);
    expect(after.gone.map(({ entry, ending }) => [entry.slot, ending])).toEqual([
      [0, 'expired'],
      [1, 'ended'],
    ]);
  });
});
