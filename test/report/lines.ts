/**
 * jsonl made the slow way: an object a packet, stringified. What the jsonl report is held to.
 */
import { describeOuter } from '../../src/packet/outer.js';
import {
  DPORT,
  DST,
  FAMILY,
  ICMP_CODE,
  ICMP_TYPE,
  OUTER_L3,
  PROTOCOL,
  SPORT,
  SRC,
  STRIDE,
} from '../../src/packet/row.js';
import { addressText, protocolText } from '../../src/packet/text.js';
import { createTimeText, isIcmp, transportKnown } from '../../src/report/fields.js';
import { ownerName } from '../../src/report/owners.js';
import type { ReplayContext, Report } from '../../src/report/report.js';
import { hasPorts } from '../../src/rules/protocols.js';
import { outcomeRecord } from '../../src/verdict/outcome.js';
import {
  DROPPED_CONNECTION,
  MARK_DUPLICATE,
  MARK_MIDSTREAM,
  MARK_ONE_WAY,
  MARK_ORIGINAL,
  reasonOf,
  type Verdict,
  verdictOf,
} from '../../src/verdict/verdict.js';

export function createLinesOracle(only?: Verdict): Report & { text(): string } {
  const lines: string[] = [];
  const timeOf = createTimeText();
  let context: ReplayContext;

  function packetKeys(rows: Int32Array, base: number): object {
    if (rows[base + FAMILY] === 0) return { src: null, dst: null, protocol: null, sport: null, dport: null };
    const protocol = rows[base + PROTOCOL]!;
    const icmp = isIcmp(protocol);
    const known = transportKnown(rows, base) && (icmp || hasPorts(protocol));
    const [a, b] = (icmp ? [ICMP_TYPE, ICMP_CODE] : [SPORT, DPORT]).map(word => (known ? rows[base + word]! : null));
    return {
      src: addressText(rows, base, SRC),
      dst: addressText(rows, base, DST),
      protocol: protocol < 0 ? null : protocolText(protocol),
      ...(icmp ? { icmpType: a, icmpCode: b } : { sport: a, dport: b }),
    };
  }

  function outcomeKeys(decided: number, rows: Int32Array, base: number, original: boolean): object {
    if (decided < 0) return { egress: null, ingress: null };
    const { egress, ingress, forward, service, backends } = context.decisions[decided]!;
    context.ends.find(decided, rows, base, original);
    const { source, destination } = context.ends;
    const { ruleset, inventory } = context.compiled;
    const whole = outcomeRecord('forward', forward, source, ruleset, inventory);
    const owner = service < 0 ? undefined : inventory.owners[service];
    return {
      egress: outcomeRecord('egress', egress, source, ruleset, inventory),
      ingress: outcomeRecord('ingress', ingress, destination, ruleset, inventory),
      ...(whole === null ? {} : { forward: whole }),
      ...(owner === undefined ? {} : { service: ownerName(owner) }),
      ...(backends === null ? {} : { backends }),
    };
  }

  return {
    begin(begun) {
      context = begun;
    },
    batch(frames, { rows }, { code, decision, connection, packet, marks, count }, first) {
      for (let i = 0; i < count; i++) {
        const c = code[i]!;
        if (only !== undefined && verdictOf(c) !== only) continue;
        const base = i * STRIDE;
        const is = (mark: number): boolean => (marks[i]! & mark) !== 0;
        const outer = rows[base + OUTER_L3]!;
        const line = {
          ...(lines.length === 0 ? { schema: 'policap.packet/1' } : {}),
          packet: first + i,
          time: timeOf(frames.seconds[i]!, frames.nanoseconds[i]!),
          ...packetKeys(rows, base),
          verdict: verdictOf(c),
          reason: reasonOf(c),
          connection: connection[i] === 0 ? null : connection[i],
          ...outcomeKeys(decision[i]!, rows, base, is(MARK_ORIGINAL)),
          ...(is(MARK_MIDSTREAM) ? { midstream: true } : {}),
          ...(is(MARK_ONE_WAY) ? { oneWay: true } : {}),
          ...(is(MARK_DUPLICATE) ? { duplicateOf: packet[i] } : {}),
          ...(c === DROPPED_CONNECTION && !is(MARK_DUPLICATE) ? { refusedAt: packet[i] } : {}),
          ...(outer < 0 ? {} : { outer: describeOuter(frames, i, outer) }),
        };
        lines.push(`${JSON.stringify(line)}\n`);
      }
    },
    end() {},
    text: () => lines.join(''),
  };
}
