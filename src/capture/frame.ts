/**
 * Frames: what a capture reader gives to the packet parser.
 *
 * In:  bytes of a capture file or stream, pulled through a ByteSource.
 * Out: FrameBatch after FrameBatch, each a few hundred kB of frames.
 *
 * Contract: a batch and everything it refers to belongs to the reader. The replay looks one batch ahead, so a batch
 * stays valid until the *second* next() after the one that returned it; then its memory is written again.
 */

/** Where bytes come from. `read` fills target[offset, offset+length) and returns how many bytes, 0 at the end. */
export interface ByteSource {
  /** As the user named it; stands in every error and in the summary. */
  readonly name: string;
  /** Total size in bytes where it is known (a plain file), for progress. */
  readonly size?: number;
  /** How much of `size` was taken so far, where that is not what was read: a decompressing source. */
  readonly consumed?: number;
  /** A plain file answers at once with a number (fast); a stream with a promise. */
  read(target: Uint8Array, offset: number, length: number): number | Promise<number>;
  close(): void;
}

/** One capture interface: a pcap file has one, a pcapng section as many as it describes. */
export interface CaptureInterface {
  /** LINKTYPE_ value, FCS bits removed (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcaplinktype). */
  readonly linkType: number;
  /** Bytes of frame check sequence at the end of every frame (0 or 4 as a rule). */
  readonly fcsLength: number;
  /** Snap length in bytes; 0 = no limit. */
  readonly snapLength: number;
  readonly name?: string;
  /** Index of the capture (command line order) it belongs to. */
  readonly capture: number;
}

/**
 * Frames in structure-of-arrays form; index 0..count-1.
 * `bytes[offset[i], offset[i]+captured[i])` is frame i from its link-layer header on.
 */
export interface FrameBatch {
  count: number;
  bytes: Uint8Array;
  /** Where the frame begins in `bytes`. */
  offset: Int32Array;
  /** Captured length in bytes (after the snap length). */
  captured: Int32Array;
  /** Length on the wire in bytes; a reader raises it to `captured` where a file claims less. */
  original: Int32Array;
  /** Seconds since 1970-01-01 UTC (whole), and nanoseconds 0..999,999,999: together lossless.
   *  Always within what a Date holds (8.64e12 s). */
  seconds: Float64Array;
  nanoseconds: Int32Array;
  /** Index into FrameSource.interfaces. */
  interfaceIndex: Int32Array;
}

/** Frames one batch holds at most. */
export const BATCH_FRAMES = 4096;

/** A damaged or unreadable capture. Every frame before the damage has been delivered. */
export class CaptureError extends Error {
  override readonly name = 'CaptureError';
  constructor(
    /** The capture's name as the user gave it. */
    readonly capture: string,
    /** Byte offset in the (decompressed) stream where the damage stands. */
    readonly offset: number,
    /** What was expected there, and what was found: `a block length of at least 32`, `12`. */
    readonly expected: string,
    readonly found: string,
    /** What the user can do about it. */
    readonly hint?: string,
  ) {
    super(`${capture}: at byte ${offset}: expected ${expected}, found ${found}${hint ? `; ${hint}` : ''}`);
  }
}

/** One capture, or several merged by time. */
export interface FrameSource {
  /** Grows while reading; entries never change. */
  readonly interfaces: readonly CaptureInterface[];
  /**
   * The next batch, or null at the end. Answers at once where the bytes are at hand. Never throws for damage: the
   * frames before it come first, then `null`, and `errors` holds what was wrong (one a capture).
   */
  next(): FrameBatch | null | Promise<FrameBatch | null>;
  readonly errors: readonly CaptureError[];
  /** Bytes taken from the source so far (compressed where it is), for progress; and the total where known. */
  readonly bytesRead: number;
  readonly bytesTotal?: number;
  /** How often time ran backwards from one frame to the next (merged or multi-CPU captures). */
  readonly stepsBack: number;
  close(): void;
}
