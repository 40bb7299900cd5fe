/**
 * The ring: what two threads of a replay share. One reads and parses, the other judges; counting is done by whichever has time.
 *
 * In:  a memory of both, taken in the same order by both.  Out: entries (a batch's frames, rows and verdicts each) and the
 * words that say how far everything is.
 * Contract: batch n stands in entry n % entries. The reader writes it while n < RELEASED + entries, then READ counts it; the
 * judge takes it, and releases it when it is through with it. Words count batches from 0 and may run over: only
 * differences of them mean something. Whoever waits has noted the bell before it looked; whoever changes what the other may
 * wait for rings behind the change: the reader always, the judge before it waits, or where the reader should go on.
 */
import { newFrameBatch } from '../capture/adopt.js';
import type { FrameBatch } from '../capture/frame.js';
import { GATHERED_FRAMES } from '../capture/gather.js';
import type { Memory } from '../memory/memory.js';
import { type PacketBatch, STRIDE } from '../packet/row.js';
import { newVerdictBatch, type VerdictBatch } from '../verdict/verdict.js';

/** Batches: read by the reader; taken and released by the judge. */
export const READ = 0;
export const TAKEN = 1;
export const RELEASED = 2;
/** Batches to be counted, and those that were. */
export const SUBMITTED = 3;
export const COUNTED = 4;
/** Who counts, and where the reader's counting stopped when it is STUCK. */
export const COUNTING = 5;
export const STUCK_AT = 6;
/** The judge wants no more. */
export const STOPPED = 7;
/** Bells: the judge waits at the first, the reader at the second. */
export const JUDGE_BELL = 8;
export const READER_BELL = 9;
const WORDS = 16;

/** Values of COUNTING. A packet that needs the judge's objects leaves it STUCK. */
export const NOBODY = 0;
export const READER = 1;
export const JUDGE = 2;
export const STUCK = 3;

/** Words an entry: whether copies are looked for; whether a message comes with the batch; whether it is the end, no batch. */
const COPIES = 0;
const MESSAGE = 1;
const END = 2;
const COUNT = 3;
/** The batch that is to be counted with this number (of those to be counted). */
const TASK = 4;
const ENTRY_WORDS = 16;
/** Figures an entry. */
const WIRE_BYTES = 0;
const BYTES_READ = 1;
const STEPS_BACK = 2;
const ENTRY_FIGURES = 8;

/** A power of two. */
export const ENTRIES = 8;

/** Bytes of a batch's frames; longer ones come by message. */
const ENTRY_BYTES = 1 << 20;

export interface Entry {
  readonly frames: FrameBatch;
  readonly packets: PacketBatch;
  readonly verdicts: VerdictBatch;
}

/** What is told beside a batch. */
export interface Told {
  bytesRead: number;
  stepsBack: number;
  hasMessage: boolean;
  isEnd: boolean;
}

export class Ring {
  readonly words: Int32Array;
  readonly entries: readonly Entry[];
  /** FastPath.saveGlobals: there before the first batch is to be counted. */
  readonly globals: Float64Array;
  private readonly entryWords: Int32Array;
  private readonly figures: Float64Array;

  constructor(
    memory: Memory,
    readonly size: number,
    globals: number,
  ) {
    this.words = memory.int32(WORDS);
    this.globals = memory.float64(globals);
    this.entryWords = memory.int32(size * ENTRY_WORDS);
    this.figures = memory.float64(size * ENTRY_FIGURES);
    this.entries = Array.from({ length: size }, () => ({
      frames: newFrameBatch(memory, GATHERED_FRAMES, ENTRY_BYTES),
      packets: {
        count: 0,
        rows: memory.int32(GATHERED_FRAMES * STRIDE),
        duplicateOf: memory.float64(GATHERED_FRAMES),
        mayHoldCopies: false,
        wireBytes: 0,
      },
      verdicts: newVerdictBatch(GATHERED_FRAMES, memory),
    }));
  }

  /** Of a batch. */
  entry(batch: number): Entry {
    return this.entries[batch & (this.size - 1)]!;
  }

  get(word: number): number {
    return Atomics.load(this.words, word);
  }

  set(word: number, value: number): void {
    Atomics.store(this.words, word, value | 0);
  }

  /** How far one word is before the other. */
  between(later: number, earlier: number): number {
    return (this.get(later) - this.get(earlier)) | 0;
  }

  /** Takes the counting from whom it is expected to be with. @returns whether it was */
  claim(from: number, to: number): boolean {
    return Atomics.compareExchange(this.words, COUNTING, from, to) === from;
  }

  ring(bell: number): void {
    Atomics.add(this.words, bell, 1);
    Atomics.notify(this.words, bell);
  }

  /** Waits until the bell has been moved on from `heard`. @returns false where that took too long */
  wait(bell: number, heard: number, milliseconds?: number): boolean {
    return Atomics.wait(this.words, bell, heard, milliseconds) !== 'timed-out';
  }

  /** Before READ counts the batch: what its entry's objects hold besides arrays. */
  tell(batch: number, told: Told): void {
    const { frames, packets } = this.entry(batch);
    const at = (batch & (this.size - 1)) * ENTRY_WORDS;
    this.entryWords[at + COPIES] = packets.mayHoldCopies ? 1 : 0;
    this.entryWords[at + MESSAGE] = told.hasMessage ? 1 : 0;
    this.entryWords[at + END] = told.isEnd ? 1 : 0;
    this.entryWords[at + COUNT] = told.isEnd ? 0 : frames.count;
    const figure = (batch & (this.size - 1)) * ENTRY_FIGURES;
    this.figures[figure + WIRE_BYTES] = packets.wireBytes;
    this.figures[figure + BYTES_READ] = told.bytesRead;
    this.figures[figure + STEPS_BACK] = told.stepsBack;
  }

  /** The other thread's side of tell(). */
  hear(batch: number): Told {
    const { frames, packets } = this.entry(batch);
    const at = (batch & (this.size - 1)) * ENTRY_WORDS;
    const figure = (batch & (this.size - 1)) * ENTRY_FIGURES;
    frames.count = this.entryWords[at + COUNT]!;
    packets.count = frames.count;
    packets.mayHoldCopies = this.entryWords[at + COPIES] !== 0;
    packets.wireBytes = this.figures[figure + WIRE_BYTES]!;
    return {
      bytesRead: this.figures[figure + BYTES_READ]!,
      stepsBack: this.figures[figure + STEPS_BACK]!,
      hasMessage: this.entryWords[at + MESSAGE] !== 0,
      isEnd: this.entryWords[at + END] !== 0,
    };
  }

  /** Notes that task number `task` is to count `batch`. */
  setTask(task: number, batch: number): void {
    this.entryWords[(task & (this.size - 1)) * ENTRY_WORDS + TASK] = batch;
  }

  taskOf(task: number): number {
    return this.entryWords[(task & (this.size - 1)) * ENTRY_WORDS + TASK]!;
  }
}
