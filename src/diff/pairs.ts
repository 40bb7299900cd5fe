/**
 * What changes between two classes: both sides' chains -> the packets whose verdict changes (cold).
 *
 * In:  the chains of both directions of both sides.  Out: changes, each of packets that both sides decide by the same rules.
 * Pairs with the same chains share one answer, so this is asked once for each distinct set of chains.
 */
import { type Cell, cellsOf, type Family, UNNAMED } from '../matrix/cells.js';
import { OTHER } from '../matrix/reach.js';
import { protocolText } from '../packet/text.js';
import { portSet } from '../rules/ports.js';
import { ICMP, ICMPV6, SCTP, TCP, UDP } from '../rules/protocols.js';
import type { PortSet, Ruleset } from '../rules/ruleset.js';
import { OUTCOME_NONE } from '../tree/classifier.js';
import { combine } from '../verdict/outcome.js';
import { verdictOf } from '../verdict/verdict.js';
import type { Chains } from './chains.js';
import { type Change, changeOf } from './change.js';

/** What packets a change is about. A list is of inclusive ranges [lo, hi, lo, hi, ...]. */
export interface Traffic {
  /** `other`: every protocol that no rule between the ends names, and that is none of `except`. */
  readonly protocol: string;
  /** Only of `other`: the protocols that stand by themselves, beside TCP, UDP, SCTP and ICMP. */
  readonly except?: readonly string[];
  /** Destination ports; null for protocols without. */
  readonly ports: PortSet | null;
  /** Only where rules ask for them. */
  readonly sourcePorts?: PortSet;
  readonly icmpTypes?: PortSet;
  readonly icmpCodes?: PortSet;
}

/** Outcomes of one side (tree/classifier.ts), and the code they make together. */
export interface SideOutcome {
  readonly egress: number;
  readonly ingress: number;
  readonly code: number;
}

export interface PairChange {
  readonly change: Change;
  readonly traffic: readonly Traffic[];
  readonly before: SideOutcome;
  readonly after: SideOutcome;
}

/** Chains of a side, of both directions. */
export interface ChainPair {
  readonly egress: number;
  readonly ingress: number;
}

export function changesBetween(
  sides: readonly [Chains, Chains],
  rulesets: readonly [Ruleset, Ruleset],
  [before, after]: readonly [ChainPair, ChainPair],
  family: Family,
): PairChange[] {
  const rules = [before, after].flatMap(({ egress, ingress }, side) => [
    ...sides[side]!.rulesOf(egress),
    ...sides[side]!.rulesOf(ingress),
  ]);
  const outcomeOf = (side: 0 | 1, { egress, ingress }: ChainPair, { packet }: Cell): SideOutcome => {
    const out = sides[side].decide(egress, packet);
    const into = sides[side].decide(ingress, packet);
    return { egress: out, ingress: into, code: combine(out, into, OUTCOME_NONE, rulesets[side].rules) };
  };
  const found = new Map<string, { change: Change; cells: Cell[]; before: SideOutcome; after: SideOutcome }>();
  const cells = cellsOf(rules, family);
  for (const cell of cells) {
    const was = outcomeOf(0, before, cell);
    const is = outcomeOf(1, after, cell);
    const change = changeOf(verdictOf(was.code), verdictOf(is.code));
    if (change === null) continue;
    const key = [was.egress, was.ingress, is.egress, is.ingress].join();
    const known = found.get(key);
    if (known === undefined) found.set(key, { change, cells: [cell], before: was, after: is });
    else known.cells.push(cell);
  }
  const named = [...new Set(cells.map(({ protocol }) => protocol))].filter(protocol => !ALWAYS.has(protocol));
  const except = named.map(protocolText);
  return [...found.values()].map(({ cells: its, ...rest }) => ({ ...rest, traffic: trafficOf(its, except) }));
}

/** Cells that differ in one range alone become one: ports of the same source ports, ICMP types of the same codes. */
function trafficOf(cells: readonly Cell[], except: readonly string[]): Traffic[] {
  const alike = new Map<string, Cell[]>();
  for (const cell of cells) {
    const key = [cell.protocol, cell.sourcePorts, cell.icmpCodes].join(' ');
    alike.set(key, [...(alike.get(key) ?? []), cell]);
  }
  return [...alike.values()].map(its => {
    const [{ protocol, sourcePorts, icmpCodes, ports, icmpTypes }] = its as [Cell];
    const union = (of: (cell: Cell) => readonly number[] | null): PortSet =>
      portSet(its.flatMap(cell => [...(of(cell) ?? [])]));
    const types = union(cell => cell.icmpTypes);
    return {
      protocol: protocol === UNNAMED ? OTHER : protocolText(protocol),
      ...(protocol === UNNAMED && except.length > 0 && { except }),
      ports: ports === null ? null : union(cell => cell.ports),
      ...(sourcePorts !== null && !isWhole(sourcePorts, 65535) && { sourcePorts }),
      ...(icmpTypes !== null && !isWhole(types, 255) && { icmpTypes: types }),
      ...(icmpCodes !== null && !isWhole(icmpCodes, 255) && { icmpCodes }),
    };
  });
}

/** Protocols that are asked about whatever rules say. */
const ALWAYS: ReadonlySet<number> = new Set([TCP, UDP, SCTP, ICMP, ICMPV6, UNNAMED]);

const isWhole = (ranges: readonly number[], highest: number): boolean =>
  ranges.length === 2 && ranges[0] === 0 && ranges[1] === highest;
