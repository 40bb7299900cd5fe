/**
 * Frames for tests, built from named fields with right lengths and checksums; every field can be overridden to lie.
 *
 *   ethernet(ipv4({ src: '10.0.1.2', dst: '10.0.2.3' }, tcp({ sport: 4312, dport: 80, flags: 'S' })))
 *   batchOf([frame, frame], { linkType: 1, times: [0n, 1_000n] })
 *
 * In: plain objects.  Out: Uint8Arrays, one a frame, and a FrameBatch / FrameSource over them.
 * A transport builder returns a Segment: its checksum needs the addresses, so ipv4() and ipv6() seal it.
 */
import { BATCH_FRAMES, type CaptureInterface, type FrameBatch, type FrameSource } from '../../src/capture/frame.js';

/** An upper-layer message that still lacks its checksum over the pseudo-header. */
export interface Segment {
  readonly protocol: number;
  readonly bytes: Uint8Array;
  /** Writes the checksum, given the sum of the pseudo-header's addresses (16-bit words), the protocol and the length. */
  readonly seal?: (bytes: Uint8Array, pseudo: number, family: 4 | 6) => void;
}
export type Payload = Segment | Uint8Array;

export const bytes = (...parts: (number | string | Uint8Array | readonly number[])[]): Uint8Array => {
  const pieces = parts.map(part => {
    if (typeof part === 'number') return [part & 255];
    if (typeof part !== 'string') return part;
    return (part.replace(/\s+/g, '').match(/../g) ?? []).map(pair => Number.parseInt(pair, 16));
  });
  const out = new Uint8Array(pieces.reduce((total, piece) => total + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
};
const u16 = (value: number): number[] => [(value >>> 8) & 255, value & 255];
const u24 = (value: number): number[] => [(value >>> 16) & 255, (value >>> 8) & 255, value & 255];
const u32 = (value: number): number[] => [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
export const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const raw = (payload: Payload): Uint8Array => (payload instanceof Uint8Array ? payload : payload.bytes);

/** 16-bit words summed, an odd last byte padded with zero (RFC 1071). */
const sum16 = (data: Uint8Array, from = 0, to = data.length): number => {
  let sum = 0;
  for (let at = from; at < to; at += 2) sum += (data[at]! << 8) | (at + 1 < to ? data[at + 1]! : 0);
  return sum;
};
const fold = (sum: number): number => {
  let folded = sum;
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000);
  return ~folded & 0xffff;
};
const put16 = (data: Uint8Array, at: number, value: number): void => {
  data[at] = value >>> 8;
  data[at + 1] = value & 255;
};

/** The bytes of an address in text; 4 or 16 of them. */
export const address = (value: string): Uint8Array => {
  if (!value.includes(':')) return Uint8Array.from(value.split('.').map(Number));
  const dotted = value.match(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/);
  const plain = dotted
    ? value.slice(0, dotted.index) +
      ((Number(dotted[1]) << 8) | Number(dotted[2])).toString(16) +
      ':' +
      ((Number(dotted[3]) << 8) | Number(dotted[4])).toString(16)
    : value;
  const [head = '', tail] = plain.split('::');
  const left = head ? head.split(':') : [];
  const right = tail ? tail.split(':') : [];
  const groups =
    tail === undefined ? left : [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return bytes(...groups.map(group => u16(Number.parseInt(group, 16))));
};

// ---- transport -------------------------------------------------------------------------------------------------

const FLAG_BITS: Record<string, number> = { F: 1, S: 2, R: 4, P: 8, A: 16, U: 32, E: 64, C: 128 };
/** 'SA' -> 18. */
export const tcpFlags = (flags: string | number): number =>
  typeof flags === 'number' ? flags : [...flags].reduce((bits, flag) => bits | FLAG_BITS[flag]!, 0);

export interface TcpFields {
  sport?: number;
  dport?: number;
  seq?: number;
  ack?: number;
  /** Letters of FSRPAUEC, or the bits. */
  flags?: string | number;
  window?: number;
  /** Option bytes; padded with zeros to a multiple of four. */
  options?: Uint8Array;
  dataOffset?: number;
  checksum?: number;
  payload?: Uint8Array;
}
export const tcp = (fields: TcpFields = {}): Segment => {
  const options = fields.options ?? new Uint8Array(0);
  const padded = bytes(options, new Uint8Array((4 - (options.length % 4)) % 4));
  const offset = fields.dataOffset ?? 5 + padded.length / 4;
  const message = bytes(
    u16(fields.sport ?? 40000),
    u16(fields.dport ?? 80),
    u32(fields.seq ?? 1),
    u32(fields.ack ?? 0),
    offset << 4,
    tcpFlags(fields.flags ?? 'S'),
    u16(fields.window ?? 64240),
    u16(0),
    u16(0),
    padded,
    fields.payload ?? [],
  );
  return {
    protocol: 6,
    bytes: message,
    seal: (data, pseudo) => put16(data, 16, fields.checksum ?? fold(pseudo + sum16(data))),
  };
};
/** TCP options by name, in this order: maximum segment size, window scale, SACK permitted, timestamps, SACK blocks. */
export const tcpOptions = (o: {
  mss?: number;
  scale?: number;
  sackPermitted?: boolean;
  timestamps?: [number, number];
  sack?: [number, number][];
}): Uint8Array =>
  bytes(
    o.mss === undefined ? [] : [2, 4, ...u16(o.mss)],
    o.scale === undefined ? [] : [1, 3, 3, o.scale],
    o.sackPermitted ? [1, 1, 4, 2] : [],
    o.timestamps ? [1, 1, 8, 10, ...u32(o.timestamps[0]), ...u32(o.timestamps[1])] : [],
    o.sack ? [1, 1, 5, 2 + 8 * o.sack.length, ...o.sack.flatMap(([left, right]) => [...u32(left), ...u32(right)])] : [],
  );

export interface UdpFields {
  sport?: number;
  dport?: number;
  length?: number;
  checksum?: number;
  payload?: Uint8Array;
}
export const udp = (fields: UdpFields = {}): Segment => {
  const payload = fields.payload ?? new Uint8Array(0);
  const message = bytes(
    u16(fields.sport ?? 40000),
    u16(fields.dport ?? 53),
    u16(fields.length ?? 8 + payload.length),
    u16(0),
    payload,
  );
  return {
    protocol: 17,
    bytes: message,
    seal: (data, pseudo) => put16(data, 6, fields.checksum ?? (fold(pseudo + sum16(data)) || 0xffff)),
  };
};
/** UDP-Lite (RFC 3828): `coverage` 0 = the whole datagram. */
export const udpLite = (fields: UdpFields & { coverage?: number } = {}): Segment => {
  const payload = fields.payload ?? new Uint8Array(0);
  const coverage = fields.coverage ?? 0;
  const message = bytes(u16(fields.sport ?? 40000), u16(fields.dport ?? 53), u16(coverage), u16(0), payload);
  return {
    protocol: 136,
    bytes: message,
    seal: (data, pseudo) =>
      put16(
        data,
        6,
        fields.checksum ??
          (fold(pseudo + sum16(data, 0, coverage === 0 ? data.length : Math.min(coverage, data.length))) || 0xffff),
      ),
  };
};

export interface IcmpFields {
  type?: number;
  code?: number;
  id?: number;
  seq?: number;
  /** The four bytes after the checksum, instead of id and seq. */
  rest?: number;
  checksum?: number;
  payload?: Uint8Array;
}
const icmpMessage = (fields: IcmpFields, type: number): Uint8Array =>
  bytes(
    fields.type ?? type,
    fields.code ?? 0,
    0,
    0,
    fields.rest === undefined ? [...u16(fields.id ?? 1), ...u16(fields.seq ?? 1)] : u32(fields.rest),
    fields.payload ?? [],
  );
export const icmp = (fields: IcmpFields = {}): Segment => ({
  protocol: 1,
  bytes: icmpMessage(fields, 8),
  seal: data => put16(data, 2, fields.checksum ?? fold(sum16(data))),
});
export const icmpv6 = (fields: IcmpFields = {}): Segment => ({
  protocol: 58,
  bytes: icmpMessage(fields, 128),
  seal: (data, pseudo) => put16(data, 2, fields.checksum ?? fold(pseudo + sum16(data))),
});
/** An error about `quoted` (an IP packet, cut as the caller likes): destination unreachable by default. */
export const icmpError = (quoted: Uint8Array, fields: IcmpFields = {}): Segment =>
  icmp({ type: 3, code: 1, rest: 0, ...fields, payload: quoted });
export const icmpv6Error = (quoted: Uint8Array, fields: IcmpFields = {}): Segment =>
  icmpv6({ type: 1, code: 0, rest: 0, ...fields, payload: quoted });

/** CRC32c, bit by bit (RFC 9260 appendix A). */
export const crc32c = (data: Uint8Array): number => {
  let crc = 0xffffffff;
  for (const octet of data) {
    crc ^= octet;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
};
/** One SCTP chunk, padded to four bytes. */
export const chunk = (type: number, flags = 0, value: Uint8Array = new Uint8Array(0)): Uint8Array =>
  bytes(type, flags, u16(4 + value.length), value, new Uint8Array((4 - (value.length % 4)) % 4));
/** The INIT (1) and INIT ACK (2) value: initiate tag, window, streams, initial TSN. */
export const sctpInit = (tag: number, parameters: Uint8Array = new Uint8Array(0)): Uint8Array =>
  bytes(u32(tag), u32(106496), u16(10), u16(65535), u32(1), parameters);
export const sctp = (
  fields: { sport?: number; dport?: number; tag?: number; chunks?: Uint8Array[]; checksum?: number } = {},
): Segment => {
  const message = bytes(
    u16(fields.sport ?? 40000),
    u16(fields.dport ?? 5000),
    u32(fields.tag ?? 0),
    u32(0),
    ...(fields.chunks ?? []),
  );
  const crc = fields.checksum ?? crc32c(message);
  message.set([crc & 255, (crc >>> 8) & 255, (crc >>> 16) & 255, crc >>> 24], 8); // CRC32c goes least significant byte first
  return { protocol: 132, bytes: message };
};
/** A DCCP Request (0) or Response (1): long sequence numbers, service code 0. */
export const dccp = (fields: { sport?: number; dport?: number; type?: 0 | 1; checksum?: number } = {}): Segment => {
  const type = fields.type ?? 0;
  const words = type === 0 ? 5 : 7;
  return {
    protocol: 33,
    bytes: bytes(
      u16(fields.sport ?? 40000),
      u16(fields.dport ?? 5001),
      [words, 0, 0, 0, (type << 1) | 1, 0, 0, 0],
      u32(1),
      new Uint8Array(words * 4 - 16),
    ),
    seal: (data, pseudo) => put16(data, 6, fields.checksum ?? fold(pseudo + sum16(data))),
  };
};
/** Any other protocol by number. */
export const segment = (protocol: number, data: Uint8Array): Segment => ({ protocol, bytes: data });

// ---- network ---------------------------------------------------------------------------------------------------

const sealed = (payload: Payload, src: Uint8Array, dst: Uint8Array, family: 4 | 6): Uint8Array => {
  const message = raw(payload).slice();
  if (!(payload instanceof Uint8Array) && payload.seal) {
    const length = message.length;
    payload.seal(message, sum16(src) + sum16(dst) + payload.protocol + (length >>> 16) + (length & 0xffff), family);
  }
  return message;
};

export interface Ipv4Fields {
  src?: string;
  dst?: string;
  protocol?: number;
  id?: number;
  ttl?: number;
  tos?: number;
  /** Bits: 2 don't fragment, 1 more fragments. */
  flags?: number;
  /** Units of eight bytes. */
  fragmentOffset?: number;
  options?: Uint8Array;
  headerWords?: number;
  totalLength?: number;
  checksum?: number;
}
export const ipv4 = (fields: Ipv4Fields, payload: Payload = new Uint8Array(0)): Uint8Array => {
  const src = address(fields.src ?? '10.0.1.2');
  const dst = address(fields.dst ?? '10.0.2.3');
  const options = fields.options ?? new Uint8Array(0);
  const padded = bytes(options, new Uint8Array((4 - (options.length % 4)) % 4));
  const body = sealed(payload, src, dst, 4);
  const header = bytes(
    0x40 | (fields.headerWords ?? 5 + padded.length / 4),
    fields.tos ?? 0,
    u16(fields.totalLength ?? 20 + padded.length + body.length),
    u16(fields.id ?? 1),
    u16(((fields.flags ?? 0) << 13) | (fields.fragmentOffset ?? 0)),
    fields.ttl ?? 64,
    fields.protocol ?? (payload instanceof Uint8Array ? 253 : payload.protocol),
    u16(0),
    src,
    dst,
    padded,
  );
  put16(header, 10, fields.checksum ?? fold(sum16(header)));
  return bytes(header, body);
};
/** Cuts an IPv4 packet (without options) into fragments of at most `size` payload bytes (a multiple of eight). */
export const fragment4 = (packet: Uint8Array, size: number): Uint8Array[] => {
  const body = packet.subarray(20);
  const out: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += size) {
    const part = bytes(packet.subarray(0, 20), body.subarray(at, at + size));
    put16(part, 2, part.length);
    put16(part, 6, (at + size < body.length ? 0x2000 : 0) | (at / 8));
    put16(part, 10, 0);
    put16(part, 10, fold(sum16(part, 0, 20)));
    out.push(part);
  }
  return out;
};

/** One IPv6 extension header: `type` is its own number, `body` what follows the next-header byte. */
export interface Extension {
  readonly type: number;
  readonly body: Uint8Array;
}
/** Hop-by-hop (0), routing (43), destination (60), mobility (135), HIP (139), shim6 (140): padded to eight bytes. */
export const extension = (type: number, options: Uint8Array = new Uint8Array(0), lengthByte?: number): Extension => {
  const padding = (8 - ((2 + options.length) % 8)) % 8;
  const pad = padding === 0 ? [] : padding === 1 ? [0] : [1, padding - 2, ...Array<number>(padding - 2).fill(0)];
  return { type, body: bytes(lengthByte ?? (2 + options.length + padding) / 8 - 1, options, pad) };
};
export const fragmentHeader = (o: { offset?: number; more?: boolean; id?: number }): Extension => ({
  type: 44,
  body: bytes(0, u16(((o.offset ?? 0) << 3) | (o.more ? 1 : 0)), u32(o.id ?? 1)),
});
/** AH with a 12-byte integrity check value (RFC 4302); length in words minus two. */
export const authHeader = (spi: number): Extension => ({
  type: 51,
  body: bytes(4, 0, 0, u32(spi), u32(1), new Uint8Array(12)),
});

export interface Ipv6Fields {
  src?: string;
  dst?: string;
  protocol?: number;
  hopLimit?: number;
  flowLabel?: number;
  extensions?: Extension[];
  payloadLength?: number;
}
export const ipv6 = (fields: Ipv6Fields, payload: Payload = new Uint8Array(0)): Uint8Array => {
  const src = address(fields.src ?? 'fd00:1::2');
  const dst = address(fields.dst ?? 'fd00:2::3');
  const upper = fields.protocol ?? (payload instanceof Uint8Array ? 253 : payload.protocol);
  const chain = fields.extensions ?? [];
  const extensions = chain.map((header, i) => bytes(chain[i + 1]?.type ?? upper, header.body));
  const body = bytes(...extensions, sealed(payload, src, dst, 6));
  return bytes(
    u32((6 << 28) | (fields.flowLabel ?? 0)),
    u16(fields.payloadLength ?? body.length),
    chain[0]?.type ?? upper,
    fields.hopLimit ?? 64,
    src,
    dst,
    body,
  );
};
/** Cuts an IPv6 packet without extension headers into fragments of at most `size` bytes (a multiple of eight). */
export const fragment6 = (packet: Uint8Array, size: number, id: number): Uint8Array[] => {
  const body = packet.subarray(40);
  const out: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += size) {
    const header = bytes(packet[6]!, fragmentHeader({ offset: at / 8, more: at + size < body.length, id }).body);
    const part = bytes(packet.subarray(0, 40), header, body.subarray(at, at + size));
    put16(part, 4, part.length - 40);
    part[6] = 44;
    out.push(part);
  }
  return out;
};

// ---- tunnels: each is a Segment to put into ipv4() or ipv6() -------------------------------------------------------

export const vxlan = (
  frame: Uint8Array,
  o: { vni?: number; dport?: number; sport?: number; flags?: number } = {},
): Segment =>
  udp({
    sport: o.sport ?? 49152,
    dport: o.dport ?? 4789,
    payload: bytes(o.flags ?? 8, 0, 0, 0, u24(o.vni ?? 1), 0, frame),
    checksum: 0,
  });
export const geneve = (
  inner: Uint8Array,
  o: { vni?: number; options?: Uint8Array; type?: number; dport?: number } = {},
): Segment => {
  const options = o.options ?? new Uint8Array(0);
  return udp({
    sport: 49152,
    dport: o.dport ?? 6081,
    payload: bytes(options.length / 4, 0, u16(o.type ?? 0x6558), u24(o.vni ?? 1), 0, options, inner),
    checksum: 0,
  });
};
export const gre = (
  inner: Uint8Array,
  o: { type: number; checksum?: boolean; key?: number; seq?: number; flags?: number } = { type: 0x0800 },
): Segment => {
  const flags =
    o.flags ?? (o.checksum ? 0x8000 : 0) | (o.key === undefined ? 0 : 0x2000) | (o.seq === undefined ? 0 : 0x1000);
  const message = bytes(
    u16(flags),
    u16(o.type),
    o.checksum ? u32(0) : [],
    o.key === undefined ? [] : u32(o.key),
    o.seq === undefined ? [] : u32(o.seq),
    inner,
  );
  if (o.checksum) put16(message, 4, fold(sum16(message)));
  return segment(47, message);
};
/** An IP packet in an IP packet: IPIP (4) or 6in4/6in6 (41) by the inner version. */
export const inIp = (packet: Uint8Array): Segment => segment(packet[0]! >>> 4 === 6 ? 41 : 4, packet);

// ---- link ------------------------------------------------------------------------------------------------------

const etherType = (packet: Uint8Array): number => (packet[0]! >>> 4 === 6 ? 0x86dd : 0x0800);
export interface EthernetFields {
  src?: string;
  dst?: string;
  type?: number;
  /** Outermost first: VLAN id, or [tag protocol, id]. */
  vlans?: (number | [number, number])[];
  /** MPLS labels, outermost first; the last one gets the bottom-of-stack bit. */
  mpls?: number[];
  /** Pads the frame with this byte to 60 bytes, as a wire does. */
  padding?: number;
}
export const mplsStack = (labels: number[]): Uint8Array =>
  bytes(...labels.map((label, i) => u32((label << 12) | (i === labels.length - 1 ? 0x100 : 0) | 64)));
export const ethernet = (packet: Uint8Array, fields: EthernetFields = {}): Uint8Array => {
  const inner = fields.type ?? (fields.mpls ? 0x8847 : etherType(packet));
  const tags = (fields.vlans ?? []).map((tag): [number, number] => (typeof tag === 'number' ? [0x8100, tag] : tag));
  const frame = bytes(
    fields.dst ?? '020000000002',
    fields.src ?? '020000000001',
    ...tags.map(([protocol, id]) => [...u16(protocol), ...u16(id)]),
    u16(inner),
    mplsStack(fields.mpls ?? []),
    packet,
  );
  return fields.padding === undefined || frame.length >= 60
    ? frame
    : bytes(frame, new Uint8Array(60 - frame.length).fill(fields.padding));
};
/** 802.3 length field with an LLC/SNAP header. */
export const snapFrame = (packet: Uint8Array, type = etherType(packet)): Uint8Array =>
  bytes('020000000002', '020000000001', u16(8 + packet.length), 'aaaa03000000', u16(type), packet);
export const pppoe = (packet: Uint8Array, o: { session?: number; length?: number } = {}): Uint8Array =>
  ethernet(
    bytes(
      0x11,
      0,
      u16(o.session ?? 1),
      u16(o.length ?? 2 + packet.length),
      u16(packet[0]! >>> 4 === 6 ? 0x57 : 0x21),
      packet,
    ),
    { type: 0x8864 },
  );
/** Linux cooked v1 (link type 113); packet type 0 to us, 4 from us. */
export const sll = (packet: Uint8Array, o: { packetType?: number; type?: number } = {}): Uint8Array =>
  bytes(u16(o.packetType ?? 0), u16(1), u16(6), '020000000001', 0, 0, u16(o.type ?? etherType(packet)), packet);
/** Linux cooked v2 (link type 276). */
export const sll2 = (
  packet: Uint8Array,
  o: { interfaceIndex?: number; packetType?: number; type?: number } = {},
): Uint8Array =>
  bytes(
    u16(o.type ?? etherType(packet)),
    0,
    0,
    u32(o.interfaceIndex ?? 2),
    u16(1),
    o.packetType ?? 0,
    6,
    '020000000001',
    0,
    0,
    packet,
  );
/** BSD null (link type 0): the address family in host order of whoever captured. */
export const bsdNull = (packet: Uint8Array, o: { bigEndian?: boolean; family?: number } = {}): Uint8Array => {
  const family = o.family ?? (packet[0]! >>> 4 === 6 ? 30 : 2);
  return bytes(o.bigEndian ? u32(family) : u32(family).reverse(), packet);
};
/** ARP request, as an Ethernet frame. */
export const arp = (): Uint8Array =>
  ethernet(bytes('0001 0800 06 04 0001 020000000001 0a000102 000000000000 0a000203'), {
    type: 0x0806,
    dst: 'ffffffffffff',
  });

// ---- batches ---------------------------------------------------------------------------------------------------

export interface BatchOptions {
  /** Default 1 (Ethernet); or the whole interface list. */
  linkType?: number;
  fcsLength?: number;
  interfaces?: CaptureInterface[];
  /** Nanoseconds since 1970, one a frame; default: a millisecond apart from 1,700,000,000 s on. */
  times?: (bigint | number)[];
  /** Length on the wire, one a frame; default: the captured one. */
  original?: number[];
  /** Keeps only this many bytes of every frame (the wire length stays). */
  snapLength?: number;
  interfaceIndex?: number[];
}
export const interfaceOf = (linkType = 1, fcsLength = 0): CaptureInterface => ({
  linkType,
  fcsLength,
  snapLength: 0,
  capture: 0,
});

export const batchOf = (
  frames: readonly Uint8Array[],
  options: BatchOptions = {},
): { batch: FrameBatch; interfaces: CaptureInterface[] } => {
  const count = frames.length;
  const kept = frames.map(frame => frame.subarray(0, options.snapLength ?? frame.length));
  const batch: FrameBatch = {
    count,
    bytes: bytes(...kept),
    offset: new Int32Array(count),
    captured: Int32Array.from(kept, frame => frame.length),
    original: Int32Array.from(frames, (frame, i) => options.original?.[i] ?? frame.length),
    seconds: new Float64Array(count),
    nanoseconds: new Int32Array(count),
    interfaceIndex: Int32Array.from(frames, (_, i) => options.interfaceIndex?.[i] ?? 0),
  };
  let at = 0;
  for (let i = 0; i < count; i++) {
    batch.offset[i] = at;
    at += kept[i]!.length;
    const time = BigInt(options.times?.[i] ?? 1_700_000_000_000_000_000n + BigInt(i) * 1_000_000n);
    batch.seconds[i] = Number(time / 1_000_000_000n);
    batch.nanoseconds[i] = Number(time % 1_000_000_000n);
  }
  return { batch, interfaces: options.interfaces ?? [interfaceOf(options.linkType, options.fcsLength)] };
};

/** A capture of these frames, delivered in batches of at most `batchSize`. */
export const sourceOf = (
  frames: readonly Uint8Array[],
  options: BatchOptions = {},
  batchSize = BATCH_FRAMES,
): FrameSource => {
  const { interfaces } = batchOf([], options);
  let next = 0;
  return {
    interfaces,
    errors: [],
    bytesRead: frames.reduce((total, frame) => total + frame.length, 0),
    stepsBack: 0,
    next() {
      if (next >= frames.length) return null;
      const from = next;
      next = Math.min(next + batchSize, frames.length);
      const part = <T>(list: T[] | undefined): T[] | undefined => list?.slice(from, next);
      const times = options.times ?? frames.map((_, i) => 1_700_000_000_000_000_000n + BigInt(i) * 1_000_000n);
      return batchOf(frames.slice(from, next), {
        ...options,
        times: times.slice(from, next),
        original: part(options.original),
        interfaceIndex: part(options.interfaceIndex),
      }).batch;
    },
    close() {},
  };
};

/** A classic pcap file (nanosecond magic) of these frames. */
export const pcapOf = (frames: readonly Uint8Array[], options: BatchOptions = {}): Uint8Array => {
  const le32 = (value: number): number[] => u32(value).reverse();
  const { batch } = batchOf(frames, options);
  const records: Uint8Array[] = [];
  for (let i = 0; i < batch.count; i++)
    records.push(
      bytes(
        le32(batch.seconds[i]!),
        le32(batch.nanoseconds[i]!),
        le32(batch.captured[i]!),
        le32(batch.original[i]!),
        batch.bytes.subarray(batch.offset[i]!, batch.offset[i]! + batch.captured[i]!),
      ),
    );
  return bytes(le32(0xa1b23c4d), 2, 0, 4, 0, le32(0), le32(0), le32(262144), le32(options.linkType ?? 1), ...records);
};
