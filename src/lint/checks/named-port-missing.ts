/** A named port that no pod behind it has: the entry opens nothing. */
import { nearest } from '../../documents/suggest.js';
import { plural } from '../../report/style.js';
import type { Check } from '../check.js';
import { pathOf, policyName } from '../context.js';
import { createDestinations } from '../destinations.js';
import { some } from '../hints.js';

export const namedPortMissing: Check = {
  id: 'named-port-missing',
  severity: 'warning',
  title: 'a named port that no pod has',
  needsCluster: true,
  kinds: ['NetworkPolicy'],
  *find(context) {
    const { profile } = context.compiled;
    const destinationsOf = createDestinations(context);
    for (const placed of context.rules) {
      const { policy, rule } = placed;
      if (!(rule.ports ?? []).some(({ port }) => typeof port === 'string')) continue;
      // Without peers, and in blocks, plugins look it up on any pod.
      const pods = destinationsOf(placed);
      const count = pods?.count ?? context.selection.all.length;
      if (count === 0) continue;
      const declared = pods?.ports ?? context.selection.all.flatMap(({ ports }) => ports);
      const all = declared.filter(({ init }) => profile.initContainerPorts || init !== true);
      for (const [j, { port, protocol }] of rule.ports!.entries()) {
        if (typeof port !== 'string' || all.some(it => it.name === port && it.protocol === protocol)) continue;
        const position = context.at(policy, pathOf(placed, 'ports', j));
        const names = [...new Set(all.filter(it => it.protocol === protocol).flatMap(({ name }) => name ?? []))];
        const other = all.find(it => it.name === port);
        const meant = nearest(port, names);
        const fix =
          other !== undefined
            ? `by ${other.protocol} there is one: name that protocol`
            : meant !== null
              ? `did you mean ${meant}?`
              : names.length > 0
                ? `the names that there are: ${some(names)}`
                : `no ${protocol} port has a name: write the number`;
        const message = `${count === 1 ? 'the destination pod has no' : `none of the ${plural(count, 'destination pod')} has a`} ${protocol} port named ${port}: the entry opens nothing`;
        yield { position, about: policyName(policy), message, fix };
      }
    }
  },
};
