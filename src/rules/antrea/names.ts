/**
 * Names as peers of Antrea's rules (AN13, AN20 to AN24 of docs/dialects/antrea.md) (cold).
 *
 * In:  the patterns of a rule's `fqdn` peers, and the addresses of the cluster and around it.  Out: the addresses that could
 * have such a name, and the condition under which one of them is a peer; and whose DNS answers tell.
 */
import { antreaPattern } from '../../names/patterns.js';
import { subtract } from '../addresses.js';
import type { AddressSet, DnsListeners, NameCondition, NameLearner } from '../ruleset.js';

/** (AN21), (AN22) */
const AGENT: NameLearner = { name: 'Antrea', repliesOnly: true };

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

/** Addresses of the cluster are asked about where a pattern could be one of its names: an answer tells, whatever the name. */
export function createNamedPeers({
  everyone,
  outside,
  services,
}: NamePlaces): (patterns: readonly string[]) => NamedPeers {
  let all: AddressSet | null = null;
  return patterns => {
    if (!patterns.some(canBePod)) return { peers: outside, names: conditionOf(patterns) };
    all ??= subtract(everyone, services);
    return { peers: all, names: conditionOf(patterns) };
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
