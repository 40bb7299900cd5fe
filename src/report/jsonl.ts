/**
 * jsonl: one line a packet, in capture order (hot).
 *
 * Schema `policap.packet/1`; the first line names it in a leading `schema` key, the lines behind it have the same shape
 * without it. Keys, in this order:
 *   packet, time, src, dst, protocol, sport, dport (icmpType, icmpCode for ICMP and ICMPv6), verdict, reason, connection,
 *   egress, ingress
 * and only where they apply: forward (plain rules), service, backends, midstream, oneWay, duplicateOf, refusedAt, outer.
 * null: src, dst, protocol of what is not IP or not readable; ports of what has none; connection outside of one;
 * egress and ingress where nothing is decided. Outcomes are of the connection, initiator to responder, on both
 * directions' packets. `time` is null outside of the years that ISO 8601 can say.
 */
import { describeOuter } from '../packet/outer.js';
import { DPORT, DST, FAMILY, ICMP_CODE, ICMP_TYPE, OUTER_L3, PROTOCOL, SPORT, SRC, STRIDE } from '../packet/row.js';
import { protocolText } from '../packet/text.js';
import { hasPorts } from '../rules/protocols.js';
import {
  CODES,
  DROPPED_CONNECTION,
  MARK_DUPLICATE,
  MARK_MIDSTREAM,
  MARK_ONE_WAY,
  reasonOf,
  type Verdict,
  verdictOf,
} from '../verdict/verdict.js';
import { createAddressText } from './address-text.js';
import { createTimeText, isIcmp, transportKnown } from './fields.js';
import { createOutcomes, type Outcomes } from './outcomes.js';
import { ownerName } from './owners.js';
import type { Output, ReplayContext, Report } from './report.js';

export interface JsonlOptions {
  /** Only packets of this verdict. */
  readonly only?: Verdict;
}

/** Characters gathered before they are written. */
const CHUNK = 1 << 16;
const RARE = MARK_MIDSTREAM | MARK_ONE_WAY | MARK_DUPLICATE;

export function createJsonlReport(output: Output, options: JsonlOptions = {}): Report {
  const addressText = createAddressText();
  const timeText = createTimeText();
  const verdictKeys = Array.from(
    { length: CODES },
    (_, code) => `,"verdict":"${verdictOf(code)}","reason":"${reasonOf(code)}","connection":`,
  );
  const wanted = Array.from(
    { length: CODES },
    (_, code) => options.only === undefined || verdictOf(code) === options.only,
  );
  const protocols: string[] = [];
  const decided: string[] = [];
  let context: ReplayContext;
  let outcomes: Outcomes;
  let chunk = '';
  let isFirst = true;

  /** The fields of the row from `src` to the ports. */
  function fields(rows: Int32Array, base: number): string {
    if (rows[base + FAMILY] === 0) return ',"src":null,"dst":null,"protocol":null,"sport":null,"dport":null';
    const protocol = rows[base + PROTOCOL]!;
    const ends = `,"src":"${addressText(rows, base, SRC)}","dst":"${addressText(rows, base, DST)}"`;
    if (protocol < 0) return `${ends},"protocol":null,"sport":null,"dport":null`;
    protocols[protocol] ??= JSON.stringify(protocolText(protocol));
    const named = `${ends},"protocol":${protocols[protocol]}`;
    const known = transportKnown(rows, base);
    if (isIcmp(protocol)) {
      return known
        ? `${named},"icmpType":${rows[base + ICMP_TYPE]},"icmpCode":${rows[base + ICMP_CODE]}`
        : `${named},"icmpType":null,"icmpCode":null`;
    }
    return known && hasPorts(protocol)
      ? `${named},"sport":${rows[base + SPORT]},"dport":${rows[base + DPORT]}`
      : `${named},"sport":null,"dport":null`;
  }

  /** From `egress` on, once a decision. */
  function outcomeKeys(decision: number): string {
    if (decision < 0) return ',"egress":null,"ingress":null';
    const { service, backends, ...rest } = context.decisions[decision]!;
    const { egress, ingress, forward } = outcomes.of(rest);
    const owner = service < 0 ? undefined : context.compiled.inventory.owners[service];
    return (
      `,"egress":${JSON.stringify(egress)},"ingress":${JSON.stringify(ingress)}` +
      (forward === null ? '' : `,"forward":${JSON.stringify(forward)}`) +
      (owner === undefined ? '' : `,"service":${JSON.stringify(ownerName(owner))}`) +
      (backends === null ? '' : `,"backends":${JSON.stringify(backends)}`)
    );
  }

  function markKeys(marks: number, packet: number): string {
    return (
      ((marks & MARK_MIDSTREAM) !== 0 ? ',"midstream":true' : '') +
      ((marks & MARK_ONE_WAY) !== 0 ? ',"oneWay":true' : '') +
      ((marks & MARK_DUPLICATE) !== 0 ? `,"duplicateOf":${packet}` : '')
    );
  }

  function flush(): void {
    if (chunk !== '') output.write(chunk);
    chunk = '';
  }

  return {
    begin(begun) {
      context = begun;
      outcomes = createOutcomes(begun.compiled);
    },
    batch(frames, packets, verdicts, first) {
      const { rows } = packets;
      const { code, decision, connection, marks, packet, count } = verdicts;
      const { seconds, nanoseconds } = frames;
      for (let i = 0; i < count; i++) {
        const c = code[i]!;
        if (!wanted[c]) continue;
        const base = i * STRIDE;
        const d = decision[i]!;
        const time = timeText(seconds[i]!, nanoseconds[i]!);
        const number = connection[i]!;
        decided[d + 1] ??= outcomeKeys(d);
        let line =
          `{${isFirst ? '"schema":"policap.packet/1",' : ''}"packet":${first + i},"time":${time === null ? 'null' : `"${time}"`}` +
          fields(rows, base) +
          verdictKeys[c]! +
          (number === 0 ? 'null' : number) +
          decided[d + 1]!;
        isFirst = false;
        if ((marks[i]! & RARE) !== 0) line += markKeys(marks[i]!, packet[i]!);
        if (c === DROPPED_CONNECTION && (marks[i]! & MARK_DUPLICATE) === 0) line += `,"refusedAt":${packet[i]}`;
        const outer = rows[base + OUTER_L3]!;
        if (outer >= 0) line += `,"outer":${JSON.stringify(describeOuter(frames, i, outer))}`;
        chunk += `${line}}\n`;
        if (chunk.length >= CHUNK) flush();
      }
    },
    end: flush,
  };
}
