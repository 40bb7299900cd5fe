/**
 * Names as peers of Antrea's rules (AN13, AN20 to AN24 of docs/dialects/antrea.md) (cold).
 *
 * In:  the patterns of a rule's `fqdn` peers, and the addresses of the cluster and around it.  Out: for sets of addresses that
 * have nothing in common, the condition under which one of them is a peer; and whose DNS answers tell.
 */
import { antreaPattern } from '../../names/patterns.js';
import { isEmpty, subtract } from '../addresses.js';
import type { AddressSet, DnsListeners, NameCondition, NameLearner } from '../ruleset.js';

/** (AN21), (AN22) */
const AGENT: NameLearner = { name: 'Antrea', repliesOnly: true, asksAgain: true };

export interface NamedPeers {
  readonly peers: AddressSet;
  readonly names: NameCondition;
}

export interface NamePlaces {
  readonly everyone: AddressSet;
  /** Neither pod nor node nor service. */
  readonly outside: AddressSet;
  /** (AN24): rules are asked behind the translation, where no service's address is left. */
  readonly services: AddressSet;
}

/** Of the cluster, only what a name of the cluster could resolve to. */
export function createNamedPeers({ everyone, outside, services }: NamePlaces) {
  let within: AddressSet | null = null;
  return (patterns: readonly string[]): NamedPeers[] => {
    const ofPods = patterns.filter(canBePod);
    const all: NamedPeers[] = [{ peers: outside, names: conditionOf(patterns) }];
    if (ofPods.length > 0) {
      within ??= subtract(subtract(everyone, outside), services);
      all.push({ peers: within, names: conditionOf(ofPods) });
    }
    return all.filter(({ peers }) => !isEmpty(peers));
  };
}

/** (AN20), (AN21): whichever server answers, of whatever name: those that no rule asks for are other names of an address. */
export const listenersOf = (subjects: AddressSet, everyone: AddressSet): DnsListeners => ({
  subjects,
  peers: everyone,
  matches: () => true,
  learner: AGENT,
});

function conditionOf(patterns: readonly string[]): NameCondition {
  const matchers = patterns.map(antreaPattern);
  return { patterns, matches: name => matchers.some(matches => matches(name)), learner: AGENT };
}

/** A headless service's name resolves to pods: of the cluster's own domain, and what a wildcard leaves open at its end. */
const canBePod = (pattern: string): boolean => /(^|\.)svc(\.|$)|\.local\.?$|\*$/i.test(pattern);
