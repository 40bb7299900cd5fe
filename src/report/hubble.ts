/**
 * hubble: verdicts as flows of Cilium's Hubble, a line of JSON each, as `hubble observe -o jsonpb` prints them and
 * `hubble observe --input-file` reads them (cold: objects a line).
 *
 * In:  rows of packets, or of connections.  Out: `{"flow":{...},"node_name":...,"time":...}`. Names are those of
 * api/v1/flow/flow.proto. What is not IP is no flow there, and left out; what policap does not know is left out of a flow.
 */
import type { Owner, Pod } from '../cluster/inventory.js';
import { DPORT, FAMILY, ICMP_CODE, ICMP_TYPE, PROTOCOL, SPORT, TCP_FLAGS } from '../packet/row.js';
import { protocolText, tcpFlagText, wordsText } from '../packet/text.js';
import { hasPorts, ICMP, SCTP, TCP, UDP } from '../rules/protocols.js';
import type { Decision } from '../verdict/decisions.js';
import {
  MARK_ORIGINAL,
  type OutcomeRecord,
  type Reason,
  reasonOf,
  type Verdict,
  verdictOf,
} from '../verdict/verdict.js';
import type { ConnectionRow } from './connection-columns.js';
import { createTimeText, isIcmp, transportKnown } from './fields.js';
import { LineBuffer } from './line-buffer.js';
import type { JudgedRow } from './outcome-columns.js';
import { PACKET_COLUMNS } from './packet-columns.js';
import { EGRESS, FORWARD, INGRESS, type PacketRow } from './packet-row.js';
import { commentText } from './reason-text.js';
import type { RowWriter } from './records.js';
import type { Output, ReplayContext } from './report.js';

const VERDICTS: Readonly<Record<Verdict, string>> = {
  allowed: 'FORWARDED',
  dropped: 'DROPPED',
  undecided: 'VERDICT_UNKNOWN',
};

/** DropReason's names, and its numbers, which are event_type's sub types too. Others have no reason of their own there. */
const DROP_REASONS: Partial<Record<Reason, readonly [string, number]>> = {
  'default-deny': ['POLICY_DENIED', 133],
  rule: ['POLICY_DENY', 181],
  'http-denied': ['POLICY_DENIED', 133],
  'table-full': ['CT_MAP_INSERTION_FAILED', 155],
  fragment: ['FIRST_LOGICAL_DATAGRAM_FRAGMENT_NOT_FOUND', 175],
};
/** pkg/monitor/api: MessageTypeDrop. */
const EVENT_DROP = 1;

/** What a flow is made of, from the sender's side. */
interface Flow {
  readonly time: string;
  readonly family: number;
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  /** Ports, or ICMP's type and code; null where they are not known. */
  readonly transport: readonly [number, number] | null;
  /** TCP only, -1 where they are not one packet's. */
  readonly flags: number;
  readonly sender: Owner | null;
  readonly receiver: Owner | null;
  /** null outside of connections. */
  readonly isReply: boolean | null;
}

export function createPacketFlows(output: Output): RowWriter<PacketRow> {
  const timeOf = createTimeText();
  const [src, dst] = ['src', 'dst'].map(name => PACKET_COLUMNS.find(column => column.name === name)!);
  let context: ReplayContext;
  return writing(
    output,
    begun => {
      context = begun;
    },
    row => {
      const { frames, rows, base, i, verdicts, marks, decision } = row;
      const family = rows[base + FAMILY]!;
      const time = timeOf(frames.seconds[i]!, frames.nanoseconds[i]!);
      if (family === 0 || time === null) return null;
      const isOriginal = (marks & MARK_ORIGINAL) !== 0;
      const { ends } = context;
      const owners = [-1, -1];
      if (decision !== null) {
        ends.find(verdicts.decision[i]!, rows, base, isOriginal);
        owners[0] = isOriginal ? ends.source : ends.destination;
        owners[1] = isOriginal ? ends.destination : ends.source;
      }
      const protocol = rows[base + PROTOCOL]!;
      const [first, second] = isIcmp(protocol) ? [ICMP_TYPE, ICMP_CODE] : [SPORT, DPORT];
      return flowRecord(row, {
        time,
        family,
        source: addressAt(src!, row),
        destination: addressAt(dst!, row),
        protocol,
        transport: transportKnown(rows, base) ? [rows[base + first]!, rows[base + second]!] : null,
        flags: rows[base + TCP_FLAGS]!,
        sender: row.owners[owners[0]!] ?? null,
        receiver: row.owners[owners[1]!] ?? null,
        isReply: verdicts.connection[i] === 0 ? null : !isOriginal,
      });
    },
  );
}

const addressAt = (column: (typeof PACKET_COLUMNS)[number], row: PacketRow): string => {
  if (column.from !== 'address') throw new Error(`${column.name} is no address`);
  return addressOf(column.family(row), column.words(row), column.at(row));
};

const addressOf = (family: number, words: Int32Array, at: number): string =>
  wordsText(family, [words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!]);

export function createConnectionFlows(output: Output): RowWriter<ConnectionRow> {
  const timeOf = createTimeText();
  return writing(
    output,
    () => {},
    row => {
      const { table, slot } = row;
      const family = table.family[slot]!;
      const time = timeOf(table.seconds[2 * slot]!, table.nanoseconds[2 * slot]!);
      if (family === 0 || time === null) return null;
      const first = table.transport[2 * slot]!;
      return flowRecord(row, {
        time,
        family,
        source: addressOf(family, table.words, 8 * slot),
        destination: addressOf(family, table.words, 8 * slot + 4),
        protocol: table.protocol[slot]!,
        transport: first < 0 ? null : [first, table.transport[2 * slot + 1]!],
        flags: -1,
        sender: row.owner(0),
        receiver: row.owner(1),
        isReply: false,
      });
    },
  );
}

function writing<Row>(
  output: Output,
  begin: (context: ReplayContext) => void,
  recordOf: (row: Row) => object | null,
): RowWriter<Row> {
  const line = new LineBuffer(output);
  const encoder = new TextEncoder();
  return {
    begin,
    row(row) {
      const record = recordOf(row);
      if (record === null) return;
      const bytes = encoder.encode(`${JSON.stringify(record)}\n`);
      line.reserve(bytes.length);
      line.piece(bytes);
    },
    flush: () => line.flush(),
    end() {
      line.flush();
    },
  };
}

function flowRecord(row: JudgedRow, flow: Flow): object {
  const { decision, code, owners } = row;
  const [egress, ingress, forward] = [EGRESS, INGRESS, FORWARD].map(side => row.outcomeOf(side));
  const verdict = verdictOf(code);
  const reason =
    reasonOf(code) === 'connection-dropped' && decision !== null ? reasonOf(decision.code) : reasonOf(code);
  const drop = verdict === 'dropped' ? DROP_REASONS[reason] : undefined;
  const direction = directionOf(egress!, ingress!);
  const subject = direction === 'INGRESS' ? responderOf(flow) : direction === 'EGRESS' ? initiatorOf(flow) : null;
  const node = subject?.kind === 'pod' && subject.node !== '' ? { node_name: subject.node } : {};
  const isReply = flow.isReply === true;
  const service = serviceOf(decision, owners);
  const { time } = flow;
  return {
    flow: {
      time,
      verdict: VERDICTS[verdict],
      ...(drop !== undefined && { drop_reason: drop[1], drop_reason_desc: drop[0] }),
      IP: { source: flow.source, destination: flow.destination, ipVersion: flow.family === 4 ? 'IPv4' : 'IPv6' },
      ...layer4(flow),
      source: endpoint(flow.sender),
      destination: endpoint(flow.receiver),
      Type: 'L3_L4',
      ...node,
      ...(drop !== undefined && { event_type: { type: EVENT_DROP, sub_type: drop[1] } }),
      ...(service !== null && { [isReply ? 'source_service' : 'destination_service']: service }),
      ...(direction !== null && { traffic_direction: direction }),
      ...(flow.isReply !== null && { is_reply: flow.isReply }),
      Summary: [summary(flow), `${verdict} ${reasonOf(code)}`, ...said(verdict, egress!, ingress!, forward!)].join(
        '; ',
      ),
      ...policies('egress', egress!),
      ...policies('ingress', ingress!),
    },
    ...node,
    time,
  };
}

const initiatorOf = ({ isReply, sender, receiver }: Flow): Owner | null => (isReply === true ? receiver : sender);
const responderOf = ({ isReply, sender, receiver }: Flow): Owner | null => (isReply === true ? sender : receiver);

/** The side that refuses, first on the packet's way; else the last one that was asked. */
function directionOf(egress: OutcomeRecord | null, ingress: OutcomeRecord | null): 'EGRESS' | 'INGRESS' | null {
  if (egress !== null && (egress.verdict === 'dropped' || ingress === null)) return 'EGRESS';
  return ingress === null ? null : 'INGRESS';
}

function layer4({ protocol, transport, flags }: Flow): object {
  if (transport === null) return {};
  const [first, second] = transport;
  const ports = { source_port: first, destination_port: second };
  if (protocol === TCP) return { l4: { TCP: { ...ports, ...(flags > 0 && { flags: flagNames(flags) }) } } };
  if (protocol === UDP) return { l4: { UDP: ports } };
  if (protocol === SCTP) return { l4: { SCTP: ports } };
  return isIcmp(protocol) ? { l4: { [icmpName(protocol)]: { type: first, code: second } } } : {};
}

const icmpName = (protocol: number): string => (protocol === ICMP ? 'ICMPv4' : 'ICMPv6');

const flagNames = (flags: number): object =>
  Object.fromEntries(
    tcpFlagText(flags)
      .split(',')
      .map(name => [name, true]),
  );

function summary({ protocol, transport, flags }: Flow): string {
  if (protocol === TCP && flags > 0) return `TCP Flags: ${tcpFlagText(flags).replaceAll(',', ', ')}`;
  if (isIcmp(protocol) && transport !== null) return `${icmpName(protocol)} type ${transport[0]} code ${transport[1]}`;
  return hasPorts(protocol) || !isIcmp(protocol) ? protocolText(protocol) : icmpName(protocol);
}

/** Of the sides that say what the verdict says, why. */
const said = (verdict: Verdict, ...[egress, ingress, forward]: (OutcomeRecord | null)[]): string[] =>
  (
    [
      ['egress', egress],
      ['ingress', ingress],
      ['forward', forward],
    ] as const
  ).flatMap(([side, record]) =>
    record?.verdict === verdict && (verdict !== 'allowed' || record.reason === 'rule')
      ? [commentText(side, record)]
      : [],
  );

const endpoints = new WeakMap<Owner, object>();

function endpoint(owner: Owner | null): object {
  if (owner?.kind !== 'pod') return {};
  const known = endpoints.get(owner) ?? podEndpoint(owner);
  endpoints.set(owner, known);
  return known;
}

function podEndpoint({ namespace, name, labels, workload }: Pod): object {
  const [kind, of] = workload?.split('/') ?? [];
  return {
    namespace,
    labels: [
      ...Object.entries(labels).map(([key, value]) => `k8s:${key}=${value}`),
      `k8s:io.kubernetes.pod.namespace=${namespace}`,
    ].sort(),
    pod_name: name,
    ...(of !== undefined && { workloads: [{ name: of, kind }] }),
  };
}

function serviceOf(decision: Decision | null, owners: readonly Owner[]): object | null {
  const owner = decision === null || decision.service < 0 ? undefined : owners[decision.service];
  return owner?.kind === 'service' ? { name: owner.name, namespace: owner.namespace } : null;
}

/** `ingress_allowed_by` and its three likes: the policy whose rule decided, or those that isolate. */
function policies(side: 'egress' | 'ingress', record: OutcomeRecord | null): object {
  if (record === null || record.verdict === 'undecided') return {};
  const isDenied = record.verdict === 'dropped';
  const names = record.policy !== null ? [record.policy] : isDenied ? record.policies : [];
  if (names.length === 0) return {};
  return { [`${side}_${isDenied ? 'denied' : 'allowed'}_by`]: names.map(name => policyOf(name, record.kind)) };
}

function policyOf(name: string, kind: string | undefined): object {
  const at = name.indexOf('/');
  if (at < 0) return { name, ...(kind !== undefined && { kind }) };
  return { name: name.slice(at + 1), namespace: name.slice(0, at), kind: kind ?? 'NetworkPolicy' };
}
