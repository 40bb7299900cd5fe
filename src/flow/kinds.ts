/**
 * The connection tables there are, and the names of their timeouts (data, cold).
 *
 * In:  a kind and a user's `{ regular_tcp: 21600 }` (seconds).  Out: whether the kind has timeouts of these names.
 * What each table does: docs/conntrack.md; the code of `linux` is conntrack.ts, of the two eBPF tables ebpf.ts, of `none`
 * stateless.ts. Names are those of the plugins' own options: Cilium's without `bpf-ct-timeout-`, Calico's BPFConntrackTimeouts.
 */
import { definition, TIMEOUTS, type TimeoutDefinition, TimeoutError, timeoutNames } from './timeouts.js';

export const CONNTRACK_KINDS = ['linux', 'cilium', 'calico-ebpf', 'none'] as const;
export type ConntrackKind = (typeof CONNTRACK_KINDS)[number];
export type EbpfKind = Extract<ConntrackKind, 'cilium' | 'calico-ebpf'>;

export const isEbpf = (kind: ConntrackKind): kind is EbpfKind => kind === 'cilium' || kind === 'calico-ebpf';

/** No table reassembles but Linux's; yet later fragments are judged with their first one, which is remembered so long. */
const FRAGMENTS = TIMEOUTS.filter(({ name }) => name === 'ip_fragment' || name === 'ip6_fragment');

/** Indices of EBPF_TIMEOUTS.cilium. */
export const CILIUM_SYN = 0;
export const CILIUM_TCP = 1;
export const CILIUM_FIN = 2;
export const CILIUM_ANY = 3;
/** Indices of EBPF_TIMEOUTS['calico-ebpf']. */
export const CALICO_SYN_SENT = 0;
export const CALICO_ESTABLISHED = 1;
export const CALICO_FINS_SEEN = 2;
export const CALICO_RESET_SEEN = 3;
export const CALICO_UDP = 4;
export const CALICO_ICMP = 5;
export const CALICO_GENERIC = 6;

export const EBPF_TIMEOUTS: Readonly<Record<EbpfKind, readonly TimeoutDefinition[]>> = {
  cilium: [
    definition('regular_tcp_syn', 60, 'TCP: SYNs only, and any first packet'),
    definition('regular_tcp', 8000, 'TCP: anything else seen (older releases: 21600)'),
    definition('regular_tcp_fin', 10, 'TCP: both sides have sent a FIN, or either a RST'),
    definition('regular_any', 60, 'UDP, ICMP, and what ICMP errors are related by'),
    ...FRAGMENTS,
  ],
  'calico-ebpf': [
    definition('tcp_syn_sent', 20, 'TCP: the handshake is not over'),
    definition('tcp_established', 3600, 'TCP: both SYNs acknowledged'),
    definition('tcp_fins_seen', 30, 'TCP: both sides have sent a FIN'),
    definition('tcp_reset_seen', 40, 'TCP: a RST seen'),
    definition('udp', 60, 'UDP'),
    definition('icmp', 5, 'ICMP and ICMPv6'),
    definition('generic', 600, 'every other protocol'),
    ...FRAGMENTS,
  ],
};

const timeoutsOf = (kind: ConntrackKind): readonly TimeoutDefinition[] =>
  isEbpf(kind) ? EBPF_TIMEOUTS[kind] : kind === 'linux' ? TIMEOUTS : FRAGMENTS;

/** Names a user may set. */
export const timeoutNamesOf = (kind: ConntrackKind): string[] => timeoutNames(timeoutsOf(kind));

/** @throws TimeoutError naming a timeout that the kind does not have. */
export function checkTimeouts(kind: ConntrackKind, overrides: Readonly<Record<string, number>> = {}): void {
  const names = timeoutNamesOf(kind);
  for (const name of Object.keys(overrides)) {
    if (names.includes(name)) continue;
    const others = CONNTRACK_KINDS.filter(other => timeoutNamesOf(other).includes(name));
    const whose = others.length === 0 ? '' : ` (it is one of ${others.join(' and ')})`;
    throw new TimeoutError(
      `connection tracking ${kind} has no timeout "${name}"${whose}; its timeouts are: ${names.join(', ')}`,
    );
  }
}

/** Of the overrides those that the kind has: where several kinds are given one list. */
export const timeoutsFor = (
  kind: ConntrackKind,
  overrides: Readonly<Record<string, number>> = {},
): Record<string, number> => {
  const names = timeoutNamesOf(kind);
  return Object.fromEntries(Object.entries(overrides).filter(([name]) => names.includes(name)));
};

/** Of the overrides those of fragments, which every kind has. */
export const fragmentTimeouts = (overrides: Readonly<Record<string, number>> = {}): Record<string, number> =>
  timeoutsFor('none', overrides);
