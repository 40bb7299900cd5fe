/**
 * Which rules of the emitted ruleset must have decided a packet, by policap's own account of it.
 *
 * In:  the packet's reason, decision and row.  Out: the comments of emit-nft.ts that the kernel's trace must show, in order.
 */
import { DST, FAMILY, SRC } from '../../src/packet/row.js';
import { addressText } from '../../src/packet/text.js';
import { containsV4, containsV6, parseV4, parseV6 } from '../../src/rules/addresses.js';
import {
  COMMENT_ESTABLISHED,
  COMMENT_INVALID,
  COMMENT_LOOPBACK,
  COMMENT_NODE,
  COMMENT_UNTRACKED,
  isolationComment,
  ruleComment,
} from '../../src/rules/emit-nft.js';
import type { AddressSet, Direction, Ruleset } from '../../src/rules/ruleset.js';
import { OUTCOME_DEFAULT_DENY, OUTCOME_LOOPBACK, OUTCOME_NODE } from '../../src/tree/classifier.js';
import type { Decision } from '../../src/verdict/decisions.js';
import type { Reason } from '../../src/verdict/verdict.js';

const BY_STATE: Partial<Record<Reason, string>> = {
  'invalid-state': COMMENT_INVALID,
  'not-enforced': COMMENT_UNTRACKED,
  established: COMMENT_ESTABLISHED,
  related: COMMENT_ESTABLISHED,
};

export function deciding(
  reason: Reason,
  decision: Decision | null,
  rows: Int32Array,
  base: number,
  ruleset: Ruleset,
): string {
  const byState = BY_STATE[reason];
  // What a profile does not enforce was decided; what connection tracking leaves alone was not.
  if (byState !== undefined && (reason !== 'not-enforced' || decision === null)) return byState;
  if (decision === null) return '';
  const comments: string[] = [];
  // Of a node and its pod the node's side is asked before the pair is let through.
  const order =
    decision.egress === OUTCOME_NODE
      ? (['ingress', 'egress', 'forward'] as const)
      : (['egress', 'ingress', 'forward'] as const);
  for (const direction of order) {
    const outcome = decision[direction];
    // Both directions say the same of a pod and itself, and of a node and its pod: one rule does.
    if (outcome === OUTCOME_LOOPBACK || outcome === OUTCOME_NODE) {
      const comment = outcome === OUTCOME_LOOPBACK ? COMMENT_LOOPBACK : COMMENT_NODE;
      if (!comments.includes(comment)) comments.push(comment);
    } else if (outcome >= 0) {
      const rule = ruleset.rules[outcome]!;
      comments.push(ruleComment(rule));
      if (rule.action === 'deny') break;
    } else if (outcome <= OUTCOME_DEFAULT_DENY) {
      comments.push(denial(direction, outcome, rows, base, ruleset));
      break;
    }
  }
  return comments.join('; ');
}

/** The first policy of the tier that isolates the subject. */
function denial(direction: Direction, outcome: number, rows: Int32Array, base: number, ruleset: Ruleset): string {
  const subject = addressText(rows, base, direction === 'ingress' ? DST : SRC);
  const tier = ruleset[direction][OUTCOME_DEFAULT_DENY - outcome]!;
  const found = tier.isolations.find(({ subjects }) => holds(subjects, subject, rows[base + FAMILY]!));
  return found === undefined ? 'no isolation' : isolationComment(found);
}

const holds = (set: AddressSet, address: string, family: number): boolean =>
  family === 4 ? containsV4(set, parseV4(address)!) : containsV6(set, parseV6(address)!);
