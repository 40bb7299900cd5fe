/**
 * policap replay -o FORMAT: what each format takes of --records, --only, --where and --fields, and who writes it.
 */
import type { Compiled } from '../compile.js';
import { matrixPicture } from '../matrix/picture.js';
import type { Column } from '../report/columns.js';
import { chooseColumns } from '../report/columns.js';
import { CONNECTION_COLUMNS, CONNECTION_KEYS, type ConnectionRow } from '../report/connection-columns.js';
import { createConnectionRecords } from '../report/connections.js';
import { createCsv } from '../report/csv.js';
import { createFiltered } from '../report/filtered.js';
import { createJsonReport } from '../report/json.js';
import { createJsonRows } from '../report/json-rows.js';
import { createJsonlReport } from '../report/jsonl.js';
import { PACKET_COLUMNS } from '../report/packet-columns.js';
import type { PacketRow } from '../report/packet-row.js';
import { createPcapReport } from '../report/pcap.js';
import { createPcapngReport } from '../report/pcapng.js';
import { createPacketRecords, type RowWriter } from '../report/records.js';
import type { Output, Report } from '../report/report.js';
import { createSummary, type SummaryCollector } from '../report/summary.js';
import { createVerdictsReport } from '../report/verdicts.js';
import type { Expression } from '../where/expression.js';
import { WhereError } from '../where/field.js';
import { parseWhere } from '../where/parse.js';
import { UsageError } from './errors.js';
import type { ReplayCommandOptions } from './replay-command.js';
import type { Terminal } from './terminal.js';

type Format = ReplayCommandOptions['output'];

/** What a format can do beside writing packets. */
interface Abilities {
  /** --only and --where. */
  readonly filters: boolean;
  readonly fields: boolean;
  readonly connections: boolean;
  /** Bytes that garble a terminal: an example of what to write. */
  readonly file?: string;
}

const NONE: Abilities = { filters: false, fields: false, connections: false };
const RECORDS: Abilities = { filters: true, fields: true, connections: true };
const ABILITIES: Readonly<Record<Format, Abilities>> = {
  text: NONE,
  json: NONE,
  jsonl: RECORDS,
  csv: RECORDS,
  parquet: { ...RECORDS, file: 'packets.parquet' },
  hubble: { ...RECORDS, fields: false },
  pcapng: { ...NONE, filters: true, file: 'marked.pcapng' },
  pcap: { ...NONE, filters: true, file: 'dropped.pcap' },
  verdicts: { ...NONE, file: 'verdicts.bin' },
  html: { ...NONE, file: 'report.html' },
  part: NONE,
};

const formatsThat = (ability: 'filters' | 'fields' | 'connections'): string =>
  Object.entries(ABILITIES)
    .filter(([, abilities]) => abilities[ability])
    .map(([format]) => `-o ${format}`)
    .join(', ');

/** @throws UsageError, before anything is read */
export function checkFormat(options: ReplayCommandOptions, terminal: Terminal): void {
  const { output, only, where, fields, records, write, shard } = options;
  if (shard !== undefined && output !== 'part') {
    throw new UsageError('--shard is for results that are joined later: it needs -o part', 'policap merge joins them');
  }
  const { filters, file, fields: takesFields, connections } = ABILITIES[output];
  const filter = only !== undefined ? `--only ${only}` : where !== undefined ? '--where' : null;
  if (filter !== null && output === 'verdicts') {
    throw new UsageError(
      `${filter} leaves packets out, and the place of a byte of -o verdicts is its packet's number`,
      'take all of them, or -o jsonl or -o pcapng',
    );
  }
  if (filter !== null && !filters) {
    throw new UsageError(`${filter} is for records: it needs one of ${formatsThat('filters')}`);
  }
  if (fields !== undefined && !takesFields) {
    throw new UsageError(`--fields chooses columns: it needs one of ${formatsThat('fields')}`);
  }
  if (records === 'connections' && !connections) {
    throw new UsageError(`--records connections needs one of ${formatsThat('connections')}`);
  }
  if (output === 'parquet' && write === undefined) {
    throw new UsageError('-o parquet is for a file: its readers begin at the end', `write it to one: -w ${file}`);
  }
  if (file !== undefined && write === undefined && terminal.outIsTerminal) {
    const what = output === 'verdicts' ? 'bytes' : output === 'html' ? 'a page' : 'a capture';
    const them = output === 'verdicts' ? 'them' : 'it';
    throw new UsageError(`${what} would garble the terminal`, `write ${them} to a file: -o ${output} -w ${file}`);
  }
  if (records === 'connections') chosen(CONNECTION_COLUMNS, options);
  else chosen(PACKET_COLUMNS, options);
}

/** Whether what must be said before anything else may have no place: a format has none, or its first line may never come. */
export const hasNoNotice = ({ output, only, where, records }: ReplayCommandOptions): boolean =>
  output === 'jsonl'
    ? only !== undefined || where !== undefined || records === 'connections'
    : ['csv', 'hubble', 'pcap'].includes(output);

/** @param options that checkFormat() has let pass @param newSummary who sums up, where the format does */
export async function createReport(
  output: Output,
  options: ReplayCommandOptions,
  compiled: Compiled,
  newSummary: () => SummaryCollector = createSummary,
): Promise<Report> {
  const { output: format, only, records } = options;
  if (records === 'connections') {
    const { columns, where } = chosen(CONNECTION_COLUMNS, options);
    return createConnectionRecords(await connectionWriter(output, columns, options), where);
  }
  const { columns, where } = chosen(PACKET_COLUMNS, options);
  const expression = options.where === undefined ? null : parsed(options.where, PACKET_COLUMNS);
  const filtered = (report: Report): Report => (expression === null ? report : createFiltered(report, expression));
  switch (format) {
    case 'json':
      return createJsonReport(output, newSummary());
    case 'verdicts':
      return createVerdictsReport(output);
    case 'html': {
      const { createHtmlReport } = await import('../report/html.js');
      return createHtmlReport(output, { matrix: () => matrixPicture(compiled) });
    }
    case 'pcapng':
      return filtered(createPcapngReport(output, { only }));
    case 'pcap':
      return filtered(createPcapReport(output, { only }));
    case 'jsonl':
      if (options.fields === undefined) return filtered(createJsonlReport(output, { only }));
      return createPacketRecords(createJsonRows(output, 'policap.packet-fields/1', columns), where);
    default:
      return createPacketRecords(await packetWriter(output, columns, options), where);
  }
}

async function packetWriter(
  output: Output,
  columns: readonly Column<PacketRow>[],
  { output: format }: ReplayCommandOptions,
): Promise<RowWriter<PacketRow>> {
  if (format === 'csv') return createCsv(output, columns);
  if (format === 'hubble') return (await import('../report/hubble.js')).createPacketFlows(output);
  return (await import('../report/parquet.js')).createParquet(output, 'policap.packet/1', columns);
}

async function connectionWriter(
  output: Output,
  columns: readonly Column<ConnectionRow>[],
  { output: format, fields }: ReplayCommandOptions,
): Promise<RowWriter<ConnectionRow>> {
  if (format === 'csv') return createCsv(output, columns);
  if (format === 'hubble') return (await import('../report/hubble.js')).createConnectionFlows(output);
  if (format === 'parquet') {
    return (await import('../report/parquet.js')).createParquet(output, 'policap.connection/1', columns);
  }
  return fields === undefined
    ? createJsonRows(output, 'policap.connection/1', CONNECTION_KEYS)
    : createJsonRows(output, 'policap.connection-fields/1', columns);
}

/** The columns that --fields names, and --only and --where as one expression. @throws UsageError */
function chosen<Row>(
  columns: readonly Column<Row>[],
  { fields, only, where }: ReplayCommandOptions,
): { readonly columns: readonly Column<Row>[]; readonly where: Expression | null } {
  const found = fields === undefined ? columns : chooseColumns(columns, fields);
  if ('problem' in found) throw new UsageError(`--fields: ${found.problem}`, found.hint);
  const parts = [
    ...(only === undefined ? [] : [parsed(`verdict == ${only}`, columns)]),
    ...(where === undefined ? [] : [parsed(where, columns)]),
  ];
  return { columns: found, where: parts.length < 2 ? (parts[0] ?? null) : { kind: 'and', parts } };
}

function parsed<Row>(where: string, columns: readonly Column<Row>[]): Expression {
  try {
    return parseWhere(where, columns);
  } catch (error) {
    if (!(error instanceof WhereError)) throw error;
    const { position, problem, hint } = error;
    const mark = `\n    ${where.replaceAll(/\s/g, ' ')}\n    ${' '.repeat(position)}^`;
    throw new UsageError(`--where: at character ${position + 1}: ${problem}${mark}`, hint);
  }
}
