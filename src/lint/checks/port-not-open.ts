/** A port that none of the pods behind it declares: often the service's instead of the pods' own. */
import type { Inventory, Pod } from '../../cluster/inventory.js';
import type { PolicyPort } from '../../policy/policy.js';
import { plural } from '../../report/style.js';
import type { Check } from '../check.js';
import { pathOf, policyName } from '../context.js';
import { destinationPods, isOpened, portWords } from '../destinations.js';
import { some } from '../hints.js';

export const portNotOpen: Check = {
  id: 'port-not-open',
  severity: 'warning',
  title: 'a port that the pod does not open',
  needsCluster: true,
  kinds: ['NetworkPolicy'],
  *find(context) {
    for (const placed of context.rules) {
      const { policy, rule } = placed;
      const numbered = (rule.ports ?? []).some(({ port }) => typeof port === 'number');
      const pods = numbered ? destinationPods(placed, context) : null;
      // A pod that declares nothing may listen anywhere.
      if (pods === null || pods.length === 0 || pods.some(({ ports }) => ports.length === 0)) continue;
      for (const [j, port] of rule.ports!.entries()) {
        if (typeof port.port !== 'number' || pods.some(({ ports }) => ports.some(it => isOpened(port, it)))) continue;
        const position = context.at(policy, pathOf(placed, 'ports', j));
        const declared = [...new Set(pods.flatMap(({ ports }) => ports.map(it => `${it.protocol} ${it.port}`)))];
        const message = `none of the ${plural(pods.length, 'destination pod')} opens ${port.protocol} ${portWords(port)}: they declare ${some(declared)}`;
        yield { position, about: policyName(policy), message, fix: fixOf(port, pods, context.compiled.inventory) };
      }
    }
  },
};

function fixOf(port: PolicyPort, pods: readonly Pod[], { services }: Inventory): string {
  const other = pods.flatMap(({ ports }) => ports).find(it => isOpened({ ...port, protocol: it.protocol }, it));
  if (other !== undefined) return `they open ${other.port} by ${other.protocol}: name that protocol`;
  const owners = new Set(pods.map(({ owner }) => owner));
  for (const { namespace, name, ports, backends } of services) {
    for (const [i, served] of ports.entries()) {
      if (!isOpened(port, served)) continue;
      const behind = backends[i]!.find(({ pod }) => owners.has(pod));
      if (behind === undefined) continue;
      return `${served.port} is the port of service ${namespace}/${name}: a policy is asked about the pods’, ${behind.port}`;
    }
  }
  return 'write the number that the container listens on, or declare it in the pod';
}
