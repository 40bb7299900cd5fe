/**
 * The two ports every port-carrying protocol begins with, read where a header is cut behind them.
 *
 * In:  a transport header from its source port on.  Out: SPORT and DPORT in the row, both or (below four bytes) none.
 */
import { DPORT, SPORT } from './row.js';

const HEADER = 4;

export function ports(view: DataView, at: number, end: number, rows: Int32Array, base: number): void {
  if (at + HEADER > end) return;
  rows[base + SPORT] = view.getUint16(at);
  rows[base + DPORT] = view.getUint16(at + 2);
}
