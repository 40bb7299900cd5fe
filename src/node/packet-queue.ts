/**
 * Packets that arrive one by one -> the bytes of a pcap capture, for whoever asks for them.
 *
 * In:  packets from their IPv4 header on; their time is when they are put here, with microseconds.  Out: a ByteSource with a file
 * header (link type IPV4) and a record a packet.
 * Contract: what is put is copied. `full` tells that nobody takes what is there; whoever puts packets should
 * wait then. After end() what is there still comes, then the end.
 */
import type { ByteSource } from '../capture/frame.js';

const LINKTYPE_IPV4 = 228;
/** Bytes of a packet at most: as many as tcpdump writes. */
export const LONGEST_PACKET = 262_144;
/** Bytes that wait here, at most as a rule. */
const MOST_WAITING = 16 * 1024 * 1024;

export class PacketQueue implements ByteSource {
  readonly #waiting: Buffer[] = [fileHeader()];
  #next = 0;
  #used = 0;
  #bytes = 0;
  #hasEnded = false;
  #wake = (): void => {};

  /** @param onRoom is called when it is full no more @param onClose when nobody will ask any more */
  constructor(
    readonly name: string,
    private readonly onRoom: () => void,
    private readonly onClose: () => void,
  ) {}

  get full(): boolean {
    return this.#bytes > MOST_WAITING;
  }

  put(packet: Buffer): void {
    const record = Buffer.allocUnsafe(16 + packet.length);
    const microseconds = Math.round((performance.timeOrigin + performance.now()) * 1000);
    record.writeUInt32LE(Math.floor(microseconds / 1e6), 0);
    record.writeUInt32LE(microseconds % 1e6, 4);
    record.writeUInt32LE(packet.length, 8);
    record.writeUInt32LE(packet.length, 12);
    packet.copy(record, 16);
    this.#waiting.push(record);
    this.#bytes += record.length;
    this.#wake();
  }

  end(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  read(target: Uint8Array, offset: number, length: number): number | Promise<number> {
    if (this.#next < this.#waiting.length || this.#hasEnded) return this.#take(target, offset, length);
    return new Promise(resolve => {
      this.#wake = () => {
        this.#wake = () => {};
        // The packets that came together are taken together.
        setImmediate(() => resolve(this.#take(target, offset, length)));
      };
    });
  }

  #take(target: Uint8Array, offset: number, length: number): number {
    const wasFull = this.full;
    let taken = 0;
    while (taken < length && this.#next < this.#waiting.length) {
      const record = this.#waiting[this.#next]!;
      const count = Math.min(length - taken, record.length - this.#used);
      target.set(record.subarray(this.#used, this.#used + count), offset + taken);
      taken += count;
      this.#used += count;
      if (this.#used < record.length) break;
      this.#used = 0;
      this.#next++;
      this.#bytes -= record.length;
    }
    if (this.#next === this.#waiting.length) this.#waiting.length = this.#next = 0;
    if (wasFull && !this.full) this.onRoom();
    return taken;
  }

  close(): void {
    this.onClose();
  }
}

function fileHeader(): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(LONGEST_PACKET, 16);
  header.writeUInt32LE(LINKTYPE_IPV4, 20);
  return header;
}
