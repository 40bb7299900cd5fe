/**
 * An explanation for programs: `policap.explain/1` (cold). Key by key as docs/outputs.md says.
 */
import { DPORT, DST, FAMILY, ICMP_CODE, ICMP_TYPE, PROTOCOL, SPORT, SRC, TCP_FLAGS } from '../packet/row.js';
import { addressText, protocolText, tcpFlagText } from '../packet/text.js';
import { isIcmp, transportKnown } from '../report/fields.js';
import { formatV4, formatV6 } from '../rules/print.js';
import { hasPorts, TCP } from '../rules/protocols.js';
import type { DecisionExplanation, SideExplanation } from './decision.js';
import type { ExplainedPacket, Explanation } from './explanation.js';
import type { Region, Span } from './region.js';
import { sentences } from './sentences.js';

/** @param profile keys that every output has beside its schema */
export const explanationJson = (explanation: Explanation, profile: object): string =>
  `${JSON.stringify(explanationRecord(explanation, profile), null, 2)}\n`;

export type ExplanationRecord = ReturnType<typeof explanationRecord>;

export function explanationRecord(explanation: Explanation, profile: object) {
  const { verdict, reason, packet, source, destination, service, backends, decision, connection } = explanation;
  return {
    schema: 'policap.explain/1',
    ...profile,
    verdict,
    reason,
    sentences: sentences(explanation),
    packet: packet && packetRecord(packet),
    source,
    destination,
    ...(service !== null && { service }),
    ...(backends !== null && { backends }),
    sides: decision === null ? [] : decision.sides.filter(({ outcome }) => outcome !== null).map(sideRecord),
    region: decision?.region ? regionRecord(decision, decision.region) : null,
    connection,
  };
}

function packetRecord({
  number,
  time,
  row,
  isOriginal,
  isMidstream,
  isOneWay,
  copyOf,
  connection,
  openedBy,
  refusedAt,
}: ExplainedPacket) {
  const protocol = row[PROTOCOL]!;
  const isIp = row[FAMILY] !== 0;
  const isKnown = isIp && transportKnown(row, 0);
  return {
    number,
    time,
    src: isIp ? addressText(row, 0, SRC) : null,
    dst: isIp ? addressText(row, 0, DST) : null,
    protocol: isIp && protocol >= 0 ? protocolText(protocol) : null,
    ...(isKnown && hasPorts(protocol) && { sport: row[SPORT]!, dport: row[DPORT]! }),
    ...(isKnown && isIcmp(protocol) && { icmpType: row[ICMP_TYPE]!, icmpCode: row[ICMP_CODE]! }),
    ...(isKnown && protocol === TCP && { tcpFlags: tcpFlagText(row[TCP_FLAGS]!) }),
    direction: connection === null ? null : isOriginal ? 'original' : 'reply',
    connection,
    ...(openedBy !== null && { openedBy }),
    ...(refusedAt !== null && { refusedAt }),
    ...(isMidstream && { midstream: true }),
    ...(isOneWay && { oneWay: true }),
    ...(copyOf !== null && { duplicateOf: copyOf }),
  };
}

function sideRecord({ direction, outcome, isolatedBy, rules, others, path }: SideExplanation) {
  const tree =
    path === null || path.kind === 'none'
      ? null
      : {
          kind: path.kind,
          subject: path.subject,
          subjects: path.subjects,
          peer: path.peer,
          peers: path.peers,
          steps: path.steps.map(({ field, value, threshold, holds }) => ({ field, value, threshold, holds })),
        };
  return { side: direction, outcome, isolatedBy, rules, others, tree };
}

function regionRecord({ header }: DecisionExplanation, region: Region) {
  const range = ({ lo, hi }: Span<number>): [number, number] | null => (lo < 0 ? null : [lo, hi]);
  const { source, destination, protocol, sourcePort, destinationPort, icmpType, icmpCode } = region;
  return {
    source: source && addresses(source),
    destination: destination && addresses(destination),
    protocol: protocol === null ? null : protocolText(protocol),
    ...(hasPorts(header.protocol) && { sourcePort: range(sourcePort), destinationPort: range(destinationPort) }),
    ...(isIcmp(header.protocol) && { icmpType: range(icmpType), icmpCode: range(icmpCode) }),
  };
}

function addresses({ lo, hi }: Span): [string, string] {
  const text = (x: number | bigint): string => (typeof x === 'number' ? formatV4(x) : formatV6(x));
  return [text(lo), text(hi)];
}
