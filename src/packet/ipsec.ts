/**
 * The security headers at the end of a chain: ESP (RFC 4303) and, in IPv4, AH (RFC 4302).
 *
 * In:  a header (shape: next.ts).  Out: a STATUS_ value; TAG (the security parameters index) and FLAG_DARK (ESP).
 */
import { shortStatus } from './next.js';
import { FLAG_DARK, FLAGS, STATUS_OK, TAG } from './row.js';

const ESP_SPI = 0;
const ESP_HEADER = 8;
const AH_SPI = 4;
const AH_HEADER = 12;

export function esp(view: DataView, at: number, end: number, wire: number, rows: Int32Array, base: number): number {
  rows[base + FLAGS] = rows[base + FLAGS]! | FLAG_DARK;
  if (at + ESP_HEADER > end) return shortStatus(at + ESP_HEADER, wire);
  rows[base + TAG] = view.getInt32(at + ESP_SPI);
  return STATUS_OK;
}

export function ah(view: DataView, at: number, end: number, wire: number, rows: Int32Array, base: number): number {
  if (at + AH_HEADER > end) return shortStatus(at + AH_HEADER, wire);
  rows[base + TAG] = view.getInt32(at + AH_SPI);
  return STATUS_OK;
}
