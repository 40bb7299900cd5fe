/**
 * Files to take away, as `policap replay -o ...` writes them: the captures are replayed once more into the format.
 *
 * In:  what is asked for, the captures, the compiled policies.  Out: a Blob, and a name for it.
 */
import type { Compiled } from '../../src/compile.js';
import { matrixPicture } from '../../src/matrix/picture.js';
import { type ReplayOptions, replay } from '../../src/replay.js';
import { CONNECTION_COLUMNS, CONNECTION_KEYS } from '../../src/report/connection-columns.js';
import { createConnectionRecords } from '../../src/report/connections.js';
import { createCsv } from '../../src/report/csv.js';
import { createFiltered } from '../../src/report/filtered.js';
import { createHtmlReport } from '../../src/report/html.js';
import { createJsonReport } from '../../src/report/json.js';
import { createJsonRows } from '../../src/report/json-rows.js';
import { createJsonlReport } from '../../src/report/jsonl.js';
import { PACKET_COLUMNS } from '../../src/report/packet-columns.js';
import { createPcapngReport } from '../../src/report/pcapng.js';
import { createPacketRecords } from '../../src/report/records.js';
import type { Output, Report } from '../../src/report/report.js';
import { createTextReport } from '../../src/report/text.js';
import type { Field } from '../../src/where/field.js';
import { expressionOf } from './expression.js';
import type { CaptureInput, Exported, ExportFormat, TableName } from './protocol.js';
import { openCaptures } from './sources.js';

const ENDINGS: Readonly<Record<ExportFormat, { readonly ending: string; readonly type: string }>> = {
  csv: { ending: 'csv', type: 'text/csv' },
  jsonl: { ending: 'jsonl', type: 'application/x-ndjson' },
  pcapng: { ending: 'pcapng', type: 'application/octet-stream' },
  summary: { ending: 'json', type: 'application/json' },
  text: { ending: 'txt', type: 'text/plain' },
  html: { ending: 'html', type: 'text/html' },
};

/** Text is joined to pieces of this many characters. */
const PIECE = 1 << 20;

/** @throws EngineFault where `where` is no expression */
export async function save(
  format: ExportFormat,
  records: TableName,
  where: string,
  captures: readonly CaptureInput[],
  compiled: Compiled,
  options: Omit<ReplayOptions, 'captures'>,
): Promise<Exported> {
  const { ending, type } = ENDINGS[format];
  const parts: BlobPart[] = [];
  let text = '';
  const output: Output = {
    write(chunk) {
      if (typeof chunk === 'string') text += chunk;
      if (typeof chunk === 'string' && text.length < PIECE) return;
      parts.push(text);
      text = '';
      if (typeof chunk !== 'string') parts.push(chunk.slice());
    },
  };
  const report = reportOf(format, records, where, output, compiled);
  const source = await openCaptures(captures);
  try {
    await replay(source, compiled, { ...options, captures: captures.map(({ name }) => name) }, [report]);
  } finally {
    source.close();
  }
  parts.push(text);
  const of = format === 'csv' || format === 'jsonl' ? `-${records}` : format === 'pcapng' ? '-verdicts' : '-policap';
  return { name: `${stemOf(captures)}${of}.${ending}`, blob: new Blob(parts, { type }) };
}

/** What files are called that are made of these captures. */
export const stemOf = (captures: readonly CaptureInput[]): string =>
  (captures[0]?.name.replace(/^.*\//, '') ?? 'capture').replace(/(\.(pcapng|pcap|cap|gz|zst))+$/, '');

function reportOf(format: ExportFormat, records: TableName, where: string, output: Output, compiled: Compiled): Report {
  const chosen = (fields: readonly Field[]) => expressionOf(where, fields);
  const isPackets = records === 'packets';
  switch (format) {
    case 'csv':
      return isPackets
        ? createPacketRecords(createCsv(output, PACKET_COLUMNS), chosen(PACKET_COLUMNS))
        : createConnectionRecords(createCsv(output, CONNECTION_COLUMNS), chosen(CONNECTION_COLUMNS));
    case 'jsonl': {
      if (!isPackets) {
        const rows = createJsonRows(output, 'policap.connection/1', CONNECTION_KEYS);
        return createConnectionRecords(rows, chosen(CONNECTION_COLUMNS));
      }
      return filtered(createJsonlReport(output), chosen(PACKET_COLUMNS));
    }
    case 'pcapng':
      return filtered(createPcapngReport(output), isPackets ? chosen(PACKET_COLUMNS) : null);
    case 'summary':
      return createJsonReport(output);
    case 'text':
      return createTextReport(output);
    case 'html':
      return createHtmlReport(output, { matrix: () => matrixPicture(compiled) });
  }
}

const filtered = (report: Report, where: ReturnType<typeof expressionOf>): Report =>
  where === null ? report : createFiltered(report, where);
