/** The program in C that the goals are told in counts what policap counts, or is not measured. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
// @ts-expect-error plain JavaScript without declarations
import { isInstalled } from '../../bench/process.mjs';
// @ts-expect-error plain JavaScript without declarations
import { withCapture } from '../../bench/replays.mjs';
// @ts-expect-error plain JavaScript without declarations
import { buildYardstick, difference, firstDifference } from '../../bench/yardstick.mjs';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'policap-yardstick-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SCENARIO = { packets: 30_000, snap: 96, rules: 300, pods: 160, seed: 3, life: 30, refused: 0.4 };

interface Counted {
  readonly observed: { earlyEvictions: number };
  readonly denied: { packets: number; destination: { pods: string[] } }[];
  readonly policies: { rules: { hits: { packets: number } }[] }[];
}

function replayed(capture: string, cluster: string, room: number): Counted {
  const args = ['bin/policap', 'replay', capture, '-p', cluster, '--mode', 'dataplane', '-o', 'json'];
  const { stdout } = spawnSync(process.execPath, [...args, '--max-connections', String(room)], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return JSON.parse(stdout);
}

describe.skipIf(!isInstalled('cc'))('the yardstick', () => {
  it.each([
    { connections: 400, room: 1 << 20, ip: 4 },
    { connections: 400, room: 1 << 20, ip: 6 },
    { connections: 3000, room: 500, ip: 4 },
  ])(
    'says what policap says of $connections connections of IPv$ip in a table of $room, and is caught where not',
    ({ room, ...sizes }) => {
      const { command, prepare } = buildYardstick(folder);
      withCapture({ ...SCENARIO, ...sizes }, folder, ({ capture, cluster }: { capture: string; cluster: string }) => {
        const tables = join(folder, 'tables');
        prepare(cluster, tables);
        const args = [capture, tables, String(room)];
        const summary = replayed(capture, cluster, room);
        expect(summary.denied.length).toBeGreaterThan(10);
        expect(summary.observed.earlyEvictions > 0).toBe(room < sizes.connections);
        expect(difference(command, args, summary)).toBeNull();

        summary.denied.at(-1)!.packets++;
        expect(difference(command, args, summary)).toMatch(/^summary\.denied\[\d+\]\.packets: \d+, where policap says/);
        summary.denied.at(-1)!.packets--;
        const used = summary.policies.flatMap(({ rules }) => rules).find(({ hits }) => hits.packets > 0)!;
        used.hits.packets--;
        expect(difference(command, args, summary)).toMatch(/rules\[\d+\]\.hits\.packets: \d+, where policap says/);
      });
    },
  );
});

describe('a difference', () => {
  it.each([
    [{ a: 1 }, { a: 1, b: 2 }, null],
    [{ a: [1, { b: null }] }, { a: [1, { b: null }] }, null],
    [{ a: 1 }, {}, 'it.a: 1, where policap says undefined'],
    [{ a: [1] }, { a: [1, 2] }, 'it.a: 1 of them, where policap has 2'],
    [{ a: { b: 1 } }, { a: null }, 'it.a: policap says null'],
  ])('of %j from %j is found', (theirs, ours, expected) => {
    expect(firstDifference(theirs, ours, 'it')).toBe(expected);
  });
});
