/**
 * Hits: which policies and rules decided, and how often (cold).
 *
 * In:  connections and packets by decision, and by the owner that a default deny is about.  Out: every policy with every rule it declares, those never used included.
 * A connection counts at the rule that matched on each side, or at every policy that isolates the side where none did.
 * Where several rules allow the same, the first counts: `hits: 0` means "never decided", not "never matches".
 */
import { formatPosition, type Position } from '../documents/document.js';
import type { Isolation } from '../rules/ruleset.js';
import { OUTCOME_DEFAULT_DENY } from '../tree/classifier.js';
import { isolationsOf } from '../verdict/outcome.js';
import { DENIED_EGRESS, DENIED_INGRESS, DENIED_WORDS } from './counters.js';
import type { ReplayContext } from './report.js';
import type { Tally } from './tally.js';

export interface Hits {
  readonly connections: number;
  readonly packets: number;
}

export interface RuleHits {
  /** `ingress[0]`; of plain rules the name. */
  readonly rule: string;
  /** `file:line:column`. */
  readonly source: string;
  readonly hits: Hits;
}

export interface PolicyHits {
  readonly kind: string;
  /** `shop/web`; of plain rules the file. */
  readonly policy: string;
  readonly source: string;
  /** Of its rules and of its isolation together. */
  readonly hits: Hits;
  /** Connections and packets that were refused because the policy isolates their end and no rule allowed them. */
  readonly defaultDeny: Hits;
  readonly rules: readonly RuleHits[];
}

const DIRECTIONS = ['egress', 'ingress', 'forward'] as const;
const DENIED = [
  ['egress', DENIED_EGRESS],
  ['ingress', DENIED_INGRESS],
] as const;

interface Counter {
  connections: number;
  packets: number;
}

class PolicyCounter {
  readonly defaultDeny: Counter = { connections: 0, packets: 0 };
  readonly rules = new Map<string, { readonly position: Position; readonly hits: Counter }>();

  constructor(
    readonly kind: string,
    readonly policy: string,
    readonly position: Position,
  ) {}

  declare(rule: string, position: Position): Counter {
    const found = this.rules.get(rule);
    if (found !== undefined) return found.hits;
    const hits = { connections: 0, packets: 0 };
    this.rules.set(rule, { position, hits });
    return hits;
  }

  result(): PolicyHits {
    // Texts that no report may ask for are made when one does.
    const rules = [...this.rules].map(([rule, { position, hits }]) => ({
      rule,
      get source() {
        return formatPosition(position);
      },
      hits,
    }));
    const hits = { ...this.defaultDeny };
    for (const rule of rules) add(hits, rule.hits.connections, rule.hits.packets);
    const { kind, policy, position, defaultDeny } = this;
    return {
      kind,
      policy,
      get source() {
        return formatPosition(position);
      },
      hits,
      defaultDeny,
      rules,
    };
  }
}

const add = (counter: Counter, connections: number, packets: number): void => {
  counter.connections += connections;
  counter.packets += packets;
};

export function countHits({ compiled, decisions }: ReplayContext, tally: Tally): PolicyHits[] {
  const counters: PolicyCounter[] = [];
  const byKind = new Map<string, Map<string, PolicyCounter>>();
  const counterOf = (kind: string, policy: string, position: Position): PolicyCounter => {
    const ofKind = byKind.get(kind) ?? new Map<string, PolicyCounter>();
    byKind.set(kind, ofKind);
    let counter = ofKind.get(policy);
    if (counter === undefined) {
      counter = new PolicyCounter(kind, policy, position);
      ofKind.set(policy, counter);
      counters.push(counter);
    }
    return counter;
  };

  for (const { namespace, name, ingress, egress, position } of compiled.policies) {
    const counter = counterOf('NetworkPolicy', `${namespace}/${name}`, position);
    ingress.forEach((rule, i) => {
      counter.declare(`ingress[${i}]`, rule.position);
    });
    egress.forEach((rule, i) => {
      counter.declare(`egress[${i}]`, rule.position);
    });
  }
  // What a profile says is no policy's.
  const byRule = compiled.ruleset.rules.map(({ origin: { kind, policy, rule, position } }) =>
    kind === 'Profile' ? null : counterOf(kind, policy, position).declare(rule, position),
  );

  const { ruleset, inventory } = compiled;
  const isolating = new Map<Isolation, PolicyCounter>();
  for (const direction of DIRECTIONS) {
    for (const isolation of ruleset[direction].flatMap(tier => tier.isolations)) {
      const { kind, policy, position } = isolation.origin;
      isolating.set(isolation, counterOf(kind, policy, position));
    }
  }
  const countDenied = (isolations: readonly Isolation[], hits: Hits): void => {
    for (const counter of new Set(isolations.map(isolation => isolating.get(isolation)!)))
      add(counter.defaultDeny, hits.connections, hits.packets);
  };

  decisions.forEach((decision, i) => {
    const hits = tally.ofDecision(i);
    if (hits.packets === 0) return;
    for (const outcome of [decision.egress, decision.ingress, decision.forward]) {
      const counter = outcome >= 0 ? byRule[outcome] : null;
      if (counter) add(counter, hits.connections, hits.packets);
    }
    if (decision.forward <= OUTCOME_DEFAULT_DENY) countDenied(isolationsOf('forward', -1, ruleset, inventory), hits);
  });
  const { denied } = tally.counters;
  for (let owner = 0; owner < inventory.owners.length; owner++) {
    for (const [direction, word] of DENIED) {
      const at = owner * DENIED_WORDS + word;
      const hits = { packets: denied[at]!, connections: denied[at + 1]! };
      if (hits.packets > 0) countDenied(isolationsOf(direction, owner, ruleset, inventory), hits);
    }
  }
  return counters.map(counter => counter.result());
}
