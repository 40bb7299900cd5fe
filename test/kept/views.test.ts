/**
 * Views of what is kept say what the command line says of the same capture: packets and connections as csv, chosen by `--where`,
 * what differs between two sets of policies, totals and traffic over time.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Compiled, compile } from '../../src/compile.js';
import { diffReplays } from '../../src/diff/replay.js';
import { changedConnections, compare } from '../../src/kept/compare.js';
import { connectionsOf } from '../../src/kept/connections.js';
import { decisionOf } from '../../src/kept/decided.js';
import { judgeAgain } from '../../src/kept/judge.js';
import type { Judgement } from '../../src/kept/judgement.js';
import type { Open } from '../../src/kept/keep.js';
import type { Order } from '../../src/kept/order.js';
import { summaryOf, timelineOf, totalsOf } from '../../src/kept/overview.js';
import { packetsOf } from '../../src/kept/packet-table.js';
import { select } from '../../src/kept/select.js';
import { type CellText, cellsOf, type Table } from '../../src/kept/table.js';
import { workloadMap } from '../../src/kept/workloads.js';
import { addressWords } from '../../src/packet/text.js';
import { replay } from '../../src/replay.js';
import type { Column } from '../../src/report/columns.js';
import { CONNECTION_COLUMNS } from '../../src/report/connection-columns.js';
import { createConnectionRecords } from '../../src/report/connections.js';
import { createCsv } from '../../src/report/csv.js';
import { csvCell } from '../../src/report/csv-cell.js';
import { PACKET_COLUMNS } from '../../src/report/packet-columns.js';
import { createPacketRecords } from '../../src/report/records.js';
import { Timeline } from '../../src/report/timeline.js';
import { parseWhere } from '../../src/where/parse.js';
import { documentsOf } from '../suggest/run.js';
import { createWorld } from '../suggest/world.js';
import { ethernet, icmpError, ipv4, sourceOf, tcp, udp } from '../support/frames.js';
import { compileText } from '../support/replay.js';
import { seed } from '../support/seed.js';
import { CLUSTER, DB_FROM_WEB } from '../verdict/cluster.js';
import { keepAll, OPTIONS, saidByReplay } from './judged.js';
import { withRules } from './rulesets.js';
import { scramble } from './traffic.js';

const anySeed = fc.integer({ min: 1, max: 2 ** 30 });

interface Kept {
  readonly open: Open;
  readonly compiled: readonly [Compiled, Compiled];
  readonly before: Judgement;
  readonly after: Judgement;
}

async function keepWorld(world: number, rules: readonly [number, number]): Promise<Kept> {
  const { objects, frames } = createWorld(world);
  const bare = compile(documentsOf(objects)).compiled!;
  const { open } = scramble(world, frames, [...bare.inventory.byAddress.keys(), '203.0.113.7', '2001:db8::7']);
  const compiled = [withRules(bare, rules[0]), withRules(bare, rules[1])] as const;
  const { kept, judgement } = await keepAll(open, compiled[0]);
  return { open, compiled, before: judgement, after: judgeAgain(kept, compiled[1]) };
}

const anyKept = fc.tuple(anySeed, anySeed, anySeed).map(
  ([world, ...rules]) =>
    () =>
      keepWorld(world, rules),
);

/** Both tables, with what the command line writes of them. */
async function csvOf(
  { open, compiled }: Kept,
  records: 'packets' | 'connections',
  where: string | null,
): Promise<string> {
  let text = '';
  const output = {
    write(chunk: string | Uint8Array) {
      text += typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk);
    },
  };
  const expression = <Row>(columns: readonly Column<Row>[]) => (where === null ? null : parseWhere(where, columns));
  const report =
    records === 'packets'
      ? createPacketRecords(createCsv(output, PACKET_COLUMNS), expression(PACKET_COLUMNS))
      : createConnectionRecords(createCsv(output, CONNECTION_COLUMNS), expression(CONNECTION_COLUMNS));
  await replay(await open(), compiled[1], OPTIONS, [report]);
  return text;
}

const csvText = (cell: CellText): string => (cell === null ? '' : cell === '' ? '""' : csvCell(cell));

function csvOfTable<Row>(table: Table<Row>, rows: Iterable<number>): string {
  const names = table.columns.map(({ name }) => name);
  return [names, ...cellsOf(table, names, rows)].map(cells => `${cells.map(csvText).join()}\r\n`).join('');
}

const quoted = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`;

/** A test that some row passes as a rule, of a random column. */
function leafOf<Row>(table: Table<Row>, pick: number, row: number): string {
  const column = table.columns[pick % table.columns.length]!;
  const { name, type } = column;
  const cell = table.count === 0 ? null : cellsOf(table, [name], [row % table.count])[0]![0]!;
  if (cell === null) return `${name} == null`;
  if (type === 'boolean') return cell === 'true' ? name : `!${name}`;
  if (type === 'number') return `${name} ${['==', '<', '>=', '!='][row % 4]} ${cell}`;
  if (type === 'time') return `${name} ${['<=', '>'][row % 2]} ${cell}`;
  if (type === 'address')
    return row % 2 === 0 ? `${name} == ${cell}` : `${name} in ${cell}/${cell.includes(':') ? 64 : 24}`;
  return `${name} ${row % 3 === 0 ? '!=' : '=='} ${quoted(cell.split(';')[0]!)}`;
}

const anyLeaf = fc.tuple(fc.nat(10_000), fc.nat(10_000));
const anyWhere = fc.tuple(anyLeaf, anyLeaf, fc.constantFrom('one', 'and', 'or', 'not'));

/** The value of a cell as it is compared. */
function comparable({ type }: Column<never>, cell: CellText): number | string | null {
  if (cell === null) return null;
  if (type === 'number') return Number(cell);
  if (type !== 'address') return cell.replaceAll(';', ',');
  const { family, words } = addressWords(cell)!;
  return [family, ...words].map(word => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

describe('what is kept', () => {
  it(`is chosen by an expression as on the command line (seed ${seed})`, async () => {
    let chosen = 0;
    await fc.assert(
      fc.asyncProperty(anyKept, anyWhere, async (make, [[a, i], [b, j], form]) => {
        const kept = await make();
        const tables = { packets: packetsOf(kept.after), connections: connectionsOf(kept.after) };
        for (const records of ['packets', 'connections'] as const) {
          const table = tables[records] as Table<{ code: number }>;
          const [one, other] = [leafOf(table, a, i), leafOf(table, b, j)];
          const where = form === 'one' ? one : form === 'not' ? `!(${one})` : `${one} ${form} (${other})`;
          const order: Order = { by: table.columns[0]!.name };
          for (const it of [where, null]) {
            const rows = select(table, { where: it, order });
            expect([where, csvOfTable(table, rows)]).toEqual([where, await csvOf(kept, records, it)]);
            if (it !== null && rows.length < table.count) chosen += rows.length;
          }
        }
      }),
      { seed, numRuns: 30 },
    );
    expect(chosen).toBeGreaterThan(0);
  }, 120_000);

  it('is ordered by any column, and refused rows first', async () => {
    await fc.assert(
      fc.asyncProperty(anyKept, fc.nat(10_000), fc.boolean(), async (make, pick, descending) => {
        const { after } = await make();
        for (const table of [packetsOf(after), connectionsOf(after)] as Table<{ code: number }>[]) {
          const column = table.columns[pick % table.columns.length]!;
          const all = Array.from({ length: table.count }, (_, i) => i);
          const values = cellsOf(table, [column.name], all).map(([cell]) => comparable(column as Column<never>, cell!));
          const sign = descending ? -1 : 1;
          const expected = [...all].sort((a, b) => {
            const [x, y] = [values[a]!, values[b]!];
            if (x === null || y === null) return (x === null ? 1 : 0) - (y === null ? 1 : 0) || a - b;
            return x === y ? a - b : (x < y ? -1 : 1) * sign;
          });
          expect([...select(table, { where: null, order: { by: column.name, descending } })]).toEqual(expected);
          const ranks = cellsOf(table, ['verdict'], all).map(([word]) =>
            ['dropped', 'undecided', 'allowed'].indexOf(word!),
          );
          expect([...select(table, { where: null })]).toEqual([...all].sort((a, b) => ranks[a]! - ranks[b]! || a - b));
        }
      }),
      { seed, numRuns: 20 },
    );
  }, 120_000);

  it('differs between two judgements as diff says of two replays', async () => {
    let changes = 0;
    await fc.assert(
      fc.asyncProperty(anyKept, async make => {
        const { open, compiled, before, after } = await make();
        const { diff } = await diffReplays(await open(), ...compiled, OPTIONS);
        expect(compare(before, after)).toEqual(diff);
        const changed = changedConnections(connectionsOf(before), connectionsOf(after));
        const { newlyDropped, newlyAllowed, undecided } = diff.connections;
        expect(changed.length).toBe(newlyDropped + newlyAllowed + undecided);
        changes += changed.length;
      }),
      { seed, numRuns: 20 },
    );
    expect(changes).toBeGreaterThan(0);
  }, 120_000);

  it('adds up as a replay does', async () => {
    await fc.assert(
      fc.asyncProperty(anyKept, async make => {
        const { open, compiled, after } = await make();
        const { records, summary } = await saidByReplay(open, compiled[1], OPTIONS);
        const totals = totalsOf(after);
        const { total: packets, ...packetCounts } = summary.packets;
        const { total: connections, ...connectionCounts } = summary.connections;
        expect(totals).toEqual({
          packets: packetCounts,
          connections: connectionCounts,
          packetReasons: summary.reasons,
          connectionReasons: summary.connectionReasons,
        });
        expect(JSON.parse(JSON.stringify({ ...summaryOf(after), timing: null }))).toEqual(summary);

        const timeline = new Timeline();
        const report = {
          begin() {},
          end() {},
          batch: (...[frames, , verdicts]: BatchArguments) => timeline.add(frames, verdicts),
        };
        await replay(await open(), compiled[1], OPTIONS, [report]);
        expect(timelineOf(after)).toEqual(timeline);

        const table = connectionsOf(after);
        const all = Array.from({ length: table.count }, (_, i) => i);
        const cells = cellsOf(
          table,
          ['src_workload', 'dst_workload', 'verdict', 'droppedPackets', 'sentPackets', 'receivedPackets'],
          all,
        );
        const { ends, edges } = workloadMap(table);
        expect(edges.reduce((sum, it) => sum + sumOf(it.connections), 0)).toBe(connections);
        for (const { from, to, connections: its, packets: counts } of edges) {
          const own = cells.filter(([src, dst]) => src === ends[from]!.workload && dst === ends[to]!.workload);
          expect(sumOf(its)).toBe(own.length);
          expect(its.dropped).toBe(own.filter(([, , verdict]) => verdict === 'dropped').length);
          expect(counts.dropped).toBe(own.reduce((sum, [, , , dropped]) => sum + Number(dropped), 0));
          expect(sumOf(counts)).toBe(
            own.reduce((sum, [, , , , sent, received]) => sum + Number(sent) + Number(received), 0),
          );
        }

        const rows = packetsOf(after);
        expect(rows.count).toBe(packets);
        for (const { packet, verdict, reason, egress, ingress } of records) {
          const { forward: _, ...decided } = decisionOf(rows, packet - 1);
          expect(decided).toEqual({ verdict, reason, egress, ingress });
        }
      }),
      { seed, numRuns: 20 },
    );
  }, 120_000);

  it('tells who decided, of packets alike that belong to different connections', async () => {
    const compiled = compileText(CLUSTER, DB_FROM_WEB);
    const [web, db] = ['10.0.1.2', '10.0.2.3'];
    const sent = (src: string, dst: string, sport: number, dport: number) => ipv4({ src, dst }, udp({ sport, dport }));
    const refused = (dport: number) => ipv4({ src: web, dst: db }, tcp({ sport: 40_000, dport, flags: 'S' }));
    const error = (about: Uint8Array) => ipv4({ src: db, dst: web }, icmpError(about, { code: 3 }));
    const [outside, api] = ['10.0.1.11', '203.0.113.9'];
    const packets = [
      ...[refused(5432), error(refused(5432)), refused(80), error(refused(80))],
      ...[sent(outside, web, 5000, 6000), sent(web, outside, 6000, 5000), sent(web, api, 7000, 7000)],
      // Long after, the other end begins.
      sent(web, outside, 6000, 5000),
    ];
    const times = packets.map((_, i) => 1_700_000_000_000_000_000n + BigInt(i === 7 ? 1_000_000_000_000 : i * 1000));
    const open = () =>
      sourceOf(
        packets.map(packet => ethernet(packet)),
        { times },
      );
    const { judgement } = await keepAll(open, compiled);
    const { records } = await saidByReplay(open, compiled, OPTIONS);
    const rows = packetsOf(judgement);
    const decided = records.map(({ packet }) => decisionOf(rows, packet - 1));
    expect(decided).toEqual(
      records.map(({ verdict, reason, egress, ingress }) => ({ verdict, reason, egress, ingress, forward: null })),
    );
    expect(decided[1]!.ingress!.reason).toBe('rule');
    expect(decided[3]!.ingress!.reason).toBe('default-deny');
    expect([decided[5]!.egress!.subject, decided[7]!.egress!.subject]).toEqual(['shop/api-1', 'shop/web']);
  });

  it('takes the fields and expressions of the command line, and says of others what it says', async () => {
    const { after } = await keepWorld(1, [2, 3]);
    const table = packetsOf(after);
    expect(() => select(table, { where: 'dprot == 80' })).toThrow("there is no field 'dprot'");
    expect(() => select(table, { where: null, order: { by: 'dprot' } })).toThrow(
      "there is no field 'dprot'; did you mean dport?",
    );
    expect(() => cellsOf(table, ['src', 'src'], [])).toThrow('field src is named twice');
  });
});

type BatchArguments = Parameters<Parameters<typeof replay>[3][number]['batch']>;

const sumOf = ({ allowed, dropped, undecided }: { allowed: number; dropped: number; undecided: number }): number =>
  allowed + dropped + undecided;
