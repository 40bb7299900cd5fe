/** A port that none of the pods behind it declares: often the service's instead of the pods' own. */
import type { Inventory } from '../../cluster/inventory.js';
import type { PolicyPort } from '../../policy/policy.js';
import { plural } from '../../report/style.js';
import type { Check } from '../check.js';
import { pathOf, policyName } from '../context.js';
import { createDestinations, type Destinations, isOpened, portWords } from '../destinations.js';
import { some } from '../hints.js';

export const portNotOpen: Check = {
  id: 'port-not-open',
  severity: 'warning',
  title: 'a port that the pod does not open',
  needsCluster: true,
  kinds: ['NetworkPolicy'],
  *find(context) {
    const destinationsOf = createDestinations(context);
    for (const placed of context.rules) {
      const { policy, rule } = placed;
      if (!(rule.ports ?? []).some(({ port }) => typeof port === 'number')) continue;
      const pods = destinationsOf(placed);
      if (pods === null || pods.count === 0 || !pods.allDeclare) continue;
      for (const [j, port] of rule.ports!.entries()) {
        if (typeof port.port !== 'number' || pods.ports.some(it => isOpened(port, it))) continue;
        const position = context.at(policy, pathOf(placed, 'ports', j));
        const declared = [...new Set(pods.ports.map(it => `${it.protocol} ${it.port}`))];
        const wanted = `${port.protocol} ${portWords(port)}`;
        const who =
          pods.count === 1
            ? `the destination pod does not declare ${wanted}, only`
            : `none of the ${plural(pods.count, 'destination pod')} declares ${wanted}, only`;
        const fix = fixOf(port, pods, context.compiled.inventory);
        yield { position, about: policyName(policy), message: `${who} ${some(declared)}`, fix };
      }
    }
  },
};

function fixOf(port: PolicyPort, pods: Destinations, { services }: Inventory): string {
  const other = pods.ports.find(it => isOpened({ ...port, protocol: it.protocol }, it));
  if (other !== undefined) return `${other.port} is open by ${other.protocol}: name that protocol`;
  for (const { namespace, name, ports, backends } of services) {
    for (const [i, served] of ports.entries()) {
      if (!isOpened(port, served)) continue;
      const behind = backends[i]!.find(({ pod }) => pods.has(pod));
      if (behind === undefined) continue;
      return `${served.port} is the port of service ${namespace}/${name}: a policy is asked about the pods’, ${behind.port}`;
    }
  }
  return 'write the number that the container listens on, or declare it in the pod';
}
