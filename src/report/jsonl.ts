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
import type { Decision } from '../verdict/decisions.js';
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
import { type ByEnds, createByEnds } from './by-ends.js';
import { createTimeText, isIcmp, transportKnown } from './fields.js';
import { LineBuffer } from './line-buffer.js';
import type { DecisionOutcomes } from './outcomes.js';
import { ownerName } from './owners.js';
import type { Output, ReplayContext, Report } from './report.js';

export interface JsonlOptions {
  /** Only packets of this verdict. */
  readonly only?: Verdict;
}

/** Bytes that a line may have besides its outcomes and its rare keys. */
const LINE = 1024;
const ascii = (text: string): Uint8Array => Uint8Array.from(text, character => character.charCodeAt(0));
const FIRST_KEY = ascii('{"schema":"policap.packet/1","packet":');
const PACKET_KEY = ascii('{"packet":');
const TIME_KEY = ascii(',"time":');
const NO_FIELDS = ascii(',"src":null,"dst":null,"protocol":null,"sport":null,"dport":null');
const SRC_KEY = ascii(',"src":"');
const DST_KEY = ascii('","dst":"');
const DPORT_KEY = ascii(',"dport":');
const CODE_KEY = ascii(',"icmpCode":');
const REFUSED_KEY = ascii(',"refusedAt":');
const NULL = ascii('null');
const LINE_END = ascii('}\n');
const RARE = MARK_MIDSTREAM | MARK_ONE_WAY | MARK_DUPLICATE;

export function createJsonlReport(output: Output, options: JsonlOptions = {}): Report {
  const addressText = createAddressText();
  const timeOf = createTimeText();
  const timeText = (seconds: number, nanoseconds: number): string => {
    const text = timeOf(seconds, nanoseconds);
    return text === null ? 'null' : `"${text}"`;
  };
  const encoder = new TextEncoder();
  const bytesOf = (text: string): Uint8Array => encoder.encode(text);
  const lines = new LineBuffer(output);
  const verdictKeys = Array.from({ length: CODES }, (_, code) =>
    bytesOf(`,"verdict":"${verdictOf(code)}","reason":"${reasonOf(code)}","connection":`),
  );
  const wanted = Array.from(
    { length: CODES },
    (_, code) => options.only === undefined || verdictOf(code) === options.only,
  );
  const protocols: Uint8Array[] = [];
  const undecided = bytesOf(',"egress":null,"ingress":null');
  let context: ReplayContext;
  let decided: ByEnds<Uint8Array>;
  let isFirst = true;

  const protocolKey = (protocol: number): Uint8Array => {
    const names = isIcmp(protocol) ? ['icmpType', 'icmpCode'] : ['sport', 'dport'];
    const text = protocol < 0 ? 'null' : JSON.stringify(protocolText(protocol));
    return bytesOf(`","protocol":${text},"${names[0]}":`);
  };

  /** The fields of the row from `src` to the ports. */
  function fields(rows: Int32Array, base: number): void {
    if (rows[base + FAMILY] === 0) {
      lines.piece(NO_FIELDS);
      return;
    }
    const protocol = rows[base + PROTOCOL]!;
    lines.piece(SRC_KEY);
    lines.ascii(addressText(rows, base, SRC));
    lines.piece(DST_KEY);
    lines.ascii(addressText(rows, base, DST));
    protocols[protocol + 1] ??= protocolKey(protocol);
    lines.piece(protocols[protocol + 1]!);
    const icmp = isIcmp(protocol);
    if (transportKnown(rows, base) && (icmp || hasPorts(protocol))) {
      lines.number(rows[base + (icmp ? ICMP_TYPE : SPORT)]!);
      lines.piece(icmp ? CODE_KEY : DPORT_KEY);
      lines.number(rows[base + (icmp ? ICMP_CODE : DPORT)]!);
    } else {
      lines.piece(NULL);
      lines.piece(icmp ? CODE_KEY : DPORT_KEY);
      lines.piece(NULL);
    }
  }

  /** From `egress` on. */
  function outcomeKeys({ service, backends }: Decision, { egress, ingress, forward }: DecisionOutcomes): string {
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

  function writeRare(text: string): void {
    const bytes = bytesOf(text);
    lines.reserve(bytes.length + LINE);
    lines.piece(bytes);
  }

  return {
    begin(begun) {
      context = begun;
      decided = createByEnds(begun, (decision, outcomes) => bytesOf(outcomeKeys(decision, outcomes)));
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
        const number = connection[i]!;
        const outcome = d < 0 ? undecided : decided.get(d, rows, base, marks[i]!, number);
        lines.reserve(outcome.length + LINE);
        lines.piece(isFirst ? FIRST_KEY : PACKET_KEY);
        isFirst = false;
        lines.number(first + i);
        lines.piece(TIME_KEY);
        lines.ascii(timeText(seconds[i]!, nanoseconds[i]!));
        fields(rows, base);
        lines.piece(verdictKeys[c]!);
        if (number === 0) lines.piece(NULL);
        else lines.number(number);
        lines.piece(outcome);
        if ((marks[i]! & RARE) !== 0) writeRare(markKeys(marks[i]!, packet[i]!));
        if (c === DROPPED_CONNECTION && (marks[i]! & MARK_DUPLICATE) === 0) {
          lines.piece(REFUSED_KEY);
          lines.number(packet[i]!);
        }
        const outer = rows[base + OUTER_L3]!;
        if (outer >= 0) writeRare(`,"outer":${JSON.stringify(describeOuter(frames, i, outer))}`);
        lines.piece(LINE_END);
      }
    },
    end() {
      lines.flush();
    },
  };
}
