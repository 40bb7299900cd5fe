/**
 * First packets that certainly begin their connection (hot, what-if mode).
 *
 * In:  the first packet seen of a connection.  Out: whether its source is the initiator, beyond doubt: whatever takes
 * more to tell is inferred by initiator.ts, which says the same of these.
 */
import type { Float } from '../memory/memory.js';
import { DPORT, PROTOCOL, SPORT, TCP_FLAGS } from '../packet/row.js';

const TCP = 6;
const UDP = 17;
const SYN = 2;
const ACK = 16;
/** Linux's net.ipv4.ip_local_port_range begins here; IANA's dynamic ports (RFC 6335) at 49152. */
export const EPHEMERAL = 32768;
export const PRIVILEGED = 1024;

/**
 * A connectionless exchange that was alive before the capture can show its reply first only while its entry would still
 * be alive: 120 s, the kernel's longest timeout for UDP.
 */
export const BEFORE_CAPTURE_NS = 120e9;

/** Beginnings.standsFor: the address may be what another's source was turned into; may stand for others as a destination. */
export const MASQUERADES = 1;
export const TRANSLATES = 2;

/** Words of one bit a port. */
export const PORT_WORDS = 2048;

export class Beginnings {
  constructor(
    /** One bit a UDP port: somebody may listen there. */
    private readonly listened: Int32Array,
    /** By owner, MASQUERADES and TRANSLATES as they hold. */
    readonly standsFor: Int32Array,
  ) {}

  /** @param now nanoseconds since the capture's first packet */
  begins(rows: Int32Array, base: number, now: Float): boolean {
    const protocol = rows[base + PROTOCOL]!;
    if (protocol === TCP) return (rows[base + TCP_FLAGS]! & (SYN | ACK)) === SYN;
    if (protocol !== UDP) return false;
    if (now > BEFORE_CAPTURE_NS) return true;
    const sport = rows[base + SPORT]!;
    const dport = rows[base + DPORT]!;
    if (((this.listened[sport >>> 5]! >>> (sport & 31)) & 1) !== 0) return false;
    if (sport < PRIVILEGED !== dport < PRIVILEGED) return dport < PRIVILEGED;
    if (sport >= EPHEMERAL !== dport >= EPHEMERAL) return sport >= EPHEMERAL;
    return true;
  }
}
