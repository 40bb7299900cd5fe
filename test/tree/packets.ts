/**
 * Packets as rows, and outcomes as words, for the tests of both engines.
 */
import * as row from '../../src/packet/row.js';
import { parseV4, parseV6 } from '../../src/rules/addresses.js';
import type { Classifier } from '../../src/tree/classifier.js';

export interface PacketLiteral {
  source: string;
  destination: string;
  protocol?: number;
  sport?: number;
  dport?: number;
  icmpType?: number;
  icmpCode?: number;
}

export function rowOf(packet: PacketLiteral, rows = new Int32Array(row.STRIDE), base = 0): Int32Array {
  rows.fill(0, base, base + row.STRIDE);
  rows[base + row.FAMILY] = writeAddress(packet.source, rows, base + row.SRC);
  writeAddress(packet.destination, rows, base + row.DST);
  rows[base + row.PROTOCOL] = packet.protocol ?? 6;
  rows[base + row.SPORT] = packet.sport ?? 0;
  rows[base + row.DPORT] = packet.dport ?? 0;
  rows[base + row.ICMP_TYPE] = packet.icmpType ?? 0;
  rows[base + row.ICMP_CODE] = packet.icmpCode ?? 0;
  return rows;
}

function writeAddress(text: string, rows: Int32Array, at: number): 4 | 6 {
  const v4 = parseV4(text);
  if (v4 !== null) {
    rows[at] = v4;
    return 4;
  }
  const v6 = parseV6(text);
  if (v6 === null) throw new Error(`no address: ${text}`);
  for (let word = 0; word < 4; word++) rows[at + word] = Number((v6 >> BigInt(96 - 32 * word)) & 0xffffffffn);
  return 6;
}

/** [egress, ingress, forward] outcomes. */
export function classify(classifier: Classifier, packet: PacketLiteral): [number, number, number] {
  const out = new Int32Array(5).fill(-999);
  // Neither at 0 nor at the start of the rows: an engine that forgets `base` or `at` shows.
  const rows = rowOf(packet, new Int32Array(row.STRIDE * 3).fill(0x55555555), row.STRIDE);
  classifier.classify(rows, row.STRIDE, out, 1);
  return [out[1]!, out[2]!, out[3]!];
}

/** `allow ns/name ingress[0]`, `default-deny`, `not-isolated`, `none`, `loopback`, `node`. */
export function describeOutcome(classifier: Classifier, outcome: number): string {
  if (outcome >= 0) {
    const { action, origin } = classifier.ruleset.rules[outcome]!;
    return `${action} ${origin.policy} ${origin.rule}`;
  }
  if (outcome <= -16) return 'default-deny';
  return ['none', 'not-isolated', 'loopback', 'node', 'ambiguous', 'unsupported'][-1 - outcome]!;
}

/** [egress, ingress] in words. */
export function judge(classifier: Classifier, packet: PacketLiteral): [string, string] {
  const [egress, ingress] = classify(classifier, packet);
  return [describeOutcome(classifier, egress), describeOutcome(classifier, ingress)];
}
