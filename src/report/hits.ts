/**
 * Hits: which policies and rules decided, and how often (cold).
 *
 * In:  connections and packets by decision, and by the owner that a default deny is about.  Out: every policy with every rule it declares, those never used included.
 * A connection counts at the rule that matched on each side, or at every policy that isolates the side where none did.
 * Where several rules allow the same, the first counts: `hits: 0` means "never decided", not "never matches".
 */
import { formatPosition, type Position } from '../documents/document.js';
import { objectName } from '../policy/dialects.js';
import type { Isolation } from '../rules/ruleset.js';
import { OUTCOME_DEFAULT_DENY } from '../tree/classifier.js';
import { isolationsBy, isolationsOf } from '../verdict/isolations.js';
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

const add = (counter: Counter, connections: number, packets: number): void => {
  counter.connections += connections;
  counter.packets += packets;
};

/** Thousands of rules, of which a text names two: where one stands is told when it is asked for. */
class CountedRule implements RuleHits {
  readonly hits: Counter = { connections: 0, packets: 0 };

  constructor(
    readonly rule: string,
    private readonly position: Position,
  ) {}

  get source(): string {
    return formatPosition(this.position);
  }

  toJSON(): RuleHits {
    const { rule, source, hits } = this;
    return { rule, source, hits };
  }
}

class CountedPolicy implements PolicyHits {
  readonly hits: Counter = { connections: 0, packets: 0 };
  readonly defaultDeny: Counter = { connections: 0, packets: 0 };
  readonly rules: CountedRule[] = [];
  /** Which denials were counted here last. */
  denials = 0;
  private readonly named = new Map<string, CountedRule>();

  constructor(
    readonly kind: string,
    readonly policy: string,
    private readonly position: Position,
  ) {}

  get source(): string {
    return formatPosition(this.position);
  }

  declare(rule: string, position: Position): CountedRule {
    let found = this.named.get(rule);
    if (found === undefined) {
      found = new CountedRule(rule, position);
      this.named.set(rule, found);
      this.rules.push(found);
    }
    return found;
  }

  /** Counted at the policy too. */
  finish(): void {
    add(this.hits, this.defaultDeny.connections, this.defaultDeny.packets);
    for (const { hits } of this.rules) add(this.hits, hits.connections, hits.packets);
  }

  toJSON(): PolicyHits {
    const { kind, policy, source, hits, defaultDeny, rules } = this;
    return { kind, policy, source, hits, defaultDeny, rules };
  }
}

export function countHits({ compiled, decisions }: ReplayContext, tally: Tally): PolicyHits[] {
  const counters: CountedPolicy[] = [];
  const byKind = new Map<string, Map<string, CountedPolicy>>();
  const counterOf = (kind: string, policy: string, position: Position): CountedPolicy => {
    const ofKind = byKind.get(kind) ?? new Map<string, CountedPolicy>();
    byKind.set(kind, ofKind);
    let counter = ofKind.get(policy);
    if (counter === undefined) {
      counter = new CountedPolicy(kind, policy, position);
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
  for (const [dialect, objects] of Object.entries(compiled.objects)) {
    if (!compiled.profile.enforces.includes(dialect)) continue;
    for (const object of objects) {
      if (object.declares === undefined) continue;
      const counter = counterOf(object.kind, objectName(object), object.position);
      for (const { rule, position } of object.declares) counter.declare(rule, position);
    }
  }
  // What a profile says is no policy's.
  const byRule = compiled.ruleset.rules.map(({ origin: { kind, policy, rule, position } }) =>
    kind === 'Profile' ? null : counterOf(kind, policy, position).declare(rule, position),
  );

  const { ruleset, inventory } = compiled;
  const isolating = new Map<Isolation, CountedPolicy>();
  for (const direction of DIRECTIONS) {
    for (const isolation of ruleset[direction].flatMap(tier => tier.isolations)) {
      const { kind, policy, position } = isolation.origin;
      isolating.set(isolation, counterOf(kind, policy, position));
    }
  }
  // A number each time: who isolates an end twice counts its denials once.
  let denials = 0;
  const countDenied = (isolations: readonly Isolation[], connections: number, packets: number): void => {
    denials++;
    for (const isolation of isolations) {
      const counter = isolating.get(isolation)!;
      if (counter.denials === denials) continue;
      counter.denials = denials;
      add(counter.defaultDeny, connections, packets);
    }
  };

  decisions.forEach((decision, i) => {
    const hits = tally.ofDecision(i);
    if (hits.packets === 0) return;
    for (const outcome of [decision.egress, decision.ingress, decision.forward]) {
      const counter = outcome >= 0 ? byRule[outcome] : null;
      if (counter) add(counter.hits, hits.connections, hits.packets);
    }
    if (decision.forward <= OUTCOME_DEFAULT_DENY)
      countDenied(isolationsOf('forward', -1, ruleset, inventory), hits.connections, hits.packets);
  });
  const { denied } = tally.counters;
  for (const [direction, word] of DENIED) {
    const { listOf, lists } = isolationsBy(direction, ruleset, inventory);
    const packets = new Float64Array(lists.length);
    const connections = new Float64Array(lists.length);
    listOf.forEach((list, owner) => {
      const at = owner * DENIED_WORDS + word;
      packets[list]! += denied[at]!;
      connections[list]! += denied[at + 1]!;
    });
    lists.forEach((list, i) => {
      if (packets[i]! > 0) countDenied(list, connections[i]!, packets[i]!);
    });
  }
  for (const counter of counters) counter.finish();
  return counters;
}
