/**
 * Packet rows for the flow tests, from named fields; and a little world that plays packets into a tracker.
 *
 * The row's bytes hold what trackers read from them: the data offset of TCP, ICMP identifiers, GRE and SCTP headers.
 */
import { type ConnectionTracker, createTracker } from '../../src/flow/conntrack.js';
import {
  INVALID_HEADER,
  INVALID_NO_ENTRY,
  INVALID_NONE,
  INVALID_PROTOCOL,
  INVALID_STATE,
  INVALID_UNRELATED,
  INVALID_WINDOW,
  TRACK_FULL,
  TRACK_INVALID,
  TRACK_NEW,
  TRACK_ORIGINAL,
  TRACK_ORIGINAL_UNREPLIED,
  TRACK_RELATED,
  TRACK_REPLY,
  TRACK_UNTRACKED,
  type Tracker,
  type TrackerOptions,
} from '../../src/flow/tracker.js';
import {
  DPORT,
  DST,
  END,
  FAMILY,
  FRAGMENT,
  ICMP_CODE,
  ICMP_ID,
  ICMP_TYPE,
  IP_ID,
  L3,
  L4,
  OPTION_SACK,
  OPTION_SACK_PERMITTED,
  PAYLOAD,
  PROTOCOL,
  SPORT,
  SRC,
  STRIDE,
  TAG,
  TCP_ACK,
  TCP_FLAGS,
  TCP_OPTIONS,
  TCP_SACK,
  TCP_SEQ,
  TCP_WINDOW,
  TTL,
} from '../../src/packet/row.js';
import { addressWords } from '../../src/packet/text.js';
import { tcpFlags } from '../support/frames.js';

export interface Packet {
  readonly rows: Int32Array;
  readonly bytes: Uint8Array;
}

export interface Ends {
  src?: string;
  dst?: string;
  sport?: number;
  dport?: number;
}

export const CLIENT = '10.0.1.7';
export const SERVER = '10.0.2.9';
const HEADER_AT = 40;

const blank = (ends: Ends, protocol: number, transport: Uint8Array | number[]): Packet => {
  const src = addressWords(ends.src ?? CLIENT)!;
  const dst = addressWords(ends.dst ?? SERVER)!;
  const bytes = new Uint8Array(HEADER_AT + transport.length);
  bytes.set(transport, HEADER_AT);
  const rows = new Int32Array(STRIDE);
  rows[FAMILY] = src.family;
  rows[PROTOCOL] = protocol;
  rows.set(src.words, SRC);
  rows.set(dst.words, DST);
  rows[L3] = 0;
  rows[L4] = HEADER_AT;
  rows[END] = bytes.length;
  rows[TTL] = 64;
  return { rows, bytes };
};
const ports = (packet: Packet, ends: Ends): Packet => {
  packet.rows[SPORT] = ends.sport ?? 40000;
  packet.rows[DPORT] = ends.dport ?? 80;
  return packet;
};

export interface Segment extends Ends {
  flags?: string;
  seq?: number;
  ack?: number;
  window?: number;
  length?: number;
  scale?: number;
  sackPermitted?: boolean;
  /** Right edge of the highest SACK block. */
  sack?: number;
  fragment?: number;
}
export const tcp = (s: Segment): Packet => {
  const hasOptions = s.scale !== undefined || s.sackPermitted || s.sack !== undefined;
  const packet = ports(blank(s, 6, [...new Uint8Array(12), hasOptions ? 0xb0 : 0x50, ...new Uint8Array(7)]), s);
  const { rows } = packet;
  rows[TCP_FLAGS] = tcpFlags(s.flags ?? 'A');
  rows[TCP_SEQ] = (s.seq ?? 0) | 0;
  rows[TCP_ACK] = (s.ack ?? 0) | 0;
  rows[TCP_WINDOW] = s.window ?? 64240;
  rows[PAYLOAD] = s.length ?? 0;
  rows[FRAGMENT] = s.fragment ?? 0;
  rows[TCP_OPTIONS] =
    (s.scale === undefined ? 0 : s.scale + 1) |
    (s.sackPermitted ? OPTION_SACK_PERMITTED : 0) |
    (s.sack === undefined ? 0 : OPTION_SACK);
  rows[TCP_SACK] = (s.sack ?? 0) | 0;
  return packet;
};

export const udp = (ends: Ends = {}, protocol = 17, header = [0, 0, 0, 0, 0, 8, 1, 1]): Packet =>
  ports(blank(ends, protocol, header), ends);

export interface Message extends Ends {
  type: number;
  code?: number;
  id?: number;
  ttl?: number;
  /** Everything behind the first 8 bytes. */
  body?: Uint8Array;
}
const message = (m: Message, protocol: number): Packet => {
  const id = m.id ?? 0;
  const head = [m.type, m.code ?? 0, 0, 0, id >> 8, id & 255, 0, 1];
  const packet = blank(m, protocol, [...head, ...(m.body ?? [])]);
  packet.rows[ICMP_TYPE] = m.type;
  packet.rows[ICMP_CODE] = m.code ?? 0;
  packet.rows[ICMP_ID] = id;
  packet.rows[TTL] = m.ttl ?? 64;
  return packet;
};
export const icmp = (m: Message): Packet => message(m, 1);
export const icmpv6 = (m: Message): Packet => message({ src: 'fd00::1', dst: 'fd00::2', ...m }, 58);

export const sctp = (ends: Ends, tag: number, ...chunks: Uint8Array[]): Packet => {
  const packet = ports(blank(ends, 132, [...new Uint8Array(12), ...chunks.flatMap(chunk => [...chunk])]), ends);
  packet.rows[TAG] = tag | 0;
  return packet;
};
/** An SCTP chunk; INIT and INIT ACK announce `tag`. */
export const chunk = (type: number, options: { flags?: number; tag?: number; length?: number } = {}): Uint8Array => {
  const body = type === 1 || type === 2 ? 16 : 0;
  const out = new Uint8Array(4 + body);
  out[0] = type;
  out[1] = options.flags ?? 0;
  out[2] = (options.length ?? out.length) >> 8;
  out[3] = (options.length ?? out.length) & 255;
  if (body > 0) new DataView(out.buffer).setUint32(4, options.tag ?? 0);
  return out;
};

export const other = (ends: Ends, protocol: number, transport: number[] = []): Packet =>
  blank(ends, protocol, transport);

export const fragment = (ends: Ends, id: number, offset: number, more: boolean, protocol = 17): Packet => {
  const packet = blank(ends, protocol, []);
  packet.rows[IP_ID] = id;
  packet.rows[FRAGMENT] = (more ? 1 : 0) | (offset > 0 ? 2 : 0) | (offset << 4);
  return packet;
};

const CODES: Record<number, string> = {
  [TRACK_NEW]: 'new',
  [TRACK_ORIGINAL]: 'original',
  [TRACK_REPLY]: 'reply',
  [TRACK_ORIGINAL_UNREPLIED]: 'unreplied',
  [TRACK_RELATED]: 'related',
  [TRACK_UNTRACKED]: 'untracked',
  [TRACK_FULL]: 'full',
};
const REASONS: Record<number, string> = {
  [INVALID_NONE]: '',
  [INVALID_HEADER]: 'header',
  [INVALID_STATE]: 'state',
  [INVALID_WINDOW]: 'window',
  [INVALID_NO_ENTRY]: 'no-entry',
  [INVALID_UNRELATED]: 'unrelated',
  [INVALID_PROTOCOL]: 'protocol',
};

/** What track() answered, in words. */
export const answerOf = (tracker: Tracker, code: number): string =>
  code === TRACK_INVALID ? `invalid ${REASONS[tracker.invalid]}` : CODES[code]!;

/** A tracker, a clock in seconds, and answers in words: 'new', 'original', 'invalid window' ... */
export class World {
  readonly tracker: ConnectionTracker;
  time = 0;
  /** Slot of the last packet that had one. */
  slot = -1;

  constructor(options: TrackerOptions = {}) {
    this.tracker = createTracker({ maxConnections: 64, ...options });
  }

  wait(seconds: number): this {
    this.time += seconds;
    return this;
  }

  /** Plays one packet; a new connection is kept unless `keep` is false. */
  play(packet: Packet, keep = true): string {
    const code = this.tracker.track(packet.rows, 0, packet.bytes, Math.floor(Math.round(this.time * 1e9) / 1e6));
    if (code === TRACK_NEW) {
      if (keep) this.slot = this.tracker.confirm();
      else this.tracker.discard();
    } else if (this.tracker.slot >= 0) this.slot = this.tracker.slot;
    return answerOf(this.tracker, code);
  }

  /** The last connection's state and seconds left. */
  get state(): string {
    return this.tracker.describe(this.slot).state;
  }
  get left(): number {
    return this.tracker.describe(this.slot).timeoutLeft / 1000;
  }
  get live(): number {
    return this.tracker.counters().live;
  }
}

/**
 * The two sides of a TCP connection with their sequence numbers; each call makes a packet and moves its side on, unless
 * the packet is given a sequence number of its own (a repetition, or a lie).
 */
export class Conversation {
  constructor(
    readonly ends: Ends = {},
    public client = 1000,
    public server = 5000,
  ) {}
  fromClient(flags: string, extra: Segment = {}): Packet {
    const packet = tcp({ ...this.ends, flags, seq: this.client, ack: flags.includes('A') ? this.server : 0, ...extra });
    if (extra.seq === undefined) this.client += (extra.length ?? 0) + (/[SF]/.test(flags) ? 1 : 0);
    return packet;
  }
  fromServer(flags: string, extra: Segment = {}): Packet {
    const { src = CLIENT, dst = SERVER, sport = 40000, dport = 80 } = this.ends;
    const ack = flags.includes('A') ? this.client : 0;
    const back = { src: dst, dst: src, sport: dport, dport: sport };
    const packet = tcp({ ...back, flags, seq: this.server, ack, ...extra });
    if (extra.seq === undefined) this.server += (extra.length ?? 0) + (/[SF]/.test(flags) ? 1 : 0);
    return packet;
  }
  /** SYN, SYN/ACK, ACK. */
  handshake(world: World): string[] {
    return [world.play(this.fromClient('S')), world.play(this.fromServer('SA')), world.play(this.fromClient('A'))];
  }
}
