/**
 * What is odd about policies and the pods they are about (IS21 to IS23): one warning a kind of oddity (cold).
 */
import type { Inventory, Pod } from '../cluster/inventory.js';
import { Oddity, plural } from '../cluster/warnings.js';
import { type Problem, warning } from '../documents/document.js';
import { objectName } from '../policy/dialects.js';
import type { AuthorizationPolicy } from '../policy/istio/model.js';
import type { Enrolments } from './enrolment.js';
import { isLayer4 } from './rules.js';
import type { Selection } from './selection.js';

export function meshWarnings(
  policies: readonly AuthorizationPolicy[],
  { pods }: Inventory,
  enrolments: Enrolments,
  selection: Selection,
): Problem[] {
  if (policies.length === 0) return [];
  const assumed = new Oddity(
    count =>
      `${plural(count, 'pod')} that AuthorizationPolicies select ${count === 1 ? 'shows' : 'show'} no sign of a proxy`,
    'they are judged as if each had a sidecar: label sidecar.istio.io/inject: "false" what is to have none, or give the pods as they run',
  );
  const outside = new Oddity(
    count =>
      `${plural(count, 'pod')} that AuthorizationPolicies select ${count === 1 ? 'is' : 'are'} out of the mesh: nothing is enforced for them`,
    'a pod on the host network, or one that refuses injection, has no proxy',
  );
  /** Of pods of the ambient mode. */
  const ambient = new Set<AuthorizationPolicy>();
  for (const pod of pods) {
    if (pod.finished) continue;
    const selected = selection.of(pod);
    if (selected.length === 0) continue;
    const { proxy, isAssumed, waypoint } = enrolments.of(pod);
    if (isAssumed) assumed.add(nameOf(pod), pod.position);
    if (proxy === 'none') outside.add(nameOf(pod), pod.position);
    if (proxy === 'ztunnel' && waypoint === '') for (const policy of selected) ambient.add(policy);
  }
  return [...assumed.problems, ...outside.problems, ...[...ambient].flatMap(ambientWarning)];
}

const nameOf = ({ namespace, name }: Pod): string => `${namespace}/${name}`;

/** (IS23) */
function ambientWarning(policy: AuthorizationPolicy): Problem[] {
  const { action, rules, position } = policy;
  const name = `AuthorizationPolicy ${objectName(policy)}`;
  if (action === 'CUSTOM' || action === 'AUDIT') {
    const message = `${name}: ztunnel does not support the ${action} action: for pods of the ambient mode it is left out`;
    return [warning(position, message, 'a waypoint would enforce it')];
  }
  const found = rules.find(({ from, to, when }) => ![...from.flat(), ...to.flat(), ...when].every(isLayer4));
  if (found === undefined) return [];
  const meaning =
    action === 'ALLOW' ? 'such a rule allows nothing there' : 'a DENY rule is enforced there without them';
  const message = `${name} ${found.name}: ztunnel does not support HTTP attributes: ${meaning}`;
  return [warning(found.position, message, 'a waypoint would enforce it')];
}
