/**
 * The classifier: (source, destination, protocol, ports, ICMP type) -> one outcome a direction.
 *
 * In:  a Ruleset and an Inventory.  Out: a Classifier.  Engines: `linear` (the specification), `tree` (what runs);
 * property tests hold them equal. Hot: classify() allocates nothing and reads only the row's words.
 */
import type { Rule, Ruleset } from '../rules/ruleset.js';

/**
 * An outcome is one int32. Zero and above: the index of the deciding rule in Ruleset.rules. Below zero:
 */
/** This side is no pod (or there are no rules of this direction): nothing is decided here. */
export const OUTCOME_NONE = -1;
/** A pod that no policy isolates in this direction: allowed. */
export const OUTCOME_NOT_ISOLATED = -2;
/** A pod and itself (13): allowed. */
export const OUTCOME_LOOPBACK = -3;
/** A node and a pod on it (14), or a node and itself: allowed. */
export const OUTCOME_NODE = -4;
/** Several answers that the input cannot tell apart (backends that differ, equal priorities). */
export const OUTCOME_AMBIGUOUS = -5;
/** A dialect says something that is not supported yet. */
export const OUTCOME_UNSUPPORTED = -6;
/** OUTCOME_DEFAULT_DENY - t: isolated in tier t, and no rule of it matched. Tiers are counted from 0. */
export const OUTCOME_DEFAULT_DENY = -16;

/** Where classify() writes: out[at + EGRESS], out[at + INGRESS], out[at + FORWARD]. */
export const EGRESS = 0;
export const INGRESS = 1;
export const FORWARD = 2;
export const OUTCOMES = 3;

export interface ClassifierStats {
  readonly engine: string;
  readonly rules: number;
  /** Address classes a direction and side, and in all. */
  readonly addressClasses: number;
  readonly nodes: number;
  /** Most comparisons or table steps one lookup can take. */
  readonly depth: number;
  readonly bytes: number;
  readonly buildMs: number;
}

export interface OwnerLookup {
  /** Owner index of the address at rows[base + word] (word = SRC or DST), -1 where nobody is known to own it. Hot. */
  ownerOf(rows: Int32Array, base: number, word: number): number;
}

export interface Classifier extends OwnerLookup {
  readonly engine: 'linear' | 'tree';
  /** What it was built from: outcomes from zero on are indices into its rules. */
  readonly ruleset: Ruleset;
  /**
   * Judges the packet (or connection) in rows[base, base+STRIDE) as the first packet of a connection from SRC to DST.
   */
  classify(rows: Int32Array, base: number, out: Int32Array, at: number): void;
  /**
   * Judges rows[i * STRIDE, (i + 1) * STRIDE) for i < count, outcomes to out[i * OUTCOMES + ...]: what classify() gives
   * for each, sooner, because many lookups are under way at once.
   */
  classifyBatch(rows: Int32Array, count: number, out: Int32Array): void;
  stats(): ClassifierStats;
}

/** One side of a question asked by name or address (cold): a pod may have no address yet. */
export interface Endpoint {
  /** Owner index, -1 where the address is nobody's. */
  readonly owner: number;
  /** Canonical text; null for a pod without one. */
  readonly address: string | null;
}

export interface Question {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  /** IANA protocol number. */
  readonly protocol: number;
  /** -1 where the question leaves it open: then only rules that do not ask for one match. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly icmpType: number;
  readonly icmpCode: number;
}

/** The linear engine also answers questions about endpoints without addresses. */
export interface QuestionClassifier extends Classifier {
  decide(question: Question): readonly [egress: number, ingress: number, forward: number];
  /** Whether the rule's header and addresses match, whatever stands before it; names are not looked at. */
  matches(rule: Rule, question: Question): boolean;
}
