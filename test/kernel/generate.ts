/**
 * Random traffic: seed -> interleaved connections, and the rules they are judged by.
 *
 * In:  a seed and a number of packets.  Out: packets in time order, rules, and connection tracking's options; the same seed gives the same bytes.
 * Connections of TCP, UDP, SCTP, ICMP and others between few addresses and ports, so that tuples meet again; each is a
 * conversation of two ends that follow their protocol, on a network that loses, repeats, delays and corrupts, with gaps
 * around every timeout. What the ends say is wrong now and then: sequence numbers, acknowledgements, flags, tags, quotes.
 */
import type { PlainRule, PlainRules } from './plain-nft.js';
import type { TimedPacket } from './policap.js';
import { type Random, seeded } from './random.js';
import { fragmenting, isFragment } from './random-fragments.js';
import { type Ends, OTHER_MAKERS } from './random-other.js';
import { createTcpTalk } from './random-tcp.js';

export interface RandomTraffic {
  readonly packets: readonly TimedPacket[];
  readonly rules: PlainRules;
  readonly options: { readonly verifyChecksums: boolean; readonly liberal: boolean; readonly loose: boolean };
}

/** A conversation makes its packets one after the other, for ever. */
export interface Talk {
  next(): Uint8Array;
}

const HOSTS = 4;
const PORTS = [80, 81, 443, 8080];
const addressOf = (family: 4 | 6, host: number): string => (family === 4 ? `10.0.${host}.2` : `fd00:${host}::2`);

/** Seconds around which something happens to a connection. */
const EDGES = [2, 3, 10, 30, 60, 120, 180, 210, 300, 600, 432000];

/** Gaps between packets: mostly short; now and then to either side of a timeout, in whole milliseconds. */
const gap = (random: Random): number => {
  const dice = random.below(1000);
  if (dice < 900) return random.below(30) / 1000;
  if (dice < 980) return random.below(3000) / 1000;
  const edge = random.pick(EDGES.slice(0, dice < 995 ? 7 : EDGES.length));
  return Math.max(0, edge + (random.below(5) - 2) * 0.25);
};

const LOSS = 30;
const COPY = 20;
const DELAY = 30;
const DAMAGE = 15;
const FRAGMENTING = 120;

/** @param seed 0 to 2^32 - 1. */
export function generate(seed: number, count: number): RandomTraffic {
  const random = seeded(seed);
  const talks: Talk[] = [];
  const packets: TimedPacket[] = [];
  const delayed: { at: number; bytes: Uint8Array }[] = [];
  let time = 0;
  const send = (bytes: Uint8Array): void => {
    packets.push({ time, bytes });
  };
  while (packets.length < count) {
    if (talks.length < 3 || random.chance(30)) {
      if (talks.length > 12) talks.splice(random.below(talks.length), 1);
      talks.push(createTalk(random, packets));
    }
    time = Math.round((time + gap(random)) * 1000) / 1000;
    const due = delayed.findIndex(({ at }) => at <= packets.length);
    if (due >= 0) send(delayed.splice(due, 1)[0]!.bytes);
    let bytes = random.pick(talks).next();
    if (random.chance(DAMAGE) && !isFragment(bytes)) bytes = damage(random, bytes);
    if (random.chance(LOSS)) continue;
    if (random.chance(DELAY)) delayed.push({ at: packets.length + 1 + random.below(8), bytes });
    else send(bytes);
    if (random.chance(COPY)) send(bytes);
  }
  packets.length = count;
  const options = { verifyChecksums: random.chance(250), liberal: random.chance(150), loose: !random.chance(150) };
  return { packets, rules: randomRules(random), options };
}

function createTalk(random: Random, sent: readonly TimedPacket[]): Talk {
  const family = random.chance(400) ? 6 : 4;
  const [client, server] = [random.below(HOSTS), random.below(HOSTS - 1)];
  const ends: Ends = {
    family,
    client: addressOf(family, client + 1),
    server: addressOf(family, (server >= client ? server + 1 : server) + 1),
    clientPort: 40000 + random.below(3),
    serverPort: random.pick(PORTS),
  };
  const talk = random.chance(600) ? createTcpTalk(random, ends) : random.pick(OTHER_MAKERS)(random, ends, sent);
  return random.chance(FRAGMENTING) ? fragmenting(random, talk) : talk;
}

/** Wrong bytes behind the addresses, so that the packet still goes where it went; checksums stay as they were. */
function damage(random: Random, bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  const header = out[0]! >> 4 === 4 ? 20 : 40;
  for (let n = 1 + random.below(3); n > 0 && out.length > header; n--) {
    out[header + random.below(Math.min(out.length - header, 24))] = random.below(256);
  }
  return out;
}

const PROTOCOLS = ['tcp', 'tcp', 'udp', 'sctp', 'icmp', 'icmpv6', '47', ''];

/** Up to eight rules between hosts and ports, and a default. No rule denies everything: what is dropped teaches little. */
function randomRules(random: Random): PlainRules {
  const rules: PlainRule[] = [];
  for (let n = random.below(9); n > 0; n--) {
    const protocol = random.pick(PROTOCOLS);
    const family = protocol === 'icmp' ? 4 : protocol === 'icmpv6' ? 6 : random.chance(400) ? 6 : 4;
    const action = random.chance(600) ? 'allow' : 'deny';
    const host = (): string => {
      if (random.chance(200)) return family === 4 ? '10.0.0.0/22' : 'fd00::/15';
      return addressOf(family, 1 + random.below(HOSTS));
    };
    const low = random.pick(PORTS);
    const hasPorts = /^(tcp|udp|sctp)$/.test(protocol) && random.chance(600);
    rules.push({
      name: `r${rules.length + 1}`,
      action,
      protocol,
      source: action === 'allow' && random.chance(300) ? '' : host(),
      destination: random.chance(300) ? '' : host(),
      ports: hasPorts ? (random.chance(300) ? `${low}-8080` : `${low}`) : '',
    });
  }
  return { rules, default: random.chance(850) ? 'allow' : 'deny' };
}
