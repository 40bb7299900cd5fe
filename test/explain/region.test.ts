/** The region of a header: every header inside gets the same outcomes, by the linear engine. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Inventory } from '../../src/cluster/inventory.js';
import type { Header } from '../../src/explain/conditions.js';
import { type Region, regionOf, type Span } from '../../src/explain/region.js';
import { buildRules } from '../../src/rules/build.js';
import { formatV4, formatV6 } from '../../src/rules/print.js';
import { hasPorts } from '../../src/rules/protocols.js';
import type { Ruleset } from '../../src/rules/ruleset.js';
import { createLinear } from '../../src/tree/linear.js';
import { seed } from '../support/seed.js';
import { arbInventory, arbPacket, arbPolicies, arbRuleset } from '../tree/arbitrary.js';
import type { PacketLiteral } from '../tree/packets.js';

const headerOf = ({ source, destination, protocol = 6, sport, dport, icmpType, icmpCode }: PacketLiteral): Header => ({
  source: { owner: -1, address: source },
  destination: { owner: -1, address: destination },
  protocol,
  sourcePort: hasPorts(protocol) ? (sport ?? 0) : -1,
  destinationPort: hasPorts(protocol) ? (dport ?? 0) : -1,
  icmpType: protocol === 1 || protocol === 58 ? (icmpType ?? 0) : -1,
  icmpCode: protocol === 1 || protocol === 58 ? (icmpCode ?? 0) : -1,
});

/** A point of a span: an end of it most often. @param pick 0..1 */
function pointIn<T extends number | bigint>({ lo, hi }: Span<T>, pick: number): T {
  if (pick < 0.3) return lo;
  if (pick > 0.7) return hi;
  const part = (pick - 0.3) / 0.4;
  if (typeof lo === 'bigint') return (lo + (BigInt(Math.floor(part * 1e6)) * ((hi as bigint) - lo)) / 1_000_000n) as T;
  return ((lo as number) + Math.floor(part * ((hi as number) - (lo as number)))) as T;
}

const textOf = (x: number | bigint): string => (typeof x === 'number' ? formatV4(x) : formatV6(x));

function headerIn(region: Region, header: Header, picks: readonly number[]): Header {
  const address = (span: Span | null, end: Header['source'], pick: number): Header['source'] =>
    span === null ? end : { owner: -1, address: textOf(pointIn(span as Span<number>, pick)) };
  const ends = {
    source: address(region.source, header.source, picks[0]!),
    destination: address(region.destination, header.destination, picks[1]!),
  };
  const protocol = region.protocol ?? [0, 1, 6, 17, 58, 132, 200, header.protocol][Math.floor(picks[2]! * 7.99)]!;
  const value = (span: Span<number>, pick: number, has: boolean): number => (has ? pointIn(span, pick) : -1);
  const isIcmp = protocol === 1 || protocol === 58;
  // Where any protocol is as good, its fields are too.
  const whole = (hi: number): Span<number> => ({ lo: 0, hi });
  const { sourcePort, destinationPort, icmpType, icmpCode } =
    region.protocol === null
      ? { sourcePort: whole(65535), destinationPort: whole(65535), icmpType: whole(255), icmpCode: whole(255) }
      : region;
  return {
    ...ends,
    protocol,
    sourcePort: value(sourcePort, picks[3]!, hasPorts(protocol)),
    destinationPort: value(destinationPort, picks[4]!, hasPorts(protocol)),
    icmpType: value(icmpType, picks[5]!, isIcmp),
    icmpCode: value(icmpCode, picks[6]!, isIcmp),
  };
}

const arbPicks = fc.array(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 7, maxLength: 7 }), {
  minLength: 12,
  maxLength: 12,
});

/** How wide regions were: one that is always a point would prove nothing. */
const width = { any: 0, addresses: 0, ports: 0, protocols: 0 };

function check(
  ruleset: Ruleset,
  inventory: Inventory,
  packet: PacketLiteral,
  picks: readonly (readonly number[])[],
): void {
  const linear = createLinear(ruleset, inventory);
  const header = headerOf(packet);
  const outcomes = linear.decide(header);
  const region = regionOf(ruleset, inventory, header, outcomes);
  width.any++;
  if (region.destination!.lo !== region.destination!.hi) width.addresses++;
  if (region.protocol !== null && region.destinationPort.lo !== region.destinationPort.hi) width.ports++;
  if (region.protocol === null) width.protocols++;
  for (const pick of picks) {
    const other = headerIn(region, header, pick);
    expect({ other, outcomes: linear.decide(other) }).toEqual({ other, outcomes });
  }
  // The header itself lies in it.
  const { sourcePort, destinationPort } = region;
  expect(sourcePort.lo <= header.sourcePort || header.sourcePort < 0).toBe(true);
  expect(destinationPort.hi >= header.destinationPort).toBe(true);
}

describe('the region of a header', () => {
  it('holds for rules of every kind, in every direction', () => {
    fc.assert(fc.property(arbRuleset, arbInventory, arbPacket, arbPicks, check), { seed, numRuns: 1500 });
  });

  it('holds for NetworkPolicies', () => {
    fc.assert(
      fc.property(arbPolicies, arbInventory, arbPacket, arbPicks, (policies, inventory, packet, picks) => {
        check(buildRules(policies, inventory), inventory, packet, picks);
      }),
      { seed, numRuns: 1500 },
    );
  });

  it('is seldom a single header', () => {
    expect(width.addresses).toBeGreaterThan(width.any / 20);
    expect(width.ports).toBeGreaterThan(width.any / 20);
    expect(width.protocols).toBeGreaterThan(width.any / 20);
  });
});
