/**
 * parquet: a row a record, in row groups that are written as they are full.
 *
 * In:  rows.  Out: a file as https://parquet.apache.org/docs/file-format/ describes it: text in dictionaries, times in nanoseconds
 * UTC, nothing compressed beyond that. Header, page headers and footer are hyparquet-writer's; the pages' values are
 * encoded here (parquet-columns.ts), since most columns hang on few keys, and going through each row's values takes some ten
 * times as long. Memory is a row group's, and what the footer says of those that are written.
 */
import { ByteWriter } from 'hyparquet-writer/src/bytewriter.js';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import { ParquetWriter } from 'hyparquet-writer/src/parquet-writer.js';
import { noticeOf } from '../profile/profile.js';
import { type Column, isFilled, type NumberSource, type PickedRows } from './columns.js';
import { AddressColumn, SharedAddresses } from './parquet-addresses.js';
import { type EncodedColumn, type Gathered, runs } from './parquet-columns.js';
import { KeyedColumns } from './parquet-keys.js';
import { NumberColumn, WideNumberColumn } from './parquet-numbers.js';
import { TimeColumn } from './parquet-times.js';
import type { RowWriter } from './records.js';
import type { Output } from './report.js';

type SchemaElement = ParquetWriter['schema'][number];
type ColumnChunk = ParquetWriter['row_groups'][number]['columns'][number];

/** Rows of a group: two vectors of DuckDB's, which reads one group a thread. */
export const GROUP_ROWS = 1 << 18;

/** Bytes of a buffer that is handed over where it is full; longer ones are not copied to it. */
const BUFFER = 1 << 20;
const LONG = 1 << 14;

/** Hands what is written over to an output, and counts on. */
class OutputBytes extends ByteWriter {
  constructor(private readonly output: Output) {
    super(BUFFER);
  }

  override appendBytes(value: Uint8Array): void {
    if (this.index + value.length > BUFFER || value.length > LONG) this.flush();
    if (value.length <= LONG) super.appendBytes(value);
    else {
      this.output.write(value);
      this.offset += value.length;
    }
  }

  flush(): void {
    if (this.index > 0) this.output.write(this.getBytes());
    this.index = 0;
  }

  override finish(): void {
    this.flush();
  }
}

/** @param schema stands in the file's metadata */
export function createParquet<Row>(
  output: Output,
  schema: string,
  columns: readonly Column<Row>[],
  groupRows = GROUP_ROWS,
): RowWriter<Row> {
  const addresses = new SharedAddresses();
  const gathered = gather(columns, addresses, groupRows);
  const bytes = new OutputBytes(output);
  const elements = columns.map(elementOf);
  let writer: ParquetWriter;
  let used = 0;

  function writeGroup(): void {
    const start = bytes.offset;
    const chunks: ColumnChunk[] = [];
    for (const { of, places } of gathered) {
      let next = 0;
      runs.release();
      for (const encoded of of.encode(used)) {
        const place = places[next++]!;
        chunks[place] = writeColumn(bytes, elements[place]!, encoded, used);
      }
      of.clear();
    }
    addresses.nextGroup();
    const size = BigInt(bytes.offset - start);
    const rows = BigInt(used);
    writer.row_groups.push({
      columns: chunks,
      total_byte_size: size,
      num_rows: rows,
      total_compressed_size: size,
    });
    writer.num_rows += rows;
    used = 0;
  }

  function addAll(row: Row & PickedRows, count: number): void {
    for (let from = 0, to: number; from < count; from = to) {
      to = Math.min(count, from + groupRows - used);
      for (let i = 0; i < gathered.length; i++) gathered[i]!.of.addAll(row, from, to, used);
      used += to - from;
      if (used === groupRows) writeGroup();
    }
  }

  return {
    begin({ compiled }) {
      const notice = noticeOf(compiled.profile);
      writer = new ParquetWriter({
        writer: bytes,
        schema: [{ name: 'root', num_children: columns.length }, ...elements],
        codec: 'UNCOMPRESSED',
        createdBy: 'policap',
        kvMetadata: [
          { key: 'policap.schema', value: schema },
          ...(notice === null ? [] : [{ key: 'policap.notice', value: notice }]),
        ],
      });
    },
    row(row) {
      for (let i = 0; i < gathered.length; i++) gathered[i]!.of.add(row, used);
      if (++used === groupRows) writeGroup();
    },
    ...(columns.every(isFilled) && { rows: addAll }),
    end() {
      if (used > 0) writeGroup();
      void writer.finish();
    },
  };
}

/** Columns by where their values come from; `places` are theirs in the file. */
function gather<Row>(
  columns: readonly Column<Row>[],
  addresses: SharedAddresses,
  room: number,
): readonly { readonly of: Gathered<Row>; readonly places: readonly number[] }[] {
  const byKey = new Map<unknown, number[]>();
  const all: { of: Gathered<Row>; places: number[] }[] = [];
  for (const [place, column] of columns.entries()) {
    if (column.from === 'key') byKey.set(column.key, [...(byKey.get(column.key) ?? []), place]);
    else if (column.from === 'number') all.push({ of: numberColumn(column, room), places: [place] });
    else if (column.from === 'time') all.push({ of: new TimeColumn(column, room), places: [place] });
    else all.push({ of: new AddressColumn(column, addresses, room), places: [place] });
  }
  for (const places of byKey.values()) {
    const keyed = places.map(place => columns[place]!).filter(column => column.from === 'key');
    all.push({ of: new KeyedColumns(keyed, room), places });
  }
  return all;
}

const numberColumn = <Row>(source: NumberSource<Row>, room: number): Gathered<Row> =>
  source.isSmall || source.fill !== undefined ? new NumberColumn(source, room) : new WideNumberColumn(source, room);

function elementOf<Row>(column: Column<Row>): SchemaElement {
  const { name } = column;
  const optional = { name, repetition_type: 'OPTIONAL' } as const;
  if (column.from === 'number') return { ...optional, type: column.isSmall ? 'INT32' : 'INT64' };
  // DuckDB keeps the nanoseconds of times that name no zone, and not of those that do.
  if (column.from === 'time') {
    return { ...optional, type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'NANOS' } };
  }
  if (column.type === 'boolean') return { ...optional, type: 'BOOLEAN' };
  return { ...optional, type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } };
}

function writeColumn(to: ByteWriter, element: SchemaElement, encoded: EncodedColumn, rows: number): ColumnChunk {
  const { encoding, dictionary, data, levels, nulls, min, max } = encoded;
  const start = to.offset;
  if (dictionary !== null) writeDictionary(to, dictionary);
  const page = to.offset;
  writePageHeader(to, {
    type: 'DATA_PAGE_V2',
    uncompressed_page_size: levels.length + data.length,
    compressed_page_size: levels.length + data.length,
    data_page_header_v2: {
      num_values: rows,
      num_nulls: nulls,
      num_rows: rows,
      encoding,
      definition_levels_byte_length: levels.length,
      repetition_levels_byte_length: 0,
      is_compressed: false,
    },
  });
  to.appendBytes(levels);
  to.appendBytes(data);
  const size = BigInt(to.offset - start);
  return {
    file_offset: BigInt(start),
    meta_data: {
      type: element.type!,
      encodings: dictionary === null ? ['RLE', encoding] : ['PLAIN', 'RLE', encoding],
      path_in_schema: [element.name],
      codec: 'UNCOMPRESSED',
      num_values: BigInt(rows),
      total_compressed_size: size,
      total_uncompressed_size: size,
      data_page_offset: BigInt(page),
      ...(dictionary !== null && { dictionary_page_offset: BigInt(start) }),
      statistics: {
        null_count: BigInt(nulls),
        ...(min !== undefined && { min_value: min }),
        ...(max !== undefined && { max_value: max }),
      },
    },
  };
}

function writeDictionary(to: ByteWriter, values: readonly Uint8Array[]): void {
  const size = values.reduce((sum, { length }) => sum + 4 + length, 0);
  writePageHeader(to, {
    type: 'DICTIONARY_PAGE',
    uncompressed_page_size: size,
    compressed_page_size: size,
    dictionary_page_header: { num_values: values.length, encoding: 'PLAIN' },
  });
  for (const value of values) {
    to.appendUint32(value.length);
    to.appendBytes(value);
  }
}
