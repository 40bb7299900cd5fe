/**
 * Addresses as text, remembered (hot): captures name the same few addresses over and over.
 *
 * In:  an address in a row.  Out: its canonical text. Direct-mapped: 4,096 IPv4 and 4,096 IPv6 addresses.
 */
import { FAMILY } from '../packet/row.js';
import { addressText } from '../packet/text.js';

const ENTRIES = 4096;

/** @returns a function (rows, base, word) -> canonical text of the address at word SRC or DST */
export function createAddressText(): (rows: Int32Array, base: number, word: number) => string {
  const key4 = new Int32Array(ENTRIES);
  const text4: string[] = new Array(ENTRIES).fill('');
  const key6 = new Int32Array(ENTRIES * 4);
  const text6: string[] = new Array(ENTRIES).fill('');
  return (rows, base, word) => {
    const at = base + word;
    const a = rows[at]!;
    if (rows[base + FAMILY] === 4) {
      const slot = (Math.imul(a, 0x9e3779b1) >>> 20) & (ENTRIES - 1);
      if (key4[slot] !== a || text4[slot] === '') {
        key4[slot] = a;
        text4[slot] = addressText(rows, base, word);
      }
      return text4[slot]!;
    }
    const b = rows[at + 1]!;
    const c = rows[at + 2]!;
    const d = rows[at + 3]!;
    const mixed = Math.imul(
      a ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ Math.imul(d, 0x27d4eb2f),
      0x9e3779b1,
    );
    const slot = (mixed >>> 20) & (ENTRIES - 1);
    const k = slot * 4;
    if (text6[slot] === '' || key6[k] !== a || key6[k + 1] !== b || key6[k + 2] !== c || key6[k + 3] !== d) {
      key6[k] = a;
      key6[k + 1] = b;
      key6[k + 2] = c;
      key6[k + 3] = d;
      text6[slot] = addressText(rows, base, word);
    }
    return text6[slot]!;
  };
}
