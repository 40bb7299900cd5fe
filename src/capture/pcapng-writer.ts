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
import { Comments, NO_COMMENT } from './comments.js';
import type { CaptureInterface, FrameBatch } from './frame.js';
import { IF_FCSLEN, IF_NAME, IF_TSRESOL } from './pcapng-interface.js';
import { type ByteSink, digitsOf, SinkBuffer, ViewOf } from './sink.js';

/** Values of epb_verdict, type 2: Linux XDP's XDP_DROP and XDP_PASS. 0 writes none. */
export const VERDICT_NONE = 0;
export const VERDICT_DROP = 1;
export const VERDICT_PASS = 2;

const OPTION_COMMENT = 1;
const OPTION_VERDICT = 7;
const VERDICT_XDP = 2;
const SHB_USERAPPL = 4;
const NANOSECONDS = 9;

/** An option's length word has 16 bits; its padding must fit too. */
const MAX_OPTION = 65532;
const MAX_SECONDS = 18_446_744_073;

export class PcapngWriter {
  readonly comments = new Comments();
  readonly #out: SinkBuffer;
  readonly #frames = new ViewOf();
  /** Interface index of the source -> number in our section, -1 before its first frame. */
  readonly #ids: number[] = [];
  #described = 0;

  /**
   * @param interfaces FrameSource.interfaces of the frames that come; it may still grow
   * @param application stands in the section header (shb_userappl)
   */
  constructor(
    sink: ByteSink,
    readonly interfaces: readonly CaptureInterface[],
    application = 'policap',
  ) {
    this.#out = new SinkBuffer(sink);
    this.#section(application);
  }

  /**
   * @param index frame of the batch
   * @param comment opt_comment, a number of `comments`
   * @param verdict VERDICT_NONE, VERDICT_DROP or VERDICT_PASS
   * @param more, number where more is no NO_COMMENT: both stand behind the comment
   */
  write(
    batch: FrameBatch,
    index: number,
    comment: number = NO_COMMENT,
    verdict: number = VERDICT_NONE,
    more: number = NO_COMMENT,
    number = 0,
  ): void {
    const out = this.#out;
    const source = batch.interfaceIndex[index]!;
    let id = source < this.#ids.length ? this.#ids[source]! : -1;
    if (id < 0) id = this.#describe(source);
    const length = batch.captured[index]!;
    const { comments } = this;
    const added = more === NO_COMMENT ? 0 : comments.length(more) + digitsOf(number);
    const commentLength = comment === NO_COMMENT ? 0 : comments.length(comment) + added;
    out.reserve(length + commentLength + 64);
    const start = out.position;
    out.word32(6);
    out.word32(0);
    out.word32(id);
    this.#time(batch.seconds[index]!, batch.nanoseconds[index]!);
    out.word32(length);
    out.word32(batch.original[index]!);
    out.copy(this.#frames.get(batch.bytes), batch.offset[index]!, length);
    out.pad(start);
    if (commentLength > 0) {
      out.word16(OPTION_COMMENT);
      out.word16(commentLength);
      out.copy(comments.view, comments.at(comment), comments.length(comment));
      if (added > 0) {
        out.copy(comments.view, comments.at(more), comments.length(more));
        out.digits(number);
      }
      out.pad(start);
    }
    if (verdict !== VERDICT_NONE) {
      out.word16(OPTION_VERDICT);
      out.word16(9);
      out.byte(VERDICT_XDP);
      out.word32(verdict);
      out.word32(0);
      out.pad(start);
    }
    if (commentLength > 0 || verdict !== VERDICT_NONE) out.word32(0);
    this.#close(start);
  }

  /** Hands over what is still buffered. The sink is not closed. */
  flush(): void {
    this.#out.flush();
  }

  /** Seconds * 10^9 + nanoseconds as two words, in doubles that stay exact: seconds = high * 2^16 + low. */
  #time(seconds: number, nanoseconds: number): void {
    const out = this.#out;
    if (seconds < 0 || seconds > MAX_SECONDS || (seconds === MAX_SECONDS && nanoseconds > 709_551_615)) {
      const bound = seconds < 0 ? 0 : 0xffffffff;
      out.word32(bound);
      out.word32(bound);
      return;
    }
    const high = Math.floor(seconds / 65536) * 1e9;
    const low = (high % 65536) * 65536 + (seconds % 65536) * 1e9 + nanoseconds;
    out.word32(Math.floor(high / 65536) + Math.floor(low / 4294967296));
    out.word32(low % 4294967296);
  }

  #section(application: string): void {
    const out = this.#out;
    out.reserve(64 + application.length * 3);
    const start = out.position;
    out.word32(0x0a0d0d0a);
    out.word32(0);
    out.word32(0x1a2b3c4d);
    out.word16(1);
    out.word16(0);
    out.word32(0xffffffff);
    out.word32(0xffffffff);
    this.#text(SHB_USERAPPL, application, start);
    out.word32(0);
    this.#close(start);
  }

  #describe(source: number): number {
    const out = this.#out;
    const { linkType, snapLength, fcsLength, name } = this.interfaces[source]!;
    out.reserve(64 + Math.min((name ?? '').length * 3, MAX_OPTION));
    const start = out.position;
    out.word32(1);
    out.word32(0);
    out.word16(linkType);
    out.word16(0);
    out.word32(snapLength);
    if (name !== undefined) this.#text(IF_NAME, name, start);
    out.word16(IF_TSRESOL);
    out.word16(1);
    out.byte(NANOSECONDS);
    out.pad(start);
    if (fcsLength > 0) {
      out.word16(IF_FCSLEN);
      out.word16(1);
      out.byte(fcsLength);
      out.pad(start);
    }
    out.word32(0);
    this.#close(start);
    while (this.#ids.length <= source) this.#ids.push(-1);
    this.#ids[source] = this.#described;
    return this.#described++;
  }

  #text(code: number, value: string, start: number): void {
    const out = this.#out;
    out.word16(code);
    const length = out.position;
    out.word16(0);
    out.patch16(length, out.text(value, MAX_OPTION));
    out.pad(start);
  }

  /** The block's length, known only now, at both its ends. */
  #close(start: number): void {
    const out = this.#out;
    const length = out.position - start + 4;
    out.word32(length);
    out.patch32(start + 4, length);
  }
}
