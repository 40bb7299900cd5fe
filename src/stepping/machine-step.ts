/**
 * The state machine's step that one packet made, and the timer that runs behind it (cold).
 *
 * In:  what connection tracking made of the packet, its row, the timeouts.  Out: a MachineStep; null where there is none to tell.
 */
import type { ConnectionDescription } from '../flow/describe.js';
import { SCTP_STATE_NAMES } from '../flow/sctp-states.js';
import {
  KINDS,
  NONE,
  STATE_IGNORE,
  STATE_INVALID,
  TCP_KIND_NAMES,
  TCP_STATE_NAMES,
  TRANSITIONS,
} from '../flow/tcp-states.js';
import {
  TIMEOUT_GENERIC,
  TIMEOUT_GRE,
  TIMEOUT_GRE_STREAM,
  TIMEOUT_ICMP,
  TIMEOUT_ICMPV6,
  TIMEOUT_MAX_RETRANS,
  TIMEOUT_SCTP,
  TIMEOUT_TCP,
  TIMEOUT_UDP,
  TIMEOUT_UDP_STREAM,
  TIMEOUT_UNACKNOWLEDGED,
  TIMEOUTS,
} from '../flow/timeouts.js';
import { TRACK_INVALID, TRACK_RELATED, TRACK_REPLY } from '../flow/tracker.js';
import type { TrackedPacket } from '../flow/watched.js';
import { DPORT, DST, PROTOCOL, SPORT, SRC, TCP_FLAGS } from '../packet/row.js';
import { addressText } from '../packet/text.js';
import { type Machine, machineOf, stateOf } from './machines.js';

export interface MachineStep {
  readonly machine: Machine;
  readonly before: string;
  readonly after: string;
  /** `reply synack`; null where the packet's row does not tell it. */
  readonly event: string | null;
  /** TCP: what the table has for the event in the state before: a state, `ignored` or `invalid`. */
  readonly cell: string | null;
  readonly timer: Timer | null;
}

export interface Timer {
  /** As --timeout takes it; null where it is that of an earlier packet. */
  readonly name: string | null;
  readonly about: string;
  /** Until it fires. */
  readonly seconds: number;
}

const TCP = 6;
const SCTP = 132;

/** @param timeouts milliseconds by index of TIMEOUTS */
export function machineStep(tracked: TrackedPacket | null, row: Int32Array, timeouts: Int32Array): MachineStep | null {
  if (tracked === null || !tracked.isDescribed) return null;
  const { code, before, after } = tracked;
  const protocol = (before ?? after)?.protocol ?? row[PROTOCOL]!;
  const isRelated = code === TRACK_RELATED;
  const isReply = code === TRACK_REPLY || (code === TRACK_INVALID && before !== null && isAgainst(before, row));
  const direction = isReply ? 1 : 0;
  const kind = protocol === TCP && !isRelated ? KINDS[row[TCP_FLAGS]! & 63]! : -1;
  const from = stateOf(before);
  const name = isReply ? 'reply' : 'original';
  const event = isRelated
    ? 'an ICMP error about it'
    : kind >= 0
      ? `${name} ${TCP_KIND_NAMES[kind]}`
      : protocol === SCTP
        ? null
        : name;
  return {
    machine: machineOf(protocol),
    before: from,
    after: stateOf(after),
    event,
    cell: kind < 0 ? null : cellText(direction, kind, before),
    timer: after === null ? null : timerOf(after, timeouts),
  };
}

/** Against the direction of the connection's first packet. */
const isAgainst = (
  { source, sourcePort, destination, destinationPort }: ConnectionDescription,
  row: Int32Array,
): boolean =>
  addressText(row, 0, SRC) === destination &&
  addressText(row, 0, DST) === source &&
  row[SPORT] === destinationPort &&
  row[DPORT] === sourcePort;

function cellText(direction: number, kind: number, before: ConnectionDescription | null): string {
  const state = before === null ? NONE : (TCP_STATE_NAMES as readonly string[]).indexOf(before.state);
  const cell = TRANSITIONS[(direction * 6 + kind) * 10 + state]!;
  return cell === STATE_INVALID ? 'invalid' : cell === STATE_IGNORE ? 'ignored' : TCP_STATE_NAMES[cell]!;
}

/** Which timer an entry's is: the first of those that it can be whose whole time is left. */
export function timerOf(entry: ConnectionDescription, timeouts: Int32Array): Timer {
  const found = timersOf(entry).find(index => timeouts[index] === entry.timeoutLeft);
  const seconds = entry.timeoutLeft / 1000;
  if (found === undefined) return { name: null, about: 'set by an earlier packet, it runs on', seconds };
  const { name, about } = TIMEOUTS[found]!;
  return { name, about, seconds };
}

function timersOf({ protocol, state, assured, retransmissions }: ConnectionDescription): number[] {
  switch (protocol) {
    case TCP: {
      const own = TIMEOUT_TCP + (TCP_STATE_NAMES as readonly string[]).indexOf(state);
      // These two have one value by default: the repeats tell which.
      const lowered = [TIMEOUT_UNACKNOWLEDGED, TIMEOUT_MAX_RETRANS];
      return [own, ...(retransmissions >= 3 ? lowered.reverse() : lowered)];
    }
    case 17:
    case 136:
      return assured ? [TIMEOUT_UDP_STREAM, TIMEOUT_UDP] : [TIMEOUT_UDP];
    case 47:
      return assured ? [TIMEOUT_GRE_STREAM, TIMEOUT_GRE] : [TIMEOUT_GRE];
    case 1:
      return [TIMEOUT_ICMP];
    case 58:
      return [TIMEOUT_ICMPV6];
    case SCTP:
      return [TIMEOUT_SCTP + (SCTP_STATE_NAMES as readonly string[]).indexOf(state)];
    default:
      return [TIMEOUT_GENERIC];
  }
}
