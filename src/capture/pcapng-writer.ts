/**
 * Frames -> pcapng, each with a comment and a verdict.
 *
 * In:  frames of a FrameSource, one at a time.  Out: one little-endian section: its header, an Interface Description for
 * every interface before its first frame, and an Enhanced Packet a frame with its bytes, time and both lengths unchanged.
 *
 * Times are written in nanoseconds (if_tsresol 9); a pcapng timestamp has 64 bits, so what lies before 1970 or after
 * 2554 becomes the first or last instant there is. Interfaces keep their own link types: Wireshark reads such a file,
 * libpcap (tcpdump) refuses one whose interfaces differ.
 */
import { type Memory, OWN_MEMORY } from '../memory/memory.js';
import { NO_TEXT, Texts } from '../memory/texts.js';
import type { CaptureInterface, FrameBatch } from './frame.js';
import { type BlockOwner, INTERFACES, PacketBlocks, TIME_HIGH, TIME_LOW, USED, VERDICT_NONE } from './packet-blocks.js';
import { IF_FCSLEN, IF_NAME, IF_TSRESOL } from './pcapng-interface.js';
import { type ByteSink, SinkBuffer } from './sink.js';

const OPT_COMMENT = 1;
const SHB_USERAPPL = 4;
const NANOSECONDS = 9;

/** An option's length word has 16 bits; its padding must fit too. */
const MAX_OPTION = 65532;
/** Of a comment's text; so much is left for what stands behind it. */
export const MOST_COMMENT = MAX_OPTION - 64;
const MAX_SECONDS = 18_446_744_073;
/** Comments that are kept at a time. */
const COMMENT_BYTES = 1 << 24;

export class PcapngWriter implements BlockOwner {
  readonly comments: Texts;
  /** What is written next. */
  readonly blocks: PacketBlocks;
  readonly #sink: ByteSink;
  /** Blocks that are no packets. */
  readonly #out: SinkBuffer;
  /** By interfaces of the source that have no place in blocks.ids. */
  readonly #otherIds = new Map<number, number>();
  #described = 0;

  /**
   * @param interfaces FrameSource.interfaces of the frames that come; it may still grow
   * @param application stands in the section header (shb_userappl)
   * @param notice stands there as its comment
   */
  constructor(
    sink: ByteSink,
    readonly interfaces: readonly CaptureInterface[],
    application = 'policap',
    memory: Memory = OWN_MEMORY,
    notice = '',
  ) {
    this.#sink = sink;
    this.#out = new SinkBuffer(sink);
    this.comments = new Texts(COMMENT_BYTES, MOST_COMMENT, memory);
    this.blocks = new PacketBlocks(this.comments, this, memory);
    this.#section(application, notice);
  }

  /**
   * @param index frame of the batch, of any length
   * @param comment opt_comment, a number of `comments`
   * @param verdict VERDICT_NONE, VERDICT_DROP or VERDICT_PASS
   * @param more, number where more is no NO_TEXT: both stand behind the comment
   */
  write(
    batch: FrameBatch,
    index: number,
    comment: number = NO_TEXT,
    verdict: number = VERDICT_NONE,
    more: number = NO_TEXT,
    number = 0,
  ): void {
    const { bytes, offset, captured, original, seconds, nanoseconds, interfaceIndex } = batch;
    const needed = this.blocks.roomFor(captured[index]!, this.comments.lengthOf(comment) + MAX_OPTION - MOST_COMMENT);
    let { blocks } = this;
    if (needed > blocks.size) {
      const id = this.describe(interfaceIndex[index]!);
      this.flush();
      blocks = this.#alone(needed, id);
    }
    blocks.put(
      index,
      comment,
      NO_TEXT,
      NO_TEXT,
      NO_TEXT,
      more,
      number,
      verdict,
      bytes,
      offset,
      captured,
      original,
      seconds,
      nanoseconds,
      interfaceIndex,
    );
    if (blocks !== this.blocks) this.#sink.write(blocks.bytes.subarray(0, blocks.state[USED]!));
  }

  /** A buffer for one long block. */
  #alone(size: number, id: number): PacketBlocks {
    const blocks: PacketBlocks = new PacketBlocks(
      this.comments,
      {
        flush() {
          throw new Error('a long block has more bytes than were counted');
        },
        describe: () => id,
        startSecond: (seconds, nanoseconds) => setSecond(blocks, seconds, nanoseconds),
      },
      OWN_MEMORY,
      size,
    );
    return blocks;
  }

  /** Hands over what is still buffered. The sink is not closed. */
  flush(): void {
    const { bytes, state } = this.blocks;
    if (state[USED]! > 0) this.#sink.write(bytes.subarray(0, state[USED]!));
    state[USED] = 0;
  }

  startSecond(seconds: number, nanoseconds: number): void {
    setSecond(this.blocks, seconds, nanoseconds);
  }

  /** @returns the interface's number in the section, described now at the latest */
  describe(source: number): number {
    const { ids } = this.blocks;
    const known = source < INTERFACES ? ids[source]! : (this.#otherIds.get(source) ?? -1);
    if (known >= 0) return known;
    const id = this.#described++;
    if (source < INTERFACES) ids[source] = id;
    else this.#otherIds.set(source, id);
    this.flush();
    const { linkType, snapLength, fcsLength, name } = this.interfaces[source]!;
    const out = this.#out;
    out.reserve(64 + Math.min((name ?? '').length * 3, MAX_OPTION));
    out.word32(1);
    out.word32(0);
    out.word16(linkType);
    out.word16(0);
    out.word32(snapLength);
    if (name !== undefined) writeText(out, IF_NAME, name);
    out.word16(IF_TSRESOL);
    out.word16(1);
    out.byte(NANOSECONDS);
    out.pad(0);
    if (fcsLength > 0) {
      out.word16(IF_FCSLEN);
      out.word16(1);
      out.byte(fcsLength);
      out.pad(0);
    }
    out.word32(0);
    close(out);
    return id;
  }

  #section(application: string, notice: string): void {
    const out = this.#out;
    out.reserve(64 + (application.length + notice.length) * 3);
    out.word32(0x0a0d0d0a);
    out.word32(0);
    out.word32(0x1a2b3c4d);
    out.word16(1);
    out.word16(0);
    out.word32(0xffffffff);
    out.word32(0xffffffff);
    if (notice !== '') writeText(out, OPT_COMMENT, notice);
    writeText(out, SHB_USERAPPL, application);
    out.word32(0);
    close(out);
  }
}

/** Seconds * 10^9 as two words, in doubles that stay exact: seconds = high * 2^16 + low. */
function setSecond({ state, second }: PacketBlocks, seconds: number, nanoseconds: number): void {
  if (seconds < 0 || seconds >= MAX_SECONDS) {
    // For this packet alone: the words from which its nanoseconds lead to what is to be written.
    const isLast = seconds > MAX_SECONDS || (seconds === MAX_SECONDS && nanoseconds > 709_551_615);
    const bound = seconds < 0 ? 0n : isLast ? 2n ** 64n - 1n : BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
    const words = BigInt.asUintN(64, bound - BigInt(nanoseconds));
    state[TIME_LOW] = Number(BigInt.asIntN(32, words));
    state[TIME_HIGH] = Number(BigInt.asIntN(32, words >> 32n));
    second[0] = Number.NaN;
    return;
  }
  const high = Math.floor(seconds / 65536) * 1e9;
  const low = (high % 65536) * 65536 + (seconds % 65536) * 1e9;
  state[TIME_HIGH] = Math.floor(high / 65536) + Math.floor(low / 4294967296);
  state[TIME_LOW] = low % 4294967296;
  second[0] = seconds;
}

function writeText(out: SinkBuffer, code: number, value: string): void {
  out.word16(code);
  const length = out.position;
  out.word16(0);
  out.patch16(length, out.text(value, MAX_OPTION));
  out.pad(0);
}

/** The block's length, known only now, at both its ends; and the block to the sink. */
function close(out: SinkBuffer): void {
  const length = out.position + 4;
  out.word32(length);
  out.patch32(4, length);
  out.flush();
}
