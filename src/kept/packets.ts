/**
 * What is kept of every packet, whatever the policies say (hot: called once a packet).
 *
 * In:  batches.  Out: columns by packet number - 1: some 24 bytes a packet, and 112 a distinct header (headers.ts). Columns that few
 * captures need (interfaces, copies, tunnels) are made with the first packet that does.
 */
import type { FrameBatch } from '../capture/frame.js';
import { describeOuter, type OuterPacket } from '../packet/outer.js';
import { FLAG_DARK, FLAGS, OUTER_L3, type PacketBatch, STRIDE } from '../packet/row.js';
import { grown } from './grow.js';
import { Headers } from './headers.js';

export class Packets {
  readonly headers = new Headers();
  count = 0;
  seconds = new Float64Array(0);
  nanoseconds = new Int32Array(0);
  /** Bytes on the wire. */
  length = new Int32Array(0);
  /** In `headers`. */
  header = new Int32Array(0);
  /** null while all packets came through interface 0. */
  interfaces: Int32Array | null = null;
  /** Of encrypted tunnels. */
  darkPackets = 0;
  darkBytes = 0;
  /** Places in `tunnels`, 0 for none; null while no packet came through one. */
  private tunnelOf: Int32Array | null = null;
  private readonly tunnels: (OuterPacket | null)[] = [null];
  private readonly tunnelPlaces = new Map<string, number>();

  add(frames: FrameBatch, { rows }: PacketBatch): void {
    const { count: added, seconds, nanoseconds, original, interfaceIndex } = frames;
    const from = this.count;
    this.reserve(from + added);
    this.count = from + added;
    this.seconds.set(seconds.subarray(0, added), from);
    this.nanoseconds.set(nanoseconds.subarray(0, added), from);
    this.length.set(original.subarray(0, added), from);
    const { header, headers } = this;
    for (let i = 0; i < added; i++) {
      const base = i * STRIDE;
      header[from + i] = headers.find(rows, base);
      if (interfaceIndex[i] !== 0) this.addInterface(from + i, interfaceIndex[i]!);
      if (rows[base + OUTER_L3]! >= 0) this.addTunnel(from + i, describeOuter(frames, i, rows[base + OUTER_L3]!));
      if ((rows[base + FLAGS]! & FLAG_DARK) === 0) continue;
      this.darkPackets++;
      this.darkBytes += original[i]!;
    }
  }

  /** The tunnel that carried the packet. @param i its number - 1 */
  outer(i: number): OuterPacket | null {
    return this.tunnelOf === null ? null : this.tunnels[this.tunnelOf[i]!]!;
  }

  get bytes(): number {
    const { seconds, nanoseconds, length, header, interfaces, tunnelOf, headers } = this;
    const arrays = [seconds, nanoseconds, length, header, interfaces, tunnelOf];
    return arrays.reduce((sum, array) => sum + (array?.byteLength ?? 0), headers.bytes);
  }

  /** No more packets come, and those beyond `count` are left out: takes back what was reserved for them. */
  trim(count: number): void {
    this.count = count;
    this.headers.trim();
    this.seconds = this.seconds.slice(0, count);
    this.nanoseconds = this.nanoseconds.slice(0, count);
    this.length = this.length.slice(0, count);
    this.header = this.header.slice(0, count);
    this.interfaces = this.interfaces?.slice(0, count) ?? null;
    this.tunnelOf = this.tunnelOf?.slice(0, count) ?? null;
  }

  private reserve(count: number): void {
    this.seconds = grown(this.seconds, count);
    this.nanoseconds = grown(this.nanoseconds, count);
    this.length = grown(this.length, count);
    this.header = grown(this.header, count);
    if (this.interfaces !== null) this.interfaces = grown(this.interfaces, count);
    if (this.tunnelOf !== null) this.tunnelOf = grown(this.tunnelOf, count);
  }

  /** @cold */
  private addInterface(i: number, index: number): void {
    this.interfaces ??= new Int32Array(this.header.length);
    this.interfaces[i] = index;
  }

  /** @cold */
  private addTunnel(i: number, outer: OuterPacket): void {
    const { src, dst, tunnel, vni, key } = outer;
    const name = [src, dst, tunnel, vni, key].join();
    let place = this.tunnelPlaces.get(name);
    if (place === undefined) {
      place = this.tunnels.push(outer) - 1;
      this.tunnelPlaces.set(name, place);
    }
    this.tunnelOf ??= new Int32Array(this.header.length);
    this.tunnelOf[i] = place;
  }
}
