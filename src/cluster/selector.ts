/**
 * Label selectors (item 6 of docs/semantics.md), over the labels of a pod or namespace.
 *
 * In:  a selector as policies and workloads hold it, and labels.  Out: whether all of its requirements hold.
 */
import type { Labels } from './inventory.js';

export interface Selector {
  readonly matchLabels: Labels;
  readonly matchExpressions: readonly {
    readonly key: string;
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
    readonly values: readonly string[];
  }[];
}

/** (6): matchLabels AND matchExpressions. NotIn and DoesNotExist hold where the key is absent. The empty selector matches all. */
export function matches(selector: Selector, labels: Labels): boolean {
  return (
    matchesLabels(selector.matchLabels, labels) &&
    selector.matchExpressions.every(({ key, operator, values }) => {
      const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
      if (operator === 'In') return value !== undefined && values.includes(value);
      if (operator === 'NotIn') return value === undefined || !values.includes(value);
      return (operator === 'Exists') === (value !== undefined);
    })
  );
}

/** Equality requirements only: the selector of a Service. */
export function matchesLabels(required: Labels, labels: Labels): boolean {
  for (const key in required) if (labels[key] !== required[key] || !Object.hasOwn(labels, key)) return false;
  return true;
}
