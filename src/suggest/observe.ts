/**
 * What a capture is held against to find what is missing: everybody isolated, beside the existing policies (cold).
 *
 * In:  documents of the cluster and of existing policies.  Out: them compiled with a default deny in every namespace, and what a
 * decision then says: a side that only this default deny refuses needs a rule. What passes nevertheless (a node and its pods,
 * loopback, what existing policies or the plugin allow) needs none.
 */
import type { Inventory } from '../cluster/inventory.js';
import type { Compiled, CompileOptions } from '../compile.js';
import { compile } from '../compile.js';
import type { KubernetesDocument, Problem } from '../documents/document.js';
import { readDocuments } from '../documents/read.js';
import { DPORT, DST, FAMILY, PROTOCOL, SRC, STRIDE } from '../packet/row.js';
import { type AddressWords, addressWords } from '../packet/text.js';
import type { Ruleset, Tier } from '../rules/ruleset.js';
import { EGRESS, INGRESS, OUTCOME_DEFAULT_DENY, OUTCOMES } from '../tree/classifier.js';
import type { Decision } from '../verdict/decisions.js';
import { isolationsBy } from '../verdict/isolations.js';
import { codeOf } from '../verdict/outcome.js';
import { DROPPED_DEFAULT_DENY, DROPPED_RULE, UNDECIDED_TRUNCATED } from '../verdict/verdict.js';
import { DENIED, type FlowEnd, NEEDS_EGRESS, NEEDS_INGRESS, type Refuses } from './flows.js';
import type { Existing } from './policies.js';

export interface Observing {
  /** With everybody isolated. */
  readonly isolated: Compiled;
  /** As it is. */
  readonly asItIs: Compiled;
  /** The plugin enforces nothing, so that the specification was followed. */
  readonly isUnenforced: boolean;
}

const DENY_ALL = 'policap-isolates-everybody';

export function prepare(
  documents: readonly KubernetesDocument[],
  options: CompileOptions,
): { readonly observing: Observing | null; readonly problems: readonly Problem[] } {
  const given = compile(documents, options);
  if (given.compiled === null) return { observing: null, problems: given.problems };
  const isUnenforced = given.compiled.profile.families.length === 0;
  const profile = isUnenforced ? 'upstream' : given.compiled.profile.name;
  const asItIs = isUnenforced ? compile(documents, { ...options, profile }).compiled! : given.compiled;
  const { compiled: isolated, problems } = compile([...documents, ...denyAll(asItIs.inventory)], {
    ...options,
    profile,
  });
  // Pods may stand in a namespace whose name no policy can have.
  if (isolated === null) return { observing: null, problems };
  return { observing: { isolated, asItIs, isUnenforced }, problems: given.problems };
}

function denyAll({ pods }: Inventory): readonly KubernetesDocument[] {
  const items = [...new Set(pods.map(({ namespace }) => namespace))].map(namespace => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace, name: DENY_ALL },
    spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  }));
  return readDocuments(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), 'policap').documents;
}

/** What a decision says of its sides: NEEDS_EGRESS, NEEDS_INGRESS, DENIED. */
export function createSidesOf({ ruleset }: Compiled): (decision: Decision) => number {
  const known = new Map<Decision, number>();
  return decision => {
    let sides = known.get(decision);
    if (sides === undefined) {
      sides = sidesOf(decision, ruleset);
      known.set(decision, sides);
    }
    return sides;
  };
}

function sidesOf({ egress, ingress, backends }: Decision, ruleset: Ruleset): number {
  // Backends differ: some need rules.
  if (backends !== null) return NEEDS_EGRESS | NEEDS_INGRESS;
  return (
    sideOf(egress, ruleset, ruleset.egress, NEEDS_EGRESS) | sideOf(ingress, ruleset, ruleset.ingress, NEEDS_INGRESS)
  );
}

function sideOf(outcome: number, { rules }: Ruleset, tiers: readonly Tier[], need: number): number {
  const code = codeOf(outcome, rules);
  if (code < DROPPED_DEFAULT_DENY) return 0;
  if (code === DROPPED_RULE) return DENIED;
  // What the policies leave undecided, a rule may decide.
  if (code >= UNDECIDED_TRUNCATED) return need;
  return tiers[OUTCOME_DEFAULT_DENY - outcome]!.isolations.some(isOurs) ? need : DENIED;
}

const isOurs = ({ origin }: Tier['isolations'][number]): boolean => origin.policy.endsWith(`/${DENY_ALL}`);

/** Pairs of addresses that are asked about; where there are more, a rule is written that may not be needed. */
const MOST_PAIRS = 4096;

export function createRefuses({ classifier, ruleset }: Compiled): Refuses {
  const row = new Int32Array(STRIDE);
  const out = new Int32Array(OUTCOMES);
  const isRefused = (outcome: number): boolean => codeOf(outcome, ruleset.rules) >= DROPPED_DEFAULT_DENY;
  return (source, destination, protocol, port) => {
    const [sources, destinations] = [addressesOf(source), addressesOf(destination)];
    if (sources.length * destinations.length > MOST_PAIRS) return { egress: true, ingress: true };
    const pairs = sources.flatMap(from =>
      destinations.filter(({ family }) => family === from.family).map(to => [from, to] as const),
    );
    if (pairs.length === 0) return { egress: true, ingress: true };
    const needs = { egress: false, ingress: false };
    row[PROTOCOL] = protocol;
    row[DPORT] = port;
    for (const [from, to] of pairs) {
      row[FAMILY] = from.family;
      row.set(from.words, SRC);
      row.set(to.words, DST);
      classifier.classify(row, 0, out, 0);
      needs.egress ||= isRefused(out[EGRESS]!);
      needs.ingress ||= isRefused(out[INGRESS]!);
    }
    return needs;
  };
}

const addressesOf = (end: FlowEnd): AddressWords[] =>
  (end.kind === 'workload' ? end.workload.pods.flatMap(({ addresses }) => addresses) : [end.address]).flatMap(
    address => addressWords(address) ?? [],
  );

const UDP = 17;
const TCP = 6;
const PROTOCOL_NUMBER = { UDP, TCP } as const;

/** What the policies that were given do. */
export function createExisting({ isolated, asItIs }: Observing): Existing {
  const { inventory, ruleset } = asItIs;
  const refuses = createRefuses(isolated);
  const isIsolated = (direction: 'ingress' | 'egress', owner: number): boolean => {
    const { listOf, lists } = isolationsBy(direction, ruleset, inventory);
    return lists[listOf[owner]!]!.length > 0;
  };
  return {
    names: new Set(asItIs.policies.map(({ namespace, name }) => `${namespace}/${name}`)),
    isolates: (direction, { pods }) =>
      pods.every(({ owner }) => isIsolated(direction === 'Ingress' ? 'ingress' : 'egress', owner)),
    allowsDns: (workload, { workloads, ports }) => {
      if (workloads.size === 0) return false;
      const source: FlowEnd = { kind: 'workload', workload };
      return [...workloads].every(resolver =>
        ports.every(
          ({ protocol, port }) =>
            !refuses(source, { kind: 'workload', workload: resolver }, PROTOCOL_NUMBER[protocol], port).egress,
        ),
      );
    },
  };
}
