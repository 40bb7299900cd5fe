/**
 * One VLAN tag behind its tag protocol identifier (IEEE 802.1Q, 802.1ad): tag control information, then the next type.
 *
 * In:  the tag from its control information on.  Out: the EtherType or length behind it, or a negative next.ts code.
 */
import { shortNext } from './next.js';

const TYPE = 2;
const HEADER = 4;

export function vlan(view: DataView, at: number, end: number, wire: number): number {
  if (at + HEADER > end) return shortNext(at + HEADER, wire);
  return view.getUint16(at + TYPE);
}
