/**
 * A small capture as a large one: the same packets again and again, so that there is something to measure.
 *
 * In:  a capture's path and its number of packets.  Out: a file that holds it many times, and a FrameSource over that file whose
 * clock goes on: each repetition begins a quarter of an hour behind the one before, when every connection has expired (with
 * REPEATED_TIMEOUTS). So each is judged as the first is, but for one expiry a connection.
 */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FrameBatch, FrameSource } from '../capture/frame.js';
import { restOf } from '../capture/rest-of.js';

export interface Repeated {
  readonly path: string;
  readonly times: number;
  remove(): void;
}

/** Packets that are enough to measure a stage by, and bytes that they may take. */
const ENOUGH = 250_000;
const MOST_BYTES = 64 * 2 ** 20;
const PCAP_HEADER = 24;
const PCAP_MAGICS: readonly number[] = [0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1];
const PCAPNG_MAGIC = 0x0a0d0d0a;
/** Seconds, longer than any timeout. Five days for the next repetition would move the table's epoch each time. */
const PAUSE = 900;
export const REPEATED_TIMEOUTS = { tcp_established: 300 };

/** @returns null where the capture is large enough, or cannot be repeated: compressed, or no file */
export function repeatCapture(path: string, packets: number): Repeated | null {
  const size = statSync(path).size;
  const times = Math.min(Math.ceil(ENOUGH / packets), Math.floor(MOST_BYTES / size));
  if (times < 2) return null;
  const bytes = readFileSync(path);
  const magic = bytes.readUInt32BE(0);
  if (magic !== PCAPNG_MAGIC && !PCAP_MAGICS.includes(magic)) return null;
  // A pcap's records go on behind each other; a pcapng's sections do.
  const again = magic === PCAPNG_MAGIC ? bytes : bytes.subarray(PCAP_HEADER);
  const folder = mkdtempSync(join(tmpdir(), 'policap-bench-'));
  const repeated = join(folder, 'repeated');
  writeFileSync(repeated, Buffer.concat([bytes, ...Array.from({ length: times - 1 }, () => again)]));
  return { path: repeated, times, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** @param packets of one repetition */
export function withClockGoingOn(source: FrameSource, packets: number): FrameSource {
  let read = 0;
  let first = Number.NaN;
  let last = Number.NEGATIVE_INFINITY;
  let shift = 0;
  const moved = (batch: FrameBatch | null): FrameBatch | null => {
    if (batch === null) return null;
    const { seconds, count } = batch;
    for (let i = 0; i < count; i++, read++) {
      if (read === 0) first = seconds[0]!;
      else if (read % packets === 0) shift = last + PAUSE - first;
      const time = seconds[i]! + shift;
      if (time > last) last = time;
      seconds[i] = time;
    }
    return batch;
  };
  return Object.assign(restOf(source), {
    next() {
      const batch = source.next();
      return batch instanceof Promise ? batch.then(moved) : moved(batch);
    },
  });
}
