/**
 * One rule of an Antrea policy -> rules of the normal form (cold).
 *
 * In:  a rule, its direction, its policy.  Out: ContributedRules: first what it surely says, then, for what it could match
 * without anybody knowing, `unsupported` ones. Numbers (AN..) are facts of docs/dialects/antrea.md.
 */
import type { Pod } from '../../cluster/inventory.js';
import { type Problem, warning } from '../../documents/document.js';
import type { AntreaPeer, AntreaPolicy, AntreaRule, AppliedTo } from '../../policy/antrea/model.js';
import { objectName } from '../../policy/dialects.js';
import { fromAddresses, isEmpty, NOWHERE, subtract, union } from '../addresses.js';
import { type ContributedRule, namedRules, type RuleContext, type Side } from '../contribution.js';
import { createNamedPorts, PROTOCOL_OF } from '../named-ports.js';
import { portSet } from '../ports.js';
import { TCP } from '../protocols.js';
import type { AddressSet, DnsListeners, Origin, PortSet, RequestCondition } from '../ruleset.js';
import { EVERY } from '../selectors.js';
import { answered } from './answers.js';
import { ANY, anyOf, type Header, headersOf } from './headers.js';
import { conditionOf } from './layer7.js';
import { createNamedPeers, listenersOf, type NamedPeers } from './names.js';
import { type Selected, type Selections, together, unionOf } from './selections.js';

const IGMP = 2;

type Related = Extract<AntreaPeer, { kind: 'related' }>;

interface Subjects {
  readonly selected: Selected;
  readonly addresses: AddressSet;
  /** Those that are nodes. */
  readonly nodes: AddressSet;
  /** Each once: put together when it is first asked for, as only related peers ask. */
  pods(): readonly Pod[];
}

export interface Drafted {
  readonly rules: readonly ContributedRule[];
  /** Some of the subjects are nodes. */
  readonly ofNodes: boolean;
  /** Pods from whose DNS answers it learns names. */
  readonly dns: readonly DnsListeners[];
}

export type DraftRule = (policy: AntreaPolicy, side: Side, rule: AntreaRule, problems: Problem[]) => Drafted;

export function createDraftRule(
  { inventory, selection, sets, profile }: RuleContext,
  selections: Selections,
): DraftRule {
  const namedPorts = createNamedPorts(profile);
  const namedPeers = createNamedPeers(selections);
  const portSets = new Map<string, PortSet>();
  const subjectsKnown = new WeakMap<readonly AppliedTo[], Subjects>();
  const byNamespaceKnown = new WeakMap<readonly Pod[], ReadonlyMap<string, readonly Pod[]>>();

  function shared(flat: readonly number[]): PortSet {
    const ports = portSet(flat);
    const known = portSets.get(ports.join()) ?? ports;
    portSets.set(ports.join(), known);
    return known;
  }

  /** (AN6): entries are alternatives. A block among them selects nobody. */
  function subjectsOf(appliedTo: readonly AppliedTo[], policy: AntreaPolicy): Subjects {
    let subjects = subjectsKnown.get(appliedTo);
    if (subjects === undefined) {
      const selected = together(
        appliedTo.filter(it => it.kind !== 'service').map(entry => selections.of(entry, policy)),
      );
      const [only = []] = selected.pods;
      let pods = selected.pods.length <= 1 ? only : null;
      subjects = {
        selected,
        addresses: unionOf([...selected.pods.map(it => sets.of(it)), ...selected.nodes]),
        nodes: unionOf(selected.nodes),
        pods() {
          pods ??= [...new Set(selected.pods.flat())];
          return pods;
        },
      };
      subjectsKnown.set(appliedTo, subjects);
    }
    return subjects;
  }

  function byNamespace(pods: readonly Pod[]): ReadonlyMap<string, readonly Pod[]> {
    let groups = byNamespaceKnown.get(pods);
    if (groups === undefined) {
      const found = new Map<string, Pod[]>();
      for (const pod of pods) {
        const list = found.get(pod.namespace);
        if (list === undefined) found.set(pod.namespace, [pod]);
        else list.push(pod);
      }
      groups = found;
      byNamespaceKnown.set(pods, groups);
    }
    return groups;
  }

  /** (AN7): the subjects of each namespace, or of those with the same labels, with the pods that they are related to. */
  function related(
    { sameLabels, podSelector }: Related,
    subjects: readonly Pod[],
  ): (readonly [Pod[] | readonly Pod[], readonly Pod[]])[] {
    const pods = podSelector ?? EVERY;
    const own = byNamespace(subjects);
    if (sameLabels === null) {
      return [...own].map(([namespace, those]) => [those, selection.inNamespace(namespace, pods)] as const);
    }
    const groups = new Map<string, { readonly labels: Record<string, string>; readonly pods: Pod[] }>();
    for (const [namespace, those] of own) {
      const labels = inventory.namespaces.get(namespace)?.labels ?? {};
      // Without one of the labels, a namespace is in no group.
      if (sameLabels.length === 0 || sameLabels.some(key => !Object.hasOwn(labels, key))) continue;
      const values = sameLabels.map(key => [key, labels[key]!] as const);
      const key = JSON.stringify(values);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { labels: Object.fromEntries(values), pods: [...those] });
      else for (const pod of those) group.pods.push(pod);
    }
    return [...groups.values()].map(
      ({ labels, pods: those }) =>
        [those, selection.inNamespaces({ matchLabels: labels, matchExpressions: [] }, pods)] as const,
    );
  }

  return (policy, side, rule, problems) => {
    const kindAndName = `${policy.kind} ${objectName(policy)} ${rule.rule}`;
    const warn = (message: string, hint: string): void => {
      problems.push(warning(rule.position, `${kindAndName}: ${message}`, hint));
    };
    const origin: Origin = {
      kind: policy.kind,
      policy: objectName(policy),
      rule: rule.rule,
      position: rule.position,
    };
    const { selected, addresses: subjects, nodes, pods: subjectPods } = subjectsOf(rule.appliedTo, policy);
    const surely: ContributedRule[] = [];
    const perhaps: ContributedRule[] = [];
    // (AN14): what passes at layer 4, an engine decides.
    const action = rule.layer7 === null ? rule.action : 'unsupported';
    const layer7 = rule.layer7 === null || rule.layer7 === 'other' ? null : conditionOf(rule.layer7);
    const add = (header: Header, of: AddressSet, peers: AddressSet): void => {
      if (layer7 !== null) surely.push(...asked(layer7, { subjects: of, peers, ...header, action, origin }));
      else if (action === 'unsupported') doubt(header, of, peers);
      else surely.push(...answered(rule, side, nodes, { subjects: of, peers, ...header, action, origin }));
    };
    const doubt = (header: Header, of: AddressSet, peers: AddressSet): void => {
      perhaps.push({ subjects: of, peers, ...header, action: 'unsupported', origin });
    };
    const { headers, names, hasIgmp } = headersOf(rule.headers, shared);

    const relatedPeers = (rule.peers ?? []).filter(peer => peer.kind === 'related');
    const patterns = (rule.peers ?? []).flatMap(peer => (peer.kind === 'fqdn' ? [peer.pattern] : []));
    const otherPeers = (rule.peers ?? []).filter(peer => peer.kind !== 'related' && peer.kind !== 'fqdn');
    const named = patterns.length === 0 ? null : namedPeers(patterns);
    const listening = patterns.length === 0 ? NOWHERE : subtract(subjects, nodes);
    const dns = isEmpty(listening) ? [] : [listenersOf(listening, selections.everyone)];
    const peers = together(otherPeers.map(peer => selections.of(peer, policy)));
    const peerSet =
      rule.peers === null
        ? selections.everyone
        : unionOf([...peers.pods.map(pods => sets.of(pods)), ...peers.nodes, ...peers.blocks]);
    const peerPods = rule.peers === null ? [selection.all] : peers.pods;

    /** (AN11): between these subjects and these peers, on every header and name. */
    const addAll = (
      of: readonly (readonly Pod[])[],
      ofSet: AddressSet,
      peerSet: AddressSet,
      peerPods: readonly (readonly Pod[])[],
    ) => {
      for (const header of headers) add(header, ofSet, peerSet);
      for (const { name, protocol, sourcePorts } of names) {
        const lists = side === 'ingress' ? of : peerPods;
        for (const pods of lists) {
          for (const { ports, pods: having } of namedPorts(pods, name, protocol)) {
            const header = { ...ANY, protocol: PROTOCOL_OF[protocol], sourcePorts, destinationPorts: ports };
            const those = sets.of(having);
            if (side === 'ingress') add(header, those, peerSet);
            else add(header, ofSet, those);
          }
        }
      }
    };

    if (rule.toServices.length > 0) toServices();
    else {
      addAll(selected.pods, subjects, peerSet, peerPods);
      for (const peer of relatedPeers) {
        for (const [of, pods] of related(peer, subjectPods())) addAll([of], sets.of(of), sets.of(pods), [pods]);
      }
      if (named !== null) peersByName(named);
      // (AN9): what a peer could be, too.
      if (!isEmpty(peers.unknown)) {
        for (const header of anyOf(headers, names)) doubt(header, subjects, peers.unknown);
        warn(
          `${peers.because.join(', ')}: what it could match is undecided`,
          'give what is missing, or write the addresses as an ipBlock',
        );
      }
    }
    // (AN12)
    if (hasIgmp) {
      doubt({ ...ANY, protocol: IGMP }, subjects, selections.everyone);
      warn(
        'matches of IGMP are not modelled: all IGMP of its subjects is undecided',
        'leave the rule out to see the rest',
      );
    }
    if (layer7 !== null) {
      warn(
        'an engine looks at the requests of what it matches',
        'a replay judges each request that the capture shows; without a capture, what it matches is undecided',
      );
    } else if (rule.layer7 !== null) {
      warn(
        'layer 7 beyond HTTP is not modelled: whether an engine lets through what it matches is undecided',
        'leave l7Protocols out to see what reaches the engine',
      );
    }
    // (AN9): a subject that nobody knows may be any pod.
    if (selected.isOpen) {
      const any = sets.of(policy.namespace === '' ? selection.all : selection.inNamespace(policy.namespace, EVERY));
      const toAll = rule.peers === null || relatedPeers.length > 0 || rule.toServices.length > 0;
      const anyPeers = toAll ? selections.everyone : unionOf([peerSet, peers.unknown, named?.peers ?? NOWHERE]);
      for (const header of anyOf(headers, names)) doubt(header, any, anyPeers);
      warn(
        `${selected.because.join(', ')}: whatever it says of whichever pod is undecided`,
        'give the group with -p or -c',
      );
    }
    nodePorts();
    const rules = withoutEmpty([...surely, ...perhaps]);
    return { rules, ofNodes: selected.nodes.length > 0, dns };

    /** (AN13): what it says of an address is known when DNS answers tell its name. (AN25): of nodes it is never known. */
    function peersByName({ peers, names: condition }: NamedPeers): void {
      for (const header of headers) {
        if (action === 'unsupported') doubt(header, subjects, peers);
        else {
          const rules = answered(rule, side, nodes, { subjects: listening, peers, ...header, action, origin });
          for (const it of rules) surely.push(...namedRules(it, condition));
          doubt(header, nodes, peers);
        }
      }
      // What has the name may give its port any number.
      for (const header of anyOf([], names)) doubt(header, subjects, peers);
      warn(
        `what ${patterns.join(', ')} resolves to only DNS answers tell: without them, what it could match is undecided`,
        'replay a capture that holds them, or write the addresses as an ipBlock',
      );
    }

    /** (AN15): a packet behind the translation does not tell whether it came through the service. */
    function toServices(): void {
      const said = new Set<string>();
      for (const { namespace, name } of rule.toServices) {
        const where = namespace === '' ? policy.namespace : namespace;
        const found = selections.backends(where, name);
        const behind =
          found === null ? selections.everyone : union([sets.of(found.pods), fromAddresses(found.addresses)]);
        doubt(ANY, subjects, behind);
        said.add(found === null ? `the service ${where}/${name} was not given` : `${where}/${name}`);
      }
      warn(
        `toServices matches what goes through a service's address (${[...said].join(', ')}), which a packet behind the translation does not tell: what goes to its pods is undecided`,
        'a group with serviceReference matches both ways to them',
      );
    }

    /** (AN16): from outside through a NodePort service, in whichever address they come. */
    function nodePorts(): void {
      const services = rule.appliedTo.filter(it => it.kind === 'service');
      if (services.length === 0) return;
      for (const { namespace, name } of services) {
        const found = selections.backends(namespace, name);
        const behind = found === null ? sets.of(selection.all) : sets.of(found.pods);
        const nodes = fromAddresses(inventory.nodes.flatMap(({ addresses }) => addresses));
        doubt(ANY, behind, union([peerSet, nodes]));
      }
      warn(
        'it applies to a NodePort service, which a packet behind the translation does not tell: what comes to its pods from there is undecided',
        'apply it to the pods',
      );
    }
  };
}

/** What matches nothing is left out, but for what a rule with names says (namedRules()). */
const withoutEmpty = (rules: readonly ContributedRule[]): ContributedRule[] => {
  const matches = rules.map(({ subjects, peers }) => !isEmpty(subjects) && !isEmpty(peers));
  return rules.filter((_, i) => matches[i] || (i > 0 && matches[i - 1] && rules[i - 1]!.names !== undefined));
};

/** (AN14): HTTP runs over TCP; what becomes of other protocols that the rule matches is not known. */
function asked(layer7: RequestCondition, rule: ContributedRule): ContributedRule[] {
  if (rule.protocol === TCP) return [{ ...rule, layer7 }];
  if (rule.protocol !== null || rule.within !== undefined) return [rule];
  return [{ ...rule, protocol: TCP, layer7 }, rule];
}
