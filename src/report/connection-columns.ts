/**
 * What a connection says, column by column: the list behind jsonl, csv, parquet, --fields and --where with --records connections.
 */
import type { Owner } from '../cluster/inventory.js';
import { protocolText } from '../packet/text.js';
import { hasPorts } from '../rules/protocols.js';
import type { Decision } from '../verdict/decisions.js';
import {
  DROPPED_DEFAULT_DENY,
  MARK_MIDSTREAM,
  MARK_ONE_WAY,
  type OutcomeRecord,
  UNDECIDED_TRUNCATED,
} from '../verdict/verdict.js';
import type { Value } from '../where/field.js';
import type { ObjectColumn } from './cells.js';
import type { Column } from './columns.js';
import type { ConnectionTable } from './connection-table.js';
import { isIcmp } from './fields.js';
import { DECISION_COLUMNS, type JudgedRow, OUTCOME_COLUMNS, verdictColumns } from './outcome-columns.js';
import { workloadName } from './owners.js';
import { PROTOCOL_NAMES, readProtocol } from './packet-columns.js';
import { EGRESS, FORWARD, INGRESS, type PacketRow } from './packet-row.js';
import type { ReplayContext } from './report.js';

/** Beside the marks of packets: an earlier record of the connection was written. */
export const MARK_CONTINUED = 128;

const INITIATOR = 0;
const RESPONDER = 1;

export class ConnectionRow implements JudgedRow {
  slot = 0;

  constructor(
    readonly context: ReplayContext,
    readonly table: ConnectionTable,
    /** Who made the keys of outcomes. */
    private readonly packets: PacketRow,
  ) {}

  get code(): number {
    return this.table.code[this.slot]!;
  }

  get decisionKey(): number {
    return this.table.decision[this.slot]! + 1;
  }

  get decision(): Decision | null {
    const decision = this.table.decision[this.slot]!;
    return decision < 0 ? null : this.context.decisions[decision]!;
  }

  sideKey(direction: number): number {
    return this.table.sides[3 * this.slot + direction]!;
  }

  outcomeOf(direction: number): OutcomeRecord | null {
    return this.packets.outcomeAt(direction, this.sideKey(direction));
  }

  ownerKey(end: number): number {
    return this.table.owners[2 * this.slot + end]! + 1;
  }

  owner(end: number): Owner | null {
    const key = this.ownerKey(end);
    return key === 0 ? null : this.owners[key - 1]!;
  }

  /** What the owners are indices of. */
  get owners(): readonly Owner[] {
    return this.context.compiled.inventory.owners;
  }
}

const number = (
  name: string,
  sentence: string,
  of: (row: ConnectionRow) => number,
  isSmall = false,
): Column<ConnectionRow> => ({ name, type: 'number', sentence, from: 'number', of, isSmall });

const time = (name: string, sentence: string, which: number): Column<ConnectionRow> => ({
  name,
  type: 'time',
  sentence,
  from: 'time',
  seconds: ({ table, slot }) => table.seconds[2 * slot + which]!,
  nanoseconds: ({ table, slot }) => table.nanoseconds[2 * slot + which]!,
});

const address = (name: string, sentence: string, end: number): Column<ConnectionRow> => ({
  name,
  type: 'address',
  sentence,
  from: 'address',
  family: ({ table, slot }) => table.family[slot]!,
  words: ({ table }) => table.words,
  at: ({ slot }) => 8 * slot + 4 * end,
});

const transport =
  (has: (protocol: number) => boolean, end: number) =>
  ({ table, slot }: ConnectionRow): number => {
    const value = table.transport[2 * slot + end]!;
    return value < 0 || !has(table.protocol[slot]!) ? Number.NaN : value;
  };

const ownerKeys = [INITIATOR, RESPONDER].map(end => (row: ConnectionRow) => row.ownerKey(end));

const owned = (name: string, sentence: string, end: number, of: (owner: Owner) => Value): Column<ConnectionRow> => ({
  name,
  type: 'text',
  sentence,
  from: 'key',
  key: ownerKeys[end]!,
  of(row) {
    const owner = row.owner(end);
    return owner === null ? null : of(owner);
  },
});

const endColumns = (end: number, prefix: string, title: string): readonly Column<ConnectionRow>[] => [
  owned(`${prefix}_namespace`, `${title}: its namespace.`, end, owner =>
    'namespace' in owner ? owner.namespace : null,
  ),
  owned(`${prefix}_pod`, `${title}: the pod's name.`, end, owner => (owner.kind === 'pod' ? owner.name : null)),
  owned(
    `${prefix}_workload`,
    `${title}: the workload, lone pod, node or service, as policap query takes it.`,
    end,
    workloadName,
  ),
];

const marksKey = ({ table, slot }: ConnectionRow): number => table.marks[slot]!;

const flag = (name: string, sentence: string, mark: number): Column<ConnectionRow> => ({
  name,
  type: 'boolean',
  sentence,
  from: 'key',
  key: marksKey,
  of: ({ table, slot }) => (table.marks[slot]! & mark) !== 0,
});

const isRefused = (code: number): boolean => code >= DROPPED_DEFAULT_DENY && code < UNDECIDED_TRUNCATED;

const ENDS: readonly Column<ConnectionRow>[] = [
  number('connection', 'Its number.', ({ table, slot }) => table.number[slot]!, true),
  time('start', 'When its first packet was captured.', 0),
  time('end', 'When its last packet was captured.', 1),
  number('firstPacket', "Its first packet's number.", ({ table, slot }) => table.firstPacket[slot]!),
  address('src', "The initiator's address.", INITIATOR),
  ...endColumns(INITIATOR, 'src', 'The initiator'),
  address('dst', "The responder's address; behind a service that of the pod that was judged.", RESPONDER),
  ...endColumns(RESPONDER, 'dst', 'The responder'),
  {
    name: 'protocol',
    type: 'text',
    values: PROTOCOL_NAMES,
    read: readProtocol,
    sentence: 'Its name, or its number.',
    from: 'key',
    key: ({ table, slot }) => table.protocol[slot]! + 1,
    of: ({ table, slot }) => (table.protocol[slot]! < 0 ? null : protocolText(table.protocol[slot]!)),
  },
  number('sport', "The initiator's port.", transport(hasPorts, INITIATOR), true),
  number('dport', "The responder's port; behind a service the pod's own.", transport(hasPorts, RESPONDER), true),
  number('icmpType', 'Type of the request, of ICMP and ICMPv6.', transport(isIcmp, 0), true),
  number('icmpCode', 'Code, of ICMP and ICMPv6.', transport(isIcmp, 1), true),
];

const COUNTS: readonly Column<ConnectionRow>[] = [
  number('sentPackets', 'Packets from the initiator.', ({ table, slot }) => table.packets[2 * slot]!),
  number('sentBytes', 'Their bytes on the wire.', ({ table, slot }) => table.bytes[2 * slot]!),
  number('receivedPackets', 'Packets from the responder.', ({ table, slot }) => table.packets[2 * slot + 1]!),
  number('receivedBytes', 'Their bytes on the wire.', ({ table, slot }) => table.bytes[2 * slot + 1]!),
  number('droppedPackets', 'Packets of both that are dropped.', ({ table, slot }) => table.dropped[slot]!),
];

const STATE: readonly Column<ConnectionRow>[] = [
  number('refusedAt', 'The packet at which it was refused.', ({ table, slot }) =>
    isRefused(table.code[slot]!) ? table.refusedAt[slot]! : Number.NaN,
  ),
  flag('midstream', 'It began before the capture.', MARK_MIDSTREAM),
  flag('oneWay', 'Answers that its packets imply were not captured.', MARK_ONE_WAY),
  flag(
    'continued',
    'More connections were open than are kept: an earlier record of this one was written.',
    MARK_CONTINUED,
  ),
];

const VERDICT = verdictColumns('What becomes of it, by the packet that opens it.');

export const CONNECTION_COLUMNS: readonly Column<ConnectionRow>[] = [
  ...ENDS,
  ...VERDICT,
  ...COUNTS,
  ...OUTCOME_COLUMNS,
  ...DECISION_COLUMNS,
  ...STATE,
];

const outcome = (name: string, direction: number): ObjectColumn<ConnectionRow> => ({
  name,
  from: 'object',
  key: row => row.sideKey(direction),
  of: row => row.outcomeOf(direction),
});

/** Lines of JSON have outcomes as objects, as packets have. */
export const CONNECTION_KEYS: readonly (Column<ConnectionRow> | ObjectColumn<ConnectionRow>)[] = [
  ...ENDS,
  ...VERDICT,
  ...COUNTS,
  outcome('egress', EGRESS),
  outcome('ingress', INGRESS),
  outcome('forward', FORWARD),
  ...DECISION_COLUMNS.filter(({ name }) => name === 'service'),
  {
    name: 'backends',
    from: 'object',
    key: ({ decisionKey }) => decisionKey,
    of: ({ decision }) => decision?.backends ?? null,
  },
  ...STATE,
];
