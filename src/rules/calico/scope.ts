/**
 * Which endpoints the selector fields of a policy, and of a side of its rules, mean together: fields -> one expression (cold).
 *
 * Calico's own translation of the API into what Felix evaluates: libcalico-go/lib/backend/syncersv1/updateprocessors
 * (rules.go, networkpolicyprocessor.go, globalnetworkpolicyprocessor.go). Numbers are facts of docs/dialects/calico.md.
 */
import type { CalicoPolicy, EntityRule } from '../../policy/calico/model.js';
import type { Expression } from '../../policy/calico/selector.js';
import { ACCOUNT_PREFIX, NAMESPACE, NAMESPACE_PREFIX, SERVICE_ACCOUNT } from './endpoints.js';

export const ALL: Expression = { kind: 'all' };
const has = (key: string): Expression => ({ kind: 'has', key });
const inNamespace = (value: string): Expression => ({ kind: '==', key: NAMESPACE, value });

const and = (parts: readonly (Expression | null)[]): Expression | null => {
  const of = parts.filter(part => part !== null);
  return of.length <= 1 ? (of[0] ?? null) : { kind: '&&', of };
};

/** Every leaf replaced. */
function map(expression: Expression, leaf: (it: Expression) => Expression): Expression {
  if (expression.kind === '!') return { kind: '!', of: map(expression.of, leaf) };
  if (expression.kind === '&&' || expression.kind === '||') {
    return { kind: expression.kind, of: expression.of.map(it => map(it, leaf)) };
  }
  return leaf(expression);
}

const withPrefix = (expression: Expression, prefix: string): Expression =>
  map(expression, it => ('key' in it ? { ...it, key: `${prefix}${it.key}` } : it));

const withoutAll = (expression: Expression, instead: Expression): Expression =>
  map(expression, it => (it.kind === 'all' ? instead : it));

/** (C18): the endpoints that a policy applies to. */
export function subjectOf(policy: CalicoPolicy): Expression {
  const { selector, serviceAccountSelector, namespaceSelector, namespace } = policy;
  const accounts = serviceAccountSelector === null ? null : withPrefix(serviceAccountSelector, ACCOUNT_PREFIX);
  if (namespace !== '') return and([selector, inNamespace(namespace), accounts])!;
  let subject = selector;
  if (namespaceSelector !== null) {
    const both = and([subject, withPrefix(namespaceSelector, NAMESPACE_PREFIX)])!;
    // all() of either is "in a namespace" then: no host endpoint.
    subject = withoutAll(both, has(NAMESPACE));
  }
  if (accounts !== null) subject = withoutAll(and([subject, accounts])!, has(SERVICE_ACCOUNT));
  return subject ?? ALL;
}

/**
 * (C19): the endpoints that a side of a rule means; null: anybody, outside of Calico too. As soon as any selector is
 * there, notSelector included, a namespaced policy looks in its own namespace only.
 * @param namespace '' where the policy is global or a profile
 */
export function entityOf(entity: EntityRule, namespace: string): Expression | null {
  const { selector, notSelector, namespaceSelector, serviceAccounts } = entity;
  const where =
    namespaceSelector !== null
      ? map(withPrefix(namespaceSelector, NAMESPACE_PREFIX), it => {
          if (it.kind === 'all') return has(NAMESPACE);
          return it.kind === 'global' ? { kind: '!', of: has(NAMESPACE) } : it;
        })
      : namespace === ''
        ? null
        : inNamespace(namespace);
  const accounts =
    serviceAccounts === null
      ? null
      : and([
          serviceAccounts.selector === null ? null : withPrefix(serviceAccounts.selector, ACCOUNT_PREFIX),
          serviceAccounts.names.length === 0
            ? null
            : { kind: 'in', key: SERVICE_ACCOUNT, values: serviceAccounts.names },
        ]);
  const selected = and([accounts, selector]);
  const isAsked = selected !== null || notSelector !== null || namespaceSelector !== null;
  const positive = isAsked ? and([where, selected]) : null;
  // (C20): beside a selector, notSelector narrows it; alone it leaves in whatever is no such endpoint.
  return positive !== null && notSelector !== null ? and([positive, { kind: '!', of: notSelector }]) : positive;
}

/** (C20): what to take away from everybody. */
export const excludedOf = (entity: EntityRule, positive: Expression | null): Expression | null =>
  positive === null ? entity.notSelector : null;

/** Whether labels of service accounts are asked about. */
export function asksAccountLabels(expression: Expression): boolean {
  if (expression.kind === '!') return asksAccountLabels(expression.of);
  if (expression.kind === '&&' || expression.kind === '||') return expression.of.some(asksAccountLabels);
  return 'key' in expression && expression.key.startsWith(ACCOUNT_PREFIX);
}
