/** A rule for pods whose own policies refuse the same connections: it opens nothing. */
import { plural } from '../../report/style.js';
import { intersect } from '../../rules/addresses.js';
import type { Check } from '../check.js';
import { pathOf, peersField, policyName, selectorWords } from '../context.js';
import { type Box, Budget, boxOf, isVoid } from '../region.js';
import { createWalk } from '../walk.js';
import { rulesByOrigin } from './one-family-only.js';

const BUDGET = 50_000_000;

export const otherSideRefuses: Check = {
  id: 'other-side-refuses',
  severity: 'warning',
  title: 'ingress allowed although the peer’s egress refuses it, or the reverse',
  needsCluster: true,
  kinds: ['NetworkPolicy'],
  *find(context) {
    const { ruleset } = context.compiled;
    const walks = { egress: createWalk(ruleset.egress), ingress: createWalk(ruleset.ingress) };
    const entries = rulesByOrigin(context);
    const budget = new Budget(BUDGET);
    for (const placed of context.rules) {
      const { policy, rule, direction, index } = placed;
      const own = (entries.get(`${policy.namespace}/${policy.name} ${direction}[${index}]`) ?? []).map(boxOf);
      const other = direction === 'ingress' ? 'egress' : 'ingress';
      for (const [j, peer] of (rule.peers ?? []).entries()) {
        if (peer.kind !== 'pods') continue;
        const pods = context.peerPods(policy, peer);
        const subjects = context.subjects(policy);
        // (13): a pod always reaches itself.
        const isItself = pods.length === 1 && subjects.length === 1 && pods[0] === subjects[0];
        if (pods.length === 0 || own.length === 0 || isItself) continue;
        const set = context.sets.of(pods);
        const reversed = (box: Box): Box => ({ ...box, subjects: intersect(set, box.peers), peers: box.subjects });
        const boxes = own.map(reversed).filter(box => !isVoid(box));
        if (boxes.length === 0 || boxes.some(box => walks[other].mayPass(box, budget))) continue;
        const position = context.at(policy, pathOf(placed, peersField(direction), j));
        const [verb, what] = direction === 'ingress' ? ['send', 'come from'] : ['receive', 'go to'];
        const message = `what may ${what} here is refused on the other side: none of the ${plural(pods.length, 'pod')} of this peer may ${verb} it, by the policies that isolate ${pods.length === 1 ? 'it' : 'them'} for ${other}`;
        const to = selectorWords(policy.podSelector);
        const fix = `add ${other === 'egress' ? 'an egress rule to' : 'an ingress rule from'} ${to === '{}' ? `namespace ${policy.namespace}` : `${to} of namespace ${policy.namespace}`} to the policies of this peer`;
        yield { position, about: policyName(policy), message, fix };
      }
    }
  },
};
