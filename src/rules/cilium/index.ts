/**
 * Cilium's policies -> contributions to the tier of NetworkPolicies (CI1 to CI4 of docs/dialects/cilium.md) (cold).
 *
 * In:  policies and CIDR groups.  Out: of each policy and direction at most one contribution an order:
 *
 *   100 denies | 200 what may deny | 300 what a proxy decides whatever others allow | 500 allows |
 *   1000 NetworkPolicies, which allow | 3000 what may allow | 3500 what a proxy decides by the requests
 *
 * so that a deny beats every allow, and what only may be allowed is decided by whatever surely allows it. Isolations come from
 * rules with default deny alone. A policy that was seen (the same object, the same groups) gives the same contributions.
 */
import type { Pod } from '../../cluster/inventory.js';
import type {
  CiliumGroup,
  CiliumName,
  CiliumObject,
  CiliumPolicy,
  CiliumRule,
  CiliumSpec,
} from '../../policy/cilium/model.js';
import { objectName } from '../../policy/dialects.js';
import { intersect, isEmpty, subtract, union } from '../addresses.js';
import {
  type ContributedIsolation,
  type ContributedRule,
  type Contribution,
  type Contributor,
  NETWORK_POLICY_NAME,
  NETWORK_POLICY_RANK,
  namedRules,
  type RuleContext,
  type Side,
} from '../contribution.js';
import type { AddressSet, DnsListeners, NameCondition, Origin, RequestCondition } from '../ruleset.js';
import { createIdentities } from './identities.js';
import { createLayer4, type Layer4 } from './layer4.js';
import { anyOf } from './layer7.js';
import { type Note, type NoteKind, problemsOf } from './notes.js';
import { createPeers } from './peers.js';
import { asksFor, createIdentitySelection, inNamespace, isNamespaceName } from './selectors.js';
import { createSubjects, type Part, type Subjects } from './subjects.js';

const DENY = 100;
const MAY_DENY = 200;
const SENT = 300;
const ALLOW = 500;
const MAY_ALLOW = 3_000;
const ASKED = 3_500;

interface Given {
  readonly contributions: readonly Contribution[];
  readonly notes: readonly Note[];
  readonly groups: readonly CiliumGroup[];
}

/** Of one direction, by order. */
type Drafts = Map<number, ContributedRule[]>;

export function createCilium({ inventory, selection, sets, profile }: RuleContext): Contributor<CiliumObject> {
  const identities = createIdentities(inventory);
  const identitySelection = createIdentitySelection(selection);
  const peersOf = createPeers(inventory, identities, identitySelection, sets);
  const layer4Of = createLayer4(selection.all, sets);
  const judgesOwnNode = profile.toOwnNode === 'policy';
  const subjects = createSubjects(inventory, identities, identitySelection, sets, judgesOwnNode);
  const everyPod = sets.of(selection.all);
  const tier = { name: NETWORK_POLICY_NAME, rank: NETWORK_POLICY_RANK };
  const known = new WeakMap<CiliumPolicy, Given>();

  function contributionsOf(policy: CiliumPolicy, groups: readonly CiliumGroup[]): Given {
    const notes: Note[] = [];
    const contributions: Contribution[] = [];
    for (const spec of policy.specs) addSpec(policy, spec, groups, notes, contributions);
    return { contributions, notes, groups };
  }

  function addSpec(
    policy: CiliumPolicy,
    spec: CiliumSpec,
    groups: readonly CiliumGroup[],
    notes: Note[],
    contributions: Contribution[],
  ): void {
    const name = objectName(policy);
    const noter =
      (rule: string, position = spec.position) =>
      (kind: NoteKind): void => {
        notes.push({ kind, rule: rule === '' ? name : `${name} ${rule}`, position });
      };
    const originOf = (rule: string, position = spec.position): Origin => ({
      kind: policy.kind,
      policy: name,
      rule,
      position,
    });
    for (const subject of subjects.of(spec, policy.namespace, noter(''))) {
      if (isEmpty(subject.set)) continue;
      for (const direction of ['egress', 'ingress'] as const) {
        const rules = spec.rules.filter(rule => rule.direction === direction);
        if (rules.length === 0) continue;
        const drafts: Drafts = new Map();
        const dns: DnsListeners[] = [];
        for (const rule of rules) {
          addRule(
            rule,
            subject,
            policy,
            groups,
            originOf(rule.name, rule.position),
            noter(rule.name, rule.position),
            drafts,
            dns,
          );
        }
        const isIsolating = spec.defaultDeny[direction];
        const origin = originOf(direction);
        if (isIsolating && !subject.isSure) add(drafts, MAY_ALLOW, everything(subject.set, 'unsupported', origin));
        const isolations = isIsolating && subject.isSure ? [{ subjects: subject.set, origin }] : [];
        const given = contributionsBy(drafts, isolations, direction, subject, name);
        contributions.push(...given.map((it, i) => (i === 0 && dns.length > 0 ? { ...it, dns } : it)));
      }
    }
  }

  function addRule(
    rule: CiliumRule,
    subject: Subjects,
    policy: CiliumPolicy,
    groups: readonly CiliumGroup[],
    origin: Origin,
    note: (kind: NoteKind) => void,
    drafts: Drafts,
    dns: DnsListeners[],
  ): void {
    addRequirements(rule, subject, policy, origin, note, drafts);
    const hasLayer4 = rule.ports !== null || rule.icmps !== null;
    // (CI5): without peers a rule with ports is about everybody, and one without about nobody.
    if (rule.peers === null && !hasLayer4) return;
    const { namespace } = policy;
    const reached = rule.peers === null ? 'everybody' : peersOf(rule.peers, { namespace, groups, note });
    /** Only named ports ask, and the lists may be long. */
    const pods = (): readonly Pod[] =>
      reached === 'everybody' ? selection.all : [...new Set([...reached.sure.pods(), ...reached.unsure.pods()])];
    const parts: readonly Part[] =
      reached === 'everybody'
        ? [{ subjects: subject.set, peers: sets.everyone, isSure: true }]
        : subjects.parts(reached, subject, rule.direction);
    dns.push(...listenersOf(rule, parts, subject));
    const asksProof = rule.authentication !== null && rule.authentication !== 'disabled';
    if (asksProof) note('authentication');
    // (CI10)
    if (rule.isDeny && rule.direction === 'ingress' && subject.kind === 'endpoints' && reached !== 'everybody') {
      if (!isEmpty(reached.sure.own)) note('ownNode');
    }
    const names = rule.peers?.kind === 'names' ? conditionOf(rule.peers.names) : null;
    for (const layer4 of layer4Of(rule, subject.pods, pods, note)) {
      for (const part of parts) {
        const sides = restrict(part, layer4, subject);
        if (sides === null) continue;
        const { order, action } = placeOf(rule, part.isSure && subject.isSure, layer4, asksProof);
        // Written out: copying "all of sides" takes longer than all else that is done with a rule here.
        const draft: ContributedRule = {
          subjects: sides.subjects,
          peers: sides.peers,
          protocol: layer4.protocol,
          sourcePorts: null,
          destinationPorts: layer4.ports,
          icmp: layer4.icmp,
          action,
          origin,
        };
        const { layer7, meaning } = layer4;
        const canBeTold = subject.isSure && order === MAY_ALLOW && (meaning === 'surely' || layer7 !== undefined);
        if (names !== null && canBeTold) {
          // (CI19): what a name's addresses are allowed is known when DNS answers tell them.
          const place = layer7 === undefined ? MAY_ALLOW : ASKED;
          const told: ContributedRule = layer7 === undefined ? { ...draft, action: 'allow' } : { ...draft, layer7 };
          for (const it of namedRules(told, names)) add(drafts, place, it);
        } else if (order === ASKED) add(drafts, order, { ...draft, layer7: layer7 as RequestCondition });
        else add(drafts, order, draft);
      }
    }
  }

  /** (CI17): pods without the required labels may be refused what rules about endpoints allow, or spared what they deny. */
  function addRequirements(
    rule: CiliumRule,
    subject: Subjects,
    policy: CiliumPolicy,
    origin: Origin,
    note: (kind: NoteKind) => void,
    drafts: Drafts,
  ): void {
    if (rule.requires.length === 0) return;
    note('requires');
    const held = rule.requires.map(selector => {
      const { requirements } = selector;
      const isOpen = policy.namespace === '' || asksFor(selector, isNamespaceName);
      const own = isOpen ? requirements : [...requirements, inNamespace(policy.namespace)];
      return sets.of(identitySelection.pods(own).pods);
    });
    const holding = held.reduce((a, b) => intersect(a, b));
    const spared = subtract(union([everyPod, identities.nodes]), holding);
    if (isEmpty(spared)) return;
    const draft = everything(subject.set, 'unsupported', origin);
    add(drafts, rule.isDeny ? DENY - 1 : SENT, { ...draft, peers: spared });
  }

  const everything = (set: AddressSet, action: ContributedRule['action'], origin: Origin): ContributedRule => ({
    subjects: set,
    peers: sets.everyone,
    protocol: null,
    sourcePorts: null,
    destinationPorts: null,
    icmp: null,
    action,
    origin,
  });

  function contributionsBy(
    drafts: Drafts,
    isolations: readonly ContributedIsolation[],
    direction: Side,
    { kind }: Subjects,
    name: string,
  ): Contribution[] {
    const orders = [...drafts.keys()].sort((a, b) => a - b);
    // Something must hold the isolations.
    if (orders.length === 0 && isolations.length > 0) orders.push(ALLOW);
    return orders.map((order, i): Contribution => {
      const rules = drafts.get(order) ?? [];
      const held = i === 0 ? isolations : [];
      const contribution = { direction, tier, order, name, rules, isolations: held };
      return kind === 'nodes' ? { ...contribution, ofNodes: true } : contribution;
    });
  }

  return objects => {
    const groups = objects.filter(object => object.kind === 'CiliumCIDRGroup');
    const policies = objects.filter(object => object.kind !== 'CiliumCIDRGroup');
    const contributions: Contribution[] = [];
    const notes: Note[] = [];
    for (const policy of policies) {
      let given = known.get(policy);
      if (given === undefined || (usesGroups(policy) && !isSame(given.groups, groups))) {
        given = contributionsOf(policy, groups);
        known.set(policy, given);
      }
      contributions.push(...given.contributions);
      notes.push(...given.notes);
    }
    return { contributions, problems: problemsOf(notes) };
  };
}

function add(drafts: Drafts, order: number, rule: ContributedRule): void {
  const list = drafts.get(order);
  if (list === undefined) drafts.set(order, [rule]);
  else list.push(rule);
}

/** A named port is about some of the subjects or peers. @returns null where nobody is left */
function restrict(
  { subjects, peers }: Part,
  { only }: Layer4,
  subject: Subjects,
): { readonly subjects: AddressSet; readonly peers: AddressSet } | null {
  if (only === null) return { subjects, peers };
  if (only.side === 'subjects') {
    const left = subjects === subject.set ? only.set : intersect(subjects, only.set);
    return isEmpty(left) ? null : { subjects: left, peers };
  }
  const left = intersect(peers, only.set);
  return isEmpty(left) ? null : { subjects, peers: left };
}

/** (CI2), (CI3) */
function placeOf(
  { isDeny }: CiliumRule,
  isSure: boolean,
  { meaning, layer7 }: Layer4,
  asksProof: boolean,
): { readonly order: number; readonly action: ContributedRule['action'] } {
  if (isDeny) {
    return isSure && meaning === 'surely'
      ? { order: DENY, action: 'deny' }
      : { order: MAY_DENY, action: 'unsupported' };
  }
  // (CI18), (CI27)
  if (asksProof || meaning === 'sent') return { order: SENT, action: 'unsupported' };
  if (isSure && meaning === 'surely') return { order: ALLOW, action: 'allow' };
  // (CI25), (CI26)
  const isJudged = isSure && layer7 !== undefined;
  return { order: isJudged ? ASKED : MAY_ALLOW, action: 'unsupported' };
}

const conditionOf = (names: readonly CiliumName[]): NameCondition => ({
  patterns: names.map(({ text }) => text),
  matches: anyOf(names),
});

/** (CI19), (CI26): names are learned from the answers that the DNS proxy hands on, of the servers that its rule allows. */
function listenersOf(
  { direction, isDeny, ports }: CiliumRule,
  parts: readonly Part[],
  subject: Subjects,
): DnsListeners[] {
  if (direction !== 'egress' || isDeny || !subject.isSure) return [];
  const sure = parts.filter(({ isSure }) => isSure);
  return (ports ?? []).flatMap(({ layer7 }) => {
    if (layer7?.kind !== 'dns') return [];
    const matches = anyOf(layer7.rules);
    return sure.map(({ subjects, peers }) => ({ subjects, peers, matches }));
  });
}

const usesGroups = ({ specs }: CiliumPolicy): boolean =>
  specs.some(({ rules }) =>
    rules.some(({ peers }) => peers?.kind === 'cidrs' && peers.blocks.some(({ kind }) => kind !== 'cidr')),
  );

const isSame = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a.length === b.length && a.every((it, i) => it === b[i]);
