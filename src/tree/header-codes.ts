/**
 * Header codes (cold): a packet's protocol, ports and ICMP type and code as three small whole numbers, and terms as boxes
 * of them.
 *
 * Protocols are renumbered so that those with ports stand together, and the two ICMPs do: what a rule says of protocols
 * is then one range mostly. An ICMP packet's type and code stand where the ports of others do, for no rule asks for both.
 * The code of protocol p is PROTOCOL_CODES[p + 1]; -1, a protocol that could not be read, has one too.
 */
import { ICMP, ICMPV6, PORT_PROTOCOLS } from '../rules/protocols.js';
import type { Ranges } from './address-table.js';
import type { ForwardTerm } from './forward-terms.js';
import { type HeaderBox, HIGHEST } from './header-lists.js';
import * as terms from './terms.js';

export const PROTOCOL_CODES: Int32Array = (() => {
  const codes = new Int32Array(257);
  const first = [ICMP, ICMPV6, ...PORT_PROTOCOLS];
  let next = first.length;
  for (let p = -1; p < 256; p++) {
    const place = first.indexOf(p);
    codes[p + 1] = place >= 0 ? place : next++;
  }
  return codes;
})();
/** Codes up to this one are ICMP's. */
export const LAST_ICMP_CODE = 1;

const ANY_PORT: Ranges = [0, HIGHEST[0]];
const ANY_CODE: Ranges = [0, HIGHEST[2]];

/** The boxes that make up a term's header part: one for each combination of its ranges. */
export function boxesOf({ sets, order }: Pick<ForwardTerm, 'sets' | 'order'>): HeaderBox[] {
  const x = sets[terms.SOURCE_PORT_DIM] ?? sets[terms.ICMP_TYPE_DIM] ?? ANY_PORT;
  const y = sets[terms.DESTINATION_PORT_DIM] ?? sets[terms.ICMP_CODE_DIM] ?? ANY_PORT;
  const protocols = sets[terms.PROTOCOL_DIM] ?? null;
  const codes = protocols === null ? ANY_CODE : codeRanges(protocols);
  const boxes: HeaderBox[] = [];
  for (let p = 0; p < codes.length; p += 2) {
    for (let s = 0; s < x.length; s += 2) {
      for (let d = 0; d < y.length; d += 2) {
        boxes.push({ low: [x[s]!, y[d]!, codes[p]!], high: [x[s + 1]!, y[d + 1]!, codes[p + 1]!], order });
      }
    }
  }
  return boxes;
}

function codeRanges(protocols: Ranges): Ranges {
  if (protocols.length === 2 && protocols[0] === protocols[1]) {
    const code = PROTOCOL_CODES[protocols[0]! + 1]!;
    return [code, code];
  }
  const codes: number[] = [];
  for (let i = 0; i < protocols.length; i += 2) {
    for (let p = protocols[i]!; p <= protocols[i + 1]!; p++) codes.push(PROTOCOL_CODES[p + 1]!);
  }
  codes.sort((a, b) => a - b);
  const ranges: number[] = [];
  for (const code of codes) {
    if (ranges.length > 0 && ranges[ranges.length - 1] === code - 1) ranges[ranges.length - 1] = code;
    else ranges.push(code, code);
  }
  return ranges;
}
