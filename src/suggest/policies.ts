/**
 * Flows -> NetworkPolicies, one a workload (cold).
 *
 * In:  what was seen, and what rules must allow.  Out: policies in the order of their namespaces and names.
 * Workloads that no selector tells apart share a policy. A policy isolates both directions; beside existing policies only those
 * that these do not isolate, or in which something is missing. Every workload that sends anything may ask the cluster's DNS, and
 * the DNS answers everybody in the cluster.
 */
import type { Inventory } from '../cluster/inventory.js';
import type { Profile } from '../profile/profile.js';
import { count, plural } from '../report/style.js';
import { type BlockOptions, createClusterRanges } from './blocks.js';
import { type Dns, dnsPeers, dnsPorts, findDns, isAssumed } from './dns.js';
import type { Flow, FlowEnd, UnnamedFlow } from './flows.js';
import { REASONS } from './left-out.js';
import type { Direction, SuggestedPolicy, SuggestedRule } from './policy.js';
import { buildRules, flowLines, type RuleParts, selectedBy, selectorText } from './rules.js';
import { type Choice, choiceLines, createChoices, listText } from './selectors.js';
import type { TrafficSeen } from './traffic.js';
import type { Entity, Workload } from './workloads.js';

/** What existing policies do already. */
export interface Existing {
  /** Every pod of the workload is isolated. */
  isolates(direction: Direction, workload: Workload): boolean;
  /** Egress of every pod to all of the resolvers. */
  allowsDns(workload: Workload, dns: Dns): boolean;
  /** `shop/web`. */
  readonly names: ReadonlySet<string>;
}

export interface PolicyOptions {
  readonly blocks: BlockOptions;
  readonly defaultDeny: boolean;
  /** Only policies of these; undefined: of all. */
  readonly namespaces?: ReadonlySet<string>;
  readonly existing: Existing | null;
}

export interface Suggested {
  readonly policies: readonly SuggestedPolicy[];
  /** Workloads that took part in completed traffic. */
  readonly seen: number;
  /** Workloads of the policies' namespaces that did not. */
  readonly silent: readonly string[];
  /** Sentences. */
  readonly warnings: readonly string[];
}

/** Workloads with the same selector. */
interface Subject {
  readonly choice: Choice;
  readonly workloads: Workload[];
  readonly ingress: Flow[];
  readonly egress: Flow[];
  /** What no rule can name, so that the policy refuses it. */
  readonly refused: { readonly direction: Direction; readonly it: UnnamedFlow }[];
}

const LISTED = 5;

export function suggestPolicies(
  { groups, entities }: TrafficSeen,
  needed: { readonly flows: readonly Flow[]; readonly unnamed: readonly UnnamedFlow[] },
  inventory: Inventory,
  profile: Profile,
  options: PolicyOptions,
): Suggested {
  const choiceOf = createChoices(inventory, profile.hiddenLabels);
  const parts: RuleParts = { choiceOf, profile, blocks: options.blocks, isOfCluster: createClusterRanges(inventory) };
  const dns = findDns(inventory, entities);
  const seen = new Set<Workload>();
  for (const { source, destination } of groups) {
    for (const it of [source, destination]) if (it?.kind === 'workload') seen.add(it);
  }
  const isAsked = ({ namespace }: { readonly namespace: string }): boolean =>
    options.namespaces?.has(namespace) ?? true;
  const names = new Set(options.existing?.names);
  // Ready backends that nobody was seen to reach: the next connection may.
  const backends = needed.flows.flatMap(({ ingress, destination: it }) =>
    ingress && it.kind === 'workload' ? it.workload : [],
  );
  const subjects = listSubjects([...new Set([...seen, ...backends])].filter(isAsked), needed, choiceOf);
  const policies = subjects.flatMap(subject => policyOf(subject, seen, dns, parts, options.existing, names) ?? []);
  const namespaces = new Set(subjects.map(({ workloads: [first] }) => first!.namespace));
  const silent = entities.list
    .filter(isWorkload)
    .filter(it => namespaces.has(it.namespace) && !seen.has(it) && !backends.includes(it))
    .map(it => it.name);
  if (options.defaultDeny) policies.push(...[...namespaces].map(namespace => denyAll(namespace, silent, names)));
  policies.sort((a, b) => order(a.namespace, b.namespace) || order(a.name, b.name));
  const subjectOf = new Set(subjects.flatMap(({ workloads }) => workloads));
  const peers = needed.flows
    .filter(({ source: from, destination: to }) => [from, to].some(isOf(subjectOf)))
    .flatMap(({ source: from, destination: to }) => [from, to])
    .flatMap(it => (it.kind === 'workload' && !subjectOf.has(it.workload) ? it.workload : []));
  const warnings = [
    ...subjects.flatMap(warningsOf),
    ...[...new Set(peers)].flatMap(peer => warningsOf({ choice: choiceOf(peer), workloads: [peer] })),
  ];
  return { policies, seen: seen.size, silent: silent.sort(), warnings };
}

const isOf =
  (workloads: ReadonlySet<Workload>) =>
  (end: FlowEnd): boolean =>
    end.kind === 'workload' && workloads.has(end.workload);

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const isWorkload = (entity: Entity): entity is Workload => entity.kind === 'workload';

function listSubjects(
  workloads: readonly Workload[],
  { flows, unnamed }: { readonly flows: readonly Flow[]; readonly unnamed: readonly UnnamedFlow[] },
  choiceOf: RuleParts['choiceOf'],
): Subject[] {
  const bySelector = new Map<string, Subject>();
  const of = new Map<Workload, Subject>();
  for (const workload of [...workloads].sort((a, b) => order(a.name, b.name))) {
    const choice = choiceOf(workload);
    const key = `${workload.namespace} ${selectorText(choice.selector)}`;
    const subject = bySelector.get(key) ?? { choice, workloads: [], ingress: [], egress: [], refused: [] };
    bySelector.set(key, subject);
    subject.workloads.push(workload);
    of.set(workload, subject);
  }
  for (const flow of flows) {
    const { source, destination } = flow;
    if (flow.egress && source.kind === 'workload') of.get(source.workload)?.egress.push(flow);
    if (flow.ingress && destination.kind === 'workload') of.get(destination.workload)?.ingress.push(flow);
  }
  for (const it of unnamed) {
    const { source, destination, egress, ingress } = it.flow;
    if (egress && source.kind === 'workload') of.get(source.workload)?.refused.push({ direction: 'Egress', it });
    if (ingress && destination.kind === 'workload')
      of.get(destination.workload)?.refused.push({ direction: 'Ingress', it });
  }
  return [...bySelector.values()];
}

/** null where existing policies isolate it and allow all that it needs. */
function policyOf(
  subject: Subject,
  seen: ReadonlySet<Workload>,
  dns: Dns,
  parts: RuleParts,
  existing: Existing | null,
  names: Set<string>,
): SuggestedPolicy | null {
  const { workloads, choice } = subject;
  const [first] = workloads as [Workload];
  const pods = [...new Set(workloads.flatMap(workload => selectedBy(workload, parts)))];
  const rules = {
    Ingress: ingressRules(subject, first, pods, dns, parts, existing),
    Egress: egressRules(subject, first, pods, dns, parts, existing),
  };
  // Who was not seen itself is isolated only where it was needed.
  const toIsolate = workloads.filter(workload => seen.has(workload));
  const types = (['Ingress', 'Egress'] as const).filter(
    type => rules[type].length > 0 || !toIsolate.every(workload => existing?.isolates(type, workload)),
  );
  if (types.length === 0) return null;
  return {
    namespace: first.namespace,
    name: freeName(first, names),
    workloads: workloads.map(({ name }) => name),
    selector: choice.selector,
    types,
    ingress: rules.Ingress,
    egress: rules.Egress,
    isAddition: existing !== null,
    comments: [
      ...(toIsolate.length === 0 ? ['a ready backend; it was not seen itself, so that its egress stays as it is'] : []),
      ...choiceLines(choice, workloads),
      ...refusedLines(subject),
    ],
  };
}

function ingressRules(
  { ingress, workloads }: Subject,
  first: Workload,
  pods: Workload['pods'],
  dns: Dns,
  parts: RuleParts,
  existing: Existing | null,
): SuggestedRule[] {
  const isQuestion = (flow: Flow): boolean => flow.source.kind === 'workload' && isResolver(flow, dns);
  const questions = ingress.filter(isQuestion);
  const rules = buildRules(
    'Ingress',
    ingress.filter(flow => !isQuestion(flow)),
    first,
    pods,
    parts,
  );
  const resolvers = workloads.filter(workload => dns.workloads.has(workload));
  // Everybody's policy lets them ask. Existing policies that isolate the resolver say themselves who may.
  const mayBeAsked = resolvers.some(resolver => existing?.isolates('Ingress', resolver) !== true);
  if (questions.length === 0 && !mayBeAsked) return rules;
  const lines = flowLines('Ingress', questions);
  const rule: SuggestedRule = {
    peers: [{ kind: 'everybody' }],
    ports: dnsPorts(dns, parts, false),
    comments: [
      `DNS, for every pod of the cluster${lines.length === 0 ? ': no question was seen, but names are needed sooner or later' : ''}`,
      ...lines.slice(0, LISTED),
      ...(lines.length > LISTED ? [`and ${count(lines.length - LISTED)} more`] : []),
    ],
  };
  return [rule, ...rules];
}

function egressRules(
  { egress, workloads }: Subject,
  first: Workload,
  pods: Workload['pods'],
  dns: Dns,
  parts: RuleParts,
  existing: Existing | null,
): SuggestedRule[] {
  const questions = egress.filter(flow => isResolver(flow, dns));
  const rules = buildRules(
    'Egress',
    egress.filter(flow => !isResolver(flow, dns)),
    first,
    pods,
    parts,
  );
  const isResolverItself = workloads.some(workload => dns.workloads.has(workload));
  if (egress.length === 0 || (isResolverItself && questions.length === 0)) return rules;
  if (questions.length === 0 && workloads.every(workload => existing?.allowsDns(workload, dns))) return rules;
  const lines = flowLines('Egress', questions);
  const comments =
    lines.length > 0 ? ['DNS', ...lines] : ['DNS: no question was seen, but names are needed sooner or later'];
  if (isAssumed(dns)) comments.push('the cluster documents hold no DNS: this is its usual label');
  return [{ peers: dnsPeers(dns, first.namespace, parts), ports: dnsPorts(dns, parts, true), comments }, ...rules];
}

/** To the cluster's DNS, on its port. */
function isResolver({ destination, protocol, port }: Flow, dns: Dns): boolean {
  const isThere =
    destination.kind === 'workload'
      ? dns.workloads.has(destination.workload)
      : dns.addresses.includes(destination.address);
  return isThere && dns.ports.some(it => it.protocol === protocol && it.port === port);
}

/** `policap-web`; where another kind has the name, or an existing policy, with more. */
function freeName({ name, namespace }: Workload, names: Set<string>): string {
  const [, kindOrName = '', own = kindOrName] = name.split('/');
  const candidates = [`policap-${own}`, ...(kindOrName === own ? [] : [`policap-${own}-${kindOrName.toLowerCase()}`])];
  for (let n = 2; ; n++) {
    const free = candidates.find(candidate => !names.has(`${namespace}/${candidate}`));
    if (free !== undefined) {
      names.add(`${namespace}/${free}`);
      return free;
    }
    candidates.push(`policap-${own}-${n}`);
  }
}

/** Seen, and refused by this policy. */
function refusedLines({ refused }: Subject): string[] {
  const lines = refused.map(({ direction, it }) => {
    const [line] = flowLines(direction, [it.flow]);
    return `it refuses, though it was seen: ${line}; ${REASONS[it.reason]}`;
  });
  return [...new Set(lines)].sort();
}

function warningsOf({ choice, workloads }: Pick<Subject, 'choice' | 'workloads'>): string[] {
  const names = workloads.map(({ name }) => name);
  const shared =
    names.length > 1 ? [`${listText(names)} have the same labels, so that one policy is for all of them.`] : [];
  return [...shared, ...choiceLines(choice, workloads).map(line => `${names[0]}: ${line}.`)];
}

function denyAll(namespace: string, silent: readonly string[], names: Set<string>): SuggestedPolicy {
  const own = silent.filter(name => name.startsWith(`${namespace}/`));
  const comments =
    own.length === 0
      ? []
      : [`no traffic was seen of ${plural(own.length, 'workload')}, which lose everything: ${listText(own)}`];
  return {
    namespace,
    name: freeName({ kind: 'workload', name: `${namespace}/default-deny`, namespace, pods: [] }, names),
    workloads: [],
    selector: { matchLabels: {}, matchExpressions: [] },
    types: ['Ingress', 'Egress'],
    ingress: [],
    egress: [],
    isAddition: false,
    comments,
  };
}
