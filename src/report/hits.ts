/**
 * Hits: which policies and rules decided, and how often (cold).
 *
 * In:  connections and packets by decision.  Out: every policy with every rule it declares, those never used included.
 * A connection counts at the rule that matched on each side, or at every policy that isolates the side where none did.
 * Where several rules allow the same, the first counts: `hits: 0` means "never decided", not "never matches".
 */
import { formatPosition, type Position } from '../documents/document.js';
import { OUTCOME_DEFAULT_DENY } from '../tree/classifier.js';
import type { Outcomes } from './outcomes.js';
import type { ReplayContext } from './report.js';

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

interface Counter {
  connections: number;
  packets: number;
}

class PolicyCounter {
  readonly defaultDeny: Counter = { connections: 0, packets: 0 };
  readonly rules = new Map<string, { readonly source: string; readonly hits: Counter }>();

  constructor(
    readonly kind: string,
    readonly policy: string,
    readonly source: string,
  ) {}

  declare(rule: string, position: Position): Counter {
    const found = this.rules.get(rule);
    if (found !== undefined) return found.hits;
    const hits = { connections: 0, packets: 0 };
    this.rules.set(rule, { source: formatPosition(position), hits });
    return hits;
  }

  result(): PolicyHits {
    const rules = [...this.rules].map(([rule, { source, hits }]) => ({ rule, source, hits }));
    const hits = { ...this.defaultDeny };
    for (const rule of rules) add(hits, rule.hits.connections, rule.hits.packets);
    const { kind, policy, source, defaultDeny } = this;
    return { kind, policy, source, hits, defaultDeny, rules };
  }
}

const add = (counter: Counter, connections: number, packets: number): void => {
  counter.connections += connections;
  counter.packets += packets;
};

export function countHits(
  { compiled, decisions }: ReplayContext,
  outcomes: Outcomes,
  connectionsByDecision: Float64Array,
  packetsByDecision: Float64Array,
): PolicyHits[] {
  const counters = new Map<string, PolicyCounter>();
  const counterOf = (kind: string, policy: string, position: Position): PolicyCounter => {
    const key = `${kind} ${policy}`;
    let counter = counters.get(key);
    if (counter === undefined) {
      counter = new PolicyCounter(kind, policy, formatPosition(position));
      counters.set(key, counter);
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

  const isolating = new Map<string, PolicyCounter>();
  for (const tiers of [compiled.ruleset.egress, compiled.ruleset.ingress, compiled.ruleset.forward]) {
    for (const { origin } of tiers.flatMap(tier => tier.isolations)) {
      isolating.set(origin.policy, counterOf(origin.kind, origin.policy, origin.position));
    }
  }

  decisions.forEach((decision, i) => {
    const connections = connectionsByDecision[i] ?? 0;
    const packets = packetsByDecision[i] ?? 0;
    if (packets === 0) return;
    for (const outcome of [decision.egress, decision.ingress, decision.forward]) {
      const counter = outcome >= 0 ? byRule[outcome] : null;
      if (counter) add(counter, connections, packets);
    }
    // Most decisions are no default denials, and records are dear.
    if (Math.min(decision.egress, decision.ingress, decision.forward) > OUTCOME_DEFAULT_DENY) return;
    const { egress, ingress, forward } = outcomes.of(decision);
    for (const record of [egress, ingress, forward]) {
      if (record?.reason !== 'default-deny') continue;
      for (const policy of record.policies) {
        const counter = isolating.get(policy);
        if (counter !== undefined) add(counter.defaultDeny, connections, packets);
      }
    }
  });
  return [...counters.values()].map(counter => counter.result());
}
