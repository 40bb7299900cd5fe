/**
 * Outcomes -> verdict codes and printable records.
 *
 * In:  outcomes of the classifier (tree/classifier.ts).  Out: combine(): the one code of a packet (called once a
 * connection, allocates nothing); outcomeRecord(): what every output prints as `egress` and `ingress` (cold).
 */
import type { Inventory, Node, Pod } from '../cluster/inventory.js';
import { formatPosition } from '../documents/document.js';
import type { Direction, Isolation, Rule, Ruleset, Tier } from '../rules/ruleset.js';
import {
  OUTCOME_AMBIGUOUS,
  OUTCOME_DEFAULT_DENY,
  OUTCOME_LOOPBACK,
  OUTCOME_NODE,
  OUTCOME_NONE,
  OUTCOME_UNSUPPORTED,
} from '../tree/classifier.js';
import type { Decision } from './decisions.js';
import { isolationsOf } from './isolations.js';
import {
  ALLOWED_LOOPBACK,
  ALLOWED_NO_POLICY,
  ALLOWED_NODE,
  ALLOWED_NOT_ENFORCED,
  ALLOWED_RULE,
  DROPPED_DEFAULT_DENY,
  DROPPED_RULE,
  type OutcomeRecord,
  reasonOf,
  UNDECIDED_AMBIGUOUS,
  UNDECIDED_UNSUPPORTED,
  verdictOf,
} from './verdict.js';

/** The code of one direction's outcome by itself. */
export function codeOf(outcome: number, rules: readonly Rule[]): number {
  if (outcome >= 0) {
    const { action, unenforced } = rules[outcome]!;
    if (action === 'deny') return DROPPED_RULE;
    if (action === 'ambiguous') return UNDECIDED_AMBIGUOUS;
    if (action === 'unsupported') return UNDECIDED_UNSUPPORTED;
    return unenforced !== undefined ? ALLOWED_NOT_ENFORCED : ALLOWED_RULE;
  }
  if (outcome <= OUTCOME_DEFAULT_DENY) return DROPPED_DEFAULT_DENY;
  switch (outcome) {
    case OUTCOME_LOOPBACK:
      return ALLOWED_LOOPBACK;
    case OUTCOME_NODE:
      return ALLOWED_NODE;
    case OUTCOME_AMBIGUOUS:
      return UNDECIDED_AMBIGUOUS;
    case OUTCOME_UNSUPPORTED:
      return UNDECIDED_UNSUPPORTED;
    default:
      return ALLOWED_NO_POLICY;
  }
}

const isDropped = (code: number): boolean => code === DROPPED_RULE || code === DROPPED_DEFAULT_DENY;
const isUndecided = (code: number): boolean => code === UNDECIDED_AMBIGUOUS || code === UNDECIDED_UNSUPPORTED;

/**
 * A connection is allowed when every direction allows (11). A definite drop wins over an answer that is not known; of
 * several drops (or unknowns) the first on the packet's way gives the reason: egress, ingress, then the forwarding host.
 * @param rules Ruleset.rules, which tell an explicit deny from an allow
 */
export function combine(egress: number, ingress: number, forward: number, rules: readonly Rule[]): number {
  const e = codeOf(egress, rules);
  const i = codeOf(ingress, rules);
  const f = codeOf(forward, rules);
  if (isDropped(e)) return e;
  if (isDropped(i)) return i;
  if (isDropped(f)) return f;
  if (isUndecided(e)) return e;
  if (isUndecided(i)) return i;
  if (isUndecided(f)) return f;
  if (e === ALLOWED_LOOPBACK || i === ALLOWED_LOOPBACK) return ALLOWED_LOOPBACK;
  if (e === ALLOWED_NODE || i === ALLOWED_NODE) return ALLOWED_NODE;
  if (e === ALLOWED_RULE || i === ALLOWED_RULE || f === ALLOWED_RULE) return ALLOWED_RULE;
  return e === ALLOWED_NOT_ENFORCED || i === ALLOWED_NOT_ENFORCED ? ALLOWED_NOT_ENFORCED : ALLOWED_NO_POLICY;
}

/**
 * @param subjectOwner owner index of the source for egress, of the destination for ingress; ignored for forward
 * @returns null where nothing is decided: that side is no pod, or there are no forward rules
 */
export function outcomeRecord(
  direction: Direction,
  outcome: number,
  subjectOwner: number,
  ruleset: Ruleset,
  inventory: Inventory,
): OutcomeRecord | null {
  if (outcome === OUTCOME_NONE) return null;
  const forward = direction === 'forward';
  const owner = forward ? undefined : subjectOf(subjectOwner, inventory);
  if (!forward && owner === undefined) return null;
  if (owner?.kind === 'node' && (ruleset.ofNodes !== true || outcome === OUTCOME_NODE)) return null;

  const tiers = ruleset[direction];
  const isolations = isolationsOf(direction, owner?.owner ?? -1, ruleset, inventory);
  const rule = outcome >= 0 ? ruleset.rules[outcome]! : null;
  const code = codeOf(outcome, ruleset.rules);
  const answer = code === DROPPED_RULE ? rule!.answer : code === DROPPED_DEFAULT_DENY && !forward && ruleset.denyAnswer;
  const origin = rule?.origin ?? denyingIsolation(outcome, tiers, isolations)?.origin;
  return {
    subject:
      owner === undefined ? '' : owner.kind === 'pod' ? `${owner.namespace}/${owner.name}` : `node/${owner.name}`,
    isolated: isolations.length > 0,
    verdict: verdictOf(code),
    reason: reasonOf(code),
    policies: [...new Set(isolations.map(({ origin: { policy } }) => policy))],
    policy: rule?.origin.policy ?? null,
    rule: rule?.origin.rule ?? null,
    source: origin === undefined ? null : formatPosition(origin.position),
    ...(origin !== undefined &&
      !PLAIN_KINDS.has(origin.kind) && { kind: origin.kind, tier: tierOf(outcome, rule, tiers) }),
    ...(answer && { answer }),
  };
}

/** Their tier says nothing that their name does not. */
const PLAIN_KINDS = new Set(['NetworkPolicy', 'RuleList', 'ClassBench', 'Profile']);

const tierOf = (outcome: number, rule: Rule | null, tiers: readonly Tier[]): string =>
  tiers[rule === null ? OUTCOME_DEFAULT_DENY - outcome : rule.tier]!.name;

/** A pod on the host network is its node (19). */
function subjectOf(index: number, { owners, nodes }: Inventory): Pod | Node | undefined {
  const owner = owners[index];
  if (owner?.kind === 'pod' && owner.hostNetwork) return nodes.find(({ name }) => name === owner.node);
  return owner?.kind === 'service' ? undefined : owner;
}

/** A default deny stands where the first policy that isolates the subject in that tier stands. */
function denyingIsolation(
  outcome: number,
  tiers: readonly Tier[],
  isolations: readonly Isolation[],
): Isolation | undefined {
  if (outcome > OUTCOME_DEFAULT_DENY) return undefined;
  const tier = tiers[OUTCOME_DEFAULT_DENY - outcome];
  return isolations.find(isolation => tier?.isolations.includes(isolation));
}

/** (P18): whether the packet passes though connection tracking calls it invalid, as nobody asks it. */
export function invalidPasses({ egress, ingress, code }: Decision, { ownNodeInvalid, rules }: Ruleset): boolean {
  if (code >= DROPPED_DEFAULT_DENY) return false;
  if (egress === OUTCOME_NODE || ingress === OUTCOME_NODE) return ownNodeInvalid === true;
  return egress >= 0 && rules[egress]!.unenforced === 'any';
}
