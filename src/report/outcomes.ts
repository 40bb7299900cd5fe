/**
 * Decisions -> outcome records, each rendered once (cold; the hot reports keep what they make of them).
 */
import type { Compiled } from '../compile.js';
import type { Direction } from '../rules/ruleset.js';
import type { Decision } from '../verdict/decisions.js';
import { outcomeRecord } from '../verdict/outcome.js';
import type { OutcomeRecord } from '../verdict/verdict.js';

export interface DecisionOutcomes {
  readonly egress: OutcomeRecord | null;
  readonly ingress: OutcomeRecord | null;
  /** null where there are no plain rules. */
  readonly forward: OutcomeRecord | null;
}

export interface Outcomes {
  /** @param source, destination owners of the connection's ends, -1 for nobody */
  of(decision: Pick<Decision, Direction>, source: number, destination: number): DecisionOutcomes;
}

export function createOutcomes(compiled: Pick<Compiled, 'ruleset' | 'inventory'>): Outcomes {
  const known = new Map<string, OutcomeRecord | null>();
  const record = (direction: Direction, outcome: number, subject: number): OutcomeRecord | null => {
    const key = `${direction} ${outcome} ${subject}`;
    let found = known.get(key);
    if (found === undefined) {
      found = outcomeRecord(direction, outcome, subject, compiled.ruleset, compiled.inventory);
      known.set(key, found);
    }
    return found;
  };
  return {
    of: ({ egress, ingress, forward }, source, destination) => ({
      egress: record('egress', egress, source),
      ingress: record('ingress', ingress, destination),
      forward: record('forward', forward, source),
    }),
  };
}
