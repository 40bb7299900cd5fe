/**
 * What a packet says, column by column: the list behind csv, parquet, --fields and --where. Names are those of jsonl where it
 * has them; what stands in an object there is flattened with `_`.
 */

import type { OuterPacket } from '../packet/outer.js';
import { DPORT, DST, FAMILY, ICMP_CODE, ICMP_TYPE, PROTOCOL, SPORT, SRC } from '../packet/row.js';
import { type AddressWords, addressWords, protocolNumber, protocolText } from '../packet/text.js';
import { hasPorts } from '../rules/protocols.js';
import { DROPPED_CONNECTION, MARK_DUPLICATE, MARK_MIDSTREAM, MARK_ONE_WAY } from '../verdict/verdict.js';
import type { AddressNumbers, Column, KeyedSource, NumberSource } from './columns.js';
import { isIcmp, transportKnown } from './fields.js';
import {
  codeKey,
  DECISION_COLUMNS,
  decisionKey,
  type JudgedRow,
  OUTCOME_COLUMNS,
  sideKeys,
  verdictColumns,
} from './outcome-columns.js';
import {
  addressFill,
  fillCode,
  fillConnection,
  fillDecision,
  fillDport,
  fillDuplicateOf,
  fillEgress,
  fillForward,
  fillIcmpCode,
  fillIcmpType,
  fillIngress,
  fillLength,
  fillMarks,
  fillNumber,
  fillProtocolKey,
  fillRefusedAt,
  fillSport,
  TOLD_MARKS,
} from './packet-fills.js';
import type { PacketRow } from './packet-row.js';
import { NOTHING } from './picked-packets.js';

/** Known names; a protocol without one is its number. */
export const PROTOCOL_NAMES = ['TCP', 'UDP', 'ICMP', 'ICMPv6', 'SCTP', 'UDPLite', 'GRE', 'ESP', 'AH'];

/** As people write it: `6`, `udp-lite`. */
export function readProtocol(word: string): string | null {
  const known = protocolNumber(word);
  return known === null ? null : protocolText(known);
}

const TUNNELS = ['VXLAN', 'Geneve', 'GRE', 'ERSPAN', 'IPIP', '6in4', '4in6', '6in6'] as const;
const NO_WORDS = [0, 0, 0, 0];

type NumberFills = Pick<NumberSource<PacketRow>, 'fill' | 'fillWide'>;

const number = (
  name: string,
  sentence: string,
  of: (row: PacketRow) => number,
  fills: NumberFills,
  isSmall = true,
): Column<PacketRow> => ({ name, type: 'number', sentence, from: 'number', of, ...fills, isSmall });

const address = (name: string, sentence: string, word: typeof SRC | typeof DST): Column<PacketRow> => ({
  name,
  type: 'address',
  sentence,
  from: 'address',
  family: ({ rows, base }) => rows[base + FAMILY]!,
  words: ({ rows }) => rows,
  at: ({ base }) => base + word,
  fill: addressFill(word),
});

/** A word of protocols with ports, or of ICMP, where the packet holds it. */
const transport =
  (ofIcmp: boolean, word: number) =>
  ({ rows, base }: PacketRow): number => {
    const protocol = rows[base + PROTOCOL]!;
    const has = ofIcmp ? isIcmp(protocol) : hasPorts(protocol);
    return has && rows[base + FAMILY] !== 0 && transportKnown(rows, base) ? rows[base + word]! : Number.NaN;
  };

const marksKey = ({ marks }: PacketRow): number => marks & TOLD_MARKS;

const flag = (name: string, sentence: string, mark: number): Column<PacketRow> => ({
  name,
  type: 'boolean',
  sentence,
  from: 'key',
  key: marksKey,
  fill: fillMarks,
  of: ({ marks }) => (marks & mark) !== 0,
});

const outerWords = (outer: OuterPacket | null, end: 'src' | 'dst'): AddressWords | null =>
  outer === null ? null : addressWords(outer[end]);

const outerAddress = (name: string, sentence: string, end: 'src' | 'dst'): Column<PacketRow> => ({
  name,
  type: 'address',
  sentence,
  from: 'address',
  family: ({ outer }) => outerWords(outer, end)?.family ?? 0,
  words: ({ outer }) => Int32Array.from(outerWords(outer, end)?.words ?? NO_WORDS),
  at: () => 0,
  fill(row, from, to, numbers, into, at) {
    const tunnels = row.pickedTunnels();
    if (tunnels === null) return 0;
    let there = 0;
    for (let k = from; k < to; k++) {
      const its = outerWords(tunnels[k]!, end);
      into[at + k - from] = its === null ? NOTHING : numberOf(its, numbers);
      if (its !== null) there++;
    }
    return there;
  },
});

const numberOf = ({ family, words }: AddressWords, numbers: AddressNumbers): number =>
  family === 4 ? numbers.ofFour(words[0]) : numbers.ofSix(Int32Array.from(words), 0);

/** @param of a tunnel */
const tunnelFill =
  <Into extends Int32Array | Float64Array>(of: (outer: OuterPacket | null) => number, nothing: number) =>
  (row: PacketRow, from: number, to: number, into: Into, at: number): number => {
    const tunnels = row.pickedTunnels();
    if (tunnels === null) return 0;
    let there = 0;
    for (let k = from; k < to; k++) {
      const value = of(tunnels[k]!);
      into[at + k - from] = Number.isNaN(value) ? nothing : value;
      if (!Number.isNaN(value)) there++;
    }
    return there;
  };

const outerVni = (outer: OuterPacket | null): number => outer?.vni ?? Number.NaN;
const outerKey = (outer: OuterPacket | null): number => outer?.key ?? Number.NaN;

const tunnelKey = (outer: OuterPacket | null): number => (outer === null ? 0 : TUNNELS.indexOf(outer.tunnel) + 1);

const [egressKey, ingressKey, forwardKey] = sideKeys;
const FILLS = new Map<unknown, KeyedSource<PacketRow>['fill']>([
  [codeKey, fillCode],
  [egressKey, fillEgress],
  [ingressKey, fillIngress],
  [forwardKey, fillForward],
  [decisionKey, fillDecision],
]);

/** Columns that connections have too. */
const filled = (columns: readonly Column<JudgedRow>[]): readonly Column<PacketRow>[] =>
  columns.map(column => (column.from === 'key' ? { ...column, fill: FILLS.get(column.key)! } : column));

export const PACKET_COLUMNS: readonly Column<PacketRow>[] = [
  number(
    'packet',
    'Its number, from 1, over all captures, merged.',
    row => row.number,
    { fillWide: fillNumber },
    false,
  ),
  {
    name: 'time',
    type: 'time',
    sentence: 'When it was captured.',
    from: 'time',
    seconds: ({ frames, i }) => frames.seconds[i]!,
    nanoseconds: ({ frames, i }) => frames.nanoseconds[i]!,
    fill: ({ frames }) => frames,
  },
  number(
    'length',
    'Its length on the wire in bytes.',
    ({ frames, i }) => frames.original[i]!,
    { fill: fillLength },
    false,
  ),
  address('src', 'Source address, of the innermost packet.', SRC),
  address('dst', 'Destination address, of the innermost packet.', DST),
  {
    name: 'protocol',
    type: 'text',
    values: PROTOCOL_NAMES,
    read: readProtocol,
    sentence: 'Its name, or its number.',
    from: 'key',
    key: ({ protocolKey }) => protocolKey,
    fill: fillProtocolKey,
    of: ({ protocolKey }) => (protocolKey === 0 ? null : protocolText(protocolKey - 1)),
  },
  number('sport', 'Source port.', transport(false, SPORT), { fill: fillSport }),
  number('dport', 'Destination port.', transport(false, DPORT), { fill: fillDport }),
  number('icmpType', 'Type, of ICMP and ICMPv6.', transport(true, ICMP_TYPE), { fill: fillIcmpType }),
  number('icmpCode', 'Code, of ICMP and ICMPv6.', transport(true, ICMP_CODE), { fill: fillIcmpCode }),
  ...filled(verdictColumns('What becomes of it.')),
  number('connection', "Its connection's number.", ({ verdicts, i }) => verdicts.connection[i]! || Number.NaN, {
    fill: fillConnection,
  }),
  ...filled(OUTCOME_COLUMNS),
  ...filled(DECISION_COLUMNS),
  flag('midstream', 'The connection began before the capture.', MARK_MIDSTREAM),
  flag('oneWay', 'The answer that this packet implies was not captured.', MARK_ONE_WAY),
  number(
    'duplicateOf',
    'The packet of which this is a copy on another interface.',
    ({ verdicts, marks, i }) => ((marks & MARK_DUPLICATE) !== 0 ? verdicts.packet[i]! : Number.NaN),
    { fillWide: fillDuplicateOf },
    false,
  ),
  number(
    'refusedAt',
    'The packet at which its connection was refused.',
    ({ verdicts, marks, code, i }) =>
      code === DROPPED_CONNECTION && (marks & MARK_DUPLICATE) === 0 ? verdicts.packet[i]! : Number.NaN,
    { fillWide: fillRefusedAt },
    false,
  ),
  {
    name: 'outer_tunnel',
    type: 'text',
    values: TUNNELS,
    sentence: 'The kind of tunnel that carried it.',
    from: 'key',
    key: ({ outer }) => tunnelKey(outer),
    fill(row, from, to, into) {
      const tunnels = row.pickedTunnels();
      if (tunnels === null) return 0;
      for (let k = from; k < to; k++) into[k - from] = tunnelKey(tunnels[k]!);
      return -1;
    },
    of: ({ outer }) => outer?.tunnel ?? null,
  },
  outerAddress('outer_src', "The tunnel's source address.", 'src'),
  outerAddress('outer_dst', "The tunnel's destination address.", 'dst'),
  number('outer_vni', "The tunnel's network identifier.", ({ outer }) => outerVni(outer), {
    fill: tunnelFill(outerVni, NOTHING),
  }),
  number(
    'outer_key',
    "The tunnel's key.",
    ({ outer }) => outerKey(outer),
    { fillWide: tunnelFill(outerKey, Number.NaN) },
    false,
  ),
];
