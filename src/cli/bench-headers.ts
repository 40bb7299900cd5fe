/**
 * What a classifier is asked in a benchmark: rows as the parser makes them.
 *
 * In:  the compiled policies, and captures where there are some.  Out: rows, how many, and where they come from. Of
 * captures the distinct connections' packets, in their order; else headers made up without locality: half of them inside
 * of rules, drawn evenly, half between random pods, so that what no rule allows is asked for too.
 */
import type { Compiled } from '../compile.js';
import { openCaptures } from '../node/captures.js';
import { createParser, newPacketBatch } from '../packet/parse.js';
import { DPORT, DST, FAMILY, PROTOCOL, SPORT, SRC, STRIDE } from '../packet/row.js';
import { parseV4, parseV6 } from '../rules/addresses.js';
import { hasPorts, TCP, UDP } from '../rules/protocols.js';
import type { AddressSet, PortSet, Rule } from '../rules/ruleset.js';

export interface Headers {
  readonly rows: Int32Array;
  readonly count: number;
  readonly from: 'captures' | 'rules';
}

export const MOST_HEADERS = 8192;
/** Packets in which connections are looked for. */
const MOST_LOOKED_AT = 200_000;

type Address = number | bigint;

export async function headersOfCaptures(paths: readonly string[]): Promise<Headers> {
  const source = await openCaptures(paths);
  const parser = createParser();
  const batch = newPacketBatch();
  const rows = new Int32Array(MOST_HEADERS * STRIDE);
  const seen = new Set<string>();
  let looked = 0;
  try {
    for (let frames = await source.next(); frames !== null; frames = await source.next()) {
      parser.parse(frames, source.interfaces, batch);
      for (let i = 0; i < frames.count && seen.size < MOST_HEADERS; i++) {
        const row = batch.rows.subarray(i * STRIDE, (i + 1) * STRIDE);
        if (row[FAMILY] === 0) continue;
        const key = row.subarray(FAMILY, DPORT + 1).join();
        if (seen.has(key)) continue;
        rows.set(row, seen.size * STRIDE);
        seen.add(key);
      }
      looked += frames.count;
      if (looked >= MOST_LOOKED_AT || seen.size >= MOST_HEADERS) break;
    }
  } finally {
    source.close();
  }
  return { rows, count: seen.size, from: 'captures' };
}

export function headersOfRules({ ruleset, inventory }: Compiled): Headers {
  const random = createRandom(1);
  const rows = new Int32Array(MOST_HEADERS * STRIDE);
  const addresses = inventory.pods
    .flatMap(pod => pod.addresses.slice(0, 1))
    .map(text => parseV4(text) ?? parseV6(text)!);
  const anywhere = (): Address => (addresses.length > 0 ? pick(addresses, random) : random(2 ** 32));
  for (let i = 0; i < MOST_HEADERS; i++) {
    const rule = ruleset.rules.length > 0 ? pick(ruleset.rules, random) : null;
    const base = i * STRIDE;
    if (rule !== null && (i % 2 === 0 || addresses.length === 0) && writeInside(rule, rows, base, random)) continue;
    const source = anywhere();
    const same = addresses.filter(address => typeof address === typeof source);
    writeRow(rows, base, source, same.length > 0 ? pick(same, random) : random(2 ** 32));
    writeHeader(rows, base, TCP, 32768 + random(28000), rule === null ? 80 : portOf(rule.destinationPorts, random));
  }
  return { rows, count: MOST_HEADERS, from: 'rules' };
}

/** @returns false where no address is in the rule */
function writeInside(rule: Rule, rows: Int32Array, base: number, random: Random): boolean {
  const { subjects, peers } = rule;
  const four = subjects.v4.length > 0 && peers.v4.length > 0;
  if (!four && (subjects.v6.length === 0 || peers.v6.length === 0)) return false;
  const subject = addressIn(subjects, four, random);
  const peer = addressIn(peers, four, random);
  const [source, destination] = rule.direction === 'ingress' ? [peer, subject] : [subject, peer];
  writeRow(rows, base, source, destination);
  const protocol = rule.protocol ?? (rule.destinationPorts === null ? UDP : TCP);
  const ports = hasPorts(protocol) ? [portOf(rule.sourcePorts, random), portOf(rule.destinationPorts, random)] : [0, 0];
  writeHeader(rows, base, protocol, ports[0]!, ports[1]!);
  return true;
}

function writeRow(rows: Int32Array, base: number, source: Address, destination: Address): void {
  rows[base + FAMILY] = typeof source === 'number' ? 4 : 6;
  for (const [word, address] of [
    [SRC, source],
    [DST, destination],
  ] as const) {
    if (typeof address === 'number') rows[base + word] = address;
    else for (let i = 0; i < 4; i++) rows[base + word + i] = Number((address >> BigInt(96 - 32 * i)) & 0xffffffffn);
  }
}

function writeHeader(rows: Int32Array, base: number, protocol: number, sport: number, dport: number): void {
  rows[base + PROTOCOL] = protocol;
  rows[base + SPORT] = sport;
  rows[base + DPORT] = dport;
}

type Random = (below: number) => number;

const pick = <T>(list: readonly T[], random: Random): T => list[random(list.length)]!;

const portOf = (set: PortSet | null, random: Random): number =>
  set === null || set.length === 0 ? random(65536) : within(set, random);

function within(ranges: readonly number[], random: Random): number {
  const at = 2 * random(ranges.length / 2);
  return ranges[at]! + random(ranges[at + 1]! - ranges[at]! + 1);
}

function addressIn({ v4, v6 }: AddressSet, four: boolean, random: Random): Address {
  if (four) return within(v4, random);
  const at = 2 * random(v6.length / 2);
  const offset = (BigInt(random(2 ** 32)) << 32n) | BigInt(random(2 ** 32));
  return v6[at]! + (offset % (v6[at + 1]! - v6[at]! + 1n));
}

/** xorshift32: the same questions in every run. */
function createRandom(seed: number): Random {
  let state = seed;
  return below => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 0) / 2 ** 32) * below);
  };
}
