/**
 * The connection's entry around one packet, in words (cold).
 *
 * In:  what connection tracking made of the packet (flow/watched.ts) and its row.  Out: the state before and after, and for
 * TCP what its sequence numbers were held against: the window of the sender, as the other side has allowed it so far.
 */
import type { ConnectionDescription } from '../flow/describe.js';
import { FLAG_LIBERAL } from '../flow/tcp-bits.js';
import {
  INVALID_HEADER,
  INVALID_NO_ENTRY,
  INVALID_PROTOCOL,
  INVALID_STATE,
  INVALID_UNRELATED,
  INVALID_WINDOW,
  TRACK_FULL,
  TRACK_INVALID,
  TRACK_NEW,
  TRACK_ORIGINAL,
  TRACK_ORIGINAL_UNREPLIED,
  TRACK_RELATED,
  TRACK_REPLY,
  TRACK_UNTRACKED,
} from '../flow/tracker.js';
import type { TrackedPacket } from '../flow/watched.js';
import { PROTOCOL, SPORT, SRC, TCP_ACK, TCP_SEQ } from '../packet/row.js';
import { addressText, protocolText } from '../packet/text.js';
import { duration } from '../report/style.js';
import { TCP } from '../rules/protocols.js';

export interface ConnectionExplanation {
  /** What connection tracking calls the packet: `new`, `original`, `reply`, `related`, `invalid`, `untracked`, `full`. */
  readonly packet: string;
  /** Of an invalid packet. */
  readonly invalid: string | null;
  readonly before: ConnectionState | null;
  /** There was an entry whose time was over. */
  readonly expired: boolean;
  readonly after: ConnectionState | null;
  readonly window: WindowExplanation | null;
  /** The table's entries can be described (Linux's). */
  readonly described: boolean;
}

export interface ConnectionState {
  /** The kernel's name (TCP, SCTP), else ''. */
  readonly state: string;
  readonly replied: boolean;
  readonly assured: boolean;
  /** Until it expires. */
  readonly timeoutSeconds: number;
}

export interface WindowExplanation {
  /** `out`: that is why it is invalid. `unchecked`: the connection was picked up in its middle, so that its windows are not known. */
  readonly verdict: 'accepted' | 'out' | 'unchecked';
  readonly sequence: number;
  readonly acknowledgement: number;
  /** The highest sequence number that the other side's window allowed so far, and the highest that was sent. */
  readonly allowed: number;
  readonly sent: number;
}

const NAMES: Readonly<Record<number, string>> = {
  [TRACK_NEW]: 'new',
  [TRACK_ORIGINAL]: 'original',
  [TRACK_ORIGINAL_UNREPLIED]: 'original',
  [TRACK_REPLY]: 'reply',
  [TRACK_RELATED]: 'related',
  [TRACK_INVALID]: 'invalid',
  [TRACK_UNTRACKED]: 'untracked',
  [TRACK_FULL]: 'full',
};

const INVALID: Readonly<Record<number, string>> = {
  [INVALID_HEADER]: 'its header cannot be: illegal flags, a wrong checksum, or an unknown ICMP type',
  [INVALID_STATE]: "the connection's state does not allow it",
  [INVALID_WINDOW]: 'its sequence or acknowledgement number is out of the window',
  [INVALID_NO_ENTRY]: 'there is no entry, and no connection begins with it',
  [INVALID_UNRELATED]: 'it is an ICMP error about no known connection',
  [INVALID_PROTOCOL]: 'the table does not take this protocol',
};

export function explainConnection(tracked: TrackedPacket, row: Int32Array): ConnectionExplanation {
  const { code, invalid, before, isExpired, after, isDescribed } = tracked;
  return {
    packet: NAMES[code]!,
    invalid: code === TRACK_INVALID ? (INVALID[invalid] ?? null) : null,
    before: before && stateOf(before),
    expired: isExpired,
    after: after && stateOf(after),
    window: windowOf(tracked, row),
    described: isDescribed,
  };
}

const stateOf = ({ state, replied, assured, timeoutLeft }: ConnectionDescription): ConnectionState => ({
  state,
  replied,
  assured,
  timeoutSeconds: timeoutLeft / 1000,
});

function windowOf({ code, invalid, before }: TrackedPacket, row: Int32Array): WindowExplanation | null {
  const isChecked =
    code === TRACK_ORIGINAL ||
    code === TRACK_ORIGINAL_UNREPLIED ||
    code === TRACK_REPLY ||
    (code === TRACK_INVALID && invalid === INVALID_WINDOW);
  if (!isChecked || row[PROTOCOL] !== TCP || before === null || before.seen === null) return null;
  const isOriginal = addressText(row, 0, SRC) === before.source && row[SPORT] === before.sourcePort;
  const [sender, other] = isOriginal ? before.seen : ([before.seen[1], before.seen[0]] as const);
  const isOut = code === TRACK_INVALID;
  const isUnchecked = !isOut && ((sender.flags | other.flags) & FLAG_LIBERAL) !== 0;
  return {
    verdict: isOut ? 'out' : isUnchecked ? 'unchecked' : 'accepted',
    sequence: row[TCP_SEQ]! >>> 0,
    acknowledgement: row[TCP_ACK]! >>> 0,
    allowed: sender.maxEnd,
    sent: sender.end,
  };
}

export function connectionLines(
  { packet, invalid, before, expired, after, window, described }: ConnectionExplanation,
  protocol: number,
): string[] {
  const name = protocolText(protocol);
  const lines = [`to connection tracking the packet is ${packet}${invalid === null ? '' : `: ${invalid}`}`];
  if (!described) return [...lines, 'the entries of this connection table are not described'];
  lines.push(`before  ${before === null ? (expired ? 'none: its time was over' : 'none') : stateText(before, name)}`);
  lines.push(`after   ${after === null ? 'none' : stateText(after, name)}`);
  if (window !== null) {
    const { verdict, sequence, allowed } = window;
    const said = {
      accepted: 'accepted',
      out: 'out of it',
      unchecked: 'not checked, as the connection was picked up in its middle',
    }[verdict];
    const limit = `sequence ${sequence}${allowed === 0 ? '' : `; the other side's window allowed up to ${allowed}`}`;
    lines.push(`window  ${said} (${limit})`);
  }
  return lines;
}

function stateText({ state, replied, assured, timeoutSeconds }: ConnectionState, protocol: string): string {
  const words = [
    state === '' ? protocol : state,
    replied ? 'answered' : 'not answered yet',
    ...(assured ? ['assured'] : []),
  ];
  return `${words.join(', ')}; ${duration(timeoutSeconds)} left`;
}
