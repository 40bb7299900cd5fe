/**
 * Every format of records against jsonl, which is told apart by tests of its own: csv, parquet (as hyparquet and DuckDB read
 * it), chosen fields, expressions, pcap, and connections against the summary.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { asyncBufferFromFile, parquetMetadata, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCaptures } from '../../src/node/captures.js';
import { CONNECTION_COLUMNS } from '../../src/report/connection-columns.js';
import { PACKET_COLUMNS } from '../../src/report/packet-columns.js';
import { createParquet } from '../../src/report/parquet.js';
import { createPacketRecords } from '../../src/report/records.js';
import { bindNamed, compileWhere } from '../../src/where/compile.js';
import type { Value } from '../../src/where/field.js';
import { parseWhere } from '../../src/where/parse.js';
import { policap, policapBytes } from '../cli/person.js';
import { compiledShop, replayCapture } from '../support/shop.js';

type Row = Record<string, unknown>;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'policap-records-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const input = (name: string): string[] => ['-p', `pcaps/${name}/policies`, '-c', `pcaps/${name}/cluster.yaml`];
const CAPTURES: readonly (readonly [folder: string, file: string])[] = [
  ['shop', 'capture.pcapng'],
  ['services', 'pod.pcap'],
  ['midstream', 'capture.pcapng'],
  ['oneway', 'in.pcap'],
  ['vxlan', 'underlay.pcap.gz'],
  ['ipv6', 'capture.pcap'],
];
const SHOP = ['shop', 'capture.pcapng'] as const;
const replayOf = ([name, file]: readonly [string, string]): string[] => [
  'replay',
  `pcaps/${name}/${file}`,
  ...input(name),
];

const linesOf = (out: string): Row[] =>
  out
    .trimEnd()
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Row);

async function rowsOf(args: readonly string[]): Promise<Row[]> {
  const { out, err, code } = await policap(args);
  expect(err).toBe('');
  expect(code).toBe(0);
  return linesOf(out);
}

/** A line of jsonl as the columns say it. */
function flattened(line: Row): Row {
  const at = (path: string): unknown => {
    if (path === 'length' || path === 'schema') return undefined;
    if (path in line) return line[path];
    const from = path.indexOf('_');
    const outer = from < 0 ? undefined : (line[path.slice(0, from)] as Row | null | undefined);
    return outer?.[path.slice(from + 1)];
  };
  const rows = PACKET_COLUMNS.map(({ name, type }) => [
    name,
    at(name) ?? (type === 'boolean' && !name.includes('_') ? false : null),
  ]);
  return Object.fromEntries(rows) as Row;
}

/** RFC 4180, character by character. */
function csvOf(text: string): (string | null)[][] {
  const lines: (string | null)[][] = [[]];
  let cell = '';
  let isQuoted = false;
  let wasQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (isQuoted) {
      if (character !== '"') cell += character;
      else if (text[i + 1] === '"') cell += text[++i]!;
      else isQuoted = false;
    } else if (character === '"') {
      isQuoted = true;
      wasQuoted = true;
    } else if (character === ',' || character === '\r') {
      lines.at(-1)!.push(cell === '' && !wasQuoted ? null : cell);
      cell = '';
      wasQuoted = false;
      if (character === '\r') {
        expect(text[++i]).toBe('\n');
        lines.push([]);
      }
    } else cell += character;
  }
  expect(lines.pop()).toEqual([]);
  return lines;
}

const asText = (value: unknown): string | null =>
  value === null ? null : Array.isArray(value) ? value.join(';') : String(value);

async function parquetOf(file: string): Promise<Row[]> {
  const rows = await parquetReadObjects({
    file: await asyncBufferFromFile(file),
    parsers: { timestampFromNanoseconds: (it: bigint) => it } as never,
  });
  return rows.map(row =>
    Object.fromEntries(Object.entries(row).map(([key, value]) => [key, value === undefined ? null : value])),
  );
}

const timeText = (nanoseconds: bigint): string => {
  const seconds = nanoseconds / 1_000_000_000n;
  return new Date(Number(seconds) * 1000)
    .toISOString()
    .replace('000Z', `${String(nanoseconds % 1_000_000_000n).padStart(9, '0')}Z`);
};

/** As a line of JSON says it. */
const fromParquet = (row: Row, lists: ReadonlySet<string>): Row =>
  Object.fromEntries(
    Object.entries(row).map(([key, value]) => {
      if (typeof value === 'bigint')
        return [key, ['time', 'start', 'end'].includes(key) ? timeText(value) : Number(value)];
      if (lists.has(key) && typeof value === 'string') return [key, value === '' ? [] : value.split(';')];
      return [key, value];
    }),
  );

describe.each(CAPTURES)('packets of %s/%s', (...capture) => {
  const replay = replayOf(capture);
  const lists = new Set(PACKET_COLUMNS.filter(({ type }) => type === 'texts').map(({ name }) => name));

  it('say in their columns what their lines say', async () => {
    const expected = (await rowsOf([...replay, '-o', 'jsonl'])).map(flattened);
    const names = PACKET_COLUMNS.map(({ name }) => name);
    const fields = await rowsOf([...replay, '-o', 'jsonl', '--fields', names.join()]);
    expect(Object.keys(fields[1]!)).toEqual(names);
    expect(fields[0]!['schema']).toBe('policap.packet-fields/1');
    const lengths = fields.map(({ length }) => length);
    expect(lengths.every(length => Number(length) > 0)).toBe(true);
    const whole = expected.map((row, i) => ({ ...row, length: lengths[i] }));
    expect(fields.map(({ schema: _, ...row }) => row)).toEqual(whole);

    const [head, ...cells] = csvOf((await policap([...replay, '-o', 'csv'])).out);
    expect(head).toEqual(names);
    expect(cells).toEqual(whole.map(row => names.map(name => asText((row as Row)[name]))));

    const file = join(folder, `${capture[0]}.parquet`);
    await policap([...replay, '-o', 'parquet', '-w', file]);
    expect((await parquetOf(file)).map(row => fromParquet(row, lists))).toEqual(whole);
  });

  it('are chosen by what an expression says of their fields', async () => {
    const all = await rowsOf([...replay, '-o', 'jsonl', '--fields', PACKET_COLUMNS.map(({ name }) => name).join()]);
    const addressed = all.find(({ src }) => src !== null)!;
    const expressions = [
      'verdict == dropped && protocol == tcp',
      'dport in (53, 80-8080) || icmpType == 8',
      `src == ${String(addressed['src'])} || dst in (10.244.1.0/24, fd00::/16)`,
      'ingress_policies ~ *default* && !(egress_verdict == allowed)',
      'connection == null || reason in (established, related)',
      'packet > 20 && packet <= 60 && length >= 60',
      `time <= ${String(all[Math.floor(all.length / 2)]!['time'])}`,
      'midstream || oneWay || duplicateOf != null || refusedAt != null',
      'service ~ /service/ || outer_tunnel != null && outer_dst != null',
    ];
    for (const [i, where] of expressions.entries()) {
      const test = compileWhere(parseWhere(where, PACKET_COLUMNS), bindNamed);
      const expected = all
        .filter(row => test({ ...row, time: nanosecondsOf(String(row['time'])) } as Record<string, Value>))
        .map(({ packet }) => packet);
      const fields = await rowsOf([...replay, '-o', 'jsonl', '--fields', 'packet', '--where', where]);
      expect(
        fields.map(({ packet }) => packet),
        where,
      ).toEqual(expected);
      if (i > 1) continue;
      const whole = linesOf((await policap([...replay, '-o', 'jsonl', '--where', where])).out);
      expect(
        whole.map(({ packet }) => packet),
        where,
      ).toEqual(expected);
    }
  });
});

const nanosecondsOf = (text: string): bigint =>
  BigInt(Date.parse(`${text.slice(0, 19)}Z`) / 1000) * 1_000_000_000n + BigInt(text.slice(20, 29));

describe('chosen packets', () => {
  const replay = replayOf(SHOP);

  it('are whole lines of jsonl, as they would be among all', async () => {
    const all = (await policap([...replay, '-o', 'jsonl'])).out.split('\n');
    const some = (await policap([...replay, '-o', 'jsonl', '--where', 'dport == 53'])).out.trimEnd().split('\n');
    expect(some.length).toBeGreaterThan(10);
    expect(some[0]).toMatch(/^\{"schema":"policap.packet\/1",/);
    for (const line of some.slice(1)) expect(all).toContain(line);
  });

  it('may be chosen by --only and --where at once', async () => {
    const args = [...replay, '-o', 'jsonl', '--where', 'protocol == TCP', '--only', 'dropped'];
    const both = (await policap(args)).out;
    expect(both).toBe(
      (await policap([...replay, '-o', 'jsonl', '--where', 'protocol == TCP && verdict == dropped'])).out,
    );
    const fields = await rowsOf([...args, '--fields', 'packet']);
    expect(fields.map(({ packet }) => packet)).toEqual(linesOf(both).map(({ packet }) => packet));
  });

  it('make a marked capture of themselves', async () => {
    const only = await policapBytes([...replay, '-o', 'pcapng', '--only', 'dropped']);
    const where = await policapBytes([...replay, '-o', 'pcapng', '--where', 'verdict == dropped']);
    expect(where.bytes.equals(only.bytes)).toBe(true);
  });
});

describe('pcap', () => {
  async function framesOf(path: string): Promise<string[]> {
    const source = (await openCaptures([path]))!;
    const frames: string[] = [];
    for (let batch = await source.next(); batch !== null; batch = await source.next()) {
      const { bytes, offset, captured, original, seconds, nanoseconds, count } = batch;
      for (let i = 0; i < count; i++) {
        const frame = Buffer.from(bytes.subarray(offset[i]!, offset[i]! + captured[i]!)).toString('hex');
        frames.push(`${seconds[i]}.${nanoseconds[i]} ${original[i]} ${frame}`);
      }
    }
    expect(source.errors).toEqual([]);
    source.close();
    return frames;
  }

  it('holds the frames of the packets that are wanted, byte for byte', async () => {
    const [name, file] = ['services', 'pod.pcap'];
    const replay = ['replay', `pcaps/${name}/${file}`, ...input(name)];
    const all = await framesOf(`pcaps/${name}/${file}`);
    const written = join(folder, 'all.pcap');
    await policap([...replay, '-o', 'pcap', '-w', written]);
    expect(await framesOf(written)).toEqual(all);
    expect(readFileSync(written).readUInt32LE(0)).toBe(0xa1b23c4d);
    const dropped = (await rowsOf([...replay, '-o', 'jsonl', '--only', 'dropped'])).map(({ packet }) => Number(packet));
    expect(dropped.length).toBeGreaterThan(0);
    for (const choice of [
      ['--only', 'dropped'],
      ['--where', 'verdict == dropped'],
    ]) {
      await policap([...replay, '-o', 'pcap', ...choice, '-w', written]);
      expect(await framesOf(written)).toEqual(dropped.map(packet => all[packet - 1]));
    }
  });

  it('is a valid one where nothing is wanted', async () => {
    const written = join(folder, 'none.pcap');
    await policap([...replayOf(SHOP), '-o', 'pcap', '--where', 'packet == 0', '-w', written]);
    expect(await framesOf(written)).toEqual([]);
  });

  it('says what to do where frames have several link types, and leaves no file', async () => {
    const written = join(folder, 'several.pcap');
    const captures = ['pcaps/shop/capture.pcapng', 'pcaps/services/pod.pcap'];
    const { code, err } = await policap(['replay', ...captures, ...input('shop'), '-o', 'pcap', '-w', written]);
    expect(code).toBe(2);
    expect(err).toMatch(
      /a pcap has one link type: the packets before have \d+, and packet \d+ \d+\n {4}write -o pcapng/,
    );
    expect(() => readFileSync(written)).toThrow();
  });
});

describe('connections', () => {
  const LISTS = new Set(CONNECTION_COLUMNS.filter(({ type }) => type === 'texts').map(({ name }) => name));

  it.each(CAPTURES)('of %s/%s are those that the summary counts', async (...capture) => {
    const replay = replayOf(capture);
    const summary = JSON.parse((await policap([...replay, '-o', 'json'])).out);
    const packets = await rowsOf([...replay, '-o', 'jsonl']);
    const connections = await rowsOf([...replay, '-o', 'jsonl', '--records', 'connections']);
    expect(connections).toHaveLength(summary.connections.total);
    for (const verdict of ['allowed', 'dropped', 'undecided']) {
      expect(connections.filter(it => it['verdict'] === verdict)).toHaveLength(summary.connections[verdict]);
    }
    for (const connection of connections) {
      const its = packets.filter(
        it => it['connection'] === connection['connection'] && it['duplicateOf'] === undefined,
      );
      const label = `connection ${String(connection['connection'])}`;
      expect(Number(connection['sentPackets']) + Number(connection['receivedPackets']), label).toBe(its.length);
      expect(connection['start'], label).toBe(its[0]!['time']);
      expect(connection['end'], label).toBe(its.at(-1)!['time']);
      expect(connection['firstPacket'], label).toBe(its[0]!['packet']);
      expect(connection['droppedPackets'], label).toBe(its.filter(({ verdict }) => verdict === 'dropped').length);
      expect(connection['midstream'], label).toBe(its.some(({ midstream }) => midstream === true));
      expect(connection['egress'], label).toEqual(its[0]!['egress']);
      expect(connection['ingress'], label).toEqual(its[0]!['ingress']);
      expect(connection['refusedAt'], label).toBe(connection['verdict'] === 'dropped' ? its[0]!['packet'] : null);
      for (const { refusedAt } of its)
        if (refusedAt !== undefined) expect(refusedAt, label).toBe(connection['refusedAt']);
      expect(connection['continued'], label).toBe(false);
    }
    const bytes = await rowsOf([...replay, '-o', 'jsonl', '--fields', 'connection,length,duplicateOf']);
    const sum = (of: Row[], ...keys: string[]): number =>
      of.reduce((total, row) => total + keys.reduce((all, key) => all + Number(row[key]), 0), 0);
    const counted = bytes.filter(it => it['connection'] !== null && it['duplicateOf'] === null);
    expect(sum(connections, 'sentBytes', 'receivedBytes')).toBe(sum(counted, 'length'));
  });

  it('have the same columns in every format', async () => {
    const replay = replayOf(SHOP);
    const names = CONNECTION_COLUMNS.map(({ name }) => name);
    const records = [...replay, '--records', 'connections'];
    const fields = (await rowsOf([...records, '-o', 'jsonl', '--fields', names.join()])).map(
      ({ schema: _, ...row }) => row,
    );
    expect(fields[0]).toMatchObject({
      connection: 1,
      dst_pod: 'web-7d4f9c6b8-q2xvn',
      dport: 8080,
      ingress_policy: 'shop/web',
    });
    const [head, ...cells] = csvOf((await policap([...records, '-o', 'csv'])).out);
    expect(head).toEqual(names);
    expect(cells).toEqual(fields.map(row => names.map(name => asText(row[name]))));
    const file = join(folder, 'connections.parquet');
    await policap([...records, '-o', 'parquet', '-w', file]);
    expect((await parquetOf(file)).map(row => fromParquet(row, LISTS))).toEqual(fields);
    const where = 'verdict == dropped && dst_namespace == shop';
    const some = await rowsOf([...records, '-o', 'jsonl', '--fields', 'connection', '--where', where]);
    expect(some.map(({ connection }) => connection)).toEqual(
      fields.filter(it => it['verdict'] === 'dropped' && it['dst_namespace'] === 'shop').map(it => it['connection']),
    );
  });
});

describe('parquet in several row groups', () => {
  it.each([64, 390, 780])('of %i rows holds what one group would', async groupRows => {
    const whole = join(folder, 'whole.parquet');
    await policap([...replayOf(SHOP), '-o', 'parquet', '-w', whole]);
    const chunks: Uint8Array[] = [];
    const output = { write: (chunk: string | Uint8Array) => chunks.push(Buffer.from(chunk as Uint8Array)) };
    const writer = createParquet(output, 'policap.packet/1', PACKET_COLUMNS, groupRows);
    await replayCapture(compiledShop(), 'pcaps/shop/capture.pcapng', createPacketRecords(writer, null));
    const file = join(folder, 'groups.parquet');
    writeFileSync(file, Buffer.concat(chunks));
    const metadata = parquetMetadata(new Uint8Array(readFileSync(file)).buffer);
    expect(metadata.row_groups.map(({ num_rows }) => Number(num_rows))).toEqual(
      Array.from({ length: Math.ceil(780 / groupRows) }, (_, i) => Math.min(groupRows, 780 - i * groupRows)),
    );
    expect(await parquetOf(file)).toEqual(await parquetOf(whole));
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const differences = `(from '${file}' except from '${whole}') union all (from '${whole}' except from '${file}')`;
    expect((await connection.runAndReadAll(differences)).getRowsJson()).toEqual([]);
    const pruned = `select count(*)::int from '${file}' where packet > 700 and time > '2026-11-21 10:13:50'`;
    expect((await connection.runAndReadAll(pruned)).getRowsJson()).toEqual([[80]]);
    connection.closeSync();
  });
});

describe('parquet of chosen packets', () => {
  it.each(['vxlan', 'shop'])('of %s holds the rows of all that pass, in groups as small as they may be', async name => {
    const [folderName, file] = CAPTURES.find(([it]) => it === name)!;
    const columns = PACKET_COLUMNS;
    const all = join(folder, 'all.parquet');
    await policap([...replayOf([folderName, file]), '-o', 'parquet', '-w', all]);
    const where = 'packet > 3 && !(dport == 53) && (protocol == tcp || verdict == dropped)';
    const expected = (await parquetOf(all)).filter(
      row =>
        Number(row['packet']) > 3 && row['dport'] !== 53 && (row['protocol'] === 'TCP' || row['verdict'] === 'dropped'),
    );
    expect(expected.length).toBeGreaterThan(10);
    const some = join(folder, 'some.parquet');
    await policap([...replayOf([folderName, file]), '-o', 'parquet', '--where', where, '-w', some]);
    expect(await parquetOf(some)).toEqual(expected);
    if (name !== 'shop') return;
    const chunks: Uint8Array[] = [];
    const output = { write: (chunk: string | Uint8Array) => chunks.push(Buffer.from(chunk as Uint8Array)) };
    const writer = createParquet(output, 'policap.packet/1', columns, 7);
    const expression = parseWhere(where, columns);
    await replayCapture(compiledShop(), 'pcaps/shop/capture.pcapng', createPacketRecords(writer, expression));
    writeFileSync(some, Buffer.concat(chunks));
    expect(await parquetOf(some)).toEqual(expected);
  });
});

describe('parquet in DuckDB', () => {
  it('is read, and answers', async () => {
    const file = join(folder, 'duck.parquet');
    await policap([...replayOf(SHOP), '-o', 'parquet', '-w', file]);
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const ask = async (query: string) => (await connection.runAndReadAll(query)).getRowsJson();
    expect(await ask(`select verdict, count(*)::int from '${file}' group by verdict order by verdict`)).toEqual([
      ['allowed', 604],
      ['dropped', 176],
    ]);
    expect(
      await ask(
        `select packet::int, time::text, src, dport, egress_policies, ingress_isolated, oneWay from '${file}' where verdict = 'dropped' and dport = 53 order by packet limit 1`,
      ),
    ).toEqual([[527, '2026-11-21 10:13:50.270487075', '10.244.1.6', 53, 'shop/api', false, false]]);
    const types = await ask(
      `select column_name, column_type from (describe select packet, time, dport, midstream, reason from '${file}')`,
    );
    expect(types).toEqual([
      ['packet', 'BIGINT'],
      ['time', 'TIMESTAMP_NS'],
      ['dport', 'INTEGER'],
      ['midstream', 'BOOLEAN'],
      ['reason', 'VARCHAR'],
    ]);
    expect(parquetMetadata(readFileSync(file).buffer as ArrayBuffer).key_value_metadata).toContainEqual({
      key: 'policap.schema',
      value: 'policap.packet/1',
    });
    connection.closeSync();
  });
});
