/**
 * Connections beyond those that are kept, and the table they are kept in.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConnectionRow } from '../../src/report/connection-columns.js';
import { ConnectionTable } from '../../src/report/connection-table.js';
import { createConnectionRecords } from '../../src/report/connections.js';
import { policapBytes } from '../cli/person.js';
import { seed } from '../support/seed.js';
import { compiledShop, replayCapture } from '../support/shop.js';

describe('the table', () => {
  it('finds each connection that it keeps, and no other', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 300 }),
        fc.integer({ min: 1, max: 20 }),
        (numbers, limit) => {
          const table = new ConnectionTable(limit);
          const kept = new Set<number>();
          for (const number of numbers) {
            const slot = table.find(number);
            expect(slot >= 0).toBe(kept.has(number));
            if (slot >= 0) {
              expect(table.number[slot]).toBe(number);
              table.touch(slot);
            } else if (table.used < limit) table.add(number);
            else {
              const idle = table.idle();
              expect(kept.delete(table.number[idle]!)).toBe(true);
              table.replace(idle, number);
            }
            kept.add(number);
          }
          expect([...table.ordered()].map(slot => table.number[slot])).toEqual([...kept].sort((a, b) => a - b));
          for (let number = 1; number <= 60; number++) expect(table.find(number) >= 0).toBe(kept.has(number));
        },
      ),
      { seed, numRuns: 500 },
    );
  });

  it('gives up one that was not used for longer', () => {
    const table = new ConnectionTable(3);
    for (const number of [1, 2, 3]) table.add(number);
    table.replace(table.idle(), 4);
    const left = [1, 2, 3].filter(number => table.find(number) >= 0);
    expect(left).toHaveLength(2);
    table.touch(table.find(left[0]!));
    table.touch(table.find(4));
    table.replace(table.idle(), 5);
    expect(table.find(left[1]!)).toBe(-1);
  });
});

describe('connections', () => {
  interface Written {
    readonly number: number;
    readonly packets: number;
    readonly bytes: number;
    readonly firstPacket: number;
    readonly marks: number;
    readonly code: number;
  }

  async function recordsOf(capture: string, limit: number): Promise<Written[]> {
    const written: Written[] = [];
    const writer = {
      begin: () => {},
      row({ table, slot, code }: ConnectionRow) {
        written.push({
          number: table.number[slot]!,
          packets: table.packets[2 * slot]! + table.packets[2 * slot + 1]!,
          bytes: table.bytes[2 * slot]! + table.bytes[2 * slot + 1]!,
          firstPacket: table.firstPacket[slot]!,
          marks: table.marks[slot]!,
          code,
        });
      },
      end: () => {},
    };
    await replayCapture(compiledShop(), capture, createConnectionRecords(writer, null, limit));
    return written;
  }

  it('beyond those that are kept have further records, which say so, and nothing is counted twice', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'policap-connections-'));
    const capture = join(folder, 'busy.pcap');
    const traffic = ['--packets', '3000', '--connections', '20', '--life', '60', '--pods', '40'];
    writeFileSync(capture, (await policapBytes(['generate', 'capture', ...traffic])).bytes);
    const all = await recordsOf(capture, 1000);
    expect(all.length).toBeGreaterThan(20);
    for (const limit of [1, 2, 7]) {
      const some = await recordsOf(capture, limit);
      expect(some.length).toBeGreaterThan(all.length);
      for (const whole of all) {
        const parts = some.filter(({ number }) => number === whole.number);
        expect(parts.reduce((sum, { packets }) => sum + packets, 0)).toBe(whole.packets);
        expect(parts.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(whole.bytes);
        expect(parts[0]!.firstPacket).toBe(whole.firstPacket);
        expect(parts.map(({ marks }) => marks >> 7)).toEqual(parts.map((_, i) => (i === 0 ? 0 : 1)));
        expect(new Set(parts.map(({ code }) => code))).toEqual(new Set([whole.code]));
      }
    }
    rmSync(folder, { recursive: true });
  });
});
