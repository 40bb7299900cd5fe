/**
 * Whoever counts, in whatever turns: every packet of every batch is counted once, in order.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BufferMemory, MeasuredMemory, OWN_MEMORY } from '../../src/memory/memory.js';
import { countNext } from '../../src/threads/counting.js';
import { isFree } from '../../src/threads/reading.js';
import { COUNTED, COUNTING, OTHER, RELEASED, Ring, SUBMITTED, TAKEN } from '../../src/threads/ring.js';
import { SharedCounting } from '../../src/threads/shared-counting.js';
import { seed } from '../support/seed.js';

const SIZE = 4;
const PACKETS = 10;

/** 'count' by another thread, up to a packet that it cannot count or to the end; 'help' by the judge's. */
const step = fc.oneof(
  fc.constant({ who: 'judge', does: 'submit' } as const),
  fc.constant({ who: 'judge', does: 'help' } as const),
  fc.constant({ who: 'judge', does: 'begin' } as const),
  fc.constant({ who: 'judge', does: 'settle' } as const),
  fc.constant({ who: 'judge', does: 'count a copy' } as const),
  fc.record({ who: fc.constant('reader' as const), to: fc.integer({ min: 0, max: PACKETS }) }),
);

describe('shared counting', () => {
  it('counts every packet once and in order, in all turns', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: -3, max: 3 }), (steps, start) => {
        const ring = new Ring(OWN_MEMORY, SIZE, 1);
        // Counts of batches may run over.
        const base = start === 0 ? 0 : 0x7fffffff + start;
        for (const word of [SUBMITTED, COUNTED, RELEASED, TAKEN]) ring.set(word, base);
        let prepared = 0;
        const counting = new SharedCounting(ring, () => prepared++);
        const counted: number[] = [];
        let submitted = 0;
        const count = (from: number, to: number, first: number): void => {
          for (let i = from; i < to; i++) counted.push(first + i);
        };
        const expectUpTo = (packets: number) => expect(counted).toEqual(Array.from({ length: packets }, (_, i) => i));
        for (const it of steps) {
          if (it.who === 'reader') {
            countNext(ring, entry => {
              const first = firsts[ring.entries.indexOf(entry)]!;
              count(0, it.to, first);
              return it.to;
            });
          } else if (it.does === 'submit') {
            const batch = (base + submitted / PACKETS) | 0;
            if (!isFree(ring, batch)) continue;
            const first = submitted;
            const entry = ring.entry(batch);
            entry.frames.count = PACKETS;
            ring.fill(batch, { bytesRead: 0, stepsBack: 0, hasMessage: false, isEnd: false }, 1);
            firsts[batch & (SIZE - 1)] = first;
            counting.taken(batch);
            expect(counting.later(entry.verdicts, from => count(from, PACKETS, first))).toBe(true);
            submitted += PACKETS;
            ring.set(RELEASED, batch + 1);
          } else if (it.does === 'count a copy') {
            expect(counting.later({ ...ring.entries[0]!.verdicts }, () => expect.unreachable())).toBe(false);
            expectUpTo(submitted);
          } else if (it.does === 'settle') {
            counting.settle();
            expectUpTo(submitted);
          } else counting.help(it.does === 'begin');
          expectUpTo(counted.length);
        }
        counting.settle();
        expectUpTo(submitted);
        expect(prepared).toBe(submitted > 0 ? 1 : 0);
      }),
      { seed, numRuns: 300 },
    );
  });

  it('gives the other thread up where it ended while it counted', () => {
    const measured = new MeasuredMemory();
    new Ring(measured, SIZE, 1);
    const ring = new Ring(new BufferMemory(new SharedArrayBuffer(measured.bytes), 0), SIZE, 1);
    const counting = new SharedCounting(ring, () => {}, 2);
    counting.taken(0);
    expect(counting.later(ring.entry(0).verdicts, () => expect.unreachable())).toBe(true);
    ring.set(COUNTING, OTHER);
    expect(() => counting.settle()).toThrow('stopped while it counted');
  });
});

const firsts: number[] = [];
