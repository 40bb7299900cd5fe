/**
 * Traffic that is hard to judge, from a seed: a random world's frames (test/suggest/world.ts) with what captures have besides.
 *
 * In:  frames between known ends.  Out: the same, with frames left out, sent again, exchanged, cut into fragments or cut short, quoted
 * by ICMP errors, seen on a second interface, in tunnels, with options and authentication headers, and with bits that are wrong;
 * and times with gaps in which entries expire and views are too far apart.
 */
import type { FrameSource } from '../../src/capture/frame.js';
import { createRandom } from '../../src/generate/random.js';
import {
  arp,
  authHeader,
  ethernet,
  fragment4,
  fragment6,
  icmp,
  icmpError,
  icmpv6,
  icmpv6Error,
  inIp,
  interfaceOf,
  ipv4,
  ipv6,
  type Segment,
  segment,
  sourceOf,
  tcp,
  udp,
  vxlan,
} from '../support/frames.js';

export interface Traffic {
  readonly count: number;
  open(): FrameSource;
}

const isV6 = (packet: Uint8Array): boolean => packet[0]! >>> 4 === 6;

const endsOf = (packet: Uint8Array): readonly [string, string] => {
  const text = (from: number): string =>
    isV6(packet)
      ? Array.from({ length: 8 }, (_, i) =>
          ((packet[from + 2 * i]! << 8) | packet[from + 2 * i + 1]!).toString(16),
        ).join(':')
      : [...packet.subarray(from, from + 4)].join('.');
  return isV6(packet) ? [text(8), text(24)] : [text(12), text(16)];
};

const addressed = (src: string, dst: string, payload: Segment): Uint8Array =>
  src.includes(':') ? ipv6({ src, dst }, payload) : ipv4({ src, dst }, payload);

/** @param ends addresses that random packets go between */
export function scramble(seed: number, frames: readonly Uint8Array[], ends: readonly string[]): Traffic {
  const random = createRandom(seed);
  const chance = (share: number): boolean => random.unit() < share;
  const sent: { bytes: Uint8Array; at: number; wire: number; original: number }[] = [];
  let id = 5000;

  const send = (packet: Uint8Array, more: { wire?: number; original?: number; raw?: boolean } = {}): void => {
    const bytes = more.raw === true ? packet : ethernet(packet);
    sent.push({ bytes, at: 0, wire: more.wire ?? 0, original: more.original ?? bytes.length });
  };
  const stray = (): Segment => {
    const ports = {
      sport: random.pick([80, 443, 5432, 40000, 33000]),
      dport: random.pick([80, 443, 5432, 8080, 53, 50000]),
    };
    const flags = random.pick(['S', 'SA', 'A', 'PA', 'FA', 'R', 'RA', 'FSRPAU', '', 'SF']);
    return random.pick<() => Segment>([
      () => tcp({ ...ports, flags, seq: random.below(3) * 1000, ack: random.below(2) * 500 }),
      () => tcp({ ...ports, flags, dataOffset: 3 }),
      () => udp({ ...ports, payload: new Uint8Array(random.below(40)) }),
      () => segment(random.pick([47, 50, 89, 132]), new Uint8Array(random.pick([4, 12, 20]))),
    ])();
  };
  const message = (v6: boolean): Segment => {
    const type = v6 ? random.pick([128, 129, 1, 135, 200]) : random.pick([8, 0, 13, 14, 5, 3]);
    return (v6 ? icmpv6 : icmp)({ type, id: random.below(3), code: random.below(2) });
  };

  for (const frame of frames) {
    if (chance(0.12)) continue;
    const packet = frame.subarray(14);
    const v6 = isV6(packet);
    const cut = (size: number): Uint8Array[] => (v6 ? fragment6(packet, size, id++) : fragment4(packet, size));
    const kind = random.below(24);
    if (kind === 0) {
      const parts = cut(8);
      if (chance(0.4)) parts.reverse();
      for (const part of parts) if (chance(0.8)) send(part);
    } else if (kind === 1) {
      const most = chance(0.5) ? 12 : packet.length - (v6 ? 40 : 20);
      send(packet.subarray(0, packet.length - 1 - random.below(most)), { original: frame.length });
    } else if (kind === 2) {
      const inner = chance(0.5) ? vxlan(ethernet(packet), { vni: random.below(3) }) : inIp(packet);
      send(ipv4({ src: '192.168.50.10', dst: '192.168.50.11' }, inner));
    } else if (kind === 3 && v6) {
      const [src, dst] = endsOf(packet);
      send(ipv6({ src, dst, extensions: [authHeader(7)] }, segment(packet[6]!, packet.subarray(40))));
    } else send(packet);
    const last = sent.at(-1)!;
    if (chance(0.15)) sent.push({ ...last, wire: 1 });
    if (chance(0.08)) sent.push({ ...last });
    if (chance(0.12)) {
      const [src, dst] = endsOf(packet);
      const back = chance(0.8) ? ([dst, src] as const) : ([src, dst] as const);
      const error = v6 ? icmpv6Error(packet, { type: 1, code: 4 }) : icmpError(packet, { type: 3, code: 3 });
      send(addressed(...back, error));
    }
    if (chance(0.25)) {
      const src = random.pick(ends);
      const dst = random.pick(ends.filter(it => it.includes(':') === src.includes(':')));
      send(addressed(src, dst, chance(0.7) ? stray() : message(src.includes(':'))));
    }
    if (chance(0.02)) send(arp(), { raw: true });
    if (chance(0.06) && sent.length > 2) sent.splice(-2, 2, ...sent.slice(-2).reverse());
  }

  let now = 1_700_000_000_000_000_000n;
  const times = sent.map(() => {
    now += BigInt(
      chance(0.9) ? random.below(200_000) : chance(0.7) ? random.below(2_000_000_000) : random.below(700) * 1e9,
    );
    return chance(0.02) ? now - 1_000_000n : now;
  });
  const options = {
    interfaces: [interfaceOf(), interfaceOf()],
    times,
    original: sent.map(({ original }) => original),
    interfaceIndex: sent.map(({ wire }) => wire),
  };
  const batch = random.pick([1, 7, 64, 4096]);
  return {
    count: sent.length,
    open: () =>
      sourceOf(
        sent.map(({ bytes }) => bytes),
        options,
        batch,
      ),
  };
}
