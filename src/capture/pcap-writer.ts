/**
 * Frames -> pcap with nanoseconds, little-endian, version 2.4.
 *
 * In:  frames of one interface (pcap knows no second).  Out: the file's header, then a record a frame.
 * Seconds have 32 bits: what lies before 1970 or after 2106 becomes the first or last second there is.
 */
import type { CaptureInterface, FrameBatch } from './frame.js';
import { type ByteSink, SinkBuffer, ViewOf } from './sink.js';

export class PcapWriter {
  readonly #out: SinkBuffer;
  readonly #frames = new ViewOf();

  constructor(sink: ByteSink, { linkType, fcsLength, snapLength }: CaptureInterface) {
    const out = new SinkBuffer(sink);
    this.#out = out;
    out.word32(0xa1b23c4d);
    out.word16(2);
    out.word16(4);
    out.word32(0);
    out.word32(0);
    out.word32(snapLength);
    out.word32(fcsLength > 0 ? (((fcsLength >> 1) << 28) | 0x04000000 | linkType) >>> 0 : linkType);
  }

  write(batch: FrameBatch, index: number): void {
    const out = this.#out;
    const length = batch.captured[index]!;
    out.reserve(length + 16);
    out.word32(Math.min(0xffffffff, Math.max(0, batch.seconds[index]!)));
    out.word32(batch.nanoseconds[index]!);
    out.word32(length);
    out.word32(batch.original[index]!);
    out.copy(this.#frames.get(batch.bytes), batch.offset[index]!, length);
  }

  /** Hands over what is still buffered. The sink is not closed. */
  flush(): void {
    this.#out.flush();
  }
}
