/**
 * One packet of a script: words -> bytes.
 *
 * In:  `client:40000 > server:80 S seq 100 <mss 1460>` as words.  Out: a function from the address family and the
 * packets before it to an IP packet with right lengths and checksums, where the line does not say otherwise.
 *
 *   TCP      flags (S SA A PA FA R RA ... , `-` for none), seq, ack, win, len, <mss 1460,wscale 7,sackOK,ts 1 2,sack 10-20>
 *   udp, udplite, sctp tag 7 INIT(100) DATA COOKIE_ECHO ..., icmp 8/0 id 1, icmpv6 128/0 id 1, ping, pong, gre, esp, ah
 *   proto 99 len 20     any protocol;  raw 6 0102ff   any protocol with these bytes
 *   error 3/1 quote 2 [cut 28] [swapped]   an ICMP error that quotes the second packet of the script
 *   redirect 137/0 quote 2                 an ICMPv6 redirect about the second packet
 *   behind each: len N, badsum, ttl N, ipid N, short N (transport cut to N bytes), ext hop,routing,dest,ah,
 *   part 8-24 | part 24- (a fragment: these bytes of the payload), more | last (its flag set otherwise), fill N (each of them
 *   N instead), ecn 0-3
 */
import * as f from '../support/frames.js';

export type Family = 4 | 6;

export interface PacketLine {
  /** @param earlier the packets of the script before this one. */
  readonly build: (family: Family, earlier: readonly Uint8Array[]) => Uint8Array;
}

/** The ends of a script: 10.0.1.2 and the like, and the same in fd00::/16. */
const ENDS: Readonly<Record<string, readonly [string, string]>> = {
  client: ['10.0.1.2', 'fd00:1::2'],
  server: ['10.0.2.3', 'fd00:2::3'],
  router: ['10.0.3.1', 'fd00:3::1'],
  other: ['10.0.4.4', 'fd00:4::4'],
};
export const endAddress = (name: string, family: Family): string => ENDS[name]![family === 4 ? 0 : 1];

const CHUNKS: Readonly<Record<string, number>> = {
  DATA: 0,
  INIT: 1,
  INIT_ACK: 2,
  SACK: 3,
  HEARTBEAT: 4,
  HEARTBEAT_ACK: 5,
  ABORT: 6,
  SHUTDOWN: 7,
  SHUTDOWN_ACK: 8,
  ERROR: 9,
  COOKIE_ECHO: 10,
  COOKIE_ACK: 11,
  SHUTDOWN_COMPLETE: 14,
};
const EXTENSIONS: Readonly<Record<string, () => f.Extension>> = {
  hop: () => f.extension(0),
  routing: () => f.extension(43, Uint8Array.of(4, 0, 0, 0, 0, 0)),
  dest: () => f.extension(60),
  mobility: () => f.extension(135),
  ah: () => f.authHeader(256),
};
/** Words with a number behind them; everything else that a line may hold. */
const NUMBERS = [
  'seq',
  'ack',
  'win',
  'len',
  'id',
  'tag',
  'ttl',
  'ipid',
  'short',
  'quote',
  'cut',
  'scale',
  'coverage',
  'ecn',
  'fill',
];
const MARKS = ['badsum', 'badipsum', 'nosum', 'more', 'last', 'swapped', 'reflected', 'atomic'];
const KINDS = [
  'udp',
  'udplite',
  'sctp',
  'icmp',
  'icmpv6',
  'ping',
  'pong',
  'gre',
  'esp',
  'ah',
  'proto',
  'raw',
  'error',
  'redirect',
];

type Fail = (message: string) => never;

interface End {
  readonly name: string;
  readonly port: number | undefined;
}

interface Words {
  readonly numbers: Readonly<Record<string, number>>;
  readonly marks: ReadonlySet<string>;
  readonly extensions: readonly f.Extension[];
  readonly part: readonly [number, number | undefined] | null;
}

function parseEnd(text: string, fail: Fail): End {
  const literal = /^\[(.+)\]$/.exec(text);
  if (literal) return { name: literal[1]!, port: undefined };
  const [name = '', port] = text.split(':');
  if (!Object.hasOwn(ENDS, name)) fail(`end "${text}": there are ${Object.keys(ENDS).join(', ')}, and [addresses]`);
  if (port !== undefined && !(Number(port) >= 0 && Number(port) < 65536)) fail(`end "${text}": no such port`);
  return { name, port: port === undefined ? undefined : Number(port) };
}

const addressOf = (end: End, family: Family): string =>
  Object.hasOwn(ENDS, end.name) ? endAddress(end.name, family) : end.name;

/** @param words of the line behind its time. @param index of the packet in its script. */
export function parsePacket(words: readonly string[], index: number, fail: Fail): PacketLine {
  const [from = '', arrow, to = '', kind = '', ...rest] = words;
  if (arrow !== '>' || kind === '') fail(`"${words.join(' ')}": write "client > server S seq 1"`);
  const source = parseEnd(from, fail);
  const destination = parseEnd(to, fail);
  const make = parseTransport(kind, rest, index, fail);
  const common = parseWords(rest, fail);
  return {
    build: (family, earlier) =>
      assemble(family, source, destination, make(family, source, destination, earlier, common), common),
  };
}

type Make = (family: Family, source: End, destination: End, earlier: readonly Uint8Array[], words: Words) => f.Segment;

/** Takes the words of its kind out of `rest`; what is left is common to all kinds. */
function parseTransport(kind: string, rest: string[], index: number, fail: Fail): Make {
  if (/^(-|[FSRPAUEC]+)$/.test(kind)) {
    const options = takeOptions(rest, fail);
    return (_family, source, destination, _earlier, { numbers, marks }) =>
      f.tcp({
        ...portsOf(source, destination, 80),
        flags: kind === '-' ? 0 : kind,
        seq: numbers['seq'] ?? 0,
        ack: numbers['ack'] ?? 0,
        window: numbers['win'] ?? 64240,
        payload: new Uint8Array(numbers['len'] ?? 0),
        ...(options && { options }),
        ...(marks.has('badsum') && { checksum: 0xdead }),
      });
  }
  if (!KINDS.includes(kind))
    fail(`"${kind}": write TCP flags (S, SA, A ..., - for none) or one of ${KINDS.join(', ')}`);
  switch (kind) {
    case 'udp':
    case 'udplite':
      return (_family, source, destination, _earlier, { numbers, marks }) =>
        (kind === 'udp' ? f.udp : f.udpLite)({
          ...portsOf(source, destination, 53),
          payload: new Uint8Array(numbers['len'] ?? 8),
          coverage: numbers['coverage'] ?? 0,
          ...(marks.has('badsum') && { checksum: 0xdead }),
          ...(marks.has('nosum') && { checksum: 0 }),
        });
    case 'sctp':
      return parseSctp(rest, fail);
    case 'error':
    case 'redirect':
    case 'icmp':
    case 'icmpv6':
      return parseIcmp(kind, rest.shift() ?? '', index, fail);
    case 'ping':
    case 'pong':
      return (family, _source, _destination, _earlier, words) => {
        const type = family === 4 ? (kind === 'ping' ? 8 : 0) : kind === 'ping' ? 128 : 129;
        return message(family === 4 ? f.icmp : f.icmpv6, type, 0, new Uint8Array(words.numbers['len'] ?? 8), words);
      };
    case 'proto':
    case 'raw': {
      const protocol = Number(rest.shift());
      if (!(protocol >= 0 && protocol < 256)) fail(`${kind}: a protocol number follows`);
      const data = kind === 'raw' ? f.bytes(rest.shift() ?? '') : null;
      return (_family, _source, _destination, _earlier, { numbers }) =>
        f.segment(protocol, data ?? new Uint8Array(numbers['len'] ?? 16));
    }
    default: {
      const data = { gre: '0000 0800 45000014', esp: '00000100 00000001 0000000000000000', ah: '' }[kind]!;
      const protocol = { gre: 47, esp: 50, ah: 51 }[kind]!;
      return () =>
        f.segment(
          protocol,
          protocol === 51 ? f.bytes(17, f.authHeader(256).body, 'c000 0035 0008 0000') : f.bytes(data),
        );
    }
  }
}

const portsOf = (source: End, destination: End, service: number): { sport: number; dport: number } => {
  // The client's port is 40000 and everybody else's the service's, unless the line says otherwise.
  const port = (end: End): number => end.port ?? (end.name === 'client' ? 40000 : service);
  return { sport: port(source), dport: port(destination) };
};

const message = (
  build: typeof f.icmp,
  type: number,
  code: number,
  payload: Uint8Array,
  { numbers, marks }: Words,
): f.Segment =>
  build({
    type,
    code,
    id: numbers['id'] ?? 1,
    seq: numbers['seq'] ?? 1,
    payload,
    ...(marks.has('badsum') && { checksum: 0xdead }),
  });

function parseIcmp(kind: string, typeAndCode: string, index: number, fail: Fail): Make {
  const [type = Number.NaN, code = 0] = typeAndCode.split('/').map(Number);
  if (!(type >= 0 && type < 256 && code >= 0 && code < 256))
    fail(`${kind} "${typeAndCode}": write type/code, such as 3/1`);
  return (family, source, _destination, earlier, words) => {
    const { numbers, marks } = words;
    if (kind === 'redirect') return redirect(type, code, earlier[(numbers['quote'] ?? 1) - 1]!, words);
    const build = kind === 'icmpv6' || (kind === 'error' && family === 6) ? f.icmpv6 : f.icmp;
    let payload: Uint8Array = new Uint8Array(numbers['len'] ?? 8);
    if (numbers['quote'] !== undefined) {
      const quoted = earlier[numbers['quote'] - 1];
      if (quoted === undefined)
        fail(`quote ${numbers['quote']}: this is packet ${index + 1}, and counting begins at 1`);
      payload = (marks.has('swapped') ? swap(quoted!) : quoted!).slice(0, numbers['cut']);
      return build({ type, code, rest: 0, payload, ...(marks.has('badsum') && { checksum: 0xdead }) });
    }
    // A redirect or neighbour message needs its target's address.
    if (type >= 135 && type <= 136) payload = f.bytes(f.address(addressOf(source, 6)));
    return message(build, type, code, payload, words);
  };
}

/** An ICMPv6 redirect (RFC 4861, 4.5): target, destination, and an option that holds the redirected packet. */
const redirect = (type: number, code: number, quoted: Uint8Array, { numbers }: Words): f.Segment => {
  const held = quoted.slice(0, numbers['cut']);
  const option = f.bytes(4, Math.ceil((8 + held.length) / 8), new Uint8Array(6), held);
  const padding = new Uint8Array((8 - (option.length % 8)) % 8);
  const target = f.address('fe80::9');
  return f.icmpv6({ type, code, rest: 0, payload: f.bytes(target, quoted.slice(24, 40), option, padding) });
};

/** The packet with its addresses exchanged: what a liar quotes. */
const swap = (packet: Uint8Array): Uint8Array => {
  const [at, size] = packet[0]! >> 4 === 4 ? [12, 4] : [8, 16];
  const out = packet.slice();
  out.set(packet.subarray(at + size, at + 2 * size), at);
  out.set(packet.subarray(at, at + size), at + size);
  return out;
};

function parseSctp(rest: string[], fail: Fail): Make {
  const chunks: Uint8Array[] = [];
  for (let i = 0; i < rest.length; ) {
    const found = /^([A-Z_]+|\d+)(?:\((\d+)\))?(!)?$/.exec(rest[i]!);
    const type = found
      ? (CHUNKS[found[1]!] ??
        (/^\d+$/.test(found[1]!) && i > 0 && !NUMBERS.includes(rest[i - 1]!) ? Number(found[1]) : undefined))
      : undefined;
    if (type === undefined) {
      if (found && /^[A-Z]/.test(rest[i]!)) fail(`chunk "${rest[i]}": there are ${Object.keys(CHUNKS).join(', ')}`);
      i++;
      continue;
    }
    const announced = Number(found![2] ?? 0);
    chunks.push(
      f.chunk(
        type,
        found![3] ? 1 : 0,
        type === 1 || type === 2 ? f.sctpInit(announced) : new Uint8Array(type === 0 ? 16 : 0),
      ),
    );
    rest.splice(i, 1);
  }
  return (_family, source, destination, _earlier, { numbers, marks }) =>
    f.sctp({
      ...portsOf(source, destination, 5000),
      tag: numbers['tag'] ?? 0,
      chunks,
      ...(marks.has('badsum') && { checksum: 0xdead }),
    });
}

/** `<mss 1460,wscale 7,sackOK,ts 1 2,sack 10-20>` */
function takeOptions(rest: string[], fail: Fail): Uint8Array | null {
  const begin = rest.findIndex(word => word.startsWith('<'));
  if (begin < 0) return null;
  const end = rest.findIndex(word => word.endsWith('>'));
  if (end < begin) fail('"<" without ">"');
  const words = rest
    .splice(begin, end - begin + 1)
    .join(' ')
    .slice(1, -1);
  const options: Parameters<typeof f.tcpOptions>[0] = {};
  for (const option of words.split(',')) {
    const [name = '', a = '', b = ''] = option.trim().split(/[\s-]+/);
    if (name === 'mss') options.mss = Number(a);
    else if (name === 'wscale') options.scale = Number(a);
    else if (name === 'sackOK') options.sackPermitted = true;
    else if (name === 'ts') options.timestamps = [Number(a), Number(b)];
    else if (name === 'sack') options.sack = [...(options.sack ?? []), [Number(a), Number(b)]];
    else fail(`TCP option "${option}": there are mss, wscale, sackOK, ts and sack`);
  }
  return f.tcpOptions(options);
}

function parseWords(rest: readonly string[], fail: Fail): Words {
  const numbers: Record<string, number> = {};
  const marks = new Set<string>();
  const extensions: f.Extension[] = [];
  let part: [number, number | undefined] | null = null;
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i]!;
    const value = rest[i + 1] ?? '';
    if (NUMBERS.includes(word)) {
      if (!/^\d+$/.test(value)) fail(`${word} "${value}": a number follows`);
      numbers[word] = Number(value);
      i++;
    } else if (word === 'ext') {
      for (const name of value.split(',')) {
        const make = EXTENSIONS[name] ?? fail(`ext "${name}": there are ${Object.keys(EXTENSIONS).join(', ')}`);
        extensions.push(make());
      }
      i++;
    } else if (word === 'part') {
      const range = /^(\d+)-(\d*)$/.exec(value);
      if (!range || Number(range[1]) % 8 !== 0)
        fail(`part "${value}": bytes such as 0-64 or 64-, from a multiple of 8 on`);
      part = [Number(range![1]), range![2] === '' ? undefined : Number(range![2])];
      i++;
    } else if (MARKS.includes(word)) marks.add(word);
    else fail(`"${word}": there are ${[...NUMBERS, ...MARKS, 'part', 'ext'].join(', ')}`);
  }
  return { numbers, marks, extensions, part };
}

const seal = (segment: f.Segment, src: string, dst: string, family: Family): Uint8Array =>
  // Built once without extension headers: the checksum does not depend on them.
  family === 4 ? f.ipv4({ src, dst }, segment).slice(20) : f.ipv6({ src, dst }, segment).slice(40);

function assemble(family: Family, source: End, destination: End, segment: f.Segment, words: Words): Uint8Array {
  const { numbers, marks, part } = words;
  const src = addressOf(source, family);
  const dst = addressOf(destination, family);
  const whole = seal(segment, src, dst, family).slice(0, numbers['short']);
  const body = part === null ? whole : whole.slice(part[0], part[1]);
  if (numbers['fill'] !== undefined) body.fill(numbers['fill']);
  const ecn = numbers['ecn'] ?? 0;
  const reaches = part === null || part[1] === undefined || part[1] >= whole.length;
  const more = marks.has('more') || (!reaches && !marks.has('last'));
  const offset = (part?.[0] ?? 0) / 8;
  const id = numbers['ipid'] ?? 1;
  const ttl = numbers['ttl'] ?? 64;
  if (family === 4) {
    const flags = more ? 1 : 0;
    const fields = { src, dst, id, ttl, tos: ecn, flags, fragmentOffset: offset, protocol: segment.protocol };
    return f.ipv4({ ...fields, ...(marks.has('badipsum') && { checksum: 0xdead }) }, body);
  }
  const header = part === null ? [] : [f.fragmentHeader({ offset, more, id })];
  // An authentication header stands behind the fragment header, everything else before it.
  const extensions = [...words.extensions, ...header];
  // The traffic class ends where the flow label begins.
  return f.ipv6({ src, dst, hopLimit: ttl, flowLabel: ecn << 20, protocol: segment.protocol, extensions }, body);
}
