/**
 * One rule against traffic (IS8 to IS10) (cold).
 *
 * A rule holds where one of its sources, one of its operations and all of its conditions do. What the traffic cannot have
 * (HTTP fields, of a connection that carries none; all of layer 7, to ztunnel) takes a rule out of an ALLOW policy, and is
 * left out of the rules of the others.
 */

import type { AuthorizationPolicy, IstioAttribute, IstioRule, IstioTerm } from '../policy/istio/model.js';
import { isHttpOnly } from '../policy/istio/values.js';
import { type Traffic, termHolds } from './terms.js';
import { all, any, doubt, type Truth } from './truth.js';

/** (IS23): what ztunnel looks at. */
const LAYER_4: ReadonlySet<IstioAttribute> = new Set([
  'source.ip',
  'source.namespace',
  'source.principal',
  'source.serviceAccount',
  'destination.ip',
  'destination.port',
]);

export const isLayer4 = ({ attribute }: IstioTerm): boolean => LAYER_4.has(attribute);

export function ruleHolds(policy: AuthorizationPolicy, rule: IstioRule, traffic: Traffic): Truth {
  const { from, to, when } = rule;
  const isLacking = ({ attribute }: IstioTerm): boolean =>
    traffic.proxy === 'ztunnel' ? !LAYER_4.has(attribute) : traffic.carries === 'tcp' && isHttpOnly(attribute);
  if (policy.action === 'ALLOW' && [...from, ...to, when].some(terms => terms.some(isLacking))) return false;
  const entryHolds = (terms: readonly IstioTerm[]): Truth => {
    const left = terms.filter(term => !isLacking(term));
    // Istio's documentation says that it then matches all, ztunnel's code that it matches nothing.
    if (traffic.proxy === 'ztunnel' && left.length === 0)
      return doubt('what ztunnel makes of a DENY rule about HTTP alone');
    return all(left, term => termHolds(term, policy, traffic));
  };
  const oneOf = (entries: readonly (readonly IstioTerm[])[]): Truth =>
    entries.length === 0 ? true : any(entries, entryHolds);
  return all([() => oneOf(from), () => oneOf(to), () => all(when, term => entryHolds([term]))], part => part());
}
