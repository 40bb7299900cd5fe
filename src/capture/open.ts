/**
 * Opens a capture: recognises its format by content.
 *
 * In:  a ByteSource with plain (decompressed) bytes.  Out: a FrameSource.
 *
 * Nothing is read before the first next(), so opening never waits; what is wrong with the beginning of a capture is
 * found there too and stands in `errors` like any other damage.
 */
import type { Memory } from '../memory/memory.js';
import type { countStepsBack } from './clock.js';
import { type FormatOptions, hex, MAX_RECORD } from './format.js';
import { BATCH_FRAMES, type ByteSource, CaptureError, type CaptureInterface, type FrameSource } from './frame.js';
import { isPcap, PCAP_HEADER, Pcap } from './pcap.js';
import { isPcapng, Pcapng } from './pcapng.js';
import { CaptureReader, type Recognise } from './reader.js';
import type { walkRecords } from './records.js';

export interface CaptureOptions {
  /** Command line index of the capture, for CaptureInterface.capture. Default 0. */
  readonly capture?: number;
  /** Bytes a record may have: a packet's captured length in pcap, a whole block in pcapng. Default 16 MiB. */
  readonly maxRecord?: number;
  /** Bytes of each of the two buffers. Default 128 KiB. */
  readonly bufferLength?: number;
  /** Where the two buffers are taken from; 2 * (bufferLength + 140 kB). */
  readonly memory?: Memory;
  /** The hot loops, for arrays of that memory. */
  readonly loops?: CaptureLoops;
}

export interface CaptureLoops {
  readonly walkRecords: typeof walkRecords;
  readonly countStepsBack: typeof countStepsBack;
}

const KNOWN: readonly (readonly [number, number, string])[] = [
  [0x1f8b0000, 0xffff0000, 'gzip'],
  [0x28b52ffd, 0xffffffff, 'zstd'],
  [0xfd377a58, 0xffffffff, 'xz'],
  [0x425a6800, 0xffffff00, 'bzip2'],
  [0x04224d18, 0xffffffff, 'lz4'],
  [0x504b0304, 0xffffffff, 'zip'],
];

/** What the bytes look like, where they are no capture. */
function describe(view: DataView, length: number): { found: string; hint: string } {
  const word = view.getUint32(0, false);
  const packed = KNOWN.find(([magic, mask]) => (word & mask) >>> 0 === magic);
  if (packed) return { found: `${packed[2]} data`, hint: `decompress it first (gzip and zstd are read as they are)` };
  const shown = Math.min(length, 24);
  let text = '';
  for (let i = 0; i < shown; i++) {
    const byte = view.getUint8(i);
    if (!(byte >= 0x20 && byte < 0x7f) && byte !== 9 && byte !== 10 && byte !== 13) {
      return { found: `the bytes ${hex(word)}`, hint: 'is it a capture at all?' };
    }
    text += String.fromCharCode(byte);
  }
  return { found: `text (${JSON.stringify(text)})`, hint: 'policies and cluster files are given with -p and -c' };
}

function recogniser(name: string, options: FormatOptions): Recognise {
  const magic = 'a pcap or pcapng capture';
  const cut = (expected: string, length: number): CaptureError =>
    new CaptureError(
      name,
      0,
      expected,
      length === 0 ? 'an empty file' : `the end of the file after ${length} ${length === 1 ? 'byte' : 'bytes'}`,
    );
  return (view, length, ended) => {
    if (length < 4) {
      if (!ended) return 'more';
      return cut(length === 0 ? magic : `${magic} (its first 4 bytes tell)`, length);
    }
    if (isPcapng(view)) return { format: new Pcapng(options), skip: 0 };
    if (isPcap(view)) {
      if (length < PCAP_HEADER) return ended ? cut('a pcap header of 24 bytes', length) : 'more';
      return { format: new Pcap(view, options), skip: PCAP_HEADER };
    }
    const { found, hint } = describe(view, length);
    return new CaptureError(name, 0, magic, found, hint);
  };
}

export function openCapture(source: ByteSource, options: CaptureOptions = {}): FrameSource {
  const interfaces: CaptureInterface[] = [];
  const limit = options.maxRecord ?? MAX_RECORD;
  const bufferLength = options.bufferLength ?? 128 * 1024;
  const { memory, loops } = options;
  const walkRecords = loops?.walkRecords;
  const recognise = recogniser(source.name, {
    capture: options.capture ?? 0,
    limit,
    interfaces,
    memory,
    walkRecords,
  });
  // No frame takes less than 16 bytes in either format.
  const frames = Math.min(BATCH_FRAMES, Math.ceil(bufferLength / 16));
  return new CaptureReader(source, interfaces, recognise, {
    bufferLength,
    frames,
    memory,
    countSteps: loops?.countStepsBack,
  });
}
