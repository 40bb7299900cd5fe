/**
 * All timeouts of Linux's connection tracking as data, and a user's changes to them.
 *
 * In:  `{ tcp_established: 86400 }` (seconds).  Out: milliseconds by index (hot code reads an Int32Array).
 * Names are those of the sysctls net.netfilter.nf_conntrack_*, without `timeout` and the prefix; defaults are Linux's.
 * TCP's first ten and SCTP's nine stand in the order of their states, so that index = base + state.
 */

export interface TimeoutDefinition {
  readonly name: string;
  readonly seconds: number;
  readonly about: string;
}
export const definition = (name: string, seconds: number, about: string): TimeoutDefinition => ({
  name,
  seconds,
  about,
});
const t = definition;

export const TIMEOUTS: readonly TimeoutDefinition[] = [
  t('tcp_none', 120, 'TCP: not used; keeps the order of the states'),
  t('tcp_syn_sent', 120, 'TCP: a SYN seen'),
  t('tcp_syn_recv', 60, 'TCP: SYN and SYN/ACK seen'),
  t('tcp_established', 432000, 'TCP: established (five days)'),
  t('tcp_fin_wait', 120, 'TCP: one side has sent its FIN'),
  t('tcp_close_wait', 60, 'TCP: the first FIN was acknowledged'),
  t('tcp_last_ack', 30, 'TCP: both sides have sent their FIN'),
  t('tcp_time_wait', 120, 'TCP: the last FIN was acknowledged'),
  t('tcp_close', 10, 'TCP: reset'),
  t('tcp_syn_sent2', 120, 'TCP: both sides have sent a SYN (simultaneous open)'),
  t('tcp_max_retrans', 300, 'TCP: the same acknowledgement three times over, or a window of 0'),
  t('tcp_unacknowledged', 300, 'TCP: data nobody has acknowledged yet'),
  t('udp', 30, 'UDP: one packet, or a question and its answer'),
  t('udp_stream', 120, 'UDP: both directions, and still active after two seconds'),
  t('icmp', 30, 'ICMP request and reply'),
  t('icmpv6', 30, 'ICMPv6 request and reply'),
  t('gre', 30, 'GRE: one direction'),
  t('gre_stream', 180, 'GRE: both directions'),
  t('sctp_none', 10, 'SCTP: not used; keeps the order of the states'),
  t('sctp_closed', 10, 'SCTP: INIT seen, or closed'),
  t('sctp_cookie_wait', 3, 'SCTP: INIT ACK seen'),
  t('sctp_cookie_echoed', 3, 'SCTP: COOKIE ECHO seen'),
  t('sctp_established', 210, 'SCTP: COOKIE ACK seen'),
  t('sctp_shutdown_sent', 3, 'SCTP: SHUTDOWN by the initiator'),
  t('sctp_shutdown_recd', 3, 'SCTP: SHUTDOWN by the responder'),
  t('sctp_shutdown_ack_sent', 3, 'SCTP: SHUTDOWN ACK seen'),
  t('sctp_heartbeat_sent', 30, 'SCTP: HEARTBEAT on a new path'),
  t('generic', 600, 'every other protocol'),
  t('ip_fragment', 30, 'IPv4 fragments of one datagram, from the first seen on'),
  t('ip6_fragment', 60, 'IPv6 fragments of one datagram, from the first seen on'),
];

/** Indices of TIMEOUTS. */
export const TIMEOUT_TCP = 0;
export const TIMEOUT_MAX_RETRANS = 10;
export const TIMEOUT_UNACKNOWLEDGED = 11;
export const TIMEOUT_UDP = 12;
export const TIMEOUT_UDP_STREAM = 13;
export const TIMEOUT_ICMP = 14;
export const TIMEOUT_ICMPV6 = 15;
export const TIMEOUT_GRE = 16;
export const TIMEOUT_GRE_STREAM = 17;
export const TIMEOUT_SCTP = 18;
export const TIMEOUT_GENERIC = 27;
export const TIMEOUT_IP_FRAGMENT = 28;
export const TIMEOUT_IP6_FRAGMENT = 29;

/** Seconds a timeout may have at most: the table's clock counts milliseconds in 31 bits. */
export const LONGEST_TIMEOUT = 1_000_000;

const unused = new Set(['tcp_none', 'sctp_none']);
/** Names a user may set. */
export const timeoutNames = (definitions: readonly TimeoutDefinition[] = TIMEOUTS): string[] =>
  definitions.map(({ name }) => name).filter(name => !unused.has(name));

/** A timeout that does not exist, or a value out of range. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

/**
 * @param overrides seconds by name, 1..LONGEST_TIMEOUT; fractions down to a millisecond are kept.
 * @returns milliseconds by index of the definitions.
 * @throws TimeoutError naming the timeout, the value and what is allowed.
 */
export const timeoutTable = (
  overrides: Readonly<Record<string, number>> = {},
  definitions: readonly TimeoutDefinition[] = TIMEOUTS,
): Int32Array => {
  const names = timeoutNames(definitions);
  for (const [name, seconds] of Object.entries(overrides)) {
    if (!names.includes(name)) {
      throw new TimeoutError(`there is no timeout "${name}"; the timeouts are: ${names.join(', ')}`);
    }
    if (!(seconds >= 0.001 && seconds <= LONGEST_TIMEOUT)) {
      throw new TimeoutError(`timeout ${name}: ${seconds} is not a number of seconds from 0.001 to ${LONGEST_TIMEOUT}`);
    }
  }
  return Int32Array.from(definitions, ({ name, seconds }) =>
    Math.round((Object.hasOwn(overrides, name) ? overrides[name]! : seconds) * 1000),
  );
};
