/** A named port that no pod behind it has: the entry opens nothing. */
import { nearest } from '../../documents/suggest.js';
import { plural } from '../../report/style.js';
import type { Check } from '../check.js';
import { pathOf, policyName } from '../context.js';
import { destinationPods } from '../destinations.js';
import { some } from '../hints.js';

export const namedPortMissing: Check = {
  id: 'named-port-missing',
  severity: 'warning',
  title: 'a named port that no pod has',
  needsCluster: true,
  kinds: ['NetworkPolicy'],
  *find(context) {
    const { profile } = context.compiled;
    for (const placed of context.rules) {
      const { policy, rule } = placed;
      if (!(rule.ports ?? []).some(({ port }) => typeof port === 'string')) continue;
      // Without peers, and in blocks, it is looked up on any pod.
      const pods = destinationPods(placed, context) ?? context.selection.all;
      if (pods.length === 0) continue;
      const all = pods.flatMap(({ ports }) => ports).filter(({ init }) => profile.initContainerPorts || init !== true);
      for (const [j, { port, protocol }] of rule.ports!.entries()) {
        if (typeof port !== 'string' || all.some(it => it.name === port && it.protocol === protocol)) continue;
        const position = context.at(policy, pathOf(placed, 'ports', j));
        const names = [...new Set(all.filter(it => it.protocol === protocol).flatMap(({ name }) => name ?? []))];
        const other = all.find(it => it.name === port);
        const meant = nearest(port, names);
        const fix =
          other !== undefined
            ? `by ${other.protocol} they have it: name that protocol`
            : meant !== null
              ? `did you mean ${meant}?`
              : names.length > 0
                ? `they have ${some(names)}`
                : `they name no ${protocol} port: write the number`;
        const message = `none of the ${plural(pods.length, 'destination pod')} has a ${protocol} port named ${port}: the entry opens nothing`;
        yield { position, about: policyName(policy), message, fix };
      }
    }
  },
};
