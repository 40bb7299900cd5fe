/**
 * Hints about labels: what a selector that matches nothing may have meant (cold).
 */
import type { Labels } from '../cluster/inventory.js';
import { nearest } from '../documents/suggest.js';
import type { LabelSelector } from '../policy/policy.js';

const SHOWN = 5;

/** @param all the labels that there are, of each pod or namespace */
export function labelHint({ matchLabels, matchExpressions }: LabelSelector, all: readonly Labels[]): string {
  const wanted: [key: string, values: readonly string[]][] = [
    ...Object.entries(matchLabels).map(([key, value]): [string, string[]] => [key, [value]]),
    ...matchExpressions.flatMap(({ key, operator, values }): [string, readonly string[]][] =>
      operator === 'In' || operator === 'Exists' ? [[key, values]] : [],
    ),
  ];
  for (const [key, values] of wanted) {
    const given = new Set(all.flatMap(labels => (Object.hasOwn(labels, key) ? [labels[key]!] : [])));
    if (given.size === 0) {
      const meant = nearest(key, new Set(all.flatMap(labels => Object.keys(labels))));
      return `there is no label ${key}${meant === null ? ` on any of them` : `: did you mean ${meant}?`}`;
    }
    if (values.length === 0 || values.some(value => given.has(value))) continue;
    const meant = nearest(values[0]!, given);
    if (meant !== null) return `did you mean ${key}=${meant}?`;
    return `values of ${key} are ${some([...given].sort())}`;
  }
  return 'no pod has all of these labels together';
}

/** `a, b, c and 4 more` */
export function some(names: readonly string[], shown = SHOWN): string {
  const more = names.length - shown;
  return more > 0 ? `${names.slice(0, shown).join(', ')} and ${more} more` : names.join(', ');
}
