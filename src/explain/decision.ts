/**
 * A decision explained: who, isolated by what, which rule, why not the others, the way through the tree, and what mattered (cold).
 *
 * In:  compiled policies, a header (a connection's first packet), and what was decided on it.  Out: a DecisionExplanation.
 * What is told of rules, tree and region is worked out anew from the header by the linear engine; where that does not give
 * what was decided (names that DNS told, ends that a capture does not show), it is left out, and `isWhole` says so.
 */
import type { Compiled } from '../compile.js';
import { formatPosition } from '../documents/document.js';
import {
  DPORT,
  DST,
  FAMILY,
  ICMP_CODE,
  ICMP_TYPE,
  PROTOCOL,
  SPORT,
  SRC,
  STATUS,
  STATUS_OK,
  STRIDE,
} from '../packet/row.js';
import { addressWords } from '../packet/text.js';
import { createOutcomes } from '../report/outcomes.js';
import { DIRECTIONS, type Direction } from '../rules/ruleset.js';
import { EGRESS, FORWARD, INGRESS, OUTCOMES } from '../tree/classifier.js';
import { createLinear } from '../tree/linear.js';
import { type DirectionPath, pathOf } from '../tree/path.js';
import { isolationsOf } from '../verdict/isolations.js';
import type { OutcomeRecord } from '../verdict/verdict.js';
import type { Header } from './conditions.js';
import { type Region, regionOf } from './region.js';
import { explainRules, type RulesExplanation } from './rules.js';

/** [egress, ingress, forward], as tree/classifier.ts has them. */
export type OutcomeTriple = readonly [egress: number, ingress: number, forward: number];

export interface SideExplanation extends RulesExplanation {
  readonly direction: Direction;
  /** null: nothing is decided on this side. */
  readonly outcome: OutcomeRecord | null;
  /** The policies that isolate the subject, in order. */
  readonly isolatedBy: readonly { readonly policy: string; readonly source: string }[];
  readonly path: DirectionPath | null;
}

export interface DecisionExplanation {
  readonly header: Header;
  readonly sides: readonly SideExplanation[];
  /** null where `isWhole` is false. */
  readonly region: Region | null;
  /** The rules, asked again, say what was decided. */
  readonly isWhole: boolean;
}

type Explained = Pick<Compiled, 'ruleset' | 'inventory' | 'policies' | 'classifier'>;

/** @param source, destination owners of the ends, -1 for nobody */
export function explainDecision(
  compiled: Explained,
  header: Header,
  outcomes: OutcomeTriple,
  source: number,
  destination: number,
): DecisionExplanation {
  const { ruleset, inventory } = compiled;
  const asked = createLinear(ruleset, inventory).decide(header);
  const isWhole = asked.every((outcome, i) => outcome === outcomes[i]);
  const [egress, ingress, forward] = outcomes;
  const records = createOutcomes(compiled).of({ egress, ingress, forward }, source, destination);
  const paths = isWhole ? pathsOf(compiled, header, outcomes) : null;
  const sides = DIRECTIONS.map((direction, i): SideExplanation => {
    const outcome = records[direction];
    const subject = direction === 'ingress' ? destination : source;
    const isolations = outcome === null ? [] : isolationsOf(direction, subject, ruleset, inventory);
    const isAsked = outcome !== null && isWhole;
    return {
      direction,
      outcome,
      isolatedBy: isolations.map(({ origin: { policy, position } }) => ({ policy, source: formatPosition(position) })),
      ...(isAsked ? explainRules(compiled, direction, header, outcomes[i]!) : { rules: [], others: 0 }),
      path: paths?.find(path => path.direction === direction) ?? null,
    };
  });
  return { header, sides, region: isWhole ? regionOf(ruleset, inventory, header, outcomes) : null, isWhole };
}

/** null where the tree is not asked about such a header: an end without an address. */
function pathsOf({ classifier }: Explained, header: Header, outcomes: OutcomeTriple): DirectionPath[] | null {
  const row = rowOf(header);
  if (row === null) return null;
  const out = new Int32Array(OUTCOMES);
  classifier.classify(row, 0, out, 0);
  const isSame = out[EGRESS] === outcomes[0] && out[INGRESS] === outcomes[1] && out[FORWARD] === outcomes[2];
  return isSame ? pathOf(classifier, row, 0) : null;
}

/** The header as a packet's row; null where an end has no address, or the two are of different families. */
export function rowOf(header: Header): Int32Array | null {
  const { source, destination, protocol, sourcePort, destinationPort, icmpType, icmpCode } = header;
  const [from, to] = [source, destination].map(({ address }) => (address === null ? null : addressWords(address)));
  if (!from || !to || from.family !== to.family) return null;
  const row = new Int32Array(STRIDE);
  row[STATUS] = STATUS_OK;
  row[FAMILY] = from.family;
  row[PROTOCOL] = protocol;
  row.set(from.words, SRC);
  row.set(to.words, DST);
  row[SPORT] = sourcePort;
  row[DPORT] = destinationPort;
  row[ICMP_TYPE] = icmpType;
  row[ICMP_CODE] = icmpCode;
  return row;
}
