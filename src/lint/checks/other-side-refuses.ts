/** A rule for pods whose own policies refuse the same connections: it opens nothing. */
import type { PolicyRule } from '../../policy/policy.js';
import { plural } from '../../report/style.js';
import type { Check } from '../check.js';
import { pathOf, peersField, policyName, selectorWords } from '../context.js';
import { rulesByOrigin } from '../origins.js';
import { Budget, boxOf, isVoid } from '../region.js';
import { mayPass } from '../walk.js';

const BUDGET = 50_000_000;

export const otherSideRefuses: Check = {
  id: 'other-side-refuses',
  severity: 'warning',
  title: 'ingress allowed although the peer’s egress refuses it, or the reverse',
  needsCluster: true,
  kinds: ['NetworkPolicy'],
  *find(context) {
    const entries = rulesByOrigin(context.compiled.ruleset);
    const budget = new Budget(BUDGET);
    for (const placed of context.rules) {
      const { policy, rule, direction, index } = placed;
      const own = entries.get(`${policy.namespace}/${policy.name} ${direction}[${index}]`) ?? [];
      const boxes = own.map(boxOf).filter(box => !isVoid(box));
      const other = direction === 'ingress' ? 'egress' : 'ingress';
      for (const [j, peer] of (rule.peers ?? []).entries()) {
        if (peer.kind !== 'pods' || boxes.length === 0) continue;
        const pods = context.peerPods(policy, peer);
        const subjects = context.subjects(policy);
        // (13): a pod always reaches itself.
        const isItself = pods.length === 1 && subjects.length === 1 && pods[0] === subjects[0];
        if (pods.length === 0 || isItself) continue;
        const groups = context.groups[other];
        let asked = 0;
        const passes = boxes.some(({ subjects: ends, peers, header }) => {
          // By a named port a rule is about those alone that have it.
          const those = hasNames(rule) ? context.podsIn(peers, pods) : pods;
          asked += those.length;
          return groups.of(those).some(group => mayPass(group, group.box(ends, header), budget));
        });
        if (passes || asked === 0) continue;
        const position = context.at(policy, pathOf(placed, peersField(direction), j));
        const [verb, what] = direction === 'ingress' ? ['send', 'come from'] : ['receive', 'go to'];
        const message = `what may ${what} here is refused on the other side: ${pods.length === 1 ? `the pod of this peer may not ${verb} it, by the policies that isolate it` : `none of the ${plural(pods.length, 'pod')} of this peer may ${verb} it, by the policies that isolate them`} for ${other}`;
        const to = selectorWords(policy.podSelector);
        const fix = `add ${other === 'egress' ? 'an egress rule to' : 'an ingress rule from'} ${to === '{}' ? `namespace ${policy.namespace}` : `${to} of namespace ${policy.namespace}`} to the policies of this peer`;
        yield { position, about: policyName(policy), message, fix };
      }
    }
  },
};

const hasNames = ({ ports }: PolicyRule): boolean => (ports ?? []).some(({ port }) => typeof port === 'string');
