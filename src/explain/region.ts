/**
 * Which parts of a header mattered (cold): the region around it in which every header gets the same outcomes, for the same
 * rules. Open vSwitch calls it un-wildcarding.
 *
 * In:  a ruleset, the inventory and a header.  Out: a span a field. It begins as everything, and narrows as the rules are
 * tried in order: one that matched must match for all of the region, so each of its conditions narrows it; one that did not
 * match must fail for all of it, for which one failing condition is enough: one that is narrow already, else that which leaves
 * most open. So all of the region goes the same way; it need not be all that does. An address that somebody owns stands for
 * itself alone, as whose it is decides what is asked; others go as far as the next one that is owned.
 */
import { type Inventory, NODE_LOCAL_DNS } from '../cluster/inventory.js';
import { MAX_V4, MAX_V6, parseV4, parseV6 } from '../rules/addresses.js';
import { BIGINTS, type Coordinate, type Line, NUMBERS } from '../rules/intervals.js';
import { type AddressSet, DIRECTIONS, type Direction, type Rule, type Ruleset } from '../rules/ruleset.js';
import { OUTCOME_DEFAULT_DENY, OUTCOME_NOT_ISOLATED } from '../tree/classifier.js';
import {
  type Condition,
  conditionsOf,
  type Header,
  isInside,
  matchesAll,
  type Point,
  type PortField,
  pointOf,
} from './conditions.js';

/** Both ends inclusive. */
export interface Span<T extends number | bigint = number | bigint> {
  readonly lo: T;
  readonly hi: T;
}

export interface Region {
  /** null: a pod without an address. */
  readonly source: Span | null;
  readonly destination: Span | null;
  /** null: any. Fields of ports and of ICMP only narrow where it is one. */
  readonly protocol: number | null;
  readonly sourcePort: Span<number>;
  readonly destinationPort: Span<number>;
  readonly icmpType: Span<number>;
  readonly icmpCode: Span<number>;
}

export const WHOLE: Readonly<Record<PortField, Span<number>>> = {
  sourcePort: { lo: 0, hi: 65535 },
  destinationPort: { lo: 0, hi: 65535 },
  icmpType: { lo: 0, hi: 255 },
  icmpCode: { lo: 0, hi: 255 },
};

/** Which failing condition is kept, the first of these: an address says most to people. */
const PREFERRED: readonly Condition['field'][] = [
  'subject',
  'peer',
  'protocol',
  'icmpType',
  'icmpCode',
  'destinationPort',
  'sourcePort',
];

/** @param outcomes of the linear engine: [egress, ingress, forward] */
export function regionOf(ruleset: Ruleset, inventory: Inventory, header: Header, outcomes: readonly number[]): Region {
  const narrowing = new Narrowing(header, inventory);
  DIRECTIONS.forEach((direction, i) => {
    if (isAsked(outcomes[i]!)) narrowing.direction(ruleset, direction, outcomes[i]!);
  });
  return narrowing.region();
}

/** Whether the tiers were asked: else who the ends are decided it, which their addresses' spans hold already. */
const isAsked = (outcome: number): boolean =>
  outcome >= 0 || outcome === OUTCOME_NOT_ISOLATED || outcome <= OUTCOME_DEFAULT_DENY;

class Narrowing {
  private readonly points: { readonly source: Point; readonly destination: Point };
  private readonly addresses: { source: Span | null; destination: Span | null };
  private isOneProtocol = false;
  private readonly ports: Record<PortField, Span<number>> = { ...WHOLE };

  constructor(
    private readonly header: Header,
    inventory: Inventory,
  ) {
    const [source, destination] = [pointOf(header.source), pointOf(header.destination)];
    this.points = { source, destination };
    this.addresses = { source: unownedAround(source, inventory), destination: unownedAround(destination, inventory) };
    // What the header does not say cannot be varied.
    for (const field of Object.keys(WHOLE) as PortField[]) {
      if (header[field] < 0) this.ports[field] = { lo: header[field], hi: header[field] };
    }
  }

  direction(ruleset: Ruleset, direction: Direction, outcome: number): void {
    const tiers = ruleset[direction];
    for (const [t, { rules, isolations }] of tiers.entries()) {
      const matched = rules.find(rule => !this.passes(rule, direction));
      if (matched !== undefined) {
        if (matched.action !== 'pass') return;
        continue;
      }
      const { subject } = this.ends(direction);
      const isolating = isolations.find(({ subjects }) => isInside(subjects, this.points[subject]));
      if (isolating !== undefined) this.address(subject, isolating.subjects);
      else for (const { subjects } of isolations) this.address(subject, subjects);
      if (outcome === OUTCOME_DEFAULT_DENY - t) return;
    }
  }

  region(): Region {
    const { source, destination } = this.addresses;
    return { source, destination, protocol: this.isOneProtocol ? this.header.protocol : null, ...this.ports };
  }

  private ends(direction: Direction): { subject: 'source' | 'destination'; peer: 'source' | 'destination' } {
    return direction === 'ingress'
      ? { subject: 'destination', peer: 'source' }
      : { subject: 'source', peer: 'destination' };
  }

  /** Whether the rule does not match; the region is then narrow enough that it is so, or not so, for all of it. */
  private passes(rule: Rule, direction: Direction): boolean {
    const { subject, peer } = this.ends(direction);
    const conditions = conditionsOf(rule, this.points[subject], this.points[peer], this.header);
    if (matchesAll(conditions)) {
      for (const condition of conditions) this.narrow(condition, direction);
      // What names an address has, nobody can say of another one.
      if (rule.names !== undefined) this.fixAddresses();
      return false;
    }
    const failing = conditions.filter(({ holds }) => !holds);
    const chosen =
      failing.find(condition => this.isNarrow(condition, direction)) ??
      PREFERRED.flatMap(field => failing.filter(condition => condition.field === field))[0]!;
    this.narrow(chosen, direction);
    return true;
  }

  /** Narrowing by it would change nothing. */
  private isNarrow(condition: Condition, direction: Direction): boolean {
    switch (condition.field) {
      case 'subject':
      case 'peer': {
        const span = this.addresses[this.ends(direction)[condition.field]];
        return span === null || span.lo === span.hi;
      }
      case 'protocol':
        return this.isOneProtocol;
      default: {
        const { lo, hi } = this.ports[condition.field];
        return this.isOneProtocol && lo === hi;
      }
    }
  }

  private narrow(condition: Condition, direction: Direction): void {
    switch (condition.field) {
      case 'subject':
      case 'peer':
        this.address(this.ends(direction)[condition.field], condition.set);
        return;
      case 'protocol':
        this.isOneProtocol = true;
        return;
      default:
        this.isOneProtocol = true;
        this.ports[condition.field] = within(
          this.ports[condition.field],
          this.header[condition.field],
          condition.set,
          NUMBERS,
        );
    }
  }

  private address(end: 'source' | 'destination', { v4, v6 }: AddressSet): void {
    const point = this.points[end];
    const span = this.addresses[end];
    if (span === null) return;
    this.addresses[end] =
      point.v4 !== null
        ? within(span as Span<number>, point.v4, v4, NUMBERS)
        : within(span as Span<bigint>, point.v6!, v6, BIGINTS);
  }

  private fixAddresses(): void {
    for (const end of ['source', 'destination'] as const) {
      const { v4, v6 } = this.points[end];
      const at = v4 ?? v6;
      if (at !== null) this.addresses[end] = { lo: at, hi: at };
    }
  }
}

/** The part of the span around x that is as x is: in one interval of the set, or in one gap of it. */
function within<T extends Coordinate>({ lo, hi }: Span<T>, x: T, set: readonly T[], line: Line<T>): Span<T> {
  let from: T = lo;
  let to: T = hi;
  for (let i = 0; i < set.length; i += 2) {
    const first: T = set[i]!;
    const last: T = set[i + 1]!;
    if (first <= x && x <= last) return { lo: first > from ? first : from, hi: last < to ? last : to };
    if (last < x && last >= from) from = line.after(last);
    if (first > x && first <= to) to = line.before(first);
  }
  return { lo: from, hi: to };
}

/** From the next owned address below to the next above; an owned one is alone. */
function unownedAround({ v4, v6 }: Point, { byAddress }: Inventory): Span | null {
  if (v4 !== null) {
    const held = [...byAddress.keys(), NODE_LOCAL_DNS].map(parseV4).filter(it => it !== null);
    return within({ lo: 0, hi: MAX_V4 }, v4, singles(held), NUMBERS);
  }
  if (v6 === null) return null;
  const held = [...byAddress.keys()]
    .flatMap(text => (text.includes(':') ? [parseV6(text)] : []))
    .filter(it => it !== null);
  return within({ lo: 0n, hi: MAX_V6 }, v6, singles(held), BIGINTS);
}

const singles = <T extends Coordinate>(points: readonly T[]): T[] => points.flatMap(point => [point, point]);
