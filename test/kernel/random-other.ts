/**
 * Everything but TCP of the random traffic: UDP, UDP-Lite, ICMP, SCTP, GRE, ESP and other protocols, errors that quote
 * packets sent before, IPv6 extension headers.
 */
import * as f from '../support/frames.js';
import type { Talk } from './generate.js';
import type { TimedPacket } from './policap.js';
import { noise, type Random } from './random.js';

export interface Ends {
  readonly family: 4 | 6;
  readonly client: string;
  readonly server: string;
  readonly clientPort: number;
  readonly serverPort: number;
}

/** @param from 0: the client sends, 1: the server. */
export function packetOf(
  ends: Ends,
  from: 0 | 1,
  make: (ports: { sport: number; dport: number }) => f.Segment,
  extensions: readonly f.Extension[] = [],
): Uint8Array {
  const { family, client, server, clientPort, serverPort } = ends;
  const [src, dst] = from === 0 ? [client, server] : [server, client];
  const [sport, dport] = from === 0 ? [clientPort, serverPort] : [serverPort, clientPort];
  const segment = make({ sport, dport });
  return family === 4 ? f.ipv4({ src, dst }, segment) : f.ipv6({ src, dst, extensions: [...extensions] }, segment);
}

type Maker = (random: Random, ends: Ends, sent: readonly TimedPacket[]) => Talk;

const side = (random: Random): 0 | 1 => (random.chance(550) ? 0 : 1);

const udp: Maker = (random, ends) => {
  const extensions = random.chance(200) ? [f.extension(random.pick([0, 60]))] : [];
  return {
    next: () =>
      packetOf(ends, side(random), p => f.udp({ ...p, payload: noise(random, random.below(50)) }), extensions),
  };
};
const udpLite: Maker = (random, ends) => ({
  next: () => packetOf(ends, side(random), p => f.udpLite({ ...p, payload: noise(random, 8) })),
});

const ping: Maker = (random, ends) => {
  const id = random.below(3);
  const requests = ends.family === 4 ? [8, 8, 13, 15, 17] : [128, 128, 139];
  const replies = ends.family === 4 ? [0, 0, 14, 16, 18] : [129, 129, 140];
  const kind = random.below(requests.length);
  const build = ends.family === 4 ? f.icmp : f.icmpv6;
  return {
    next() {
      const from = side(random);
      const type = random.chance(30) ? random.below(256) : (from === 0 ? requests : replies)[kind]!;
      return packetOf(ends, from, () => build({ type, id, payload: noise(random, random.below(20)) }));
    },
  };
};

/** Errors about the last packets of anybody: right ones, to the wrong receiver, cut. */
const errors: Maker = (random, _ends, sent) => ({
  next() {
    const quoted =
      sent.length === 0 ? f.ipv4({}, f.udp()) : sent[Math.max(0, sent.length - 1 - random.below(20))]!.bytes;
    const family = quoted[0]! >> 4 === 4 ? 4 : 6;
    const text = (at: number): string => addressText(quoted.subarray(at, at + (family === 4 ? 4 : 16)));
    const [source, destination] = family === 4 ? [text(12), text(16)] : [text(8), text(24)];
    const receiver = random.chance(850) ? source : destination;
    const payload = quoted.slice(0, random.chance(300) ? random.below(quoted.length + 1) : quoted.length);
    const code = random.below(4);
    const from = random.chance(500) ? destination : family === 4 ? '10.0.9.1' : 'fd00:9::1';
    if (family === 4) {
      return f.ipv4(
        { src: from, dst: receiver },
        f.icmp({ type: random.pick([3, 3, 4, 5, 11, 12]), code, rest: 0, payload }),
      );
    }
    return f.ipv6(
      { src: from, dst: receiver },
      f.icmpv6({ type: random.pick([1, 1, 2, 3, 4, 100]), code, rest: 0, payload }),
    );
  },
});

const addressText = (octets: Uint8Array): string => {
  if (octets.length === 4) return octets.join('.');
  const view = new DataView(octets.buffer, octets.byteOffset, 16);
  return Array.from({ length: 8 }, (_, i) => view.getUint16(2 * i).toString(16)).join(':');
};

const CHUNKS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 64];
const sctp: Maker = (random, ends) => {
  // Tags chosen by the client and by the server.
  let tags = [100 + random.below(3), 200 + random.below(3)];
  const chunkOf = (type: number, from: 0 | 1): Uint8Array =>
    f.chunk(
      type,
      random.chance(30) ? 1 : 0,
      type === 1 || type === 2 ? f.sctpInit(tags[from]!) : new Uint8Array(type === 0 ? 16 : 0),
    );
  const order: readonly (readonly [0 | 1, number])[] = [
    [0, 1],
    [1, 2],
    [0, 10],
    [1, 11],
  ];
  let step = random.chance(800) ? 0 : order.length;
  return {
    next() {
      let [from, type] = order[step++] ?? [
        side(random),
        random.chance(600) ? random.pick([0, 3, 4, 5]) : random.pick(CHUNKS),
      ];
      if (random.chance(50)) from = (1 - from) as 0 | 1;
      if (random.chance(30)) step = 0;
      if (random.chance(15)) tags = [100 + random.below(3), 200 + random.below(3)];
      const chunks = [chunkOf(type, from)];
      if (random.chance(100)) chunks.push(chunkOf(random.pick(CHUNKS), from));
      const tag = random.chance(60) ? random.pick([0, 7, ...tags]) : type === 1 ? 0 : tags[1 - from]!;
      return packetOf(ends, from, p => f.sctp({ ...p, tag, chunks }));
    },
  };
};

const others: Maker = (random, ends) => {
  const protocol = random.pick([47, 50, 99, 89, 33, 4, 41]);
  return {
    next: () => packetOf(ends, side(random), () => f.segment(protocol, new Uint8Array(random.pick([8, 16, 40])))),
  };
};

export const OTHER_MAKERS: readonly Maker[] = [
  udp,
  udp,
  udp,
  udpLite,
  ping,
  ping,
  errors,
  errors,
  sctp,
  sctp,
  sctp,
  others,
];
