/** A rule, peer or port of a NetworkPolicy that stands there already, word for word: --fix removes it. */
import type { Path } from '../../documents/document.js';
import type { Peer, PolicyPort, PolicyRule } from '../../policy/policy.js';
import { selectorText } from '../../rules/selectors.js';
import type { Check, Found } from '../check.js';
import { type LintContext, type PlacedRule, pathOf, peersField, policyName } from '../context.js';

export const duplicate: Check = {
  id: 'duplicate',
  severity: 'warning',
  title: 'a rule, peer or port that stands there twice',
  needsCluster: false,
  kinds: ['NetworkPolicy'],
  *find(context) {
    const seen = new Map<string, Map<string, number>>();
    for (const placed of context.rules) {
      const { policy, direction, rule, index } = placed;
      const list = `${policy.namespace}/${policy.name} ${direction}`;
      const known = seen.get(list) ?? new Map<string, number>();
      seen.set(list, known);
      const first = known.get(ruleKey(rule));
      if (first !== undefined) {
        yield found(context, placed, [], `this rule is ${direction}[${first}] once more`);
        continue;
      }
      known.set(ruleKey(rule), index);
      yield* twice(context, placed, [peersField(direction)], 'peer', (rule.peers ?? []).map(peerKey));
      yield* twice(context, placed, ['ports'], 'port', (rule.ports ?? []).map(portKey));
    }
  },
};

function* twice(
  context: LintContext,
  placed: PlacedRule,
  path: Path,
  noun: string,
  keys: readonly string[],
): Generator<Found> {
  for (const [j, key] of keys.entries()) {
    const first = keys.indexOf(key);
    if (first < j) yield found(context, placed, [...path, j], `this ${noun} is ${path[0]}[${first}] once more`);
  }
}

function found(context: LintContext, placed: PlacedRule, rest: Path, message: string): Found {
  const { policy } = placed;
  const path = pathOf(placed, ...rest);
  return {
    position: context.at(policy, path),
    about: policyName(policy),
    message,
    fix: 'remove it (--fix does)',
    removable: { document: policy.position, path },
  };
}

/** Equal keys mean the same, whatever the order in which their parts are written. */
const ruleKey = ({ peers, ports }: PolicyRule): string =>
  JSON.stringify([
    peers === null ? null : setOf(peers.map(peerKey)),
    ports === null ? null : setOf(ports.map(portKey)),
  ]);

const setOf = (keys: readonly string[]): string[] => [...new Set(keys)].sort();

function peerKey(peer: Peer): string {
  if (peer.kind === 'ipBlock') return JSON.stringify([peer.cidr, setOf(peer.except)]);
  const { podSelector, namespaceSelector } = peer;
  const text = (selector: typeof podSelector): string | null => (selector === null ? null : selectorText(selector));
  return JSON.stringify({ pods: text(podSelector), namespaces: text(namespaceSelector) });
}

const portKey = ({ protocol, port, endPort }: PolicyPort): string =>
  JSON.stringify([protocol, port, endPort === port ? null : endPort]);
