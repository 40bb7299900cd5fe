/**
 * The reading thread: frames and rows some batches ahead of the judge, and counting of judged batches in between.
 *
 * In:  a source, a parser, the ring.  Out: batches in the ring, then its end; what does not fit into it, by message.
 * It alone reads, and marks copies, in the capture's order. Rows are written by whoever claims a batch: parsing threads, or
 * this one where there are none or it has time. It keeps these and the judge supplied first, then parses and counts, then
 * reads on.
 */
import { copyFrames, endOfFrames } from '../capture/adopt.js';
import type { CaptureError, CaptureInterface, FrameBatch, FrameSource } from '../capture/frame.js';
import type { Duplicates } from '../packet/duplicates.js';
import type { PacketParser } from '../packet/parse.js';
import { type Count, countNext } from './counting.js';
import { parseNext } from './parsing.js';
import {
  CLAIMED,
  COUNTED,
  FILLED,
  JUDGE_BELL,
  MOST_TOLD,
  PARSER_BELL,
  READ,
  READER_BELL,
  RELEASED,
  type Ring,
  STOPPED,
  SUBMITTED,
  TAKEN,
} from './ring.js';

/** Comes with a batch whose entry says so. */
export interface News {
  /** Interfaces met since the last news. */
  readonly interfaces: readonly CaptureInterface[];
  /** All damage so far. */
  readonly errors: readonly Damage[];
  /** Frames too long for an entry. */
  readonly bytes: Uint8Array | null;
}

/** What makes up a CaptureError: between threads objects lose their class. */
export type Damage = Pick<CaptureError, 'capture' | 'offset' | 'expected' | 'found' | 'hint'>;

/** Batches that should wait for the judge before there is time for anything else; more of them a parsing thread. */
const SUPPLY = 2;
const SUPPLY_EACH = 2;

export interface Reading {
  readonly source: FrameSource;
  /** Of the source, or a gatherer's around it. */
  readonly next: FrameSource['next'];
  /** Of rows alone. */
  readonly parser: PacketParser;
  /** null where copies are not looked for. */
  readonly duplicates: Duplicates | null;
  /** Parsing threads beside this one. */
  readonly parsers: number;
  readonly count: Count;
  readonly post: (news: News) => void;
}

/** @returns when the judge wants no more */
export async function readInto(ring: Ring, reading: Reading): Promise<void> {
  const { next, count } = reading;
  const reader = new Reader(ring, reading);
  for (;;) {
    const heard = ring.get(READER_BELL);
    if (ring.get(STOPPED) !== 0) return;
    if (reader.handOn()) continue;
    const hasRoom = reader.hasRoom();
    if (!hasRoom || !reader.isLow()) {
      if (reader.parse() || countNext(ring, count)) continue;
      if (!hasRoom) {
        ring.wait(READER_BELL, heard);
        continue;
      }
    }
    const pending = next();
    reader.fill(pending instanceof Promise ? await reader.meanwhile(pending) : pending);
  }
}

class Reader {
  private isEnd = false;
  private described = 0;
  private damaged = 0;
  /** Interfaces as those that parse know them. */
  private readonly told: CaptureInterface[] = [];
  /** By entry: bytes that are too long for it. */
  private readonly long: (Uint8Array | null)[] = [];
  /** By entry: interfaces known when its batch was read. */
  private readonly known: number[] = [];

  constructor(
    private readonly ring: Ring,
    private readonly reading: Reading,
  ) {}

  /** Whether the next batch can be read. */
  hasRoom(): boolean {
    return !this.isEnd && isFree(this.ring, this.ring.get(FILLED));
  }

  /** Whether judge and parsers have little before them. */
  isLow(): boolean {
    const { ring } = this;
    const { parsers } = this.reading;
    return ring.between(FILLED, CLAIMED) <= parsers && ring.between(FILLED, TAKEN) < SUPPLY + SUPPLY_EACH * parsers;
  }

  parse(): boolean {
    return parseNext(this.ring, this.reading.parser, this.told);
  }

  /** Gives the judge the next batch in order. @returns false where it is not parsed yet */
  handOn(): boolean {
    const { ring } = this;
    const batch = ring.get(READ);
    if (((ring.get(FILLED) - batch) | 0) <= 0 || !ring.isParsed(batch)) return false;
    this.mark(batch);
    ring.setCopies(batch);
    ring.set(READ, batch + 1);
    ring.ring(JUDGE_BELL);
    return true;
  }

  /** @param given null: the end */
  fill(given: FrameBatch | null): void {
    const { ring } = this;
    const { source, parser, post, parsers } = this.reading;
    const batch = ring.get(FILLED);
    const { frames, packets } = ring.entry(batch);
    this.isEnd = given === null;
    const end = given === null ? 0 : endOfFrames(given);
    const bytes = given !== null && end > frames.bytes.length ? given.bytes.slice(0, end) : null;
    if (given !== null) {
      copyFrames(given, frames);
      if (bytes === null) frames.bytes.set(given.bytes.subarray(0, end));
    }
    const { interfaces, errors, bytesRead, stepsBack } = source;
    const hasMessage = bytes !== null || interfaces.length > this.described || errors.length > this.damaged;
    if (hasMessage) post({ interfaces: interfaces.slice(this.described), errors: errors.map(damageOf), bytes });
    for (let i = this.described; i < interfaces.length && i < MOST_TOLD; i++) {
      ring.setLink(i, interfaces[i]!.linkType, interfaces[i]!.fcsLength);
    }
    this.described = interfaces.length;
    this.damaged = errors.length;
    this.long[batch & (ring.size - 1)] = bytes;
    this.known[batch & (ring.size - 1)] = interfaces.length;
    ring.fill(batch, { bytesRead, stepsBack, hasMessage, isEnd: this.isEnd }, interfaces.length);
    // What others have no memory for, and where there is nothing to parse.
    const isOwn = bytes !== null || interfaces.length > MOST_TOLD || this.isEnd;
    if (isOwn && given !== null) parser.parse(bytes === null ? frames : given, interfaces, packets);
    if (isOwn) ring.setParsed(batch);
    ring.set(FILLED, batch + 1);
    if (parsers > 0) ring.ring(PARSER_BELL, 1);
  }

  /** Waits for frames, and hands on what is parsed until then. */
  async meanwhile(pending: Promise<FrameBatch | null>): Promise<FrameBatch | null> {
    const { ring } = this;
    let isHere = false;
    const here = (): void => {
      isHere = true;
    };
    const settled = pending.then(here, here);
    for (;;) {
      const heard = ring.get(READER_BELL);
      if (this.handOn() || this.parse()) continue;
      if (isHere || ring.between(FILLED, READ) <= 0 || ring.get(STOPPED) !== 0) return pending;
      await Promise.race([settled, Atomics.waitAsync(ring.words, READER_BELL, heard).value]);
    }
  }

  private mark(batch: number): void {
    const { ring, reading } = this;
    const entry = batch & (ring.size - 1);
    const { frames, packets } = ring.entry(batch);
    if (reading.duplicates === null || ring.countOf(batch) === 0) return;
    const bytes = this.long[entry] ?? frames.bytes;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    // Those that were met later must not be looked at: a capture of one interface has no copies until there is a second.
    const known = reading.source.interfaces.slice(0, this.known[entry]);
    packets.mayHoldCopies = reading.duplicates.mark(frames, known, view, packets);
  }
}

/** Whether the batch that stood in its entry before is released and counted. */
export function isFree(ring: Ring, batch: number): boolean {
  const before = batch - ring.size;
  if (((before - ring.get(RELEASED)) | 0) >= 0) return false;
  const task = ring.get(COUNTED);
  return ((ring.get(SUBMITTED) - task) | 0) <= 0 || ((ring.taskOf(task) - before) | 0) > 0;
}

const damageOf = ({ capture, offset, expected, found, hint }: CaptureError): Damage => ({
  capture,
  offset,
  expected,
  found,
  hint,
});
