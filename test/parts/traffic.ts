/**
 * Random traffic in which flows have as much to do with each other as they can: few addresses and ports, ICMP errors about
 * other flows and from third hosts, fragments and fragments of errors, copies on a second interface, tunnels, IPv6, damage.
 */
import fc from 'fast-check';
import type { FrameSource } from '../../src/capture/frame.js';
import {
  arp,
  authHeader,
  bytes,
  ethernet,
  fragment4,
  fragment6,
  fragmentHeader,
  icmp,
  icmpError,
  icmpv6,
  icmpv6Error,
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

/** Two pods of one workload: conversations and shares do not tell them apart. */
export const JOBS = ['1', '2']
  .map(
    n => `
apiVersion: v1
kind: Pod
metadata:
  name: job-${n}
  namespace: shop
  labels: { app: web }
  ownerReferences: [{ apiVersion: apps/v1, kind: StatefulSet, name: jobs, uid: u, controller: true }]
spec: { nodeName: node-a, containers: [{ name: c }] }
status: { phase: Running, podIPs: [{ ip: 10.0.1.2${n} }], startTime: '2030-01-01T00:00:00Z' }
`,
  )
  .join('---');

const V4 = [
  '10.0.1.2',
  '10.0.2.3',
  '10.0.1.11',
  '10.0.2.11',
  '10.0.1.21',
  '10.0.1.22',
  '10.96.0.5',
  '192.168.0.1',
  '203.0.113.9',
  '203.0.113.10',
];
const V6 = ['fd00:1::2', 'fd00:2::3', '2001:db8::9', 'fe80::1'];
/** Few pairs, each also against its direction, so that packets are of flows that are known. */
const PAIRS = [
  [0, 1],
  [0, 2],
  [4, 1],
  [5, 1],
  [8, 0],
  [9, 3],
  [8, 9],
  [7, 1],
  [0, 6],
  [2, 2],
] as const;
const FLAGS = ['S', 'S', 'SA', 'A', 'A', 'R', 'FA'];
const PORTS = [5432, 8080, 80, 53];
/** Nanoseconds between frames. */
const GAPS = [1_000n, 1_000_000n, 20_000_000n, 400_000_000n, 31_000_000_000n];

export interface Frame {
  readonly bytes: Uint8Array;
  readonly at: bigint;
  readonly interface: number;
  /** On the wire, where the snap length cut. */
  readonly original: number;
}

interface Drawn {
  readonly kind: number;
  readonly pair: number;
  readonly isBack: boolean;
  /** A third host. */
  readonly c: number;
  readonly x: number;
  readonly gap: bigint;
}

const drawn: fc.Arbitrary<Drawn> = fc.record({
  kind: fc.nat(19),
  pair: fc.nat(PAIRS.length - 1),
  isBack: fc.boolean(),
  c: fc.nat(V4.length - 1),
  x: fc.nat(255),
  gap: fc.constantFrom(...GAPS.slice(0, 3), ...GAPS.slice(0, 3), ...GAPS),
});

const portsOf = (x: number, isBack: boolean): { readonly sport: number; readonly dport: number } => {
  const [sport, dport] = [40000 + (x & 1), PORTS[x & 2]!];
  return isBack ? { sport: dport, dport: sport } : { sport, dport };
};
const tcpOf = (x: number, isBack: boolean): Segment =>
  tcp({ ...portsOf(x, isBack), flags: FLAGS[x % 7]!, seq: 1 + (x >> 6), ack: 2 });
const udpOf = (x: number, isBack: boolean, length = 4): Segment =>
  udp({ ...portsOf(x, isBack), payload: new Uint8Array(length).fill(x & 3) });

/** Some of them, in another order. */
function some(packets: readonly Uint8Array[], x: number): Uint8Array[] {
  const kept = packets.filter((_, i) => x % 5 !== 0 || i !== (x >> 3) % packets.length);
  return (x & 1) === 0 ? kept : kept.reverse();
}

/** Network packets. */
function packetsOf({ kind, pair, isBack, c, x }: Drawn): Uint8Array[] {
  const [a, b] = isBack ? PAIRS[pair]!.toReversed() : PAIRS[pair]!;
  const there = { src: V4[a!]!, dst: V4[b!]!, id: x & 3 };
  const there6 = { src: V6[a! % 4]!, dst: V6[b! % 4]! };
  const back = { src: V4[(x & 3) === 0 ? c : b!]!, dst: V4[(x & 60) === 0 ? c : a!]!, id: x & 3 };
  const quoted = ipv4(there, (x & 1) === 0 ? tcpOf(x, isBack) : udpOf(x, isBack));
  switch (kind) {
    case 0:
    case 1:
    case 2:
    case 3:
      return [ipv4(there, tcpOf(x, isBack))];
    case 4:
    case 5:
      return [ipv4(there, udpOf(x, isBack))];
    case 6:
      return [ipv4(there, icmp({ type: x & 8, id: x & 1 }))];
    case 7:
    case 8:
      return [
        ipv4({ ...there, id: 9 }, (x & 1) === 0 ? tcpOf(x, isBack) : udpOf(x, isBack)),
        ipv4(back, icmpError(quoted.subarray(0, [28, 28, 60, 21, 12][x % 5]), { type: [3, 11, 5][x % 3]! })),
      ];
    case 9:
    case 10:
      return some(fragment4(ipv4(there, udpOf(x, isBack, 40)), 16), x);
    case 11:
      return [quoted, ...some(fragment4(ipv4(back, icmpError(quoted)), (x & 4) === 0 ? 16 : 32), x)];
    case 12:
      return [ipv6(there6, (x & 1) === 0 ? tcpOf(x, isBack) : udpOf(x, isBack))];
    case 13: {
      const about = ipv6(there6, udpOf(x, isBack));
      const router = { src: V6[c % 4]!, dst: there6.src };
      const redirect = icmpv6({
        type: 137,
        rest: 0,
        payload: bytes(new Uint8Array(32), 4, 7, new Uint8Array(6), about),
      });
      return [
        about,
        (x & 2) === 0 ? ipv6(router, icmpv6Error(about)) : ipv6({ ...router, src: 'fe80::1', hopLimit: 255 }, redirect),
      ];
    }
    case 14:
      return some(fragment6(ipv6(there6, udpOf(x, isBack, 40)), 16, x & 1), x);
    case 15:
      return [ipv6({ ...there6, extensions: [fragmentHeader({ id: x & 1 })] }, udpOf(x, isBack))];
    case 16:
      return [ipv4(back, vxlan(ethernet(ipv4(there, tcpOf(x, isBack)))))];
    case 17:
      return [
        ipv4(
          there,
          (x & 1) === 0
            ? segment(50, new Uint8Array(24).fill(1))
            : udp({ sport: 51820, dport: 51820, payload: bytes(4, 0, 0, 0, new Uint8Array(28)) }),
        ),
      ];
    case 18:
      return [ipv6({ ...there6, extensions: [authHeader(x)] }, tcpOf(x, isBack))];
    default:
      return [ipv4({ ...there, totalLength: (x & 1) === 0 ? 19 : 9000 }, tcp({ dataOffset: 2 }))];
  }
}

function framesOf(list: readonly Drawn[]): Frame[] {
  let at = 1_700_000_000_000_000_000n;
  return list.flatMap(it => {
    at += it.gap;
    const frames = packetsOf(it).map(packet => ethernet(packet));
    if (it.kind === 19 && (it.x & 2) !== 0) frames.push(arp());
    return frames.flatMap((frame, i) => {
      const time = at + BigInt(i) * 1000n;
      const cut = (it.x & 0x70) === 0x70 ? frame.subarray(0, 30 + (it.x & 15)) : frame;
      const seen = { bytes: cut, at: time, interface: it.x >> 7, original: frame.length };
      // A copy on the other interface, behind a few others.
      return it.x % 3 === 0 ? [seen, { ...seen, at: time + 100n, interface: 1 - seen.interface }] : [seen];
    });
  });
}

/** In order of time. */
export const traffic: fc.Arbitrary<readonly Frame[]> = fc
  .array(drawn, { maxLength: 50 })
  .map(list => framesOf(list).sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)));

export const openerOf = (frames: readonly Frame[]) => async (): Promise<FrameSource> =>
  sourceOf(
    frames.map(frame => frame.bytes),
    {
      times: frames.map(({ at }) => at),
      interfaceIndex: frames.map(it => it.interface),
      original: frames.map(it => it.original),
      interfaces: [interfaceOf(), interfaceOf()],
    },
    // Verdicts of fragments come in later batches.
    16,
  );
