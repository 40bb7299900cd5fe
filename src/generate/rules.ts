/**
 * Rule sets of a family (cold): family, how many, a seed -> filters, all different, in order of priority.
 *
 * Addresses are drawn by walks down a trie that is never built: whether a network divides, and which half of it is the
 * heavier one, is told by a hash of the network itself. So rules share networks, and hosts of the same networks, as the
 * family's figures say; large sets divide more, for there are not enough networks otherwise. IPv6 addresses are the same
 * walks, each step four, two or eight bits wide: /8, /16, /24 and /32 become /32, /48, /64 and /128.
 */
import { FAMILY, type Family, type FamilyName, type PortClass, type Sharing } from './families.js';
import { createRandom, mix, type Random } from './random.js';

export interface Prefix {
  /** Four words for IPv6, one for IPv4, unsigned. */
  readonly words: readonly number[];
  readonly length: number;
}

export interface Filter {
  readonly source: Prefix;
  readonly destination: Prefix;
  readonly sourcePorts: readonly [number, number];
  readonly destinationPorts: readonly [number, number];
  /** null = any */
  readonly protocol: number | null;
}

export interface RuleSetOptions {
  readonly family: FamilyName;
  readonly rules: number;
  readonly seed: number;
  readonly ip: 4 | 6;
}

const PORTS: readonly [number, number] = [0, 65535];

export function generateRules({ family: name, rules, seed, ip }: RuleSetOptions): Filter[] {
  const family = FAMILY[name];
  const random = createRandom(seed);
  const filters: Filter[] = [];
  const known = new Set<string>();
  // Doubles of filters are dropped; where a family has not enough different ones, its networks divide more.
  let spread = Math.max(0, Math.log2(rules / 1000)) / 32;
  for (let tries = 0; filters.length < rules; tries++) {
    if (tries > 4 * rules) {
      tries = 0;
      spread += 0.05;
    }
    const filter = drawFilter(family, random, seed, spread, ip);
    const key = JSON.stringify(filter);
    if (known.has(key)) continue;
    known.add(key);
    filters.push(filter);
  }
  // The narrow ones first, as people write lists: a wide one in front would leave nothing to those behind it.
  const width = ({ source, destination }: Filter): number => source.length + destination.length;
  const jitter = new Map(filters.map(filter => [filter, width(filter) + random.unit() * (ip === 4 ? 24 : 96)]));
  return filters.sort((a, b) => jitter.get(b)! - jitter.get(a)!);
}

function drawFilter(family: Family, random: Random, seed: number, spread: number, ip: 4 | 6): Filter {
  const { protocol, ports } = random.weighted(family.protocols);
  const [sourceClass, destinationClass] = random.weighted(ports);
  const [sourceLength, destinationLength] = random.weighted(family.lengths);
  const source = walk(family.source, random, seed, spread, 0, 0);
  const related = random.unit() < family.related;
  const destination = related
    ? walk(family.destination, random, seed, spread, source & 0xffff0000, 16)
    : walk(family.destination, random, seed + 1, spread, 0, 0);
  return {
    source: prefixOf(source, sourceLength, ip),
    destination: prefixOf(destination, destinationLength, ip),
    sourcePorts: drawPorts(family, sourceClass, random),
    destinationPorts: drawPorts(family, destinationClass, random),
    protocol,
  };
}

/** 32 steps, the first `from` of them as in `path`. */
function walk(sharing: Sharing, random: Random, seed: number, spread: number, path: number, from: number): number {
  let address = path;
  for (let level = from; level < 32; level++) {
    const hash = mix(address ^ Math.imul(level + 1 + seed * 37, 0x9e3779b1));
    const heavier = hash & 1;
    const divides = (hash >>> 1) / 2 ** 31 < sharing.divides[level >> 3]! + spread;
    const bit = divides && random.unit() >= sharing.skew ? heavier ^ 1 : heavier;
    address |= bit << (31 - level);
  }
  return address;
}

/** Real bits a step of the walk. */
const V6_STEP = [4, 2, 2, 8];

function prefixOf(address: number, length: number, ip: 4 | 6): Prefix {
  const kept = length === 0 ? 0 : (address & (-1 << (32 - length))) >>> 0;
  if (ip === 4) return { words: [kept], length };
  const words = [0, 0, 0, 0];
  let at = 0;
  for (let level = 0; level < length; level++) {
    const step = V6_STEP[level >> 3]!;
    const above = level === 0 ? 0 : address & (-1 << (32 - level));
    const pattern = mix(above ^ Math.imul(level + 1, 0x85ebca6b)) >>> 16;
    const bits = ((address >>> (31 - level)) & 1 ? pattern : ~pattern) & (2 ** step - 1);
    words[at >> 5] = (words[at >> 5]! | (bits << (32 - (at & 31) - step))) >>> 0;
    at += step;
  }
  return { words, length: at };
}

function drawPorts(family: Family, kind: PortClass, random: Random): readonly [number, number] {
  if (kind === 'open') return PORTS;
  if (kind === 'low') return [0, 1023];
  if (kind === 'high') return [1024, 65535];
  // The square makes the first of a list frequent and the last rare.
  const early = random.unit() ** 2;
  if (kind === 'range') return family.ranges[Math.floor(early * family.ranges.length)]!;
  const port = family.exact[Math.floor(early * family.exact.length)]!;
  return [port, port];
}
