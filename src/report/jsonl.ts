/**
 * jsonl: one line a packet, in capture order (hot). Any packet's line is written here; those like most are written by
 * line-loop.ts, and must not differ.
 *
 * Schema `policap.packet/1`; the first line names it in a leading `schema` key (and in `notice` says where a profile
 * enforces nothing), the lines behind it have the same shape without it. Keys, in this order:
 *   packet, time, src, dst, protocol, sport, dport (icmpType, icmpCode for ICMP and ICMPv6), verdict, reason, connection,
 *   egress, ingress
 * and only where they apply: forward (plain rules), service, backends, midstream, oneWay, duplicateOf, refusedAt, outer.
 * null: src, dst, protocol of what is not IP or not readable; ports of what has none; connection outside of one;
 * egress and ingress where nothing is decided. Outcomes are of the connection, initiator to responder, on both
 * directions' packets. `time` is null outside of the years that ISO 8601 can say.
 */
import type { FrameBatch } from '../capture/frame.js';
import { NO_TEXT, TEXT, Texts } from '../memory/texts.js';
import { describeOuter } from '../packet/outer.js';
import {
  DPORT,
  DST,
  FAMILY,
  ICMP_CODE,
  ICMP_TYPE,
  OUTER_L3,
  type PacketBatch,
  PROTOCOL,
  SPORT,
  SRC,
  STRIDE,
} from '../packet/row.js';
import { protocolText } from '../packet/text.js';
import { noticeOf } from '../profile/profile.js';
import { hasPorts } from '../rules/protocols.js';
import type { Direction } from '../rules/ruleset.js';
import { outcomeRecord } from '../verdict/outcome.js';
import {
  CODES,
  DROPPED_CONNECTION,
  MARK_DUPLICATE,
  MARK_MIDSTREAM,
  MARK_ONE_WAY,
  MARK_ORIGINAL,
  reasonOf,
  type Verdict,
  type VerdictBatch,
  verdictOf,
} from '../verdict/verdict.js';
import { createAddressText } from './address-text.js';
import { createTimeText, isIcmp, transportKnown } from './fields.js';
import { LineBuffer } from './line-buffer.js';
import {
  KEY_CODE,
  KEY_DPORT,
  KEY_DST,
  KEY_END,
  KEY_NULL,
  KEY_PACKET,
  KEY_PROTOCOL,
  KEY_REFUSED,
  KEY_SRC,
  KEY_TIME,
  KEY_VERDICT,
  LINES_USED,
  LineLoop,
  type LineOwner,
  PREFIX_LENGTH,
  PROTOCOLS,
  RARE,
  STARTED,
} from './line-loop.js';
import { ownerName } from './owners.js';
import { FOUND, PacketTexts, type TextMaker } from './packet-texts.js';
import type { Output, ReplayContext, Report } from './report.js';
import { ContextSides } from './side-texts.js';

export interface JsonlOptions {
  /** Only packets of this verdict. */
  readonly only?: Verdict;
}

/** Bytes that a line may have besides its outcomes and its rare keys. */
const LINE = 1024;
const encoder = new TextEncoder();
const bytesOf = (text: string): Uint8Array => encoder.encode(text);

/** What stands between the values of a line, by number (line-loop.ts). */
const TEXTS: readonly [number, string][] = [
  [KEY_PACKET, '{"packet":'],
  [KEY_TIME, ',"time":"'],
  [KEY_SRC, 'Z","src":"'],
  [KEY_DST, '","dst":"'],
  [KEY_DPORT, ',"dport":'],
  [KEY_CODE, ',"icmpCode":'],
  [KEY_REFUSED, ',"refusedAt":'],
  [KEY_NULL, 'null'],
  [KEY_END, '}\n'],
];
/** With what must be said before anything else. */
const firstKey = (notice: string | null): Uint8Array =>
  bytesOf(`{"schema":"policap.packet/1",${notice === null ? '' : `"notice":${JSON.stringify(notice)},`}"packet":`);
const PACKET_BYTES = bytesOf('{"packet":');
const TIME_BYTES = bytesOf(',"time":');
const NO_FIELDS = bytesOf(',"src":null,"dst":null,"protocol":null,"sport":null,"dport":null');
const SRC_BYTES = bytesOf(',"src":"');
const DST_BYTES = bytesOf('","dst":"');
const DPORT_BYTES = bytesOf(',"dport":');
const CODE_BYTES = bytesOf(',"icmpCode":');
const REFUSED_BYTES = bytesOf(',"refusedAt":');
const NULL = bytesOf('null');
const LINE_END = bytesOf('}\n');
const UNDECIDED = ',"egress":null,"ingress":null';

const verdictKey = (code: number): string =>
  `,"verdict":"${verdictOf(code)}","reason":"${reasonOf(code)}","connection":`;

function protocolKey(protocol: number): string {
  const name = isIcmp(protocol) ? 'icmpType' : 'sport';
  const text = protocol < 0 ? 'null' : JSON.stringify(protocolText(protocol));
  return `","protocol":${text},"${name}":`;
}

/** Bytes of outcomes that are remembered, and of one that is. */
const TEXT_BYTES = 1 << 25;
const MOST_TEXT = 1 << 15;
/** Of texts that are too long. */
const TOO_LONG = -1;

export function createJsonlReport(output: Output, options: JsonlOptions = {}): Report {
  let lines: Lines;
  return {
    begin(begun) {
      lines = new Lines(begun, output, options.only);
    },
    batch(frames, packets, verdicts, first) {
      lines.write(frames, packets, verdicts, first);
    },
    flush: () => lines.flush(),
    end() {
      lines.flush();
    },
  };
}

class Lines implements TextMaker, LineOwner {
  private readonly texts: Texts;
  private readonly packets: PacketTexts;
  private readonly loop: LineLoop;
  private readonly runOf: (frames: FrameBatch, verdicts: VerdictBatch) => LineLoop['run'];
  private readonly sides = new ContextSides(3);
  private readonly rest = new Map<number, number>();
  private readonly addressText = createAddressText();
  private readonly timeOf = createTimeText();
  /** One line at a time, which then goes behind those of the loop. */
  private readonly line: LineBuffer;
  private readonly verdictKeys = Array.from({ length: CODES }, (_, code) => bytesOf(verdictKey(code)));
  private readonly protocols: Uint8Array[] = [];
  private readonly firstKey: Uint8Array;
  /** The batch that is written. */
  private frames!: FrameBatch;
  private rows!: Int32Array;
  private verdicts!: VerdictBatch;
  private first = 0;

  constructor(
    private readonly context: ReplayContext,
    private readonly output: Output,
    only: Verdict | undefined,
  ) {
    const writing = context.newWriting();
    const { memory } = writing;
    this.firstKey = firstKey(noticeOf(context.compiled.profile));
    this.texts = new Texts(TEXT_BYTES, MOST_TEXT, memory);
    this.packets = new PacketTexts(this.texts, this, 4 * MOST_TEXT, memory);
    this.loop = new LineLoop(this.texts, this.packets, this, memory);
    this.line = new LineBuffer({ write: chunk => this.append(chunk as Uint8Array) });
    for (let code = 0; code < CODES; code++) {
      this.packets.wanted[code] = only === undefined || verdictOf(code) === only ? 1 : 0;
    }
    this.addFixed();
    const { texts, packets, loop } = this;
    const parts = { Texts: texts, PacketTexts: packets, TextMaker: this, LineLoop: loop, LineOwner: this };
    this.runOf = writing.loop<LineLoop['run']>('LineLoop_run', parts, loop.run.bind(loop));
  }

  write(frames: FrameBatch, { rows }: PacketBatch, verdicts: VerdictBatch, first: number): void {
    this.frames = frames;
    this.rows = rows;
    this.verdicts = verdicts;
    this.first = first;
    const { code, decision, connection, packet, marks, count } = verdicts;
    const { seconds, nanoseconds } = frames;
    const run = this.runOf(frames, verdicts);
    run(count, first, rows, code, decision, connection, packet, marks, seconds, nanoseconds);
  }

  flush(): void {
    const { bytes, state } = this.loop;
    if (state[LINES_USED]! > 0) this.output.write(bytes.subarray(0, state[LINES_USED]!));
    state[LINES_USED] = 0;
  }

  private append(chunk: Uint8Array): void {
    const { bytes, state, size } = this.loop;
    if (size - state[LINES_USED]! < chunk.length) this.flush();
    if (chunk.length > size) {
      this.output.write(chunk);
      return;
    }
    bytes.set(chunk, state[LINES_USED]!);
    state[LINES_USED] = state[LINES_USED]! + chunk.length;
  }

  startSecond(seconds: number): void {
    const { prefix, state } = this.loop;
    const text = this.timeOf(seconds, 0);
    const bytes = text === null ? [] : bytesOf(text.slice(0, -'000000000Z'.length));
    prefix.set(bytes);
    state[PREFIX_LENGTH] = bytes.length;
  }

  makeTexts(i: number, place: number): void {
    const { found } = this.packets;
    const { connection, decision, code } = this.verdicts;
    const { source, destination } = this.endsOf(i);
    const d = decision[i]!;
    const it = this.context.decisions[d]!;
    const by = this.context.of(d);
    found[place] = this.sideNumber(by, 'egress', it.egress, source);
    found[place + 1] = this.sideNumber(by, 'ingress', it.ingress, destination);
    found[place + 2] = this.sideNumber(by, 'forward', it.forward, source);
    let rest = this.rest.get(d);
    if (rest === undefined) {
      rest = this.numberOf(this.restKeys(d));
      this.rest.set(d, rest);
    }
    found[place + 3] = rest;
    if (Math.min(found[place + 1]!, found[place + 2]!, rest) < 0) found[place] = TOO_LONG;
    this.packets.remember(connection[i]!, d, code[i]!, place);
  }

  clearTexts(): void {
    this.texts.clear();
    this.packets.forget();
    this.sides.clear();
    this.rest.clear();
    this.addFixed();
  }

  writeLine(i: number, place: number): void {
    const { line, frames, rows, packets, loop } = this;
    const { code, decision, connection, marks, packet } = this.verdicts;
    const c = code[i]!;
    const base = i * STRIDE;
    const number = connection[i]!;
    line.reserve(LINE);
    line.piece(loop.state[STARTED] === 0 ? this.firstKey : PACKET_BYTES);
    loop.state[STARTED] = 1;
    line.number(this.first + i);
    line.piece(TIME_BYTES);
    const time = this.timeOf(frames.seconds[i]!, frames.nanoseconds[i]!);
    line.ascii(time === null ? 'null' : `"${time}"`);
    this.fields(rows, base);
    line.piece(this.verdictKeys[c]!);
    if (number === 0) line.piece(NULL);
    else line.number(number);
    if (packets.found[place]! < 0) this.writeText(this.outcomeKeys(i, decision[i]!));
    else for (let text = place; text < place + FOUND; text++) this.writeFound(packets.found[text]!);
    if ((marks[i]! & RARE) !== 0) this.writeText(markKeys(marks[i]!, packet[i]!));
    if (c === DROPPED_CONNECTION && (marks[i]! & MARK_DUPLICATE) === 0) {
      line.piece(REFUSED_BYTES);
      line.number(packet[i]!);
    }
    const outer = rows[base + OUTER_L3]!;
    if (outer >= 0) this.writeText(`,"outer":${JSON.stringify(describeOuter(frames, i, outer))}`);
    line.piece(LINE_END);
    line.flush();
  }

  private writeText(text: string): void {
    const bytes = bytesOf(text);
    this.line.reserve(bytes.length + LINE);
    this.line.piece(bytes);
  }

  private writeFound(text: number): void {
    if (text === NO_TEXT) return;
    const from = text + TEXT;
    this.line.reserve(this.texts.lengthOf(text) + LINE);
    this.line.piece(this.texts.bytes.subarray(from, from + this.texts.lengthOf(text)));
  }

  /** The fields of the row from `src` to the ports. */
  private fields(rows: Int32Array, base: number): void {
    const { line, protocols } = this;
    if (rows[base + FAMILY] === 0) {
      line.piece(NO_FIELDS);
      return;
    }
    const protocol = rows[base + PROTOCOL]!;
    line.piece(SRC_BYTES);
    line.ascii(this.addressText(rows, base, SRC));
    line.piece(DST_BYTES);
    line.ascii(this.addressText(rows, base, DST));
    protocols[protocol + 1] ??= bytesOf(protocolKey(protocol));
    line.piece(protocols[protocol + 1]!);
    const icmp = isIcmp(protocol);
    if (transportKnown(rows, base) && (icmp || hasPorts(protocol))) {
      line.number(rows[base + (icmp ? ICMP_TYPE : SPORT)]!);
      line.piece(icmp ? CODE_BYTES : DPORT_BYTES);
      line.number(rows[base + (icmp ? ICMP_CODE : DPORT)]!);
    } else {
      line.piece(NULL);
      line.piece(icmp ? CODE_BYTES : DPORT_BYTES);
      line.piece(NULL);
    }
  }

  /** Texts that are needed whatever comes. */
  private addFixed(): void {
    const { texts, packets } = this;
    const { keys } = this.loop;
    packets.bare.fill(texts.add(UNDECIDED));
    for (const [key, text] of TEXTS) keys[key] = texts.add(text);
    for (let code = 0; code < CODES; code++) keys[KEY_VERDICT + code] = texts.add(verdictKey(code));
    for (let of = 0; of < PROTOCOLS; of++) keys[KEY_PROTOCOL + of] = texts.add(protocolKey(of - 1));
  }

  private endsOf(i: number): { readonly source: number; readonly destination: number } {
    const { ends } = this.context;
    const { decision, marks } = this.verdicts;
    ends.find(decision[i]!, this.rows, i * STRIDE, (marks[i]! & MARK_ORIGINAL) !== 0);
    return ends;
  }

  private sideNumber(by: ReplayContext, direction: Direction, outcome: number, subject: number): number {
    const form = direction === 'egress' ? 0 : direction === 'ingress' ? 1 : 2;
    const make = (): number => this.numberOf(sideKey(by, direction, outcome, subject));
    return this.sides.of(by).numberOf(form, outcome, subject, make);
  }

  private numberOf(text: string): number {
    return 3 * text.length > MOST_TEXT && bytesOf(text).length > MOST_TEXT ? TOO_LONG : this.texts.add(text);
  }

  /** Behind the outcomes. */
  private restKeys(decision: number): string {
    const { service, backends } = this.context.decisions[decision]!;
    const owner = service < 0 ? undefined : this.context.of(decision).compiled.inventory.owners[service];
    return (
      (owner === undefined ? '' : `,"service":${JSON.stringify(ownerName(owner))}`) +
      (backends === null ? '' : `,"backends":${JSON.stringify(backends)}`)
    );
  }

  /** From `egress` on, whole. */
  private outcomeKeys(i: number, decision: number): string {
    const { egress, ingress, forward } = this.context.decisions[decision]!;
    const { source, destination } = this.endsOf(i);
    const by = this.context.of(decision);
    return (
      sideKey(by, 'egress', egress, source) +
      sideKey(by, 'ingress', ingress, destination) +
      sideKey(by, 'forward', forward, source) +
      this.restKeys(decision)
    );
  }
}

function sideKey({ compiled }: ReplayContext, direction: Direction, outcome: number, subject: number): string {
  const record = outcomeRecord(direction, outcome, subject, compiled.ruleset, compiled.inventory);
  return direction === 'forward' && record === null ? '' : `,"${direction}":${JSON.stringify(record)}`;
}

function markKeys(marks: number, packet: number): string {
  return (
    ((marks & MARK_MIDSTREAM) !== 0 ? ',"midstream":true' : '') +
    ((marks & MARK_ONE_WAY) !== 0 ? ',"oneWay":true' : '') +
    ((marks & MARK_DUPLICATE) !== 0 ? `,"duplicateOf":${packet}` : '')
  );
}
