/**
 * The same replay by one thread and by several, for tests: everything that is written, byte for byte.
 *
 * The other threads run the built programs (dist/), so build before.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onFastPath } from '../../src/capture/loops.js';
import type { Compiled } from '../../src/compile.js';
import type { FastPath } from '../../src/memory/fast-path.js';
import { openCaptures } from '../../src/node/captures.js';
import { type ReadingOptions, ringBytes, startReading } from '../../src/node/start-reading.js';
import type { PacketSource } from '../../src/packets.js';
import { type ReplayOptions, type ReplayOutcome, replay } from '../../src/replay.js';
import { createFastPath } from '../../src/replay-memory.js';
import { createCsv } from '../../src/report/csv.js';
import { createJsonReport } from '../../src/report/json.js';
import { createJsonlReport } from '../../src/report/jsonl.js';
import { PACKET_COLUMNS } from '../../src/report/packet-columns.js';
import { createPcapngReport } from '../../src/report/pcapng.js';
import { createPacketRecords } from '../../src/report/records.js';
import type { Output, Report } from '../../src/report/report.js';
import { createTextReport } from '../../src/report/text.js';
import { newFastPath } from './fast-path.js';

const module = fileURLToPath(new URL('../../dist/fast-path/fast-path-shared.wasm', import.meta.url));
const readingProgram = new URL('../../dist/node/reading-thread.js', import.meta.url);
const parsingProgram = new URL('../../dist/node/parsing-thread.js', import.meta.url);
if (!existsSync(module)) throw new Error(`${module} is missing: npm run build`);
const shared = new WebAssembly.Module(readFileSync(module));

type Options = Partial<ReplayOptions>;
const FORMATS = {
  text: createTextReport,
  json: createJsonReport,
  jsonl: createJsonlReport,
  pcapng: createPcapngReport,
  csv: (output: Output) => createPacketRecords(createCsv(output, PACKET_COLUMNS), null),
};
export type Format = keyof typeof FORMATS;
export const ALL: readonly Format[] = ['text', 'jsonl', 'csv', 'pcapng', 'json'];

export interface Written {
  readonly outcome: Omit<ReplayOutcome, 'replayMs'>;
  /** By format. */
  readonly bytes: Readonly<Record<string, Buffer>>;
}

async function write(
  source: Parameters<typeof replay>[0],
  fastPath: FastPath,
  compiled: Compiled,
  options: Options,
  formats: readonly Format[],
): Promise<Written> {
  const chunks: Record<string, Buffer[]> = {};
  const reports = formats.map((format): Report => {
    const into: Buffer[] = [];
    chunks[format] = into;
    const output: Output = { write: chunk => into.push(Buffer.from(chunk)) };
    const report = FORMATS[format](output);
    // How long it took is no result.
    return { ...report, end: result => report.end({ ...result, replayMs: 1 }) };
  });
  try {
    const { replayMs: _, ...outcome } = await replay(
      source,
      compiled,
      { captures: ['test'], ...options, fastPath },
      reports,
    );
    const bytes = Object.fromEntries(Object.entries(chunks).map(([name, parts]) => [name, Buffer.concat(parts)]));
    return { outcome, bytes };
  } finally {
    source.close();
  }
}

export async function byOne(
  paths: readonly string[],
  compiled: Compiled,
  options: Options,
  formats = ALL,
  { bufferLength }: ReadingOptions = {},
): Promise<Written> {
  const fastPath = newFastPath(options, compiled);
  const source = await openCaptures(paths, { ...onFastPath(fastPath), bufferLength });
  return write(source, fastPath, compiled, options, formats);
}

/** The source alone, for who wants to replay by hand. */
export async function readByOthers(
  paths: readonly string[],
  compiled: Compiled,
  options: Options,
  reading: ReadingOptions = {},
): Promise<{ readonly source: PacketSource; readonly fastPath: FastPath }> {
  const fastPath = createFastPath(shared, options, compiled, ringBytes(reading.threads ?? 2, reading.entries))!;
  const given = { captures: ['test'], ...options };
  const programs = { readingProgram, parsingProgram };
  const source = await startReading(paths, compiled, given, fastPath, { ...programs, ...reading });
  return { source: source!, fastPath };
}

/** @param reading two threads where it does not say */
export async function bySeveral(
  paths: readonly string[],
  compiled: Compiled,
  options: Options,
  formats = ALL,
  reading: ReadingOptions = {},
): Promise<Written> {
  const { source, fastPath } = await readByOthers(paths, compiled, options, reading);
  return write(source, fastPath, compiled, options, formats);
}
