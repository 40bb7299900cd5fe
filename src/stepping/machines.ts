/**
 * The state machines of the connection table as drawings need them: states, and what leads from one to another (cold).
 *
 * In:  a protocol.  Out: a Machine. TCP's and SCTP's are the tables that connection tracking runs on (flow/tcp-states.ts,
 * sctp-states.ts), read cell by cell; UDP, GRE, ICMP and the rest have no table but two bits of the entry.
 */
import type { ConnectionDescription } from '../flow/describe.js';
import { SCTP_CHUNKS, SCTP_STATE_INVALID, SCTP_STATE_NAMES, SCTP_TRANSITIONS } from '../flow/sctp-states.js';
import { STATE_INVALID, TCP_KIND_NAMES, TCP_STATE_NAMES, TRANSITIONS } from '../flow/tcp-states.js';
import {
  TIMEOUT_GENERIC,
  TIMEOUT_GRE,
  TIMEOUT_GRE_STREAM,
  TIMEOUT_ICMP,
  TIMEOUT_ICMPV6,
  TIMEOUT_SCTP,
  TIMEOUT_TCP,
  TIMEOUT_UDP,
  TIMEOUT_UDP_STREAM,
  TIMEOUTS,
} from '../flow/timeouts.js';
import { protocolText } from '../packet/text.js';
import { duration } from '../report/style.js';

export interface MachineState {
  readonly name: string;
  /** `SYN seen`, with its timeout: what the table says of it. */
  readonly about: string;
}

/** Where it is from one state to another one; `events` as the table names them: `reply synack`. */
export interface MachineEdge {
  readonly from: string;
  readonly to: string;
  readonly events: readonly string[];
}

export interface Machine {
  readonly protocol: string;
  readonly states: readonly MachineState[];
  readonly edges: readonly MachineEdge[];
  /** What the table cannot say. */
  readonly notes: readonly string[];
}

/** The state of who has no entry. */
export const NO_ENTRY = 'NONE';

const TCP = 6;
const UDP = 17;
const GRE = 47;
const ICMP = 1;
const ICMPV6 = 58;
const SCTP = 132;
const UDP_LITE = 136;
const DIRECTIONS = ['original', 'reply'] as const;

export function machineOf(protocol: number): Machine {
  switch (protocol) {
    case TCP:
      return TCP_MACHINE;
    case SCTP:
      return SCTP_MACHINE;
    case UDP:
    case UDP_LITE:
      return streaming(protocol, TIMEOUT_UDP, TIMEOUT_UDP_STREAM, UDP_STREAM[protocol]!);
    case GRE:
      return streaming(protocol, TIMEOUT_GRE, TIMEOUT_GRE_STREAM, 'a packet after the first answer');
    case ICMP:
      return answering(protocol, TIMEOUT_ICMP);
    case ICMPV6:
      return answering(protocol, TIMEOUT_ICMPV6);
    default:
      return answering(protocol, TIMEOUT_GENERIC);
  }
}

const UDP_STREAM: Readonly<Record<number, string>> = {
  [UDP]: 'a packet more than two seconds after the first',
  [UDP_LITE]: 'a packet after the first answer',
};

/** The name that the machine has for an entry's state. */
export function stateOf(entry: ConnectionDescription | null): string {
  if (entry === null) return NO_ENTRY;
  const { state, replied, assured } = entry;
  if (state !== '') return state;
  return assured ? STREAM : replied ? ANSWERED : UNANSWERED;
}

const UNANSWERED = 'UNREPLIED';
const ANSWERED = 'REPLIED';
const STREAM = 'ASSURED';

const TCP_MACHINE: Machine = {
  protocol: 'TCP',
  states: TCP_STATE_NAMES.map((name, state) => ({
    name,
    about: state === 0 ? 'no entry' : timeoutText(TIMEOUT_TCP + state),
  })),
  edges: edgesOf(TCP_STATE_NAMES, [...TCP_KIND_NAMES], STATE_INVALID, (row, state) => TRANSITIONS[row * 10 + state]!),
  notes: [
    'Packets that the table ignores (IG: let through, the state kept) or calls invalid (IV) are no arrows.',
    'After both sides have sent a SYN, the reply direction’s ACK establishes the connection.',
    'A reset counts only where its sequence number is right; one that ends an unanswered connection ends its entry.',
    'A SYN on a closed connection makes a new entry.',
  ],
};

const SCTP_MACHINE: Machine = {
  protocol: 'SCTP',
  states: SCTP_STATE_NAMES.map((name, state) => ({
    name,
    about: state === 0 ? 'no entry' : timeoutText(TIMEOUT_SCTP + state),
  })),
  edges: edgesOf(
    SCTP_STATE_NAMES,
    Object.keys(SCTP_CHUNKS),
    SCTP_STATE_INVALID,
    (row, state) => SCTP_TRANSITIONS[row * 9 + state]!,
  ),
  notes: ['A packet may hold several chunks: each is one step of the machine.'],
};

/** @param cell of the table, by row and state */
function edgesOf(
  names: readonly string[],
  events: readonly string[],
  noState: number,
  cell: (row: number, state: number) => number,
): MachineEdge[] {
  const found = new Map<string, { from: string; to: string; events: string[] }>();
  for (const [from, name] of names.entries()) {
    for (const [d, direction] of DIRECTIONS.entries()) {
      for (const [e, event] of events.entries()) {
        const to = cell(d * events.length + e, from);
        if (to >= noState || to === from) continue;
        const key = `${from} ${to}`;
        const edge = found.get(key) ?? { from: name, to: names[to]!, events: [] };
        edge.events.push(`${direction} ${event}`);
        found.set(key, edge);
      }
    }
  }
  return [...found.values()];
}

const streaming = (protocol: number, short: number, long: number, becomes: string): Machine => ({
  protocol: protocolText(protocol),
  states: [
    { name: NO_ENTRY, about: 'no entry' },
    { name: UNANSWERED, about: timeoutText(short) },
    { name: ANSWERED, about: timeoutText(short) },
    { name: STREAM, about: timeoutText(long) },
  ],
  edges: [
    { from: NO_ENTRY, to: UNANSWERED, events: ['original, the first packet'] },
    { from: UNANSWERED, to: ANSWERED, events: ['reply'] },
    { from: ANSWERED, to: STREAM, events: [becomes] },
  ],
  notes: [],
});

const answering = (protocol: number, timeout: number): Machine => ({
  protocol: protocolText(protocol),
  states: [
    { name: NO_ENTRY, about: 'no entry' },
    { name: UNANSWERED, about: timeoutText(timeout) },
    { name: ANSWERED, about: timeoutText(timeout) },
  ],
  edges: [
    { from: NO_ENTRY, to: UNANSWERED, events: ['original, the first packet'] },
    { from: UNANSWERED, to: ANSWERED, events: ['reply'] },
  ],
  notes: [],
});

function timeoutText(index: number): string {
  const { seconds, about } = TIMEOUTS[index]!;
  return `${about.replace(/^[A-Za-z0-9]+: /, '')}; ${duration(seconds)}`;
}
