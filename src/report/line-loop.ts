/**
 * A batch's packets as lines of jsonl (hot): those that most are like; jsonl.ts writes the others, and is the specification.
 *
 * In:  rows and their verdicts.  Out: lines in `bytes`, from 0 to state[LINES_USED]. Plain are IPv4 packets without a tunnel
 * and without marks that are told, behind the first line.
 */
import { copyBytes } from '../memory/copy.js';
import { writeDigits, writeInteger, writeNine } from '../memory/digits.js';
import { type Float, type Memory, OWN_MEMORY } from '../memory/memory.js';
import { NO_TEXT, TEXT, type Texts } from '../memory/texts.js';
import { DPORT, DST, FAMILY, ICMP_CODE, ICMP_TYPE, OUTER_L3, PROTOCOL, SPORT, SRC, STRIDE } from '../packet/row.js';
import { hasPorts } from '../rules/protocols.js';
import { CODES, DROPPED_CONNECTION, MARK_DUPLICATE, MARK_MIDSTREAM, MARK_ONE_WAY } from '../verdict/verdict.js';
import { isIcmp, transportKnown } from './fields.js';
import { FOUND, type PacketTexts, TOGETHER } from './packet-texts.js';

export const RARE = MARK_MIDSTREAM | MARK_ONE_WAY | MARK_DUPLICATE;

const SIZE = 256 * 1024;
/** Bytes that a line may have besides its four texts. */
const LINE = 1024;
const DOT = 46;
const NANOSECOND_DIGITS = 9;
const PREFIX = 32;

/** Words of `state`: bytes used; whether the first line is out; the length of `prefix`, 0 where the time has no text. */
export const LINES_USED = 0;
export const STARTED = 1;
export const PREFIX_LENGTH = 2;
const STATE = 3;

/** Words of `keys`: texts between the values; from KEY_VERDICT on by code, from KEY_PROTOCOL on by protocol + 1. */
export const KEY_PACKET = 0;
export const KEY_TIME = 1;
export const KEY_SRC = 2;
export const KEY_DST = 3;
export const KEY_DPORT = 4;
export const KEY_CODE = 5;
export const KEY_REFUSED = 6;
export const KEY_NULL = 7;
export const KEY_END = 8;
export const KEY_VERDICT = 9;
export const KEY_PROTOCOL = KEY_VERDICT + CODES;
export const PROTOCOLS = 257;
const KEYS = KEY_PROTOCOL + PROTOCOLS;

export interface LineOwner {
  /** @cold Empties the buffer: state[LINES_USED] is 0 then. */
  flush(): void;
  /** @cold Writes the line of packet i, whose texts are found[place..]. */
  writeLine(i: number, place: number): void;
  /** @cold Sets `prefix` and its length: the second's text, up to its fraction. */
  startSecond(seconds: Float): void;
}

export class LineLoop {
  readonly bytes: Uint8Array;
  readonly state: Int32Array;
  readonly second: Float64Array;
  readonly prefix: Uint8Array;
  readonly keys: Int32Array;

  constructor(
    private readonly texts: Texts,
    private readonly packets: PacketTexts,
    private readonly owner: LineOwner,
    memory: Memory = OWN_MEMORY,
    readonly size = SIZE,
  ) {
    this.bytes = memory.uint8(size);
    this.state = memory.int32(STATE);
    this.second = memory.float64(1).fill(Number.NaN);
    this.prefix = memory.uint8(PREFIX);
    this.keys = memory.int32(KEYS);
  }

  /** Writes the lines of packets 0..count-1. @param first the number of packet 0 */
  run(
    count: number,
    first: Float,
    rows: Int32Array,
    code: Uint8Array,
    decision: Int32Array,
    connection: Int32Array,
    packet: Float64Array,
    marks: Uint8Array,
    seconds: Float64Array,
    nanoseconds: Int32Array,
  ): void {
    const { packets, owner, state, second } = this;
    const { found, wanted } = packets;
    for (let from = 0; from < count; from += TOGETHER) {
      const to = from + TOGETHER < count ? from + TOGETHER : count;
      packets.find(from, to, code, decision, connection);
      for (let i = from; i < to; i++) {
        if (wanted[code[i]!] === 0) continue;
        const base = i * STRIDE;
        const place = (i - from) * FOUND;
        if (seconds[i]! !== second[0]!) {
          owner.startSecond(seconds[i]!);
          second[0] = seconds[i]!;
        }
        if (
          state[STARTED] === 0 ||
          state[PREFIX_LENGTH] === 0 ||
          found[place]! < 0 ||
          rows[base + FAMILY] !== 4 ||
          (marks[i]! & RARE) !== 0 ||
          rows[base + OUTER_L3]! >= 0
        ) {
          owner.writeLine(i, place);
        } else {
          this.line(place, first + i, rows, base, code[i]!, connection[i]!, packet[i]!, nanoseconds[i]!);
        }
      }
    }
  }

  private line(
    place: number,
    number: Float,
    rows: Int32Array,
    base: number,
    code: number,
    connection: number,
    refusedAt: Float,
    nanoseconds: number,
  ): void {
    const { bytes, state, owner, texts, keys, packets } = this;
    const { found } = packets;
    const egress = found[place]!;
    const ingress = found[place + 1]!;
    const forward = found[place + 2]!;
    const rest = found[place + 3]!;
    const said = texts.lengthOf(egress) + texts.lengthOf(ingress) + texts.lengthOf(forward) + texts.lengthOf(rest);
    if (((this.size - state[LINES_USED]!) | 0) < said + LINE) owner.flush();
    let at = this.text(keys[KEY_PACKET]!, state[LINES_USED]!);
    at = this.text(keys[KEY_TIME]!, writeDigits(number, bytes, at));
    copyBytes(this.prefix, 0, bytes, at, state[PREFIX_LENGTH]!);
    at += state[PREFIX_LENGTH]!;
    writeNine(nanoseconds, bytes, at);
    at = this.text(keys[KEY_SRC]!, at + NANOSECOND_DIGITS);
    at = this.address(rows[base + SRC]!, at);
    at = this.address(rows[base + DST]!, this.text(keys[KEY_DST]!, at));
    const protocol = rows[base + PROTOCOL]!;
    at = this.text(keys[KEY_PROTOCOL + protocol + 1]!, at);
    const icmp = isIcmp(protocol);
    const between = icmp ? keys[KEY_CODE]! : keys[KEY_DPORT]!;
    if (transportKnown(rows, base) && (icmp || hasPorts(protocol))) {
      at = writeInteger(icmp ? rows[base + ICMP_TYPE]! : rows[base + SPORT]!, bytes, at);
      at = this.text(between, at);
      at = writeInteger(icmp ? rows[base + ICMP_CODE]! : rows[base + DPORT]!, bytes, at);
    } else {
      at = this.text(between, this.text(keys[KEY_NULL]!, at));
      at = this.text(keys[KEY_NULL]!, at);
    }
    at = this.text(keys[KEY_VERDICT + code]!, at);
    at = connection === 0 ? this.text(keys[KEY_NULL]!, at) : writeInteger(connection, bytes, at);
    at = this.text(egress, at);
    at = this.text(ingress, at);
    if (forward !== NO_TEXT) at = this.text(forward, at);
    if (rest !== NO_TEXT) at = this.text(rest, at);
    if (code === DROPPED_CONNECTION) at = writeDigits(refusedAt, bytes, this.text(keys[KEY_REFUSED]!, at));
    state[LINES_USED] = this.text(keys[KEY_END]!, at);
  }

  private text(text: number, at: number): number {
    const { texts } = this;
    const length = texts.lengthOf(text);
    copyBytes(texts.bytes, text + TEXT, this.bytes, at, length);
    return at + length;
  }

  private address(word: number, at: number): number {
    const { bytes } = this;
    let end = writeInteger((word >>> 24) & 255, bytes, at);
    bytes[end] = DOT;
    end = writeInteger((word >>> 16) & 255, bytes, end + 1);
    bytes[end] = DOT;
    end = writeInteger((word >>> 8) & 255, bytes, end + 1);
    bytes[end] = DOT;
    return writeInteger(word & 255, bytes, end + 1);
  }
}
