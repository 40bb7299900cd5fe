/**
 * The ends of generated connections (cold): pods with an address, a port they listen on, and clients they accept.
 *
 * Pods by number stand in teams and applications: pod i belongs to team i % TEAMS and to application i / TEAMS % the number
 * of ports, which decides its port. The benchmark's cluster is made of them, and its policies admit each team and the two
 * behind it. Pods of a cluster file have their own addresses and the first port of their containers.
 */
import type { Random } from './random.js';

export interface Ends {
  readonly ip: 4 | 6;
  readonly count: number;
  /** 4 or 16 bytes for each end, and behind them those of OUTSIDERS clients outside of the cluster. */
  readonly addresses: Uint8Array;
  port(end: number): number;
  /** 6 or 17 */
  protocol(end: number): number;
  /** An end near `other` that may connect to `end`; -1 where none was found. */
  client(end: number, other: number, random: Random): number;
}

export const TEAMS = 20;
export const PORTS: readonly number[] = [80, 443, 5432, 6379, 8080, 9090, 53, 3306];
const DNS = 6;
const POD_NETWORK = 0x0af40000;
/** Documentation addresses: 203.0.113.0/24. */
const OUTSIDE = 0xcb007100;
export const OUTSIDERS = 256;
/** In IPv6 an address is the IPv4 one behind a prefix: fd00:10::. */
const PREFIX6 = 0xfd000010;

export const applicationOf = (pod: number): number => Math.floor(pod / TEAMS) % PORTS.length;
/** The address of a pod as a number: 10.244.0.0/14 and what follows. */
export const podAddress = (pod: number): number => POD_NETWORK + 256 + pod;

export function numberedPods(pods: number, ip: 4 | 6): Ends {
  const numbers = Array.from({ length: pods }, (_, pod) => podAddress(pod));
  return {
    ip,
    count: pods,
    addresses: addressBytes(
      numbers.map(number => wordsOf(number, ip)),
      ip,
    ),
    port: pod => PORTS[applicationOf(pod)]!,
    protocol: pod => (applicationOf(pod) === DNS ? 17 : 6),
    client(pod, other) {
      const team = (pod + (other % 3)) % TEAMS;
      const chosen = other - (other % TEAMS) + team;
      return chosen < pods ? chosen : team < pods ? team : pod;
    },
  };
}

/** A pod of a cluster: its address in one word or in four. */
export interface ListedPod {
  readonly address: readonly number[];
  readonly port: number;
  readonly protocol: number;
}

/** Clients that are tried. */
const TRIES = 16;

/** @param isAllowed whether a pod may connect to another one on its port */
export function listedPods(
  pods: readonly ListedPod[],
  ip: 4 | 6,
  isAllowed: (client: ListedPod, server: ListedPod) => boolean,
): Ends {
  return {
    ip,
    count: pods.length,
    addresses: addressBytes(
      pods.map(({ address }) => address),
      ip,
    ),
    port: end => pods[end]!.port,
    protocol: end => pods[end]!.protocol,
    client(end, other, random) {
      let client = other;
      for (let tries = 0; tries < TRIES; tries++) {
        if (isAllowed(pods[client]!, pods[end]!)) return client;
        client = random.below(pods.length);
      }
      return -1;
    },
  };
}

const wordsOf = (number: number, ip: 4 | 6): number[] => (ip === 4 ? [number] : [PREFIX6, 0, 0, number]);

function addressBytes(addresses: readonly (readonly number[])[], ip: 4 | 6): Uint8Array {
  const outside = Array.from({ length: OUTSIDERS }, (_, i) => wordsOf(OUTSIDE + i, ip));
  const words = ip === 4 ? 1 : 4;
  const bytes = new Uint8Array((addresses.length + OUTSIDERS) * words * 4);
  const view = new DataView(bytes.buffer);
  [...addresses, ...outside].forEach((address, i) => {
    for (let word = 0; word < words; word++) view.setUint32((i * words + word) * 4, address[word]!);
  });
  return bytes;
}
