/**
 * Chains: which rules of a side stand between two classes, in order (cold).
 *
 * In:  a side's ruleset and the classes of ends.  Out: for a destination class the chain of every source class, of both
 * directions, as small numbers: equal chains share one, however many pairs have them, so that each is looked into once.
 *
 * A chain is a path in a tree: it grows rule by rule from a root that says which tiers isolate its subject. For one
 * destination all sources are served together: each rule is walked once, over the sources that it is about.
 */
import type { Direction, Rule, Ruleset } from '../rules/ruleset.js';
import { OUTCOME_DEFAULT_DENY, OUTCOME_NODE, OUTCOME_NONE, OUTCOME_NOT_ISOLATED } from '../tree/classifier.js';
import { matchesHeader, type Packet } from '../tree/linear.js';
import type { Class, Ends } from './ends.js';

/** The chain of a side that is no pod, on which nothing is decided. */
export const NO_CHAIN = 0;
/** (14): the chain of a node and its own pods. */
const NODE_CHAIN = 1;

/** For one destination, by source class. */
export interface Row {
  readonly egress: Int32Array;
  readonly ingress: Int32Array;
}

export interface Chains {
  /** Written over by the next call. */
  to(destination: number): Row;
  rulesOf(chain: number): readonly Rule[];
  /** The outcome (tree/classifier.ts) of a packet: what the linear engine says where nobody knows names. */
  decide(chain: number, packet: Packet): number;
}

interface Tier {
  readonly rules: Rule[];
  readonly isolates: boolean;
}

type Side = Exclude<Direction, 'forward'>;

export function createChains(ruleset: Ruleset, ends: Ends, side: number): Chains {
  const { classes } = ends;
  const parents = [-1, -1];
  /** The rule that a chain ends with; of a root what stands in `roots`. */
  const last: (Rule | null)[] = [null, null];
  const grown = new Map<number, number>();
  const roots = new Map<string, number>();
  const isolatedTiers = new Map<number, ReadonlySet<number>>();
  const widest = ruleset.rules.length + 1;

  const rootsOf = { egress: rootsFor('egress'), ingress: rootsFor('ingress') };
  const rulesFor = { egress: rulesByClass('egress', 'peers'), ingress: rulesByClass('ingress', 'subjects') };
  const row: Row = { egress: new Int32Array(classes.length), ingress: new Int32Array(classes.length) };
  const nodeLocal = classes.flatMap(({ isNodeLocal }, at) => (isNodeLocal ? [at] : []));

  /** By class, where the chains of its pods begin: two that the same tiers isolate begin alike. */
  function rootsFor(direction: Side): Int32Array {
    const tiers = classes.map((): number[] => []);
    ruleset[direction].forEach(({ isolations }, tier) => {
      const held = new Set(isolations.flatMap(({ subjects }) => ends.classesIn(side, subjects)));
      for (const at of held) tiers[at]!.push(tier);
    });
    return Int32Array.from(classes, ({ isPod }, at) => {
      if (!isPod) return NO_CHAIN;
      const key = `${direction} ${tiers[at]!.join()}`;
      let root = roots.get(key);
      if (root === undefined) {
        root = parents.push(-1) - 1;
        last.push(null);
        roots.set(key, root);
        isolatedTiers.set(root, new Set(tiers[at]));
      }
      return root;
    });
  }

  /** By class, the rules of a direction whose subjects (or peers) hold it, in the order in which they are asked. */
  function rulesByClass(direction: Side, sets: 'subjects' | 'peers'): readonly (readonly Rule[])[] {
    const byClass = classes.map((): Rule[] => []);
    for (const rule of ruleset[direction].flatMap(({ rules }) => rules)) {
      for (const at of ends.classesIn(side, rule[sets])) byClass[at]!.push(rule);
    }
    return byClass;
  }

  function grow(chain: number, rule: Rule): number {
    const key = chain * widest + rule.index;
    let longer = grown.get(key);
    if (longer === undefined) {
      longer = parents.push(chain) - 1;
      last.push(rule);
      grown.set(key, longer);
    }
    return longer;
  }

  function growAll(chains: Int32Array, rules: readonly Rule[], others: 'subjects' | 'peers'): void {
    for (const rule of rules) {
      for (const at of ends.classesIn(side, rule[others])) {
        if (chains[at] !== NO_CHAIN) chains[at] = grow(chains[at]!, rule);
      }
    }
  }

  /** (14): every node has this address, so it and a pod are a node and its pod. */
  function exempt(destination: number): void {
    const bothWays = ruleset.ownNode !== 'to-pods';
    const to = classes[destination]!;
    const set = (at: number): void => {
      row.egress[at] = NODE_CHAIN;
      row.ingress[at] = NODE_CHAIN;
    };
    if (to.hasHost[side]) for (const at of nodeLocal) set(at);
    if (!to.isNodeLocal || !bothWays) return;
    classes.forEach((from: Class, at) => {
      if (from.hasHost[side]) set(at);
    });
  }

  const tiersOf = new Map<number, readonly Tier[]>();
  function tiersOn(chain: number): readonly Tier[] {
    let tiers = tiersOf.get(chain);
    if (tiers === undefined) {
      const rules: Rule[] = [];
      let at = chain;
      for (; last[at] !== null; at = parents[at]!) rules.push(last[at]!);
      const isolated = isolatedTiers.get(at)!;
      const count = Math.max(ruleset.egress.length, ruleset.ingress.length);
      const made = Array.from({ length: count }, (_, tier): Tier => ({ rules: [], isolates: isolated.has(tier) }));
      for (const rule of rules.reverse()) made[rule.tier]!.rules.push(rule);
      tiers = made;
      tiersOf.set(chain, tiers);
    }
    return tiers;
  }

  return {
    to(destination) {
      row.egress.set(rootsOf.egress);
      growAll(row.egress, rulesFor.egress[destination]!, 'subjects');
      row.ingress.fill(rootsOf.ingress[destination]!);
      if (classes[destination]!.isPod) growAll(row.ingress, rulesFor.ingress[destination]!, 'peers');
      if (nodeLocal.length > 0) exempt(destination);
      return row;
    },
    rulesOf: chain => (chain <= NODE_CHAIN ? [] : tiersOn(chain).flatMap(({ rules }) => rules)),
    decide(chain, packet) {
      if (chain === NO_CHAIN) return OUTCOME_NONE;
      if (chain === NODE_CHAIN) return OUTCOME_NODE;
      for (const [tier, { rules, isolates }] of tiersOn(chain).entries()) {
        const rule = rules.find(candidate => matchesHeader(candidate, packet));
        if (rule !== undefined && rule.action !== 'pass') return rule.index;
        // (11): one isolating policy is enough.
        if (rule === undefined && isolates) return OUTCOME_DEFAULT_DENY - tier;
      }
      return OUTCOME_NOT_ISOLATED;
    },
  };
}
