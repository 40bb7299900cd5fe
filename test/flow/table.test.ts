import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HIGH, KEY_TAIL, KIND_IPV6, LOW, META, PORTS, TAIL_WORDS, WORDS } from '../../src/flow/entry.js';
import { Expiry, NEVER } from '../../src/flow/expiry.js';
import { QUEUE_SETTLED, QUEUE_UNREPLIED, Queues } from '../../src/flow/queues.js';
import { hashKey, KEY_HASH, KEY_WORDS, Table } from '../../src/flow/table.js';
import { AHEAD } from '../../src/flow/tracker.js';

const setKey = (table: Table, key: readonly number[]): void => {
  table.key.fill(0);
  key.forEach((word, w) => {
    table.key[w] = word;
  });
};
/** Keys of a small world, so that the same ones come again and chains are long. */
const keys = fc
  .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 5 }), fc.boolean())
  .map(([low, high, ports, v6]) => {
    const key = new Array<number>(KEY_TAIL + TAIL_WORDS).fill(0);
    key[LOW] = low;
    key[HIGH] = high;
    key[PORTS] = ports;
    if (v6) key[KEY_TAIL + 2] = ports;
    key[META] = v6 ? 6 | KIND_IPV6 : 6;
    return key;
  });

describe('the table of connections', () => {
  it('finds what a map finds, whatever is inserted and removed', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.tuple(keys, fc.boolean()), { maxLength: 400 }),
        (capacity, steps) => {
          const table = new Table(capacity);
          const model = new Map<string, number>();
          const free = Array.from({ length: capacity }, (_, slot) => slot);
          for (const [key, insert] of steps) {
            const name = key.join();
            setKey(table, key);
            expect(table.find()).toBe(model.get(name) ?? -1);
            if (insert && !model.has(name) && free.length > 0) {
              const slot = free.pop()!;
              table.write(slot);
              table.insert(slot);
              model.set(name, slot);
            } else if (!insert && model.has(name)) {
              table.remove(model.get(name)!);
              free.push(model.get(name)!);
              model.delete(name);
            }
            expect(table.live).toBe(model.size);
          }
          for (const [name, slot] of model) {
            setKey(table, name.split(',').map(Number));
            expect(table.find()).toBe(slot);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('finds a key that was read ahead where it is now, whatever came and went since', () => {
    // So few keys that those read ahead are among those that come and go.
    const few = keys.filter(([low, high, ports]) => low! < 2 && high! < 2 && ports! < 2);
    const changes = fc.array(fc.tuple(few, fc.boolean()), { maxLength: 30 });
    fc.assert(
      fc.property(changes, fc.array(few, { minLength: 1, maxLength: AHEAD }), changes, (before, ahead, after) => {
        const table = new Table(40);
        const free = Array.from({ length: 40 }, (_, slot) => slot);
        const change = ([key, insert]: readonly [readonly number[], boolean]): void => {
          table.key.set(key);
          const slot = table.find();
          if (insert && slot < 0) {
            const taken = free.pop()!;
            table.write(taken);
            table.insert(taken);
          } else if (!insert && slot >= 0) {
            table.remove(slot);
            free.push(slot);
          }
        };
        before.forEach(change);
        ahead.forEach((key, i) => {
          const of = (i + 1) * KEY_WORDS;
          table.key.set(key, of);
          table.key[of + KEY_HASH] = hashKey(table.key, of);
        });
        table.touch(ahead.length);
        after.forEach(change);
        ahead.forEach((_, i) => {
          const of = (i + 1) * KEY_WORDS;
          expect(table.searchTouched(of, i)).toBe(table.search(of));
        });
      }),
      { numRuns: 500 },
    );
  });

  it('stays quick through a million insertions and removals: no tombstones', () => {
    const table = new Table(1000);
    const at = (i: number): number[] => [i, 7, i & 0xffff, 6];
    for (let i = 0; i < 300_000; i++) {
      setKey(table, at(i));
      if (i >= 1000) table.remove(i % 1000);
      table.write(i % 1000);
      table.insert(i % 1000);
    }
    setKey(table, at(299_999));
    expect(table.find()).toBe(299_999 % 1000);
    setKey(table, at(1));
    expect(table.find()).toBe(-1);
    expect(table.live).toBe(1000);
  });

  it('finds everything while it fills, and empties again', () => {
    const table = new Table(40_000);
    const at = (i: number): number[] => [i, 7, (i * 7) & 0xffff, 6];
    for (let i = 0; i < 40_000; i++) {
      setKey(table, at(i));
      expect(table.find()).toBe(-1);
      table.write(i);
      table.insert(i);
      for (const past of [0, i >> 1, i]) {
        setKey(table, at(past));
        if (table.find() !== past) throw new Error(`${past} is not found after ${i}`);
      }
    }
    for (let i = 0; i < 40_000; i += 2) table.remove(i);
    for (let i = 0; i < 40_000; i++) {
      setKey(table, at(i));
      if (table.find() !== (i & 1 ? i : -1)) throw new Error(`${i}: ${table.find()}`);
    }
    expect(table.live).toBe(20_000);
  });

  it('takes at most 128 bytes a connection, links and expiry included', () => {
    for (const capacity of [1_000, 52_429, 100_000, 600_000, 840_000, 1_048_576]) {
      const table = new Table(capacity);
      const total = table.bytes + new Expiry(capacity + 1).bytes + new Queues(capacity + 1).bytes;
      expect(total / capacity).toBeLessThanOrEqual(128);
    }
  });

  it('spreads addresses and ports that differ in one bit', () => {
    const words = new Int32Array(WORDS);
    const places = new Set<number>();
    for (let i = 0; i < 4096; i++) {
      words.set([0x0a000000 + (i >> 6), 0x0a010000, (80 << 16) | (40000 + (i & 63)), 6]);
      places.add(hashKey(words, 0) & 4095);
    }
    // Random places would leave 1/e of them empty.
    expect(places.size).toBeGreaterThan(4096 * 0.6);
  });
});

describe('expiry', () => {
  it('gives every slot at its time and none before, as a map of times does', () => {
    const step = fc.tuple(
      fc.integer({ min: 0, max: 99 }),
      fc.constantFrom('set', 'clear', 'wait'),
      fc.integer({ min: 0, max: 50 }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), steps => {
        const expiry = new Expiry(100);
        const model = new Map<number, number>();
        let now = 0;
        for (const [slot, what, time] of steps) {
          if (what === 'set') {
            expiry.set(slot, now + time + 1);
            model.set(slot, now + time + 1);
          } else if (what === 'clear') {
            expiry.clear(slot);
            model.delete(slot);
          } else {
            now += time;
            const due: number[] = [];
            for (let slot = expiry.due(now); slot >= 0; slot = expiry.due(now)) {
              due.push(slot);
              expiry.clear(slot);
            }
            const expected = [...model].filter(([, at]) => at <= now).map(([slot]) => slot);
            expect(due.sort((a, b) => a - b)).toEqual(expected.sort((a, b) => a - b));
            for (const slot of due) model.delete(slot);
          }
          const least = Math.min(NEVER, ...model.values());
          expect(expiry.earliest).toBeLessThanOrEqual(least);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('moves with a clock that begins anew', () => {
    const expiry = new Expiry(5000);
    expiry.set(4321, 1_000_500);
    expiry.set(17, 1_000_400);
    expiry.rebase(1_000_000);
    expect([expiry.due(399), expiry.due(400)]).toEqual([-1, 17]);
    expiry.clear(17);
    expect([expiry.due(499), expiry.due(500)]).toEqual([-1, 4321]);
  });
});

describe('the eviction queues', () => {
  it('keep order, unreplied first', () => {
    const queues = new Queues(8);
    const slots = Array.from({ length: 6 }, () => queues.take());
    queues.append(QUEUE_SETTLED, slots[0]!);
    for (const slot of slots.slice(1)) queues.append(QUEUE_UNREPLIED, slot);
    queues.unlink(QUEUE_UNREPLIED, slots[1]!);
    queues.unlink(QUEUE_UNREPLIED, slots[3]!);
    const order: number[] = [];
    for (let slot = queues.victim(); slot >= 0; slot = queues.victim()) {
      queues.unlink(slot === slots[0] ? QUEUE_SETTLED : QUEUE_UNREPLIED, slot);
      order.push(slot);
    }
    expect(order).toEqual([2, 4, 5, 0].map(i => slots[i]));
  });
});
