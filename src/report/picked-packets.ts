/**
 * Header fields of the packets that were picked of a batch, an array a field (hot).
 *
 * In:  rows of packets (packet/row.ts), and which of them.  Out: the fields, at k for the k-th that was picked, until the next
 * gather(). A row is two lines of the cache: going over all of them once a field took most of the fields' time.
 */
import { DPORT, DST, FAMILY, ICMP_CODE, ICMP_TYPE, OUTER_L3, PROTOCOL, SPORT, SRC, STRIDE } from '../packet/row.js';
import { hasPorts } from '../rules/protocols.js';
import { isIcmp, transportKnown } from './fields.js';

/** In the place of a port, an ICMP type or code that a packet has not or does not hold. */
export const NOTHING = -1;

export class PickedPackets {
  family: Uint8Array;
  /** One more than the protocol, 0 without a family. */
  protocolKey: Int32Array;
  /** First words of the addresses: all of them in IPv4. */
  source: Int32Array;
  destination: Int32Array;
  sport: Int32Array;
  dport: Int32Array;
  icmpType: Int32Array;
  icmpCode: Int32Array;
  /** How many have a family, ports, an ICMP type. */
  addressed = 0;
  withPorts = 0;
  withIcmp = 0;
  /** Whether some came through a tunnel. */
  isTunnelled = false;

  constructor(room: number) {
    this.family = new Uint8Array(room);
    this.protocolKey = new Int32Array(room);
    this.source = new Int32Array(room);
    this.destination = new Int32Array(room);
    this.sport = new Int32Array(room);
    this.dport = new Int32Array(room);
    this.icmpType = new Int32Array(room);
    this.icmpCode = new Int32Array(room);
  }

  get room(): number {
    return this.family.length;
  }

  gather(rows: Int32Array, picked: Int32Array, count: number): void {
    const { family, protocolKey, source, destination, sport, dport, icmpType, icmpCode } = this;
    let addressed = 0;
    let withPorts = 0;
    let withIcmp = 0;
    let outer = -1;
    for (let k = 0; k < count; k++) {
      const base = picked[k]! * STRIDE;
      const protocol = rows[base + PROTOCOL]!;
      const its = rows[base + FAMILY]!;
      family[k] = its;
      protocolKey[k] = its === 0 ? 0 : protocol + 1;
      source[k] = rows[base + SRC]!;
      destination[k] = rows[base + DST]!;
      outer &= rows[base + OUTER_L3]!;
      let from = NOTHING;
      let to = NOTHING;
      let type = NOTHING;
      let code = NOTHING;
      if (its !== 0) {
        addressed++;
        if (hasPorts(protocol)) {
          if (transportKnown(rows, base)) {
            from = rows[base + SPORT]!;
            to = rows[base + DPORT]!;
            withPorts++;
          }
        } else if (isIcmp(protocol) && transportKnown(rows, base)) {
          type = rows[base + ICMP_TYPE]!;
          code = rows[base + ICMP_CODE]!;
          withIcmp++;
        }
      }
      sport[k] = from;
      dport[k] = to;
      icmpType[k] = type;
      icmpCode[k] = code;
    }
    this.addressed = addressed;
    this.withPorts = withPorts;
    this.withIcmp = withIcmp;
    this.isTunnelled = outer >= 0;
  }
}
