/**
 * Encrypted tunnels that travel in UDP: WireGuard, and ESP behind address translation (RFC 3948).
 *
 * In:  the row of a whole UDP packet.  Out: FLAG_DARK where its payload has the shape of such a message.
 * The port alone does not tell: a WireGuard message begins with its type and three zero bytes and has the length of
 * that type (https://www.wireguard.com/protocol/).
 */
import { DPORT, END, FLAG_DARK, FLAGS, L4, PAYLOAD, SPORT } from './row.js';

const UDP_HEADER = 8;
/** WireGuard's own port, its neighbour (Calico's and flannel's IPv6), Cilium's. */
const PORT_WIREGUARD = 51820;
const PORT_WIREGUARD_IPV6 = 51821;
const PORT_WIREGUARD_CILIUM = 51871;
const PORT_ESP = 4500;

/** Message type in the first byte, the rest of the word zero. */
const INITIATION = 0x01000000;
const RESPONSE = 0x02000000;
const COOKIE = 0x03000000;
const DATA = 0x04000000;
const MIN_DATA = 32;

export function dark(view: DataView, rows: Int32Array, base: number): void {
  const source = rows[base + SPORT]!;
  const destination = rows[base + DPORT]!;
  const at = rows[base + L4]! + UDP_HEADER;
  if (at + 4 > rows[base + END]!) return;
  const size = rows[base + PAYLOAD]!;
  if (isWireguardPort(source) || isWireguardPort(destination)) {
    const type = view.getInt32(at);
    if (
      (type === INITIATION && size === 148) ||
      (type === RESPONSE && size === 92) ||
      (type === COOKIE && size === 64) ||
      (type === DATA && size >= MIN_DATA && (size & 15) === 0)
    )
      rows[base + FLAGS] = rows[base + FLAGS]! | FLAG_DARK;
  } else if (source === PORT_ESP || destination === PORT_ESP) {
    // A zero word marks IKE, a single 0xff byte a keep-alive; anything else is a security parameters index.
    if (size > 8 && view.getInt32(at) !== 0) rows[base + FLAGS] = rows[base + FLAGS]! | FLAG_DARK;
  }
}

/** Whether a port may be an encrypted tunnel's. */
export const isDarkPort = (port: number): boolean => port === PORT_ESP || isWireguardPort(port);

const isWireguardPort = (port: number): boolean =>
  port === PORT_WIREGUARD || port === PORT_WIREGUARD_IPV6 || port === PORT_WIREGUARD_CILIUM;
