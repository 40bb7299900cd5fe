/**
 * The ring: what the threads of a replay share. One reads, one judges, any others parse; counting is done by whichever has time.
 *
 * In:  a memory of all, taken in the same order by all.  Out: entries (a batch's frames, rows and verdicts each) and the
 * words that say how far everything is.
 * Contract: batch n stands in entry n % entries. The reader writes its frames while n < RELEASED + entries, then FILLED counts
 * it; whoever claims it writes its rows; the reader marks its copies, in order, then READ counts it; the judge takes it, and
 * releases it when it is through with it. Words count batches from 0 and may run over: only differences of them mean
 * something. Whoever waits has noted the bell before it looked; whoever changes what another may wait for rings behind the
 * change: reader and parsers always, the judge before it waits, or where the reader should go on.
 */
import { newFrameBatch } from '../capture/adopt.js';
import type { CaptureInterface, FrameBatch } from '../capture/frame.js';
import { GATHERED_FRAMES } from '../capture/gather.js';
import type { Memory } from '../memory/memory.js';
import { type PacketBatch, STRIDE } from '../packet/row.js';
import { newVerdictBatch, type VerdictBatch } from '../verdict/verdict.js';

/** Batches: read and parsed; taken and released by the judge. */
export const READ = 0;
export const TAKEN = 1;
export const RELEASED = 2;
/** Batches to be counted, and those that were. */
export const SUBMITTED = 3;
export const COUNTED = 4;
/** Who counts, and where another thread's counting stopped when it is STUCK. */
export const COUNTING = 5;
export const STUCK_AT = 6;
/** The judge wants no more. */
export const STOPPED = 7;
/** Bells: the judge waits at the first, the reader at the second, those that parse at the third. */
export const JUDGE_BELL = 8;
export const READER_BELL = 9;
export const PARSER_BELL = 10;
/** Batches whose frames stand in the ring, and those that somebody parses or has parsed. */
export const FILLED = 11;
export const CLAIMED = 12;
const WORDS = 16;

/** Values of COUNTING. A packet that needs the judge's objects leaves it STUCK. OTHER: a thread that does not judge. */
export const NOBODY = 0;
export const OTHER = 1;
export const JUDGE = 2;
export const STUCK = 3;

/** Words an entry: whether copies are looked for; whether a message comes with the batch; whether it is the end, no batch. */
const COPIES = 0;
const MESSAGE = 1;
const END = 2;
const COUNT = 3;
/** The batch that is to be counted with this number (of those to be counted). */
const TASK = 4;
/** One more than the batch that was parsed here last, and how many interfaces were known when it was read. */
const PARSED = 5;
const INTERFACES = 6;
const ENTRY_WORDS = 16;
/** Figures an entry. */
const WIRE_BYTES = 0;
const BYTES_READ = 1;
const STEPS_BACK = 2;
const ENTRY_FIGURES = 8;

/** Entries for two threads, and how many there are more than threads at least. */
const LEAST_ENTRIES = 8;
const MORE_ENTRIES = 4;

/** How many entries a ring has for so many threads: a power of two. */
export const entriesFor = (threads: number): number =>
  Math.max(LEAST_ENTRIES, 2 ** Math.ceil(Math.log2(threads + MORE_ENTRIES)));

/** Bytes of a batch's frames; longer ones come by message. */
const ENTRY_BYTES = 1 << 20;

/** Interfaces that are told to those that parse; batches of captures with more are parsed by the reader alone. */
export const MOST_TOLD = 1024;
const LINK_WORDS = 2;

export interface Entry {
  readonly frames: FrameBatch;
  readonly packets: PacketBatch;
  readonly verdicts: VerdictBatch;
}

/** What the reader tells beside a batch. */
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
  private readonly links: Int32Array;
  private readonly entryWords: Int32Array;
  private readonly figures: Float64Array;

  constructor(
    memory: Memory,
    readonly size: number,
    globals: number,
  ) {
    this.words = memory.int32(WORDS);
    this.globals = memory.float64(globals);
    this.links = memory.int32(MOST_TOLD * LINK_WORDS);
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

  /** Sets a word that is as expected. @returns whether it was */
  exchange(word: number, expected: number, value: number): boolean {
    return Atomics.compareExchange(this.words, word, expected, value | 0) === expected;
  }

  /** @param most threads to wake */
  ring(bell: number, most?: number): void {
    Atomics.add(this.words, bell, 1);
    Atomics.notify(this.words, bell, most);
  }

  /** Waits until the bell has been moved on from `heard`. @returns false where that took too long */
  wait(bell: number, heard: number, milliseconds?: number): boolean {
    return Atomics.wait(this.words, bell, heard, milliseconds) !== 'timed-out';
  }

  /** Before FILLED counts the batch: how many frames it has, and what came with them. */
  fill(batch: number, { bytesRead, stepsBack, hasMessage, isEnd }: Told, interfaces: number): void {
    const at = this.wordsOf(batch);
    this.entryWords[at + MESSAGE] = hasMessage ? 1 : 0;
    this.entryWords[at + END] = isEnd ? 1 : 0;
    this.entryWords[at + COUNT] = isEnd ? 0 : this.entry(batch).frames.count;
    this.entryWords[at + INTERFACES] = interfaces;
    this.figures[this.figuresOf(batch) + BYTES_READ] = bytesRead;
    this.figures[this.figuresOf(batch) + STEPS_BACK] = stepsBack;
  }

  /** For whoever parses it: the batch's entry, and how many interfaces its frames may come from. */
  filled(batch: number): { readonly entry: Entry; readonly interfaces: number } {
    const entry = this.entry(batch);
    entry.frames.count = this.countOf(batch);
    return { entry, interfaces: this.entryWords[this.wordsOf(batch) + INTERFACES]! };
  }

  /** The rows of its entry are written. */
  setParsed(batch: number): void {
    this.figures[this.figuresOf(batch) + WIRE_BYTES] = this.entry(batch).packets.wireBytes;
    Atomics.store(this.entryWords, this.wordsOf(batch) + PARSED, (batch + 1) | 0);
  }

  isParsed(batch: number): boolean {
    return Atomics.load(this.entryWords, this.wordsOf(batch) + PARSED) === ((batch + 1) | 0);
  }

  /** Before READ counts the batch. */
  setCopies(batch: number): void {
    this.entryWords[this.wordsOf(batch) + COPIES] = this.entry(batch).packets.mayHoldCopies ? 1 : 0;
  }

  /** For the judge: what stands in the entry beside its arrays. */
  hear(batch: number): Told {
    const { frames, packets } = this.entry(batch);
    const [at, figure] = [this.wordsOf(batch), this.figuresOf(batch)];
    frames.count = this.countOf(batch);
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

  /** Packets of a batch. */
  countOf(batch: number): number {
    return this.entryWords[this.wordsOf(batch) + COUNT]!;
  }

  /** What a parser must know of an interface. @param index below MOST_TOLD */
  setLink(index: number, linkType: number, fcsLength: number): void {
    this.links[index * LINK_WORDS] = linkType;
    this.links[index * LINK_WORDS + 1] = fcsLength;
  }

  link(index: number): Pick<CaptureInterface, 'linkType' | 'fcsLength'> {
    return { linkType: this.links[index * LINK_WORDS]!, fcsLength: this.links[index * LINK_WORDS + 1]! };
  }

  /** Notes that task number `task` is to count `batch`. */
  setTask(task: number, batch: number): void {
    this.entryWords[(task & (this.size - 1)) * ENTRY_WORDS + TASK] = batch;
  }

  taskOf(task: number): number {
    return this.entryWords[(task & (this.size - 1)) * ENTRY_WORDS + TASK]!;
  }

  private wordsOf(batch: number): number {
    return (batch & (this.size - 1)) * ENTRY_WORDS;
  }

  private figuresOf(batch: number): number {
    return (batch & (this.size - 1)) * ENTRY_FIGURES;
  }
}
