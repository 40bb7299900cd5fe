/**
 * Things -> lists of those that have the same number, in the order of their first ones.
 */

export function groupBy<T>(things: readonly T[], numberOf: (thing: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const thing of things) {
    const number = numberOf(thing);
    const group = groups.get(number);
    if (group === undefined) groups.set(number, [thing]);
    else group.push(thing);
  }
  return groups;
}
