/**
 * What every capture format's parser looks like: one file a format, all of this shape.
 *
 * In:  a window of the capture's bytes, view[from, to), beginning at a record's first byte.
 * Out: frames appended to a batch, and the place of the first record that was not taken.
 *
 * Contract (hot): parse() stops at the batch's end, at a record of which bytes are missing (`need` says how many bytes
 * that record asks for, counted from its beginning; never more than `limit`) or at damage (`damage`). It never reads
 * outside the window and takes at least one record or stops. Nothing is allocated a frame.
 */
import type { Memory } from '../memory/memory.js';
import type { CaptureInterface, FrameBatch } from './frame.js';
import type { walkRecords } from './records.js';

export interface Damage {
  /** Byte offset counted from the beginning of the window parse() was given. */
  readonly at: number;
  readonly expected: string;
  readonly found: string;
  readonly hint?: string;
}

export interface Format {
  /** `pcap` or `pcapng`. */
  readonly name: string;
  /**
   * @param batch frames are appended from batch.count on, at most until it holds `room`
   * @returns where the first record begins that was not taken
   */
  parse(view: DataView, from: number, to: number, batch: FrameBatch, room: number): number;
  /** Bytes the record at the returned place asks for; 0 where the batch is full. */
  readonly need: number;
  /** What that record is, for the message of a cut capture: `a packet record`. */
  readonly record: string;
  readonly damage: Damage | null;
}

export interface FormatOptions {
  /** Command line index of the capture. */
  readonly capture: number;
  /** Bytes one record may have. */
  readonly limit: number;
  /** Interfaces are appended here as they are described. */
  readonly interfaces: CaptureInterface[];
  /** Where the batches' arrays lie, and the hot loop over a pcap file's records for arrays of that memory. */
  readonly memory?: Memory;
  readonly walkRecords?: typeof walkRecords;
}

/** 16 MiB: what libpcap accepts for a pcapng block. */
export const MAX_RECORD = 16 * 1024 * 1024;
/** 256 KiB: what libpcap and Wireshark accept as a packet's captured length. */
export const MAX_PACKET = 256 * 1024;
/** The greatest length FrameBatch.original holds. */
export const MAX_LENGTH = 0x7fffffff;

export const hex = (value: number, digits = 8): string => '0x' + (value >>> 0).toString(16).padStart(digits, '0');
